//! Cards of any kind at the command: `ssc conform fuzz`, and what every verb says of a card that is none of ours. Through pcscd
//! a served card whose verdicts are those of the same card without a reader.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![cfg(target_os = "linux")]

mod common;

use common::{CONFORM, PINS, Place, Run, finish, has_keys, interrupt};
use reader::channel::daemon::PrivateDaemon;
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Commands out of order on the sample card.
const FUZZ: &str = "conform fuzz --reader sim:card.sim --keys TEST.keys";

#[test]
fn an_issued_card_is_fuzzed_and_is_what_it_was() {
    let place = Place::with_card();
    let tries = |place: &Place| place.json(0, &["card", "info", "card.sim"])["keys"].clone();
    let before = tries(&place);
    let line = format!("{FUZZ} --commands 3000 --seed 7 --json");
    let outcome = place.line(format!("{line} --out fuzz.json")).expect(0).json();
    has_keys(
        &outcome,
        &["seed", "commands", "rounds", "withheld", "words", "findings", "end"],
    );
    assert_eq!(
        (outcome["seed"].as_u64(), outcome["found"].as_u64()),
        (Some(7), Some(0))
    );
    assert!(outcome["words"]["VERIFY"]["9000"].as_u64() > Some(10), "{outcome}");
    let file: Value = serde_json::from_slice(&std::fs::read(place.path("fuzz.json")).expect("written")).expect("JSON");
    assert_eq!(file["words"], outcome["words"]);
    assert_eq!(tries(&place), before);
    let again = place.line(&line).expect(0).json();
    assert_eq!(again["words"], outcome["words"], "the seed makes the run");
    // A wrong PIN ends it before it begins, keys of another card too, and no PIN and no keys are needed.
    let words: Vec<&str> = line.split(' ').collect();
    place.run_with(&[("SSC_PIN", "654321")], &words).expect(5);
    place.line("keys generate --test --out other.keys").expect(0);
    place.line(FUZZ.replace("TEST.keys", "other.keys")).expect(1);
    let bare = "conform fuzz --reader sim:card.sim --seconds 1 --quiet";
    let bare: Vec<&str> = bare.split(' ').collect();
    assert!(place.run(&bare).expect(0).stdout.contains("0 findings"));
}

/// What was found until then is told.
#[test]
fn a_fuzz_run_ends_with_ctrl_c() {
    let place = Place::with_card();
    let long = format!("{FUZZ} --commands 1000000000 --seconds 60 --json --trace sent.trace");
    let words: Vec<&str> = long.split(' ').collect();
    let mut command = place.command(&words);
    let process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("ssc runs");
    let begun = Instant::now();
    // More than the few commands by which PIN and keys are proved.
    while std::fs::metadata(place.path("sent.trace")).map_or(0, |trace| trace.len()) < 100_000 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is sent");
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt(process.id());
    let output = process.wait_with_output().expect("ended");
    let outcome: Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(
        (output.status.code(), outcome["end"].as_str()),
        (Some(0), Some("stopped"))
    );
    assert!(outcome["commands"].as_u64() > Some(100), "{outcome}");
}

/// A blank card has no applications: verdicts, not an error.
#[test]
fn a_card_that_does_not_open_gets_verdicts() {
    let place = Place::new().with_keys();
    place.run(&["card", "new", "card.sim"]).expect(0);
    let run = place.line(format!("{CONFORM} --json")).expect(1).json();
    assert!(
        run["failed"].as_u64() > Some(0) && run["inconclusive"].as_u64() > Some(500),
        "{}",
        run["failed"]
    );
    for result in run["results"].as_array().expect("list") {
        assert!(result["verdict"] == "pass" || result["reason"].is_string(), "{result}");
    }
    let fuzz = place.line(format!("{FUZZ} --commands 800 --trace sent.trace --json --seed 1"));
    let fuzz = fuzz.expect(0).json();
    assert!(fuzz["stranger"].is_string(), "{fuzz}");
    // PIN and keys were left alone: VERIFY went out without data only.
    assert!(fuzz["words"].get("EXTERNAL AUTHENTICATION").is_none() && fuzz["words"].get("CHANGE PIN").is_none());
    assert!(fuzz["words"]["VERIFY"].get("9000").is_none());
    let sent = std::fs::read_to_string(place.path("sent.trace")).expect("a trace");
    let costs =
        |line: &str| line.starts_with("> 0082") || (line.starts_with("> 0020") && line.len() > "> 0020000000".len());
    let costly: Vec<&str> = sent.lines().filter(|line| costs(line)).collect();
    assert!(sent.lines().count() > 800 && costly.is_empty(), "{costly:?}");
}

#[test]
fn results_are_compared_as_files_and_as_printed() {
    let place = Place::with_card();
    let run = format!("{CONFORM} --suite ATR --suite CHANGE_PIN --out file.json --json");
    let run: Vec<&str> = run.split(' ').collect();
    // Without the PIN many cases do not apply, with a reason.
    let printed = place.run(&run).expect(0).stdout;
    place.write("printed.json", &printed);
    for pair in [
        ["file.json", "printed.json"],
        ["printed.json", "file.json"],
        ["printed.json", "printed.json"],
    ] {
        let compared = place.json(0, &["conform", "compare", pair[0], pair[1]]);
        assert_eq!(compared["changes"].as_array().map(Vec::len), Some(0), "{compared}");
        assert!(compared["same"].as_u64() > Some(5), "{compared}");
    }
}

/// Three cards at once: each has the verdicts that it has alone, and files of its own.
#[test]
fn several_cards_are_judged_at_once() {
    let place = Place::with_card();
    std::fs::copy(place.path("card.sim"), place.path("twin.sim")).expect("a copy");
    place.run(&["card", "new", "blank.sim"]).expect(0);
    let conform = "conform run --keys TEST.keys --suite CHANGE_PIN --suite ATR --json --reader";
    let run = |readers: &str| place.line(format!("{conform} {readers}"));
    let alone = run("sim:card.sim --out alone.json").expect(0).json();
    let both = run("sim:card.sim --also sim:twin.sim --out r.json --junit r.xml --html r.html")
        .expect(0)
        .json();
    assert_eq!(
        both["passed"].as_u64(),
        alone["passed"].as_u64().map(|passed| 2 * passed)
    );
    assert_eq!(both["cards"].as_array().map(Vec::len), Some(2));
    for file in ["r.xml", "r-2.xml", "r.html", "r-2.html"] {
        assert!(place.path(file).is_file(), "{file}");
    }
    for file in ["r.json", "r-2.json"] {
        let compared = place.json(0, &["conform", "compare", "alone.json", file]);
        assert_eq!(compared["changes"].as_array().map(Vec::len), Some(0), "{compared}");
    }
    let read = |file: &str| std::fs::read_to_string(place.path(file)).expect("written");
    assert!(read("r.json").contains("card.sim") && read("r-2.json").contains("twin.sim"));
    // A card that is none of ours does not change what is said of the other.
    let mixed = run("sim:card.sim --also sim:blank.sim").expect(1);
    assert!(
        mixed.stderr.contains("1 of 2 cards") && mixed.stderr.contains("blank.sim"),
        "{}",
        mixed.stderr
    );
    let mixed = mixed.json();
    assert_eq!(
        (mixed["cards"][0]["failed"].as_u64(), &mixed["cards"][0]["passed"]),
        (Some(0), &alone["passed"])
    );
    assert!(mixed["cards"][1]["inconclusive"].as_u64() > Some(0));
    // Nor does one that the keys are not of, which is tried no further.
    place.line("keys generate --test --out other.keys").expect(0);
    place.line("card new other.sim").expect(0);
    let issue = "issue --reader sim:other.sim --keys other.keys --holders holders.csv --settings settings.toml";
    place.line(issue).expect(0);
    let kept = run("sim:other.sim --also sim:card.sim --out kept.json")
        .expect(1)
        .json();
    assert!(kept["cards"][0]["error"]["what"].is_string(), "{}", kept["cards"][0]);
    assert_eq!(kept["cards"][1]["passed"], alone["passed"]);
    assert!(read("kept-2.json").contains("card.sim") && !place.path("kept.json").exists());
    // Nor one whose report cannot be written.
    std::fs::create_dir(place.path("taken.html")).expect("a folder");
    let kept = run("sim:card.sim --also sim:twin.sim --html taken.html --out first.json").expect(2);
    let kept = kept.json();
    assert!(kept["cards"][0]["error"]["what"].is_string(), "{}", kept["cards"][0]);
    assert_eq!(kept["cards"][1]["passed"], alone["passed"]);
    assert!(read("first.json").contains("card.sim") && place.path("taken-2.html").is_file());
    // One card twice, one that is missing, and what is for one card only, are told before a card is touched.
    run("sim:card.sim --also sim:card.sim").expect(3);
    run("sim:card.sim --also sim:none.sim").expect(3);
    let traced = run("sim:card.sim --also sim:twin.sim --trace t.trace").expect(2);
    assert!(traced.stderr.contains("--also"), "{}", traced.stderr);
}

/// A card process; killed when the test is over.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn through(daemon: &PrivateDaemon, place: &Place, words: &[&str]) -> Run {
    let mut command = place.command(words);
    finish(command.envs(PINS).env("PCSCLITE_CSOCK_NAME", daemon.socket()))
}

fn wait_for_card(daemon: &PrivateDaemon, place: &Place) {
    let begin = Instant::now();
    loop {
        let readers = through(daemon, place, &["readers", "--json"]).expect(0).json();
        let there = |reader: &Value| reader["card_present"] == true;
        if readers.as_array().expect("list").iter().any(there) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{readers}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The virtual ISO card of the distribution, which dies of any SELECT that asks for a template.
struct VirtualIsoCard {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl VirtualIsoCard {
    /// `again`: a new one takes its place when it has died, but not before pcscd has noticed that it is gone.
    fn insert(daemon: &PrivateDaemon, place: &Place, again: bool) -> Self {
        // The card asks for the library under the name that it has everywhere else.
        let library = Path::new("/usr/lib/python3/dist-packages/Cryptodome");
        assert!(
            library.is_dir(),
            "not installed: python3-pycryptodome of TEST_PACKAGES in the Makefile"
        );
        std::os::unix::fs::symlink(library, place.path("Crypto")).expect("a link");
        let address = daemon.address(0);
        let (host, port) = address.split_once(':').expect("HOST:PORT");
        let mut command = Command::new("/usr/bin/python3");
        command.args(["/usr/bin/vicc", "--type", "iso7816", "-H", host, "-P", port]);
        command
            .current_dir(place.dir())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.env("PYTHONPATH", "/usr/lib/python3/site-packages/virtualsmartcard:.");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            loop {
                let mut card = Process(command.spawn().expect("python3 runs"));
                while card.0.try_wait().expect("a child").is_none() {
                    if stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
                if !again {
                    return;
                }
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        let thread = Some(thread);
        wait_for_card(daemon, place);
        Self { stop, thread }
    }
}

impl Drop for VirtualIsoCard {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn judged(daemon: &PrivateDaemon, place: &Place, suites: &[&str], code: i32) -> Value {
    let mut words = vec!["conform", "run", "--keys", "TEST.keys", "--json"];
    suites.iter().for_each(|suite| words.extend(["--suite", suite]));
    let run = through(daemon, place, &words).expect(code).json();
    let results = run["results"].as_array().expect("list");
    assert_eq!(run["cases"].as_u64(), Some(results.len() as u64));
    for result in results {
        assert!(result["verdict"] != "pass" && result["reason"].is_string(), "{result}");
    }
    let why = run["stranger"]["en"].as_str().expect("text");
    assert!(why.contains("silent"), "{why}");
    run
}

/// A card of somebody else that dies in the middle: every case has a reason.
#[test]
fn the_virtual_iso_card_dies_and_nothing_is_decided() {
    let (daemon, place) = (
        PrivateDaemon::start("ssc test").expect("pcscd"),
        Place::new().with_keys(),
    );
    let _card = VirtualIsoCard::insert(&daemon, &place, false);
    let run = judged(&daemon, &place, &["ATR", "CHANGE_PIN", "CERTIFICATE"], 3);
    assert_eq!(run["inconclusive"], run["cases"]);
    let lost = run["interrupted"]["en"].as_str().expect("text");
    assert!(lost.contains("no card"), "{lost}");
}

/// The same where another takes its place: every case has a verdict or a reason.
#[test]
fn the_virtual_iso_card_comes_back_and_gets_verdicts() {
    let (daemon, place) = (
        PrivateDaemon::start("ssc test").expect("pcscd"),
        Place::new().with_keys(),
    );
    let _card = VirtualIsoCard::insert(&daemon, &place, true);
    let run = judged(&daemon, &place, &["ATR", "CERTIFICATE"], 1);
    assert_eq!(run["interrupted"], Value::Null);
    assert!(
        run["failed"].as_u64() > Some(1) && run["not_applicable"].as_u64() > Some(0),
        "{run}"
    );
}

/// The verdicts through pcscd are those without a reader; a short fuzz finds nothing.
#[test]
fn verdicts_through_pcscd_are_those_of_the_card() {
    let place = Place::with_card();
    std::fs::copy(place.path("card.sim"), place.path("served.sim")).expect("a copy");
    let daemon = PrivateDaemon::start("ssc test").expect("pcscd");
    let mut command = place.command(&["card", "serve", "served.sim", "--vpcd", &daemon.address(0)]);
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ssc runs");
    let _served = Process(child);
    wait_for_card(&daemon, &place);

    let words = |reader: &[&'static str]| {
        let items = [
            "--suite",
            "ATR",
            "--suite",
            "CHANGE_PIN",
            "--suite",
            "TRANSPORT",
            "--suite",
            "COUNTER",
        ];
        [&["conform", "run", "--keys", "TEST.keys", "--json"], &items[..], reader].concat()
    };
    let verdicts = |run: &Value| -> Vec<(String, String)> {
        let results = run["results"].as_array().expect("list");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        results
            .iter()
            .map(|result| (text(&result["id"]), text(&result["verdict"])))
            .collect()
    };
    let begin = Instant::now();
    let served = through(&daemon, &place, &words(&[])).expect(0).json();
    let there = begin.elapsed();
    let here = place
        .run_with(&PINS, &words(&["--reader", "sim:card.sim"]))
        .expect(0)
        .json();
    println!("{} cases through pcscd in {there:?}", served["cases"]);
    assert!(served["passed"].as_u64() > Some(50), "{}", served["passed"]);
    assert_eq!(verdicts(&served), verdicts(&here));

    let fuzz = [
        "conform",
        "fuzz",
        "--keys",
        "TEST.keys",
        "--commands",
        "1500",
        "--seconds",
        "20",
        "--seed",
        "3",
        "--json",
    ];
    let fuzz = through(&daemon, &place, &fuzz).expect(0).json();
    assert_eq!(
        (fuzz["found"].as_u64(), &fuzz["stranger"]),
        (Some(0), &Value::Null),
        "{fuzz}"
    );
}
