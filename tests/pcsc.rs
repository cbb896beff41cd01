//! The same command through a real pcscd: a served card is listed, issued, read and verified by `ssc` and read by
//! `opensc-tool`; what is missing has exit code 3.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![cfg(target_os = "linux")]

mod common;

use common::{Place, Run, finish, has_keys};
use reader::channel::daemon::PrivateDaemon;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A card served by `ssc card serve`; killed if a test fails.
struct Served(Child);

impl Served {
    fn start(place: &Place, daemon: &PrivateDaemon, file: &str, more: &[&str]) -> Self {
        Self::start_in(place, daemon, 0, "card", file, more)
    }

    /// A card or a PSAM in a slot.
    fn start_in(place: &Place, daemon: &PrivateDaemon, slot: u8, noun: &str, file: &str, more: &[&str]) -> Self {
        let address = daemon.address(slot);
        let words = [&[noun, "serve", file, "--vpcd", &address], more].concat();
        let mut command = place.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("ssc runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("stdout");
        assert!(line.contains("ready"), "{line}");
        let served = Self(child);
        served.wait_until_seen(place, daemon, &daemon.reader(slot));
        served
    }

    /// pcscd looks for new cards every 400 ms.
    fn wait_until_seen(&self, place: &Place, daemon: &PrivateDaemon, reader: &str) {
        let begin = Instant::now();
        loop {
            let readers = run(place, daemon, &["readers", "--json"]).expect(0).json();
            if readers
                .as_array()
                .expect("list")
                .iter()
                .any(|r| r["name"] == reader && r["card_present"] == true)
            {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{readers}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What it said, when it has ended by itself.
    fn ended(mut self) -> String {
        let begin = Instant::now();
        while self.0.try_wait().expect("child").is_none() {
            assert!(begin.elapsed() < Duration::from_secs(10), "the card does not leave");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut text = String::new();
        let mut stderr = self.0.stderr.take().expect("piped");
        std::io::Read::read_to_string(&mut stderr, &mut text).expect("stderr");
        assert_eq!(self.0.wait().expect("child").code(), Some(0), "{text}");
        text
    }

    /// SIGTERM takes the card out and saves it.
    fn stop(mut self) {
        let pid = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .expect("kill")
                .success()
        );
        let begin = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("child") {
                assert_eq!(status.code(), Some(0));
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "the card does not leave");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(place: &Place, daemon: &PrivateDaemon, words: &[&str]) -> Run {
    finish(place.command(words).env("PCSCLITE_CSOCK_NAME", daemon.socket()))
}

#[test]
fn a_served_card_is_issued_read_and_verified_through_pcscd() {
    let place = Place::new().with_keys().with_samples(1);
    place.run(&["card", "new", "card.sim"]).expect(0);
    let daemon = PrivateDaemon::start("ssc test").expect("pcscd");
    let served = Served::start(&place, &daemon, "card.sim", &["--trace", "served.txt"]);

    let readers = run(&place, &daemon, &["readers", "--json"]).expect(0).json();
    let slot = &readers[0];
    has_keys(slot, &["name", "card_present", "atr"]);
    assert!(
        slot["name"].as_str().is_some_and(|name| name.contains("ssc test")),
        "{readers}"
    );
    let atr = slot["atr"].as_str().expect("atr").to_owned();
    assert!(atr.starts_with("3B6D0000"), "{atr}");
    assert!(run(&place, &daemon, &["readers"]).expect(0).stdout.contains("TS"));

    let issue = [
        "issue",
        "--keys",
        "TEST.keys",
        "--holders",
        "holders.csv",
        "--settings",
        "settings.toml",
        "--json",
    ];
    let done = run(&place, &daemon, &issue).expect(0).json();
    assert_eq!(
        (done["issued"].as_u64(), done["failed"].as_u64()),
        (Some(1), Some(0)),
        "{done}"
    );
    assert!(
        place.path("holders.csv.journal").exists(),
        "who issues real cards keeps a journal"
    );
    let again = run(&place, &daemon, &issue).expect(0).json();
    assert_eq!(again["issued"], 0, "nobody gets two cards");

    let read = run(&place, &daemon, &["read", "--keys", "TEST.keys", "--json"])
        .expect(0)
        .json();
    let verdict = run(
        &place,
        &daemon,
        &["verify", "--keys", "TEST.keys", "--reader", "ssc test", "--json"],
    )
    .expect(0)
    .json();
    assert_eq!(verdict["genuine"], true);
    let bench = run(&place, &daemon, &["bench", "--runs", "50", "--json"])
        .expect(0)
        .json();
    let median = bench[0]["median_us"].as_f64().expect("median");
    assert!(median < 5_000.0, "{median} µs: is TCP_QUICKACK gone?");
    let pin = finish(
        place
            .command(&["pin", "verify", "--json"])
            .env("PCSCLITE_CSOCK_NAME", daemon.socket())
            .env("SSC_PIN", "123456"),
    );
    assert_eq!(pin.expect(0).json()["ok"], true);

    // Another program reads the same card: SELECT SSSE by name, GET RESPONSE is its own affair.
    let name = "00:A4:04:00:0F:73:78:31:2E:73:68:2E:C9:E7:BB:E1:B1:A3:D5:CF:00";
    let other = daemon
        .command("opensc-tool")
        .args(["-r", "0", "-s", name])
        .output()
        .expect("opensc-tool");
    let said = String::from_utf8_lossy(&other.stdout).into_owned();
    assert!(
        said.contains("SW1=0x90, SW2=0x00") && said.contains("6F 1C 84 0F"),
        "{said}"
    );
    let other = daemon
        .command("opensc-tool")
        .args(["-r", "0", "-a"])
        .output()
        .expect("opensc-tool");
    let said = String::from_utf8_lossy(&other.stdout).to_uppercase();
    assert_eq!(said.trim().replace(':', ""), atr);

    served.stop();
    assert!(
        std::fs::read_to_string(place.path("served.txt"))
            .expect("trace")
            .lines()
            .count()
            > 1000
    );
    // The file holds what came through the reader.
    let here = place.json(0, &["read", "--reader", "sim:card.sim", "--keys", "TEST.keys"]);
    assert_eq!(here, read);
}

#[test]
fn two_cards_one_after_the_other() {
    let place = Place::new().with_keys().with_samples(3);
    place.run(&["card", "new", "a.sim"]).expect(0);
    place.run(&["card", "new", "b.sim"]).expect(0);
    let daemon = PrivateDaemon::start("ssc two").expect("pcscd");
    let first = Served::start(&place, &daemon, "a.sim", &[]);
    let call = [
        "issue",
        "--keys",
        "TEST.keys",
        "--holders",
        "holders.csv",
        "--count",
        "2",
        "--json",
    ];
    let mut batch = place.command(&call);
    let mut batch = batch
        .env("PCSCLITE_CSOCK_NAME", daemon.socket())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ssc runs");
    let stderr = BufReader::new(batch.stderr.take().expect("piped"));
    for line in stderr.lines().map(|line| line.expect("stderr")) {
        if line.contains("put the next one in") {
            break;
        }
    }
    first.stop();
    let second = Served::start(&place, &daemon, "b.sim", &[]);
    let output = batch.wait_with_output().expect("ssc ends");
    let done: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(done["issued"], 2, "{done}");
    second.stop();
    for (file, row) in [("a.sim", 1), ("b.sim", 2)] {
        let holders = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
        let number = holders
            .lines()
            .nth(row)
            .and_then(|line| line.split(',').next())
            .expect("number");
        let reader = format!("sim:{file}");
        let text = place
            .run(&["read", "SSSE/EF06/08", "--reader", &reader, "--keys", "TEST.keys"])
            .expect(0)
            .stdout;
        assert!(text.contains(number), "{text}");
    }
}

#[test]
fn a_contactless_card_in_the_virtual_reader() {
    let place = Place::with_card();
    let daemon = PrivateDaemon::start("ssc air").expect("pcscd");
    let served = Served::start(&place, &daemon, "card.sim", &["--interface", "contactless", "--json"]);
    let readers = run(&place, &daemon, &["readers", "--json"]).expect(0).json();
    assert!(
        readers[0]["atr"]
            .as_str()
            .is_some_and(|atr| atr.starts_with("3B8D8001")),
        "{readers}"
    );
    run(&place, &daemon, &["verify", "--keys", "TEST.keys"]).expect(0);
    served.stop();
}

/// `--tear N`: the card leaves the reader in the middle of a write; its file holds that moment and recovers.
#[test]
fn a_card_that_is_pulled_in_mid_write_recovers() {
    let place = Place::with_card();
    let daemon = PrivateDaemon::start("ssc tear").expect("pcscd");
    const ADDRESS: &str = "TEST ADDRESS AFTER THE CUT";
    let path = "DF01/EF05/21";
    let read = |place: &Place| {
        let words = ["read", path, "--reader", "sim:card.sim", "--keys", "TEST.keys"];
        let told = place.json(0, &words);
        told["files"][0]["elements"][0]["raw"].as_str().expect("raw").to_owned()
    };
    let old = read(&place);
    let mut seen = [false; 2];
    // Authentication takes two words, the update of the record the rest: before the marker of the journal nothing, after it
    // everything.
    for words in [0, 1, 2, 12, 32] {
        std::fs::copy(place.path("card.sim"), place.path("before.sim")).expect("copy");
        let served = Served::start(&place, &daemon, "card.sim", &["--tear", &words.to_string()]);
        let write = run(
            &place,
            &daemon,
            &["write", &format!("{path}={ADDRESS}"), "--keys", "TEST.keys"],
        );
        if write.code == 0 {
            served.stop();
        } else {
            assert_eq!(write.code, 3, "{}{}", write.stdout, write.stderr);
            let said = served.ended();
            assert!(said.contains("pulled") && said.contains("card.sim"), "{said}");
        }
        // pcscd looks every 400 ms whether the card is still there.
        std::thread::sleep(Duration::from_secs(1));
        let now = read(&place);
        let new = now.starts_with(&hex::encode_upper(ADDRESS));
        assert!(now == old || new, "{words} words: {now}");
        seen[usize::from(new)] = true;
        place
            .run(&["verify", "--reader", "sim:card.sim", "--keys", "TEST.keys"])
            .expect(0);
        std::fs::copy(place.path("before.sim"), place.path("card.sim")).expect("copy");
    }
    assert_eq!(seen, [true, true], "the cuts miss a side");
}

/// The field goes and the contacts come: two sessions, one memory.
#[test]
fn a_card_is_taken_from_one_interface_to_the_other() {
    let place = Place::with_card();
    let daemon = PrivateDaemon::start("ssc fields").expect("pcscd");
    let mut left = Vec::new();
    for (interface, atr) in [
        ("contactless", "3B8D8001"),
        ("contact", "3B6D0000"),
        ("contactless", "3B8D8001"),
    ] {
        let served = Served::start(&place, &daemon, "card.sim", &["--interface", interface]);
        // pcscd may show the card that has just left for 400 ms more.
        let begin = Instant::now();
        loop {
            let readers = run(&place, &daemon, &["readers", "--json"]).expect(0).json();
            if readers[0]["atr"].as_str().is_some_and(|found| found.starts_with(atr)) {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{readers}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let status = run(&place, &daemon, &["pin", "status", "--json"]).expect(0).json();
        left.push(status["tries_left"].as_u64().expect("tries"));
        let wrong = place
            .command(&["pin", "verify", "--last-try"])
            .env("PCSCLITE_CSOCK_NAME", daemon.socket())
            .env("SSC_PIN", "999999")
            .output()
            .expect("ssc runs");
        assert_eq!(wrong.status.code(), Some(5));
        served.stop();
    }
    let first = left[0];
    assert_eq!(left, [first, first - 1, first - 2], "one counter for both interfaces");
}

#[test]
fn what_is_missing_has_code_3_and_a_next_step() {
    let place = Place::new();
    let nothing = place.path("none").display().to_string();
    let without_service = |words: &[&str]| finish(place.command(words).env("PCSCLITE_CSOCK_NAME", &nothing));
    for words in [
        &["readers", "--json"][..],
        &["read", "--json"],
        &["apdu", "00840000", "--json"],
        &["pin", "status", "--json"],
    ] {
        let json = without_service(words).expect(3).json();
        has_keys(&json["error"], &["code", "what", "why", "next"]);
        assert!(json["error"]["next"].is_string(), "{json}");
    }
    let daemon = PrivateDaemon::start("ssc empty").expect("pcscd");
    for words in [
        &["read", "--json"][..],
        &["read", "--reader", "no such reader", "--json"],
    ] {
        let json = run(&place, &daemon, words).expect(3).json();
        assert!(json["error"]["next"].is_string(), "{json}");
    }
    let none = PrivateDaemon::start_without_reader().expect("pcscd");
    assert_eq!(
        run(&place, &none, &["readers", "--json"]).expect(0).json(),
        serde_json::json!([])
    );
    run(&place, &none, &["read"]).expect(3);
}

/// Card and PSAM in two slots of one pcscd.
#[test]
fn a_psam_in_the_second_slot_takes_the_place_of_the_keys() {
    let place = Place::with_card();
    place
        .run(&["psam", "new", "TEST.psam", "--keys", "TEST.keys"])
        .expect(0);
    let expected = place.json(0, &["read", "--reader", "sim:card.sim", "--keys", "TEST.keys"]);
    let daemon = PrivateDaemon::start("ssc test").expect("pcscd");
    let _card = Served::start(&place, &daemon, "card.sim", &[]);
    let psam = Served::start_in(&place, &daemon, 1, "psam", "TEST.psam", &[]);
    let (reader, slot) = (daemon.reader(0), daemon.reader(1));
    let with_psam = ["--reader", &reader, "--psam", &slot, "--json"];
    let read = run(&place, &daemon, &[&["read"], &with_psam[..]].concat())
        .expect(0)
        .json();
    assert_eq!(read, expected);
    let verdict = run(&place, &daemon, &[&["verify"], &with_psam[..]].concat())
        .expect(0)
        .json();
    assert_eq!(verdict["genuine"], true);
    let info = run(&place, &daemon, &["psam", "info", "--psam", &slot, "--json"])
        .expect(0)
        .json();
    assert!(info["keys"].as_array().is_some_and(|keys| keys.len() > 100), "{info}");
    psam.stop();
    run(&place, &daemon, &[&["read"], &with_psam[..]].concat()).expect(3);
}

/// The whole way of a certificate through pcscd, contactless: key in the card, request, authority, certificate and encryption
/// pair in the card, verification; OpenSSL is the second opinion on a signature made in the card.
#[test]
fn a_certificate_goes_through_pcscd() {
    const ID: &str = "distid:1234567812345678";
    let place = Place::with_card();
    place.run(&["ca", "new", "testca"]).expect(0);
    let daemon = PrivateDaemon::start("ssc certificates").expect("pcscd");
    let served = Served::start(&place, &daemon, "card.sim", &["--interface", "contactless"]);
    let on_card = |words: &[&str]| {
        let mut command = place.command(&[words, &["--json"]].concat());
        command
            .env("PCSCLITE_CSOCK_NAME", daemon.socket())
            .envs([("SSC_PIN", "123456"), ("SSC_ADMIN_PIN", "12345678")]);
        finish(&mut command).expect(0).json()
    };
    let openssl = |words: &str| {
        let mut command = Command::new("openssl");
        let output = command.args(words.split(' ')).current_dir(place.dir()).output();
        let output = output.expect("openssl must be installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {words}: {said}");
    };
    on_card(&["cert", "request", "--out", "card.csr"]);
    place.run(&["ca", "issue", "testca", "card.csr"]).expect(0);
    on_card(&["cert", "write", "card.key", "card.signing.crt", "card.encryption.crt"]);
    let checked = on_card(&["verify", "--keys", "TEST.keys", "--ca", "testca"]);
    assert_eq!(checked["genuine"], true, "{checked}");
    let answered = |check: &serde_json::Value| check["name"] == "signing_challenge" && check["note"] == false;
    assert!(
        checked["checks"].as_array().expect("list").iter().any(answered),
        "{checked}"
    );

    openssl(&format!(
        "verify -vfyopt {ID} -partial_chain -trusted testca/issuing.crt card.signing.crt"
    ));
    place.write("letter.txt", "signed in the field of a reader");
    on_card(&["sign", "letter.txt", "--out", "letter.sig"]);
    openssl("x509 -in card.signing.crt -noout -pubkey -out card.pub");
    openssl(&format!(
        "pkeyutl -verify -pubin -inkey card.pub -rawin -digest sm3 -pkeyopt {ID} -in letter.txt -sigfile letter.sig"
    ));
    openssl("x509 -in card.encryption.crt -noout -pubkey -out enc.pub");
    openssl("pkeyutl -encrypt -pubin -inkey enc.pub -in letter.txt -out letter.sm2");
    assert_eq!(
        on_card(&["decrypt", "letter.sm2"])["plain"],
        hex::encode_upper("signed in the field of a reader")
    );
    served.stop();
}
