//! The access sweep on freshly issued model cards of every version, through every interface they have.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use card_model::card::Interface;
use card_model::profile::Structure;
use card_model::words::Lang;
use conformance::sweep::{Depth, Report, sweep};
use support::issued::Issued;

fn run(profile: &str, interface: Interface, depth: Depth) -> Report {
    let mut issued = Issued::new(profile, interface);
    issued.fill_cyclic_files();
    let (channel, keys, subject) = issued.parts();
    let report = sweep(channel, keys, subject, depth).unwrap();
    let shown: Vec<String> = report.mismatches.iter().take(20).map(|m| m.words(Lang::En)).collect();
    assert!(
        report.passed(),
        "{} mismatches:\n{}",
        report.mismatches.len(),
        shown.join("\n")
    );
    println!(
        "{profile} {interface:?} {depth:?}: {} cases ({} about keys), {} combinations of states, {} commands",
        report.cases(),
        report.key_cases,
        report.combinations,
        report.commands
    );
    report
}

/// Every file was both granted and refused, as far as its rules can do both. Bytes of a private key never were granted.
fn assert_complete(profile: &str, report: &Report) {
    use conformance::sweep::Operation;
    let profile = card_model::profile::Profile::builtin(profile).unwrap();
    for (df, file) in profile.files() {
        let internal = matches!(file.structure, Structure::Internal { .. });
        for (operation, rule) in [(Operation::Read, &file.read), (Operation::Update, &file.update)] {
            let name = format!("{}/{:04X}", df.id, file.fid);
            let counts = report
                .files
                .get(&(name.clone(), operation))
                .unwrap_or_else(|| panic!("{name} not swept"));
            assert_eq!(
                counts.granted > 0,
                !internal && !rule.is_never(),
                "{name} {operation:?} granted {} times",
                counts.granted
            );
            assert!(
                rule.is_free() || counts.refused > 0,
                "{name} {operation:?} never refused"
            );
        }
    }
}

#[test]
fn generation_3_contact() {
    let report = run("3.0", Interface::Contact, Depth::Full);
    assert!(report.cases() > 100_000);
    assert_complete("3.0", &report);
}

#[test]
fn generation_3_contactless() {
    assert_complete("3.0", &run("3.0", Interface::Contactless, Depth::Full));
}

#[test]
fn generation_2() {
    let report = run("2.0", Interface::Contact, Depth::Full);
    assert!(report.cases() > 100_000);
    assert_complete("2.0", &report);
}

#[test]
fn generation_1() {
    let report = run("1.0", Interface::Contact, Depth::Full);
    assert!(report.cases() > 5_000);
    assert_complete("1.0", &report);
}

/// The depth for real cards stays within some ten thousand commands.
#[test]
fn quick() {
    for profile in ["3.0", "2.0", "1.0"] {
        let report = run(profile, Interface::Contact, Depth::Quick);
        assert!(
            (1_000..15_000).contains(&report.commands),
            "{} commands",
            report.commands
        );
        assert_complete(profile, &report);
    }
}
