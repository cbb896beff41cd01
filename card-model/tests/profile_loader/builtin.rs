//! Questions to the built-in profiles.

use card_model::codes;
use card_model::profile::{Access, Element, Fault, Format, Meaning, Profile};
use card_model::words::{Explain, Lang};

#[test]
fn every_generation_loads() {
    for name in Profile::BUILTIN {
        let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(profile.name, name);
        assert!(
            profile.memory_needed() < profile.os.memory,
            "{} bytes",
            profile.memory_needed()
        );
        assert!(std::ptr::eq(
            profile,
            Profile::builtin(&format!("ssc-{name}")).expect("the same profile")
        ));
    }
    let error = Profile::builtin("4.0").expect_err("not yet");
    assert_eq!(error.fault, Fault::UnknownProfile("4.0".to_owned()));
}

#[test]
fn specification_versions_choose_the_profile() {
    for (version, name) in [
        ("3.00", "3.0"),
        ("2.00", "2.0"),
        ("2.01", "2.0"),
        ("1.00", "1.0"),
        ("", "1.0"),
        ("\0\0\0\0", "1.0"),
    ] {
        assert_eq!(
            Profile::for_specification_version(version).expect("known").name,
            name,
            "{version:?}"
        );
    }
    assert!(Profile::for_specification_version("9.99").is_err());
}

#[test]
fn paths_name_files_and_elements() {
    let profile = Profile::builtin("3.0").unwrap_or_else(|error| panic!("{error}"));
    for path in [
        "SSSE/EF05",
        "SSSE/EF06/09",
        "DF01/EF15/40:2",
        "DF01/EF15/40:2/57",
        "DF02/EF07",
    ] {
        assert_eq!(profile.locate(path).map(|found| found.path()), Ok(path.to_owned()));
    }
    assert_eq!(
        profile.locate("df01/ef15/40").expect("case does not matter").path(),
        "DF01/EF15/40:1"
    );
    assert_eq!(
        profile
            .locate("DF01/EF15/40:2/57")
            .expect("there")
            .target()
            .map(|e| e.zh.as_str()),
        Some("学位代码")
    );
    for path in [
        "",
        "SSSE",
        "SSSE/EF06/9",
        "SSSE/EF99",
        "DF09/EF05",
        "SSSE/EF06/99",
        "DF01/EF15/40:4",
        "DF01/EF15/40:0",
        "DF01/EF15/40:x",
        "DF01/EF15/40:1/99",
        "DF01/EF15/40/57/1",
        "SSSE/EF06/+9",
    ] {
        let error = profile.locate(path).expect_err(path);
        for lang in [Lang::En, Lang::Zh] {
            assert!(
                !error.explain(lang).what.contains("profile."),
                "{}",
                error.explain(lang).what
            );
        }
    }
    assert!(
        profile
            .locate("SSSE/EF06/99")
            .expect_err("no such")
            .to_string()
            .contains("08 09 4E 0A 0B 0C 0D")
    );
}

#[test]
fn sizes_records_and_order() {
    let profile = Profile::builtin("3.0").unwrap_or_else(|error| panic!("{error}"));
    let file = |path: &str| profile.locate(path).unwrap_or_else(|error| panic!("{error}")).file;
    assert_eq!(file("SSSE/EF05").size(), 50 + 3 * 7);
    assert_eq!(file("DF03/EF19").size(), 164);
    assert_eq!(file("DF03/EF05").record_count(), 7);
    let with_optional: Vec<_> = file("DF03/EF05")
        .records_with(|_| true)
        .map(|record| record.element.tag)
        .collect();
    assert_eq!((with_optional.len(), with_optional[1]), (8, Some(0x60)));
    let education: Vec<_> = file("DF01/EF15")
        .records()
        .map(|r| (r.number, r.element.tag, r.occurrence))
        .collect();
    assert_eq!(
        education,
        [
            (1, Some(0x2A), 1),
            (2, Some(0x40), 1),
            (3, Some(0x40), 2),
            (4, Some(0x40), 3)
        ]
    );
    assert_eq!(file("SSSE/EF06").record_number(0x0A), Some(4));
    let order: Vec<&str> = profile
        .depth_first()
        .iter()
        .map(|i| profile.dedicated_files[*i].id.as_str())
        .collect();
    assert_eq!(
        order,
        [
            "MF", "SSSE", "DF01", "DF02", "DF03", "DF04", "DF05", "DF06", "DF07", "BANK", "PKI", "CERT"
        ]
    );
    let ssse = profile.index_of("SSSE").expect("SSSE");
    let entries = profile.directory_entries(ssse);
    assert_eq!(entries.len(), 7);
    assert_eq!(
        hex::encode_upper(&entries[0]),
        "61124F06D156000005005008B9ABB9B2D3A6D3C3"
    );
    assert_eq!(entries[4].len(), 2 + 0x24);
    let uses: Vec<String> = profile
        .uses_of("UK2DF04")
        .iter()
        .map(|found| found.file.name())
        .collect();
    assert_eq!(uses, ["EF06", "EF15"]);
    assert_eq!(
        profile
            .transaction_key("DPK", 2)
            .and_then(|(_, key)| key.hsm_address(3)),
        Some(0x019B)
    );
    assert_eq!(
        file("DF04/EF06").read,
        "PIN and RK1DF04".parse::<Access>().expect("well-formed")
    );
}

/// An example is a value that fits its element: a person may copy it.
#[test]
fn examples_fit_their_elements() {
    fn check(path: &str, element: &Element, checked: &mut usize) {
        element.inner.iter().for_each(|inner| check(path, inner, checked));
        let Some(example) = &element.example else { return };
        *checked += 1;
        let at = format!("{path}/{:02X?} {example}", element.tag);
        let length = usize::from(element.length);
        match (element.meaning, element.format) {
            (Meaning::Binary, _) => assert_eq!(example.len(), 2 * length, "{at}"),
            (_, Format::Cn) => {
                assert!(
                    example.len() <= 2 * length && example.bytes().all(|byte| byte.is_ascii_digit()),
                    "{at}"
                );
            }
            (_, Format::An) => {
                let (bytes, _, unknown) = encoding_rs::GB18030.encode(example);
                assert!(bytes.len() <= length && !unknown, "{at}");
            }
            (_, Format::B | Format::Tlv) => panic!("{at}: no example for this format"),
        }
        let listed = |name: &str, code: &str| {
            let table = codes::table(name).unwrap_or_else(|| panic!("no table {name}"));
            assert!(
                !table.complete || table.entry(code).is_some(),
                "{at}: {code} is not in {name}"
            );
        };
        if let Some(name) = &element.codes {
            listed(name, example);
        }
        let mut rest = example.as_str();
        for part in &element.parts {
            let (code, after) = rest.split_at(part.length.into());
            listed(&part.codes, code);
            rest = after;
        }
        if element.meaning == Meaning::Region {
            assert!(codes::region(example).is_some(), "{at}");
        }
    }
    for name in Profile::BUILTIN {
        let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        let mut checked = 0;
        for (df, file) in profile.files() {
            let path = format!("{name} {}/{}", df.id, file.name());
            file.elements
                .iter()
                .for_each(|element| check(&path, element, &mut checked));
        }
        assert!(checked > 10, "{name}: {checked} examples");
    }
}
