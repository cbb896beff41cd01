//! The ledger by the command: the story of one citizen with a simulated card behind it, on both databases and through the service;
//! and a crowd of outlets.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "ledger/batch.rs"]
mod batch;
mod common;
#[path = "ledger/counter.rs"]
mod counter;
#[path = "ledger/crowd.rs"]
mod crowd;
#[path = "ledger/ecard.rs"]
mod ecard;
#[path = "ledger/people.rs"]
mod people;
#[path = "ledger/readme.rs"]
mod readme;
#[path = "../personalize/tests/ledger/server.rs"]
mod server;

use common::Place;
use counter::{CITIZEN, Counter};
use server::Server;

/// apply → made → collected → activated → electronic card → code verified → lost → code refused → replaced → new electronic card →
/// blocked → renewed → cancelled, with three simulated cards.
fn story(counter: &Counter) {
    let apply = ["apply", "--person", CITIZEN, "--name", "测试甲"];
    let applied = counter.order(0, &apply);
    assert_eq!(
        (&applied["application"]["state"], &applied["ok"]),
        (&"applied".into(), &true.into())
    );
    assert_eq!(
        counter.order(1, &apply)["error"]["class"],
        "verdict",
        "one person, one application"
    );
    let told = counter.act("progress");
    assert!(told["sentence"].as_str().expect("words").contains("waits to be made"));

    // No card in the reader: the application waits; the card comes: it is made.
    let make = [
        "make",
        "--person",
        CITIZEN,
        "--keys",
        "TEST.keys",
        "--settings",
        "settings.toml",
        "--reader",
    ];
    counter.order(3, &[&make[..], &["sim:card.sim"]].concat());
    counter.place.run(&["card", "new", "card.sim"]).expect(0);
    let made = counter.order(0, &[&make[..], &["sim:card.sim"]].concat());
    let first = made["card"]["id"].as_str().expect("a number").to_owned();
    assert_eq!(
        (&made["card"]["state"], &made["application"]["state"]),
        (&0.into(), &"made".into())
    );
    let all = ["--reader", "sim:card.sim", "--keys", "TEST.keys"];
    assert_eq!(
        counter.place.json(0, &[&["verify"][..], &all].concat())["genuine"],
        true
    );
    let read = counter
        .place
        .json(0, &[&["read", "SSSE/EF05/07", "SSSE/EF06/08"][..], &all].concat());
    assert_eq!(read["files"][0]["elements"][0]["value"], first.as_str());
    assert!(read.to_string().contains(CITIZEN), "{read}");
    for act in ["deliver", "collect"] {
        counter.act(act);
    }
    assert_eq!(
        counter.order(1, &["activate", "--person", CITIZEN])["error"]["class"],
        "verdict"
    );
    counter.order(0, &["activate", "--person", CITIZEN, "--pin-chosen"]);
    counter.act("activate-account");
    ecard::office(counter);
    let first_twin = ecard::register(counter, false);
    ecard::codes(counter, &first_twin);
    let codes = ecard::shown(counter);
    counter.act("lose-orally");
    ecard::refused(counter, &codes, "card_lost_temporarily");
    // Found: the card in the reader is its own proof.
    counter.act("lose");
    counter.order(1, &["find", "--person", CITIZEN]);
    counter.order(0, &[&["find", "--person", CITIZEN][..], &all[..2]].concat());
    let codes = ecard::shown(counter);
    counter.act("lose");
    ecard::refused(counter, &codes, "card_lost");

    counter.order(
        0,
        &[&apply[..], &["--kind", "replacement", "--reason-code", "21"]].concat(),
    );
    counter.order(1, &[&make[..7], &[]].concat());
    counter.order(0, &["pay", "--person", CITIZEN, "--amount", "20.00"]);
    counter
        .place
        .run(&["card", "new", "new.sim", "--serial", "0A0B0C0D"])
        .expect(0);
    // Ten years ago but for sixty days, so that the story can go on with a renewal.
    let settings = std::fs::read_to_string(counter.place.path("settings.toml")).expect("samples");
    let long_ago = jiff::Zoned::now().date() - jiff::Span::new().years(10) + jiff::Span::new().days(60);
    counter
        .place
        .write("settings.toml", settings.replace("2026-01-02", &long_ago.to_string()));
    let made = counter.order(0, &[&make[..], &["sim:new.sim"]].concat());
    counter.place.write("settings.toml", settings);
    let second = made["card"]["id"].as_str().expect("a number").to_owned();
    assert_ne!(first, second);
    for act in ["deliver", "collect"] {
        counter.act(act);
    }
    let active = counter.order(0, &["activate", "--person", CITIZEN, "--pin-chosen"]);
    counter.act("activate-account");
    assert_eq!(
        (&active["old_card"]["state"], &active["old_card"]["chip"]),
        (&9.into(), &"block_due".into())
    );
    // The electronic card ended with it, and a new one is issued.
    assert_eq!(
        (&active["ecard"]["id"], &active["ecard"]["state"]),
        (&first_twin.as_str().into(), &"ended".into())
    );
    ecard::refused(counter, &codes, "card_cancelled");
    let second_twin = ecard::register(counter, true);
    assert_ne!(first_twin, second_twin);

    // What the chip says and what the ledger says: the new card fits, the old one has ended.
    let against = |code: i32, card: &str| {
        let all = ["--reader", card, "--keys", "TEST.keys"];
        let checks = counter.call(code, &["verify"], &all, "clerk", false)["checks"].clone();
        let failed = checks.as_array().expect("checks").iter().filter(|it| it["ok"] == false);
        failed
            .map(|it| it["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(against(0, "sim:new.sim"), Vec::<String>::new());
    assert_eq!(against(1, "sim:card.sim"), ["ledger_state"]);

    // The old card turns up and is blocked; the new one in its place is not.
    let blocked = ["blocked", "--card", &first, "--keys", "TEST.keys", "--reader"];
    assert_eq!(
        counter.order(1, &[&blocked[..], &["sim:new.sim"]].concat())["error"]["class"],
        "verdict"
    );
    let done = counter.order(0, &[&blocked[..], &["sim:card.sim"]].concat());
    assert_eq!(done["card"]["chip"], "blocked");
    assert_eq!(
        counter.place.json(4, &["read", "--reader", "sim:card.sim"])["error"]["sw"],
        "6A81"
    );
    counter
        .place
        .json(0, &["verify", "--reader", "sim:new.sim", "--keys", "TEST.keys"]);

    // Renewed: free of charge; the card and its electronic one change again.
    let renewal = counter.order(0, &[&apply[..], &["--kind", "renewal"]].concat());
    assert_eq!(renewal["application"]["fee_fen"], 0);
    counter
        .place
        .run(&["card", "new", "third.sim", "--serial", "0A0B0C0E"])
        .expect(0);
    counter.order(0, &[&make[..], &["sim:third.sim"]].concat());
    for act in ["deliver", "collect"] {
        counter.act(act);
    }
    let renewed = counter.order(0, &["activate", "--person", CITIZEN, "--pin-chosen"]);
    assert_eq!(
        (&renewed["ecard"]["id"], &renewed["ecard"]["ended"]),
        (&second_twin.as_str().into(), &"replaced".into())
    );
    counter.act("activate-account");
    let third_twin = ecard::register(counter, true);

    counter.order(0, &["settle-medical", "--person", CITIZEN, "--amount", "12.34"]);
    let cancel = [
        "cancel",
        "--person",
        CITIZEN,
        "--reason",
        "moved away",
        "--keys",
        "TEST.keys",
        "--reader",
        "sim:third.sim",
    ];
    counter.act("settle-account");
    let cancelled = counter.order(0, &cancel);
    assert_eq!(
        (&cancelled["card"]["state"], &cancelled["card"]["chip"]),
        (&9.into(), &"blocked".into())
    );
    assert_eq!(
        counter.place.json(4, &["read", "--reader", "sim:third.sim"])["error"]["sw"],
        "6A81"
    );
    assert_eq!(
        (&cancelled["ecard"]["id"], &cancelled["ecard"]["state"]),
        (&third_twin.as_str().into(), &"ended".into())
    );
    let shown = counter.act("show");
    assert_eq!(shown["cards"].as_array().expect("cards").len(), 3);
    assert_eq!(shown["ecards"].as_array().expect("electronic cards").len(), 3);
    ecard::ended(counter, &first_twin);

    let history = counter.ledger(0, &["history", &second, "--as", "boss"]);
    let acts: Vec<&str> = history["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|l| l["act"].as_str())
        .collect();
    assert_eq!(acts, ["made", "activate", "activate_account", "activate"]);
    assert_eq!(
        counter.ledger(1, &["audit", "--as", "clerk"])["error"]["class"],
        "verdict",
        "no clerk's matter"
    );
    let audit = counter.ledger(0, &["audit", "--as", "boss"]);
    assert_eq!(audit["whole"], true);
    counter.place.write("audit.json", audit.to_string());
    counter.ledger(0, &["audit", "--as", "boss", "--since", "audit.json"]);
    counter.place.write(
        "audit.json",
        audit
            .to_string()
            .replace(audit["heads"][0]["digest"].as_str().expect("hex"), "00"),
    );
    let forged = counter.ledger(1, &["audit", "--as", "boss", "--since", "audit.json"]);
    assert_eq!(forged["findings"][0]["kind"], "rewritten");
    counter.ledger(0, &["backup", "backup.db", "--as", "boss"]);
    let restored = counter
        .place
        .json(0, &["ledger", "restore", "backup.db", "--ledger", "restored.db"]);
    assert!(restored["rows"].as_u64().expect("rows") > 50);
    counter
        .place
        .json(2, &["ledger", "restore", "backup.db", "--ledger", "restored.db"]);
    counter.ledger(0, &["status"]);
    counter.ledger(0, &["overdue"]);
}

#[test]
fn the_story_of_a_citizen_in_a_file() {
    story(&Counter::new("outlet.db"));
}

#[test]
fn the_story_of_a_citizen_on_a_server() {
    let server = Server::shared();
    story(&Counter::new(&server.database()));
}

#[test]
fn the_story_of_a_citizen_through_the_service() {
    let server = Server::shared();
    for address in ["outlet.db".to_owned(), server.database()] {
        let mut counter = Counter::served(&address);
        story(&counter);
        let mut service = counter.service.take().expect("a service");
        let stopped = std::process::Command::new("kill")
            .arg(service.process.id().to_string())
            .status();
        assert!(stopped.expect("kill").success() && service.process.wait().expect("ends").success());
        let log = std::fs::read_to_string(counter.place.path("service.log")).expect("the log");
        assert!(log.contains("\"who\":\"clerk\"") && log.lines().count() > 40, "{log}");
        assert!(
            !log.contains(CITIZEN) && !log.contains("测试") && !log.contains("\"status\":5"),
            "{log}"
        );
    }
}

#[test]
fn a_card_at_once_and_never_a_second_one() {
    let counter = Counter::new("outlet.db");
    let instant = [
        "instant",
        "--person",
        CITIZEN,
        "--name",
        "测试甲",
        "--request",
        "one visit",
        "--keys",
        "TEST.keys",
        "--reader",
        "sim:card.sim",
    ];
    // The card is not there yet: the same request goes on where it stopped.
    counter.order(3, &instant);
    counter.place.run(&["card", "new", "card.sim"]).expect(0);
    let done = counter.order(0, &instant);
    assert_eq!(done["application"]["state"], "collected");
    let again = counter.order(0, &instant);
    assert_eq!(again["card"]["id"], done["card"]["id"]);
    assert_eq!(counter.ledger(0, &["status"])["sealed"], 1);
    // Batches, and words in both languages.
    counter
        .place
        .write("people.csv", "社会保障号码,姓名\n111111198101011110,测试甲\n");
    let fed = counter.order(1, &["batch", "people.csv"]);
    assert_eq!(
        (&fed["accepted"], &fed["rejects"]),
        (&0.into(), &"people.csv.rejected.csv".into())
    );
    counter.order(2, &["batch", "TEST.keys"]);
    counter.order(0, &["receipts", "--out", "receipts.csv"]);
    for lang in ["en", "zh"] {
        let words = [
            "order",
            "lose",
            "--person",
            CITIZEN,
            "--ledger",
            "outlet.db",
            "--as",
            "clerk",
            "--lang",
            lang,
        ];
        let run = counter.place.run(&words).expect(1);
        assert!(
            run.stderr.lines().count() >= 2 && !run.stderr.contains("ledger."),
            "{}",
            run.stderr
        );
        let states = counter.place.run(&["ledger", "states", "--lang", lang]).expect(0);
        assert!(
            states.stdout.lines().count() > 100 && !states.stdout.contains("ledger."),
            "{}",
            states.stdout
        );
        let svg = format!("{lang}.svg");
        counter
            .place
            .run(&["ledger", "states", "--lang", lang, "--svg", &svg])
            .expect(0);
    }
    counter.place.run(&["ledger", "states", "--svg", "en.svg"]).expect(2);
    let rules = counter.place.run(&["ledger", "states", "--toml"]).expect(0).stdout;
    counter
        .place
        .write("own.toml", rules.replace("fee_fen = 2000", "fee_fen = 1500"));
    counter.ledger(0, &["states", "--rules", "own.toml"]);
    counter.place.write("own.toml", rules.replace("\"no_card\"", ""));
    counter.ledger(2, &["states", "--rules", "own.toml"]);
}

/// A year without holidays in the rules: the promise is made, and what it lacks is said.
#[test]
fn a_promise_by_weekends_only_says_so() {
    let counter = Counter::new("outlet.db");
    let rules = counter.place.run(&["ledger", "states", "--toml"]).expect(0).stdout;
    let (before, calendar) = rules.split_once("[calendar]").expect("a calendar");
    let after = calendar.find("\n[").map_or("", |next| &calendar[next..]);
    let unknown = format!("{before}[calendar]\nyears = []\nfree = []\nworking = []\n{after}");
    counter.place.write("own.toml", unknown);
    let told = |lang: &str, words: &[&str]| {
        let place = [
            "--ledger",
            "outlet.db",
            "--as",
            "clerk",
            "--rules",
            "own.toml",
            "--lang",
            lang,
        ];
        counter.place.run(&[&["order"], words, &place].concat()).expect(0)
    };
    let apply = ["apply", "--person", CITIZEN, "--name", "TEST", "--request", "one"];
    for (lang, words) in [("en", "the weekends only"), ("zh", "仅按周末计算")] {
        let run = told(lang, &apply);
        assert!(
            run.stderr.contains(words) && run.stderr.contains("[calendar]"),
            "{}",
            run.stderr
        );
    }
    let receipt = told("en", &[&apply[..], &["--json"]].concat()).json();
    let year: i64 = receipt["application"]["promised"].as_str().expect("a day")[..4]
        .parse()
        .expect("a year");
    let years = receipt["holidays_unknown"].as_array().expect("years");
    assert!(years.contains(&year.into()), "{receipt}");
    counter
        .place
        .write("people.csv", "social_security_number,name\n990000197001010018,TEST\n");
    let fed = told("en", &["batch", "people.csv"]);
    assert!(fed.stderr.contains("the weekends only"), "{}", fed.stderr);
}

/// Whatever is wrong with the address of a server: its password is in no message, and no trace of it in the document.
#[test]
fn the_password_in_an_address_is_never_told() {
    let place = Place::new();
    for (address, told) in [
        ("postgres://ssc:TEST-geheim@db/x?sslmode=none", "verify-full"),
        ("postgres://ssc:TEST-geheim@db/x?sslrootcert=nowhere.pem", "nowhere.pem"),
        ("postgres://ssc:TEST-geheim@db:port/x", "encode special characters"),
    ] {
        for verb in [
            &["ledger", "status"][..],
            &["ledger", "status", "--json"],
            &["ledger", "init", "--lang", "zh"],
        ] {
            let run = place.run(&[verb, &["--ledger", address]].concat()).expect(2);
            let all = run.stdout + &run.stderr;
            assert!(!all.contains("geheim") && !all.contains("tls."), "{all}");
            assert!(all.contains(told) || verb.contains(&"zh"), "{all}");
        }
    }
}
