//! The electronic card in the story of a citizen: every answer that a code can get, and two tills with one code.

use super::{CITIZEN, Counter};
use serde_json::Value;
use std::process::{Output, Stdio};

const PASSWORD: &str = "250916";
const PERSON: [&str; 2] = ["--person", CITIZEN];
const APP: [&str; 2] = ["--channel", "app_province"];
const DOCUMENT: [&str; 2] = ["--real-name", "document"];
const ISSUERS: [&str; 2] = ["--issuers", "issuers"];

impl Counter {
    /// `ssc ecard … --json` at the counter, with passwords from the environment.
    fn ecard_with(&self, variables: &[(&str, &str)], code: i32, parts: &[&[&str]]) -> Value {
        let parts = [&parts.concat()[..], &["--as", "clerk"]].concat();
        self.call_with(variables, code, &["ecard"], &parts, "clerk", false)
    }

    fn ecard(&self, code: i32, parts: &[&[&str]]) -> Value {
        self.ecard_with(&[], code, parts)
    }

    /// What a till answers.
    fn till(&self, code: i32, shown: &str, more: &[&str]) -> Value {
        let line = ["--ledger", &self.address, "--as", "till"];
        let words = [&["ecard", "verify", shown][..], &ISSUERS, more, &line].concat();
        self.place.json(code, &words)
    }

    /// What a verifier without a network answers.
    fn off_line(&self, code: i32, shown: &str, more: &[&str]) -> Value {
        let words = [&["ecard", "verify", shown, "--offline"][..], &ISSUERS, more].concat();
        self.place.json(code, &words)
    }

    fn identity(&self) -> String {
        let shown = self.ecard(
            0,
            &[&["show"], &PERSON, &APP, &ISSUERS, &["--issuer", "1", "--scene", "2"]],
        );
        shown["code"].as_str().expect("a code").to_owned()
    }

    fn payment(&self) -> String {
        let show = ["show", "--payment", "--scene", "2", "--issuer", "1"];
        let right = [("SSC_ECARD_PASSWORD", PASSWORD)];
        let shown = self.ecard_with(&right, 0, &[&show, &PERSON, &APP, &ISSUERS]);
        shown["code"].as_str().expect("a code").to_owned()
    }
}

/// Issuers with keys, and a till.
pub fn office(counter: &Counter) {
    let keys = |name: &str, more: &[&str]| {
        let words = [&["ecard", "keys", "new", "issuers", "--name", name][..], more].concat();
        counter.place.json(0, &words)
    };
    assert_eq!(keys("TEST province", &[])["key"], 1);
    assert_eq!(
        keys("TEST insurance", &["--issuer", "2", "--scheme", "insurance"])["key"],
        1
    );
    let real = ["ecard", "keys", "new", "issuers", "--name", "province", "--issuer", "3"];
    assert_eq!(
        counter.place.json(2, &real)["error"]["class"],
        "input",
        "keys in files are for tests"
    );
    let listed = counter.place.json(0, &["ecard", "keys", "list", "issuers"]);
    assert_eq!(listed["issuers"].as_array().expect("issuers").len(), 2);
    counter.ledger(
        0,
        &["staff", "till", "--outlet", "A1", "--role", "till", "--as", "boss"],
    );
}

/// Issues the electronic card, with a password and payment; its number. Once reserved, a mobile number stays with the person.
pub fn register(counter: &Counter, reserved: bool) -> String {
    let register = [&["register"][..], &PERSON, &APP];
    assert_eq!(
        counter.ecard(1, &register)["error"]["class"],
        "verdict",
        "nobody has looked who it is"
    );
    let done = counter.ecard(0, &[&["register"], &PERSON, &APP, &DOCUMENT]);
    assert_eq!(
        (&done["ecard"]["state"], &done["channels"][0]),
        (&"active".into(), &"app_province".into())
    );
    counter.ecard(0, &[&["bind", "--channel", "app_bank"], &PERSON, &DOCUMENT]);
    let password = |what: &str, variables: &[(&str, &str)], code: i32, more: &[&str]| {
        counter.ecard_with(variables, code, &[&["password", what], &PERSON, &APP, more])
    };
    password("set", &[("SSC_NEW_ECARD_PASSWORD", "123456")], 1, &DOCUMENT);
    password("set", &[("SSC_NEW_ECARD_PASSWORD", "250915")], 0, &DOCUMENT);
    let change = [("SSC_ECARD_PASSWORD", "250914"), ("SSC_NEW_ECARD_PASSWORD", PASSWORD)];
    assert_eq!(
        password("change", &change, 5, &[])["error"]["class"],
        "pin",
        "a wrong password is exit code 5"
    );
    password("change", &[("SSC_ECARD_PASSWORD", "250915"), change[1]], 0, &[]);
    let right = [("SSC_ECARD_PASSWORD", PASSWORD)];
    let open = [&["payment", "open"][..], &PERSON, &APP];
    if !reserved {
        counter.ecard_with(&right, 1, &open);
        let mobile = ["reserve-mobile", "--mobile", "13900000000", "--person", CITIZEN];
        counter.order(0, &mobile);
    }
    counter.ecard_with(&right, 0, &open);
    // Nobody at the terminal, no variable: nothing is asked, and a password is no argument.
    assert_eq!(counter.ecard(2, &open)["error"]["class"], "input");
    let status = counter.ecard(0, &[&["status"], &PERSON]);
    assert_eq!(status["ecards"][0]["payment"], "open");
    done["ecard"]["id"].as_str().expect("a number").to_owned()
}

/// Codes are made, drawn and taken; each thing that can be wrong has an answer of its own.
pub fn codes(counter: &Counter, number: &str) {
    let show = [
        &[
            "show", "--png", "code.png", "--svg", "code.svg", "--scene", "就医", "--issuer", "1",
        ][..],
        &PERSON,
        &APP,
        &ISSUERS,
    ];
    let shown = counter.ecard(0, &show);
    assert_eq!(shown["ecard"], number);
    for file in ["code.png", "code.svg"] {
        assert!(std::fs::metadata(counter.place.path(file)).expect("drawn").len() > 500);
    }
    assert_eq!(counter.ecard(2, &show)["error"]["class"], "input", "never written over");
    let place = ["--ledger", &counter.address, "--as", "clerk"];
    let words = [
        &["ecard", "show", "--scene", "2", "--issuer", "1"][..],
        &PERSON,
        &APP,
        &ISSUERS,
        &place,
    ]
    .concat();
    let drawn = counter.place.run(&words).expect(0).stdout;
    assert!(drawn.lines().count() > 22 && drawn.contains("SSC1:"), "{drawn}");

    let code = counter.identity();
    let at = |seconds: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).to_string();
    let off_line = counter.off_line(0, &code, &["--scene", "2"]);
    assert_eq!(
        (&off_line["ecard"], &off_line["on_line"]),
        (&number.into(), &false.into())
    );
    let taken = counter.till(0, &code, &["--scene", "seeing a doctor"]);
    assert_eq!(
        (&taken["verdict"], &taken["holder"]["name"]),
        (&"accepted".into(), &"测**".into())
    );
    assert!(!taken.to_string().contains(CITIZEN), "{taken}");
    let altered = format!(
        "{}{}",
        &code[..code.len() - 4],
        if code.ends_with("0000") { "1111" } else { "0000" }
    );
    counter
        .place
        .run(&[
            "ecard",
            "keys",
            "new",
            "others",
            "--name",
            "TEST other",
            "--issuer",
            "7",
        ])
        .expect(0);
    let verdict = |answer: Value| answer["verdict"].as_str().expect("a verdict").to_owned();
    let foreign = [
        "ecard",
        "verify",
        &code,
        "--offline",
        "--scene",
        "2",
        "--issuers",
        "others/directory.toml",
    ];
    let answers = [
        verdict(counter.off_line(1, &code, &["--scene", "2", "--at", &at(400)])),
        verdict(counter.off_line(1, &code, &["--scene", "2", "--at", &at(-400)])),
        verdict(counter.off_line(1, &code, &["--scene", "3"])),
        verdict(counter.off_line(1, &code, &["--scene", "2", "--payment"])),
        verdict(counter.till(1, &code, &["--scene", "2", "--channel", "app_bank"])),
        verdict(counter.till(1, "https://example.com", &[])),
        verdict(counter.place.json(1, &foreign)),
    ];
    let names = [
        "expired",
        "clock_ahead",
        "other_scene",
        "other_kind",
        "other_channel",
        "not_a_code",
        "foreign_issuer",
    ];
    assert_eq!(answers, names);
    let answer = verdict(counter.till(1, &altered, &["--scene", "2"]));
    assert!(["altered", "not_a_code"].contains(&answer.as_str()), "{answer}");
    // The second issuer, by configuration.
    let insurance = counter.ecard(
        0,
        &[&["show", "--issuer", "2", "--scene", "2"], &PERSON, &APP, &ISSUERS],
    );
    let code = insurance["code"].as_str().expect("a code");
    assert!(code.starts_with("MIC1:"), "{code}");
    assert_eq!(
        counter.till(0, code, &["--scene", "2"])["issuer_name"],
        "TEST insurance"
    );
    counter.till(2, code, &["--scene", "no such scene"]);
    one_payment(counter);
}

/// Two processes present one payment code: one of them gets it. The same request asked again gets the same answer.
fn one_payment(counter: &Counter) {
    let code = counter.payment();
    let process = |request: &str| {
        let line = [
            "--ledger",
            &counter.address,
            "--as",
            "till",
            "--request",
            request,
            "--json",
        ];
        let words = [
            &[
                "ecard",
                "verify",
                &code,
                "--payment",
                "--scene",
                "2",
                "--amount",
                "12.34",
            ][..],
            &ISSUERS,
            &line,
        ]
        .concat();
        let mut command = counter.place.command(&words);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("ssc runs")
    };
    let requests = ["first till", "second till"];
    let tills = requests.map(process);
    let ended: Vec<Output> = tills
        .into_iter()
        .map(|till| till.wait_with_output().expect("ended"))
        .collect();
    let mut codes: Vec<i32> = ended.iter().filter_map(|it| it.status.code()).collect();
    let won = codes.iter().position(|code| *code == 0).expect("one of them");
    codes.sort_unstable();
    assert_eq!(codes, [0, 1], "{ended:?}");
    let lost: Value = serde_json::from_slice(&ended[1 - won].stdout).expect("JSON");
    assert_eq!(lost["verdict"], "used");
    let again = process(requests[won]).wait_with_output().expect("ended");
    let again: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!((&again["ok"], &again["repeated"]), (&true.into(), &true.into()));
    let wrong = [("SSC_ECARD_PASSWORD", "250900")];
    counter.ecard_with(
        &wrong,
        5,
        &[
            &["show", "--payment", "--scene", "2", "--issuer", "1"],
            &PERSON,
            &APP,
            &ISSUERS,
        ],
    );
}

/// The physical card is in another state: no code is shown, and one shown before is good off line alone.
pub fn refused(counter: &Counter, codes: &[String; 2], verdict: &str) {
    let [identity, payment] = codes;
    let shown = counter.ecard(1, &[&["show", "--issuer", "1"], &PERSON, &APP, &ISSUERS]);
    assert_eq!(shown["error"]["class"], "verdict", "{verdict}");
    counter.off_line(0, identity, &["--scene", "2"]);
    assert_eq!(counter.till(1, identity, &["--scene", "2"])["verdict"], verdict);
    assert_eq!(
        counter.till(1, payment, &["--scene", "2", "--payment"])["verdict"],
        verdict
    );
}

/// An identity code and a payment code, as the holder shows them now.
pub fn shown(counter: &Counter) -> [String; 2] {
    [counter.identity(), counter.payment()]
}

/// The end: everything about it is in the log.
pub fn ended(counter: &Counter, number: &str) {
    let history = counter.call(0, &["ecard"], &["history", number, "--as", "boss"], "boss", false);
    let acts: Vec<&str> = history["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["act"].as_str())
        .collect();
    for act in [
        "register",
        "bind",
        "set_password",
        "open_payment",
        "show_payment",
        "accept_payment",
        "lose",
        "activate",
    ] {
        assert!(acts.contains(&act), "{act}: {acts:?}");
    }
    // Digests and random numbers may hold any six digits.
    let mut history = history;
    for line in history["lines"]
        .as_array_mut()
        .expect("lines")
        .iter_mut()
        .filter_map(Value::as_object_mut)
    {
        line.retain(|name, _| !["digest", "previous", "request"].contains(&name.as_str()));
    }
    let history = history.to_string();
    assert!(!history.contains(PASSWORD) && !history.contains(CITIZEN), "{history}");
}
