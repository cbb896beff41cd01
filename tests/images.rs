//! Card files of every format that was ever written are read for ever; damaged and unknown ones are refused with a reason.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use card_model::card::Card;
use card_model::profile::Profile;
use common::{Place, has_keys};
use personalize::numbers::CardNumber;
use personalize::script::{Script, SeededEntropy, sample_table};
use personalize::{HolderRules, HoldersFile, ModelOs, Settings};
use reader::security::KeyFile;
use std::path::{Path, PathBuf};

/// Format and card version of the issued samples; a new format adds its own and keeps the others.
const ISSUED: [(u16, &str); 3] = [(2, "3.0"), (2, "2.0"), (2, "1.0")];
/// The format that is written now.
const PRESENT: u16 = 2;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/images")
}

fn name(format: u16, version: &str) -> String {
    format!("issued-{version}-format-{format}.img")
}

/// TEST keys of the samples: drawn from a seed, so they are the same whenever they are made.
fn keys() -> KeyFile {
    let national: Vec<&Profile> = Profile::BUILTIN
        .iter()
        .map(|name| Profile::builtin(name).expect("built in"))
        .collect();
    let ciphers = [
        card_model::crypto::Algorithm::Sm4,
        card_model::crypto::Algorithm::TripleDes,
    ];
    let mut entropy = SeededEntropy::new(*b"TEST-IMAGES-KEYS");
    KeyFile::draw("TEST", &national, &ciphers, true, &mut |bytes| {
        entropy.fill(bytes);
        Ok(())
    })
    .expect("drawn")
}

/// Makes the samples of the present format: `UPDATE_IMAGE=1 cargo test --test images`, by hand when the format is raised.
#[test]
fn write_samples() {
    if std::env::var_os("UPDATE_IMAGE").is_none() {
        return;
    }
    let settings = Settings::test_defaults().expect("defaults");
    let today = jiff::civil::date(2026, 11, 21);
    for version in Profile::BUILTIN {
        let profile = Profile::builtin(version).expect("built in");
        let rules = HolderRules {
            profile,
            settings: &settings,
            today,
            accept_disagreement: false,
        };
        let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let holders = HoldersFile::parse(sample_table(profile).as_bytes(), "sample", &rules, &none).expect("a table");
        let script = Script {
            profile,
            settings: &settings,
            holder: &holders.holders[0],
            card_number: &CardNumber::assign("T", 1).expect("a number"),
            today,
            serial: *b"TEST",
            seed: *b"TEST-IMAGES-SEED",
            reveal: false,
        };
        let written = script.write(&mut keys(), &ModelOs).expect("issued");
        std::fs::write(folder().join(name(PRESENT, version)), written.image).expect("written");
    }
    let file = folder().join("TEST.keys");
    let _ = std::fs::remove_file(&file);
    keys().save(&file, None).expect("saved");
}

/// A copy of a sample and of its keys, as a card is changed by every power-on.
fn sample(file: &str) -> Place {
    let place = Place::new();
    for (from, to) in [(file, "card.sim"), ("TEST.keys", "TEST.keys")] {
        place.write(to, std::fs::read(folder().join(from)).expect("a sample"));
    }
    place
}

#[test]
fn issued_cards_of_every_format_are_read_and_verified() {
    for (format, version) in ISSUED {
        let image = std::fs::read(folder().join(name(format, version))).expect("a sample");
        assert_eq!(image[8..10], format.to_be_bytes());
        let place = sample(&name(format, version));
        let card = ["--reader", "sim:card.sim", "--keys", "TEST.keys", "--json"];
        let run = |words: &[&str]| {
            let run = place.run_with(&[("SSC_PIN", "123456")], &[words, &card].concat());
            assert_eq!(
                run.code, 0,
                "format {format}, {version}: {words:?}: {}{}",
                run.stdout, run.stderr
            );
            run.json()
        };
        let read = run(&["read", "SSSE/EF05/03", "SSSE/EF06/08", "SSSE/EF06/09"]);
        let value = |file: usize| read["files"][file]["elements"][0]["value"].clone();
        assert_eq!(
            value(0),
            Profile::builtin(version)
                .expect("built in")
                .specification_version
                .as_str()
        );
        assert_eq!((value(1), value(2)), ("111111198101011110".into(), "张三".into()));
        assert_eq!(run(&["verify"])["genuine"], true);
        assert_eq!(run(&["write", "DF01/EF08/2B=2"])["written"][0]["ok"], true);
        assert_eq!(place.json(0, &["card", "info", "card.sim"])["profile"], version);
    }
}

/// Every file in the folder is loaded: a sample that is not in a list above is not forgotten.
#[test]
fn every_committed_image_is_a_card() {
    let mut formats = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("the folder").flatten() {
        if entry.path().extension().is_none_or(|ending| ending != "img") {
            continue;
        }
        let image = std::fs::read(entry.path()).expect("a sample");
        Card::from_image(&image).unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
        formats.push(u16::from_be_bytes([image[8], image[9]]));
        let place = Place::new();
        place.write("card.sim", image);
        has_keys(&place.json(0, &["card", "info", "card.sim"]), &["life_cycle", "files"]);
    }
    formats.sort_unstable();
    formats.dedup();
    assert_eq!(
        formats,
        (1..=PRESENT).collect::<Vec<_>>(),
        "one sample per format at least"
    );
}

#[test]
fn unknown_and_damaged_files_say_what_why_and_what_to_do() {
    let good = std::fs::read(folder().join(name(PRESENT, "1.0"))).expect("a sample");
    let mut newer = good.clone();
    newer[8..10].copy_from_slice(&99u16.to_be_bytes());
    let mut foreign = good.clone();
    foreign[0] ^= 0xFF;
    let cut = good[..good.len() / 2].to_vec();
    // The end of the heap points behind the memory.
    let mut wild = good.clone();
    let top = 16 + 4 + 2048 + 4;
    wild[top..top + 4].copy_from_slice(&0xFFFF_FFF0_u32.to_be_bytes());
    for (image, en, zh) in [
        (newer, "another version of ssc", "其他版本"),
        (foreign, "is no simulated card", "不是模拟卡"),
        (cut, "damaged", "损坏"),
        (wild, "damaged", "损坏"),
    ] {
        let place = Place::new();
        place.write("card.sim", &image);
        for (lang, words) in [("en", en), ("zh", zh)] {
            for call in [&["card", "info", "card.sim"][..], &["read", "--reader", "sim:card.sim"]] {
                let json = place.json(2, &[call, &["--lang", lang]].concat());
                let error = &json["error"];
                assert!(error["what"].to_string().contains(words), "{json}");
                assert!(error["why"].as_str().is_some_and(|why| !why.is_empty()), "{json}");
                assert!(error["next"].as_str().is_some_and(|next| !next.is_empty()), "{json}");
            }
        }
        assert_eq!(
            std::fs::read(place.path("card.sim")).expect("still there"),
            image,
            "nothing was changed"
        );
    }
}
