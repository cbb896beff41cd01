//! The description as data: complete, and faults told with line and place.

use super::support::description;
use card_model::profile::Fault;
use card_model::psam::{Cipher, FieldKind, FileRole, Level, PsamDescription};

const TEXT: &str = include_str!("../../profiles/psam.toml");

/// `spec/commands.md` §2.7 and `spec/files.md` §6.6, line by line.
#[test]
fn everything_of_the_sheets_is_there() {
    let d = description();
    let name = |cipher| hex::encode_upper(&d.environment(cipher).unwrap().name);
    assert_eq!(name(Cipher::TripleDes), "7378312E73682EC9E7BBE1B1A3D5CF");
    assert_eq!(name(Cipher::Ssf33), "7378322E73682EC9E7BBE1B1A3D5CF");
    assert_eq!(name(Cipher::Sm4), "7378332E73682EC9E7BBE1B1A3D5CF");
    assert_eq!(d.environment(Cipher::TripleDes).unwrap().fid, 0x3F00);
    assert_eq!(d.environment(Cipher::Ssf33).unwrap().fid, 0xDDF1);
    assert_eq!(
        (d.application.fid, &d.application.aid[..]),
        (0xDF01, &[0xD1, 0x56, 0, 0, 5, 0x90][..])
    );
    for (role, fid, size) in [
        (FileRole::Directory, 0x01, None),
        (FileRole::PublicInformation, 0x15, Some(15)),
        (FileRole::TerminalNumber, 0x16, Some(6)),
        (FileRole::TransactionNumber, 0x19, Some(4)),
        (FileRole::Information(Level::National), 0x1A, Some(10)),
        (FileRole::Information(Level::Province), 0x1B, Some(10)),
        (FileRole::Information(Level::City), 0x1C, Some(10)),
        (FileRole::Keys(Level::National), 0x11, None),
        (FileRole::Keys(Level::Province), 0x12, None),
        (FileRole::Keys(Level::City), 0x13, None),
    ] {
        let file = d.file(role).unwrap();
        assert_eq!(file.fid, fid);
        assert!(size.is_none_or(|size| size == file.size));
    }
    let public = d.file(FileRole::PublicInformation).unwrap();
    assert_eq!(public.field(FieldKind::SerialNumber), Some(1..11));
    assert_eq!(public.field(FieldKind::EndDate), None);
    let information = d.file(FileRole::Information(Level::City)).unwrap();
    assert_eq!(information.field(FieldKind::KeyVersion), Some(1..2));
    assert_eq!(information.field(FieldKind::EndDate), Some(6..10));
    assert!(d.test_master_key.starts_with(b"TEST"), "a test key is visibly one");
}

/// Each change breaks one rule; the fault names the line of the change.
#[test]
fn faults_are_told_with_their_line() {
    type Case = (&'static str, &'static str, fn(&Fault) -> bool);
    let cases: &[Case] = &[
        ("cipher = \"SM4\"", "cipher = \"AES\"", |f| {
            matches!(f, Fault::Syntax(_))
        }),
        ("contact = \"3B6D0000\"", "contact = \"3B6\"", |f| {
            matches!(f, Fault::Hex { .. })
        }),
        ("maker = \"00992611018699\"", "maker = \"0099\"", |f| {
            matches!(f, Fault::Hex { .. })
        }),
        ("aid = \"D15600000590\"", "aid = \"D1\"", |f| {
            matches!(f, Fault::Range { .. })
        }),
        ("fid = 0xDDF2 ", "fid = 0xDDF1 ", |f| {
            matches!(f, Fault::Duplicate { .. })
        }),
        ("role = \"directory\"", "role = \"telephone\"", |f| {
            matches!(f, Fault::NotOneOf { .. })
        }),
        ("fid = 0x0015", "fid = 0x0020", |f| matches!(f, Fault::Range { .. })),
        ("size = 15", "size = 16", |f| matches!(f, Fault::Sum { .. })),
        ("size = 4", "size = 5", |f| matches!(f, Fault::Range { .. })),
        ("role = \"internal authentication\"", "role = \"dance\"", |f| {
            matches!(f, Fault::NotOneOf { .. })
        }),
        ("type = 6", "type = 5", |f| matches!(f, Fault::PsamUsage(5))),
        ("master_key_tries = 15", "master_key_tries = 0", |f| {
            matches!(f, Fault::Range { .. })
        }),
        ("label = \"PSAM\"", "label = \"\"", |f| matches!(f, Fault::Range { .. })),
        ("role = \"transaction number\"", "role = \"public information\"", |f| {
            matches!(f, Fault::Duplicate { .. } | Fault::Missing(_))
        }),
        ("keys = 96", "size = 96", |f| matches!(f, Fault::Missing("keys"))),
        ("zh = \"目录文件\"", "colour = \"red\"", |f| {
            matches!(f, Fault::Syntax(_))
        }),
    ];
    for (old, new, expected) in cases {
        assert!(TEXT.contains(old), "{old}");
        let text = TEXT.replacen(old, new, 1);
        let error = PsamDescription::load(&text, "my.toml").unwrap_err();
        assert!(expected(&error.fault), "{new}: {:?}", error.fault);
        assert_eq!(error.file, "my.toml");
        let line = text[..text.find(new).unwrap()].lines().count() as u32;
        let whole_file = matches!(error.fault, Fault::Missing(_));
        assert!(
            whole_file || error.line.abs_diff(line) <= 3,
            "{new}: line {} instead of {line}",
            error.line
        );
        assert!(!error.to_string().is_empty());
    }
    let error = PsamDescription::load("name = ", "my.toml").unwrap_err();
    assert_eq!(error.line, 1);
    let without = TEXT.replacen("fid = 0x3F00", "fid = 0x3F01", 1);
    assert!(matches!(
        PsamDescription::load(&without, "x").unwrap_err().fault,
        Fault::Missing(_)
    ));
}
