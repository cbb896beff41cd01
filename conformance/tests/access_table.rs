//! The access table three times: as data in `vectors/access.json`, in the built-in profiles, and in the specification sheet.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use card_model::card::Interface;
use card_model::profile::{Access, FileClass, Profile, Structure};
use conformance::rule::States;
use conformance::run::{Options, Verdict, run};
use conformance::suite::Suite;
use serde_json::Value;
use std::collections::BTreeMap;
use support::issued::Issued;
use support::{list, load, text};

type Table = BTreeMap<String, (String, String)>;

/// The files of a version whose rules stand under headings of the sheet.
fn table(version: &str) -> Table {
    rows(list(&load("access.json")["versions"], version))
}

/// The files of the certificate application, which the sheet has in another form.
fn certificate_table() -> Table {
    rows(list(&load("access.json"), "certificate_application"))
}

fn rows(rows: &[Value]) -> Table {
    let field = |row, name| text(row, name).to_owned();
    rows.iter()
        .map(|row| (field(row, "file"), (field(row, "read"), field(row, "update"))))
        .collect()
}

/// A rule of the table, parsed here: alternatives of conjunctions.
fn parse(rule: &str) -> Vec<(bool, Vec<&str>)> {
    match rule {
        "never" => vec![],
        "free" => vec![(false, vec![])],
        _ => rule
            .split(" or ")
            .map(|term| {
                let (pin, keys): (Vec<&str>, Vec<&str>) = term.split(" and ").partition(|part| *part == "PIN");
                (!pin.is_empty(), keys)
            })
            .collect(),
    }
}

fn same(rule: &str, access: &Access) -> bool {
    let terms = access
        .terms
        .iter()
        .map(|term| (term.pin, term.keys.iter().map(String::as_str).collect()));
    parse(rule) == terms.collect::<Vec<(bool, Vec<&str>)>>()
}

#[test]
fn profiles_agree_with_the_table() {
    for version in ["3.0", "2.0", "1.0"] {
        let profile = Profile::builtin(version).unwrap();
        let mut table = table(version);
        if profile.certificate_application().is_some() {
            table.extend(certificate_table());
        }
        for (df, file) in profile.files() {
            let name = format!("{}/EF{:02X}", df.id, file.fid & 0xFF);
            let internal = matches!(file.structure, Structure::Internal { .. });
            match table.remove(&name) {
                Some((read, update)) => {
                    assert!(
                        same(&read, &file.read),
                        "{version} {name}: read is {}, the table says {read}",
                        file.read
                    );
                    assert!(
                        same(&update, &file.update),
                        "{version} {name}: update is {}, not {update}",
                        file.update
                    );
                }
                None => assert!(
                    internal || matches!(file.class, FileClass::System | FileClass::Optional),
                    "{version} {name} is not in the table"
                ),
            }
            // The rules of a private key are those of using and making it; the SAFETY cases show that its bytes are for nobody.
            if internal && file.key_pair.is_none() {
                let all = States::with(true, file.read.keys());
                assert!(
                    !all.satisfy(&file.read) && !all.satisfy(&file.update),
                    "{version} {name} is internal"
                );
            }
        }
        assert!(table.is_empty(), "{version}: the profile has no {:?}", table.keys());
    }
}

/// The data is compared with the headings of the specification sheet it was taken from, which lies beside the checkout.
#[test]
fn the_table_agrees_with_the_sheet() {
    let sheet = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/spec/files.md");
    let sheet = std::fs::read_to_string(&sheet)
        .unwrap_or_else(|error| panic!("no specification sheet at {}: {error}", sheet.display()));
    for (version, generation) in [("3.0", 3), ("2.0", 2)] {
        let mut table = table(version);
        let lines: Vec<&str> = sheet.lines().take_while(|line| !line.starts_with("### 2.2")).collect();
        for window in lines.windows(3) {
            let Some((df, ef)) = heading(window[0]) else { continue };
            let read = bold(window[2], "read: ").unwrap_or_else(|| panic!("no rule under {}", window[0]));
            let update = bold(window[2], "update: ").unwrap();
            let name = format!("{df}/{ef}");
            let row = table
                .remove(&name)
                .unwrap_or_else(|| panic!("{name} missing in the table"));
            assert_eq!(
                row,
                (plain(read, generation), plain(update, generation)),
                "{version} {name}"
            );
        }
        assert!(table.is_empty(), "{version}: not in the sheet: {:?}", table.keys());
    }
}

fn heading(line: &str) -> Option<(&str, &str)> {
    let mut words = line.strip_prefix("#### ")?.split(' ');
    let (df, ef) = (words.next()?, words.next()?);
    (ef.len() == 4 && ef.starts_with("EF") && (df == "SSSE" || df.starts_with("DF"))).then_some((df, ef))
}

fn bold<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("{label}**"))?;
    rest.split_once("**").map(|(rule, _)| rule)
}

/// A rule of the sheet in the words of the table; the remarks in brackets are those of the sheet.
fn plain(rule: &str, generation: u8) -> String {
    match rule {
        "COS only (no external write)" => "never".to_owned(),
        "free (v1, v2); RKSSSE (v3)" => if generation == 3 { "RKSSSE" } else { "free" }.to_owned(),
        other => other.split(" (").next().unwrap().replace(" AND ", " and "),
    }
}

/// Cases that cannot fail prove nothing: with one rule changed in what is expected, cases of just that file fail.
#[test]
fn a_changed_rule_is_found() {
    let suite = Suite::load().unwrap();
    let mut issued = Issued::new("3.0", Interface::Contact);
    let changes: [(&str, u16, bool, &str); 6] = [
        ("SSSE", 0xEF06, true, "free"),
        ("SSSE", 0xEF05, false, "RKSSSE"),
        ("DF04", 0xEF06, true, "PIN or RK1DF04"),
        ("DF03", 0xEF05, true, "PIN or RK1DF03"),
        ("DF04", 0xEF08, true, "RK1DF04"),
        ("CERT", 0x0018, false, "USERPIN or ADMINPIN"),
    ];
    for (df, fid, reading, rule) in changes {
        let rule = rule.parse().unwrap();
        let mut profile = issued.profile.clone();
        let directory = profile.dedicated_files.iter_mut().find(|file| file.id == df).unwrap();
        let file = directory.files.iter_mut().find(|file| file.fid == fid).unwrap();
        match reading {
            true => file.read = rule,
            false => file.update = rule,
        }
        let (name, operation) = (file.name(), if reading { "read" } else { "update" });
        let item = if df == "CERT" { "ACSE" } else { df };
        let options = Options {
            items: vec![format!("{item}_SAFETY")],
            ..Options::default()
        };
        let (channel, keys, mut subject) = issued.parts();
        subject.profile = &profile;
        let run = run(&suite, channel, keys, subject, &options, &mut ()).unwrap();
        let failed: Vec<&str> = run
            .results
            .iter()
            .filter(|result| result.verdict == Verdict::Fail)
            .map(|result| result.id.as_str())
            .collect();
        assert!(
            failed.iter().any(|id| id.contains(&format!(":{name}/{operation}/"))),
            "{df}/{name} {operation} is not found: {failed:?}"
        );
        let elsewhere: Vec<_> = failed.iter().filter(|id| !id.contains(&format!(":{name}/"))).collect();
        assert!(elsewhere.is_empty(), "{df}/{name}: {elsewhere:?}");
    }
}
