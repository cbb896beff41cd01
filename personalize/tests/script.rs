//! Scripts for card bureaus: made by issuing, replayed against the model, and by the issuer against the transcript.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

use card_model::card::LifeCycle;
use card_model::profile::Profile;
use jiff::civil::{Date, date};
use personalize::numbers::CardNumber;
use personalize::script::{ReplayError, Script, SeededEntropy, Written, replay, sample_table};
use personalize::{Holder, HolderRules, HoldersFile, Issuer, ModelOs, Settings};
use reader::channel::TranscriptChannel;
use reader::security::KeyFile;

const TODAY: Date = date(2026, 11, 21);
const SEED: [u8; 16] = [0x5E; 16];

fn all() -> Vec<&'static Profile> {
    let national = Profile::BUILTIN.iter().map(|name| Profile::builtin(name).unwrap());
    national.chain(Profile::extended()).collect()
}

fn keys(profile: &Profile) -> KeyFile {
    let mut entropy = SeededEntropy::new([1; 16]);
    let mut draw = |bytes: &mut [u8]| {
        entropy.fill(bytes);
        Ok(())
    };
    KeyFile::draw("TEST", &[profile], &[profile.algorithm], true, &mut draw).unwrap()
}

fn holder(profile: &Profile, settings: &Settings) -> Holder {
    let rules = HolderRules {
        profile,
        settings,
        today: TODAY,
        accept_disagreement: false,
    };
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let file = HoldersFile::parse(sample_table(profile).as_bytes(), "sample", &rules, &none).unwrap();
    let mut holders = file
        .require_all("sample")
        .unwrap_or_else(|error| panic!("{}: {error:?}", profile.name));
    holders.remove(0)
}

struct Made {
    written: Written,
    settings: Settings,
    holder: Holder,
    number: CardNumber,
}

fn script(profile: &Profile, reveal: bool) -> Made {
    let settings = Settings::test_defaults().unwrap();
    let holder = holder(profile, &settings);
    let number = CardNumber::assign("T", 1).unwrap();
    let script = Script {
        profile,
        settings: &settings,
        holder: &holder,
        card_number: &number,
        today: TODAY,
        serial: *b"TEST",
        seed: SEED,
        reveal,
    };
    let written = script.write(&mut keys(profile), &ModelOs);
    let written = written.unwrap_or_else(|error| panic!("{}: {error:?}", profile.name));
    Made {
        written,
        settings,
        holder,
        number,
    }
}

#[test]
fn every_card_version_is_scripted_and_replayed_to_the_same_card() {
    for profile in all() {
        let made = script(profile, true);
        let card = replay(&made.written.text, profile).unwrap_or_else(|error| panic!("{}: {error}", profile.name));
        assert_eq!(card.inventory().life_cycle, LifeCycle::Operational, "{}", profile.name);
        assert_eq!(card.image(), made.written.image, "{}: byte for byte", profile.name);
        assert!(
            made.written.commands > 200 && made.written.computed > 50,
            "{}: {} commands, {} computed",
            profile.name,
            made.written.commands,
            made.written.computed
        );
        // Made again it is the same, so it can be compared and signed.
        assert_eq!(
            script(profile, true).written.text,
            made.written.text,
            "{}",
            profile.name
        );
    }
}

/// The transcript is one that the reader's own channel plays: the issuer works against it as against a card.
#[test]
fn the_issuer_works_against_the_transcript() {
    for profile in all() {
        let made = script(profile, true);
        let mut channel = TranscriptChannel::from_text("script", &made.written.text).unwrap();
        let issuer = Issuer::new(profile, &ModelOs, &made.settings, TODAY).unwrap();
        let card = issuer.issue(
            &mut channel,
            &mut keys(profile),
            &made.holder,
            &made.number,
            false,
            &mut |_, _| Ok(()),
        );
        let card = card.unwrap_or_else(|error| panic!("{}: {error:?}", profile.name));
        assert_eq!(card.card_id, made.written.card.card_id);
        assert!(channel.is_finished(), "{}", profile.name);
    }
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let profile = Profile::builtin("3.0").unwrap();
    let masked = script(profile, false).written.text;
    let open = script(profile, true).written.text;
    let pin = "0020000003123456";
    assert!(open.contains(pin) && !masked.contains(pin) && masked.contains("**"));
    assert!(!masked.contains("111111198101011110") && !masked.contains(&hex::encode_upper("111111198101011110")));
    assert!(matches!(replay(&masked, profile), Err(ReplayError::Masked(_))));
    for text in [&masked, &open] {
        assert!(text.contains("# computed: LOAD KEY UK1DF01 version 2"), "{text}");
        assert!(text.contains("# computed: EXTERNAL AUTHENTICATION with UKSSSE version 1"));
        assert!(text.contains(&hex::encode_upper(SEED)), "the seed is stated");
    }
}

#[test]
fn a_changed_script_is_found_out() {
    let profile = Profile::builtin("2.0").unwrap();
    let text = script(profile, true).written.text;
    let second = Profile::builtin("3.0").unwrap();
    assert!(matches!(replay(&text, second), Err(ReplayError::Profile(name)) if name == "2.0"));
    let other_seed = text.replace(&hex::encode_upper(SEED), &"00".repeat(16));
    assert!(matches!(
        replay(&other_seed, profile),
        Err(ReplayError::Different { .. })
    ));
    let headless = text.replace("T1-TD", "T");
    assert!(matches!(replay(&headless, profile), Err(ReplayError::Head(_))));
    let last = text.trim_end().rfind('<').unwrap();
    let tampered = format!("{}< 6A82\n", &text[..last]);
    assert!(matches!(replay(&tampered, profile), Err(ReplayError::Different { .. })));
}
