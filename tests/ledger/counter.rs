//! An outlet's counter at a ledger, directly or through the service.

use crate::common::Place;
use serde_json::Value;
use std::collections::HashMap;
use std::io::BufRead;
use std::process::{Child, Stdio};

/// The citizen of the story.
pub const CITIZEN: &str = "111111198101011110";

/// A ledger with an outlet, a manager and a clerk; the words of calls to it.
pub struct Counter {
    pub place: Place,
    pub address: String,
    pub service: Option<Service>,
}

/// A service in front of the ledger.
pub struct Service {
    pub process: Child,
    pub address: String,
    pub tokens: HashMap<&'static str, String>,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Counter {
    pub fn new(address: &str) -> Self {
        let place = Place::new().with_keys().with_samples(1);
        let counter = Self {
            place,
            address: address.to_owned(),
            service: None,
        };
        counter.ledger(0, &["init", "--region", "990000"]);
        counter.ledger(
            0,
            &[
                "outlet",
                "A1",
                "--name",
                "East",
                "--bank",
                "TEST Bank",
                "--region",
                "990100",
                "--manager",
                "boss",
            ],
        );
        let staff = ["staff", "clerk", "--outlet", "A1", "--role", "clerk"];
        assert_eq!(counter.ledger(2, &staff)["error"]["class"], "input", "nobody is named");
        counter.ledger(0, &[&staff[..], &["--as", "boss"]].concat());
        let by_clerk = [
            "staff", "friend", "--outlet", "A1", "--role", "manager", "--as", "clerk",
        ];
        assert_eq!(counter.ledger(1, &by_clerk)["error"]["class"], "verdict");
        counter
    }

    /// The same ledger, behind a service from now on.
    pub fn served(address: &str) -> Self {
        let mut counter = Self::new(address);
        let tokens = ["boss", "clerk"].map(|who| {
            let token = counter.ledger(0, &["token", who, "--as", "boss"]);
            (who, token["token"].as_str().expect("a token").to_owned())
        });
        let words = ["ledger", "serve", "--ledger", address, "--listen", "127.0.0.1:0"];
        let log = std::fs::File::create(counter.place.path("service.log")).expect("a log");
        let mut command = counter.place.command(&words);
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().expect("starts");
        let mut line = String::new();
        let stdout = process.stdout.as_mut().expect("stdout");
        std::io::BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.strip_prefix("ready ").expect("ready").trim().to_owned();
        counter.service = Some(Service {
            process,
            address,
            tokens: tokens.into(),
        });
        counter
    }

    pub fn ledger(&self, code: i32, words: &[&str]) -> Value {
        // What has to be at the database itself.
        let direct = ["init", "outlet", "staff", "token", "backup"].contains(&words[0]);
        let who = words.iter().position(|word| *word == "--as").map(|at| words[at + 1]);
        self.call(code, &["ledger"], words, who.unwrap_or("clerk"), direct)
    }

    pub fn order(&self, code: i32, words: &[&str]) -> Value {
        self.call(code, &["order"], &[words, &["--as", "clerk"]].concat(), "clerk", false)
    }

    pub fn call(&self, code: i32, verb: &[&str], words: &[&str], who: &str, direct: bool) -> Value {
        self.call_with(&[], code, verb, words, who, direct)
    }

    pub fn call_with(
        &self,
        variables: &[(&str, &str)],
        code: i32,
        verb: &[&str],
        words: &[&str],
        who: &str,
        direct: bool,
    ) -> Value {
        let (address, token) = match &self.service {
            Some(service) if !direct => (&service.address, service.tokens.get(who).map_or("", String::as_str)),
            _ => (&self.address, ""),
        };
        let words = [verb, words, &["--ledger", address, "--json"]].concat();
        let variables = [&[("SSC_TOKEN", token)], variables].concat();
        self.place.run_with(&variables, &words).expect(code).json()
    }

    pub fn act(&self, act: &str) -> Value {
        self.order(0, &[act, "--person", CITIZEN])
    }
}
