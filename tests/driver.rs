//! `ssc conform run --driver`: the cases of the driver interface on this project's library as cargo built it, and on one that does
//! nearly everything wrong.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{CONFORM, PINS, Place};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const ITEMS: [&str; 6] = [
    "DRIVER_PSAM",
    "DRIVER_PIN",
    "DRIVER_DEBIT",
    "DRIVER_HSM",
    "DRIVER_PKI",
    "DRIVER_BEHAVIOUR",
];

fn run(place: &Place, driver: &str, items: &[&str], code: i32) -> Value {
    let words = CONFORM.split(' ').chain(["--json", "--driver", driver]);
    let words: Vec<&str> = words.chain(items.iter().flat_map(|item| ["--suite", *item])).collect();
    place.run_with(&PINS, &words).expect(code).json()
}

/// Verdict and reason or detail of each case.
fn verdicts(run: &Value) -> BTreeMap<String, (String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let results = run["results"].as_array().expect("results");
    let one = |result: &Value| {
        let words = match result["failure"]["detail"].as_str() {
            Some(detail) => detail.to_owned(),
            None => text(&result["reason"]),
        };
        (text(&result["id"]), (text(&result["verdict"]), words))
    };
    results.iter().map(one).collect()
}

/// The library that cargo built beside this test.
fn library() -> PathBuf {
    let beside = std::env::current_exe().expect("a path");
    let library = beside.with_file_name("libSSCardDriver.so");
    assert!(library.is_file(), "{} was not built", library.display());
    library
}

#[test]
fn our_library_does_what_the_driver_in_this_process_does() {
    let place = Place::with_card();
    // A card that is in use: the cases of the account leave sums and a log behind.
    place.line(format!("{CONFORM} --suite ACCOUNT")).expect(0);
    let builtin = verdicts(&run(&place, "builtin", &ITEMS, 0));
    let library = verdicts(&run(&place, &library().display().to_string(), &ITEMS, 0));
    assert!(builtin.len() > 400, "{} cases", builtin.len());
    assert!(builtin.values().filter(|(verdict, _)| verdict == "pass").count() > 400);
    assert_eq!(builtin, library);
}

#[test]
fn a_library_that_misbehaves() {
    let place = Place::with_card();
    let source = place.path("vendor.c");
    std::fs::write(
        &source,
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\
         long iReadCardBas(int t, char *out) { puts(\"Thread attach success\"); strcpy(out, \"x\"); out[1024] = 1; return 0; }\n\
         long iVerifyPIN(int t, char *out) { abort(); }\n\
         long iReadDebitRecord(int t, char *out) { return -2; }\n\
         long iReloadPIN(int t, char *info, char *out) { info[0] = 'x'; out[0] = 0; return -2; }\n\
         long iChangePIN(int t, char *out) { strcpy(out, \"\\xE6\\x97\\xA0\\xE5\\x8D\\xA1\"); return -2; }\n",
    )
    .expect("written");
    let library = place.path("libvendor.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-w", "-o"])
        .arg(&library)
        .arg(&source)
        .status();
    assert!(compiled.expect("cc").success());
    let library = library.display().to_string();
    let found = verdicts(&run(&place, &library, &["DRIVER_PSAM", "DRIVER_PIN"], 1));
    for (case, verdict, words) in [
        ("DRIVER_PSAM-01:slot", "fail", "outside of pOutInfo"),
        ("DRIVER_PIN-01:slot", "fail", "the process ended"),
        ("DRIVER_PIN-40:iReadDebitRecord", "fail", "no NUL within its size"),
        ("DRIVER_PIN-40:iReloadPIN", "fail", "was changed"),
        ("DRIVER_PIN-40:iChangePIN", "fail", "UTF-8"),
        ("DRIVER_PIN-40:iUnblockPIN", "not_applicable", "no function iUnblockPIN"),
        ("DRIVER_PSAM-22", "not_applicable", "no function iReadCard"),
    ] {
        let (got, said) = &found[case];
        assert!(got == verdict && said.contains(words), "{case}: {got} {said}");
    }
    assert!(found.values().all(|(verdict, _)| verdict != "pass"));
}

#[test]
fn without_a_driver_and_with_none_that_loads() {
    let place = Place::with_card();
    let run = place
        .line(format!("{CONFORM} --suite DRIVER_PIN --json"))
        .expect(0)
        .json();
    for (verdict, reason) in verdicts(&run).values() {
        assert!(verdict == "not_applicable" && reason.contains("--driver"), "{reason}");
    }
    let driver = |name: &str| place.line(format!("{CONFORM} --driver {name}")).expect(2);
    assert!(driver("nothing.so").stderr.contains("nothing.so"));
    assert!(driver("TEST.keys").stderr.contains("TEST.keys"));
    assert!(Path::new(&place.path("card.sim")).is_file());
}
