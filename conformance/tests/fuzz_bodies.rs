//! The bodies of the fuzz targets (`fuzz/bodies.rs`) on bytes from proptest: noise, and noise in the form of what they read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use proptest::prelude::*;

fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

fn text(pattern: &'static str) -> impl Strategy<Value = Vec<u8>> {
    pattern.prop_map(String::into_bytes)
}

/// Commands with a plausible header, as `length bytes`.
fn commands() -> impl Strategy<Value = Vec<u8>> {
    let ins = prop::sample::select(vec![
        0xA4u8, 0xB2, 0xDC, 0xB0, 0xD6, 0x84, 0x82, 0x88, 0x20, 0x5E, 0x24, 0x1E, 0x16, 0xC0, 0xCA, 0xE0, 0xD4, 0x44,
        0xE4, 0x40, 0x48, 0x4A, 0x4C, 0x4E, 0x50, 0xC2, 0xC4, 0xC9,
    ]);
    let cla = prop::sample::select(vec![0u8, 0, 0, 4, 0x80, 0x84]);
    let command = (cla, ins, 0..6u8, any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(
        |(cla, ins, p1, p2, body)| {
            let mut bytes = vec![0, cla, ins, p1, p2];
            if !body.is_empty() {
                bytes.push(body.len() as u8);
                bytes.extend(body);
            }
            bytes[0] = bytes.len() as u8 - 1;
            bytes
        },
    );
    let event = (0xF0..=0xFFu8).prop_map(|event| vec![event]);
    prop::collection::vec(prop_oneof![8 => command, 1 => event], 0..30).prop_map(|parts| {
        let mut bytes = vec![parts.len() as u8];
        bytes.extend(parts.concat());
        bytes
    })
}

/// Commands of a PSAM with a plausible header.
fn psam_commands() -> impl Strategy<Value = Vec<u8>> {
    let ins = prop::sample::select(vec![
        0xA4u8, 0xB0, 0xB2, 0xD6, 0x84, 0xC0, 0xEC, 0xDE, 0xFA, 0x70, 0x72, 0xD4,
    ]);
    let cla = prop::sample::select(vec![0u8, 4, 0x80, 0x84, 0xBF]);
    let p1 = prop_oneof![0..8u8, prop::sample::select(vec![0x67u8, 0x66, 0x48, 0x26, 0x22, 0x4C])];
    let p2 = prop_oneof![any::<u8>(), prop::sample::select(vec![0x08u8, 0x12, 0x09, 0x01, 0x4C])];
    let command = (cla, ins, p1, p2, prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(cla, ins, p1, p2, body)| {
        let mut bytes = vec![0, cla, ins, p1, p2];
        if !body.is_empty() {
            bytes.push(body.len() as u8);
            bytes.extend(body);
        }
        bytes[0] = bytes.len() as u8 - 1;
        bytes
    });
    let event = (0xF0..=0xFFu8).prop_map(|event| vec![event]);
    prop::collection::vec(prop_oneof![8 => command, 1 => event], 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn card_apdus(noise in noise(), commands in commands()) {
        bodies::card_apdus(&noise);
        bodies::card_apdus(&commands);
    }

    #[test]
    fn certificates(noise in noise(), tail in prop::collection::vec(any::<u8>(), 0..300)) {
        bodies::certificates(&noise);
        bodies::certificates(&[&[0x30, 0x82, 1, 0][..], &tail].concat());
    }

    #[test]
    fn card_image(noise in noise()) {
        bodies::card_image(&noise);
    }

    #[test]
    fn psam_apdus(noise in noise(), commands in psam_commands()) {
        bodies::psam_apdus(&noise);
        bodies::psam_apdus(&commands);
    }

    #[test]
    fn fci_and_atr(noise in noise(), tail in prop::collection::vec(any::<u8>(), 0..40)) {
        bodies::fci(&noise);
        bodies::atr(&noise);
        bodies::fci(&[&[0x6F, tail.len() as u8, 0x84][..], &tail].concat());
        bodies::atr(&[&[0x3B][..], &tail].concat());
    }

    #[test]
    fn holders_csv(noise in noise(), table in text("(姓名|name|社会保障号码|social_security_number|[,\"\n\r\t;]|男|1|[0-9X]{18}|\\PC){0,60}")) {
        bodies::holders_csv(&noise);
        bodies::holders_csv(&[b"social_security_number,name,sex\n", &table[..]].concat());
    }

    #[test]
    fn settings_and_profile(noise in noise(), toml in text("(\\[\\[df\\]\\]|\\[os\\]|id|name|fid|read|=|\"|[0-9x]|\\{|\\}|\n| |PIN|or|\\PC){0,60}")) {
        bodies::settings(&noise);
        bodies::settings(&toml);
        bodies::profile(&noise);
        bodies::profile(&toml);
    }

    #[test]
    fn key_file(noise in noise(), toml in text("(test|=|true|false|\\[\\[key\\]\\]|name|\"|[0-9A-F]{2}|\n|\\PC){0,60}")) {
        bodies::key_file(&noise);
        bodies::key_file(&toml);
    }

    #[test]
    fn vpcd_frames(noise in noise(), short in prop::collection::vec(0..3u8, 0..60)) {
        bodies::vpcd_frames(&noise);
        bodies::vpcd_frames(&short);
    }

    #[test]
    fn transcript(noise in noise(), lines in text("([><#] ?[0-9A-F {}=\n]{0,12}\n?){0,12}")) {
        bodies::transcript(&noise);
        bodies::transcript(&lines);
    }

    #[test]
    fn elements(noise in noise()) {
        bodies::elements(&noise);
    }

    #[test]
    fn driver_strings(noise in noise(), strings in text("(DF0[1-7]|SSSE)EF[01][0-9A-F](\\|[0-9A-F]{2}(:[1-9])?){0,4}\\|?\\$|0[1-4]\\|990100(\\|[0-9A-F]{2,26}){0,11}\\|?|[0-9A-F]{32}\\|\\PC{0,9}\\|?")) {
        bodies::driver_strings(&noise);
        bodies::driver_strings(&strings);
    }

    #[test]
    fn codes(noise in noise(), prefix in any::<u8>(), text in text("(SSC1|SSI1|[A-Z]{3,4}1?):[0-9A-Z $%*+./:-]{0,200}|[0-9A-Za-z+/]{0,200}={0,2}")) {
        bodies::codes(&noise);
        bodies::codes(&[&[prefix | 2][..], &text].concat());
    }

    #[test]
    fn ledger_files(noise in noise(), lines in text("(社会保障号码|social_security_number|name|[0-9X]{18}|\\[\\[issuer\\]\\]|number|=|\"|[,\n]|\\PC){0,60}")) {
        bodies::ledger_files(&noise);
        bodies::ledger_files(&lines);
        bodies::ledger_files(&[b"social_security_number,name\n", &lines[..]].concat());
    }
}
