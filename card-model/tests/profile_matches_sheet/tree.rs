//! §1.1 of files.md: names of the dedicated files.

use crate::sheet::{hex, rows, section, sheet};
use card_model::profile::{KeyPair, PinRole, Profile, Structure};

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn names_of_the_dedicated_files() {
    let profile = Profile::builtin("3.0").unwrap_or_else(|error| panic!("{error}"));
    let text = sheet("files.md");
    let mut compared = 0;
    for line in section(&text, "### 1.1 ", "### 1.2 ").lines() {
        if line.contains("DDF SSSE") {
            let sse = profile.dedicated_file("SSSE").expect("SSSE");
            let name = line
                .split(" = ")
                .nth(1)
                .expect("name")
                .split(" (")
                .next()
                .expect("name");
            assert_eq!(hex::encode_upper(&sse.name), squeezed(name));
            assert!(line.contains(&format!("FID {:04X}", sse.fid)));
            compared += 1;
        }
        let Some((_, rest)) = line.split_once("ADF DF") else {
            continue;
        };
        let id = format!("DF{}", &rest[..2]);
        let Some(df) = profile.dedicated_file(&id) else {
            assert!(line.contains("local extensions"), "{line}");
            continue;
        };
        if let Some((_, aid)) = rest.split_once("AID ") {
            let bytes: String = aid.split_whitespace().take(6).collect();
            assert_eq!(hex::encode_upper(&df.name), bytes, "{id}");
            let label = aid.split_whitespace().nth(6).expect("label");
            assert_eq!(df.label.as_deref(), Some(label), "{id}");
        } else {
            let label = rest.split('"').nth(1).expect("label");
            assert_eq!(df.label.as_deref(), Some(label), "{id}");
            assert_eq!(
                df.name,
                encoding_rs::GB18030.encode(label).0.as_ref(),
                "{id}: the label is the name"
            );
        }
        compared += 1;
    }
    assert_eq!(compared, 8, "SSSE and DF01–DF07");
    let bank = profile.dedicated_file("BANK").expect("bank environment");
    assert_eq!(bank.name, b"1PAY.SYS.DDF01");
}

/// §7.1: the certificate application, its files, and who may do what with them.
#[test]
fn certificate_application() {
    let profile = Profile::builtin("3.0").unwrap_or_else(|error| panic!("{error}"));
    let text = sheet("files.md");
    let section = section(&text, "### 7.1 ", "### 7.2 ");
    let (ddf, adf) = (
        profile.dedicated_file("PKI").expect("PKI"),
        profile.certificate_application().expect("CERT"),
    );
    for df in [ddf, adf] {
        assert!(section.contains(&::hex::encode_upper(&df.name)), "{}", df.id);
    }
    let mut compared = 0;
    for row in rows(section)
        .iter()
        .filter(|row| row[0].len() == 4 && row[0].starts_with("00"))
    {
        let fid = u16::try_from(hex(&row[0])).expect("four digits");
        let file = adf.file(fid).unwrap_or_else(|| panic!("{fid:04X}"));
        let pair = if row[1].contains("signing") || row[1].contains("signature") {
            KeyPair::Signing
        } else if row[1].contains("encryption") {
            KeyPair::Encryption
        } else {
            // "same": the row of the encryption certificate.
            assert!(row[2].contains("same"), "{row:?}");
            KeyPair::Encryption
        };
        if row[1].contains("certificate") {
            assert_eq!(file.certificate_of, Some(pair), "{fid:04X}");
            assert_eq!(file.update.to_string(), "USERPIN and ADMINPIN", "{fid:04X}");
            assert!(
                matches!(file.structure, Structure::Transparent { size: 1020..=1024 }),
                "{fid:04X}"
            );
        } else {
            let private = row[1].contains("private");
            assert_eq!(adf.key_file(pair, private).map(|file| file.fid), Some(fid));
            assert_eq!(
                matches!(file.structure, Structure::Internal { .. }),
                private,
                "{fid:04X}"
            );
            assert_eq!(file.read.is_free(), !private, "{fid:04X}");
        }
        compared += 1;
    }
    assert_eq!(compared, 6, "0012–0015, 0018, 0019");
    assert_eq!(adf.files.len(), compared);
    let index = profile.index_of("CERT").expect("CERT");
    for (role, command) in [
        (PinRole::User, "00 20 01 81 10"),
        (PinRole::Administrator, "00 20 01 00 10"),
    ] {
        let pin = profile.pin_with_role(index, role).expect("PIN");
        assert!(section.contains(command));
        assert_eq!(command[9..11], format!("{:02X}", pin.id));
    }
    for name in ["2.0", "1.0"] {
        let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        assert!(profile.certificate_application().is_none(), "{name}");
    }
}
