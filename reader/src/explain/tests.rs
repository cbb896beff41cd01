use super::*;
use card_model::words::Lang;
use proptest::prelude::*;

fn explained(text: &str, options: &Options) -> Explained {
    explain(&Log::parse(text).expect("a log"), options).expect("profiles")
}

fn steps(explained: &Explained) -> Vec<&Step> {
    let steps = explained.steps.iter().filter_map(|entry| match entry {
        Entry::Exchange(step) => Some(&**step),
        _ => None,
    });
    steps.collect()
}

fn logged(name: &str) -> String {
    let path = format!("{}/../vectors/logs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a vector")
}

const SSSE: &str = "> 00A404000F7378312E73682EC9E7BBE1B1A3D5CF\n< 9000\n";

#[test]
fn a_real_log_is_named_and_masked() {
    for name in [
        "pcscd-1.9.txt",
        "opensc-tool-0.23.txt",
        "ssc-trace.txt",
        "scriptor.txt",
        "opensc-debug-0.23.txt",
    ] {
        let explained = explained(&logged(name), &Options::default());
        assert_eq!(
            (explained.profile.name.as_str(), explained.evidence),
            ("3.0", Some(Evidence::Version)),
            "{name}"
        );
        let steps = steps(&explained);
        let titles: Vec<String> = steps.iter().map(|step| step.title(Lang::En)).collect();
        assert_eq!(titles[0], "SELECT SSSE (social security system environment)", "{name}");
        assert_eq!(titles[2], "READ RECORD SSSE/EF05/03 (specification version)");
        assert_eq!(steps[2].received[0].text(Lang::En).as_deref(), Some("3.00"));
        let all = format!("{:?}", explained.steps);
        assert!(!all.contains("123456\"") && !all.contains("654321"), "{name}: {all}");
        if name.starts_with("opensc-debug") {
            continue;
        }
        let refused = steps
            .iter()
            .find(|step| step.sw.map(|sw| sw.0) == Some(0x6982))
            .expect("refused");
        assert_eq!(
            refused.target.as_ref().map(|target| target.path.as_str()),
            Some("SSSE/EF06/09")
        );
        let words = refused.cause.as_ref().map(|cause| cause.words(Lang::En));
        assert_eq!(words.as_deref(), Some("SSSE/EF06 needs RKSSSE; RKSSSE is missing"));
        let authentication = steps
            .iter()
            .find(|step| step.kind == Some(Kind::ExternalAuthentication))
            .expect("tried");
        assert_eq!(authentication.key.as_ref().map(|key| key.name.as_str()), Some("RKSSSE"));
        assert_eq!(authentication.sent.len(), 2);
        let found = steps
            .iter()
            .rev()
            .find(|step| step.kind == Some(Kind::Select))
            .expect("selected");
        assert_eq!(found.cause, Some(Cause::NoSuchFile));
    }
}

#[test]
fn secrets_show_only_when_asked() {
    let text = format!(
        "# {} asked for it\n{SSSE}> 0020000003123456\n< 9000\n> 00A4020002EF06\n< 9000\n> 00B2090006\n< 090441424344 9000\n",
        "111111198101011110"
    );
    let masked = explained(&text, &Options::default());
    let all = format!("{:?}", masked.steps);
    for secret in ["123456", "41424344", "ABCD", "111111198101011110"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    let reveal = Options {
        reveal: true,
        ..Options::default()
    };
    let open = explained(&text, &reveal);
    let steps = steps(&open);
    assert_eq!(steps[1].command, "0020000003123456");
    assert_eq!(steps[1].effects, [Effect::PinProved]);
    assert_eq!(steps[3].received[0].text(Lang::Zh).as_deref(), Some("ABCD"));
    assert!(matches!(&steps[3].cause, Some(Cause::Earlier(rule)) if rule.condition == "RKSSSE"));
}

#[test]
fn reasons() {
    let last = |text: &str| {
        let explained = explained(&format!("{SSSE}{text}"), &Options::default());
        let step = (*steps(&explained).last().expect("a step")).clone();
        (
            step.cause.map(|cause| cause.words(Lang::En)).unwrap_or_default(),
            step.effects,
        )
    };
    let df01 = "> 00A4000002DF01\n< 9000\n";
    assert_eq!(
        last("> 0082000A1000112233445566778899AABBCCDDEEFF\n< 6984")
            .0
            .split(',')
            .next(),
        Some("no challenge was drawn in this application since it was selected")
    );
    assert_eq!(
        last(&format!("{df01}> 008200991000112233445566778899AABBCCDDEEFF\n< 6A88")).0,
        "DF01 has no key with identifier 99 in the profile"
    );
    assert_eq!(last(&format!("{df01}> 00A4020002EF19\n< 6A82")).0, "");
    assert_eq!(
        last("> 00A4020002EF19\n< 6A82").0,
        "not in the current directory; the profile has it as DF01/EF19, DF03/EF19"
    );
    assert_eq!(
        last("> B02A00000B1122334455667788990011\n< 6901").0,
        "valid only right after INITIALIZE FOR LOAD"
    );
    assert_eq!(last("> B026000104\n< 6982").0, "GET BALANCE needs PIN first");
    assert_eq!(last("> 84160000041122334455\n< 6982").0, "CARD BLOCK needs BK first");
    assert_eq!(
        last("> 00B25528 10\n< 6A83").0,
        "the profile has no element 55 in SSSE/EF05"
    );
    assert_eq!(last("> 00200000031234 56\n< 63C0").1, [Effect::Locked]);
    let proved = "> 0084000008\n< 1122334455667788 9000\n> 0082000A1000112233445566778899AABBCCDDEEFF\n< 9000\n";
    assert_eq!(last(proved).1, [Effect::Proved("RKSSSE".to_owned())]);
    assert_eq!(
        last(&format!("{proved}{df01}")).1,
        [Effect::Lost(vec!["RKSSSE".to_owned()])]
    );
    assert_eq!(
        last(&format!("{proved}> 00B2093020\n< 0904******** 9000")).0,
        "",
        "granted by rule"
    );
    assert_eq!(
        last(&format!("{df01}> 00B2202820\n< 6982")).0,
        "DF01/EF05 needs PIN or RK1DF01; PIN or RK1DF01 is missing"
    );
}

#[test]
fn generations_are_recognised() {
    let by = |text: &str| {
        let explained = explained(text, &Options::default());
        (explained.profile.name.clone(), explained.evidence)
    };
    let name = "7378312E73682EC9E7BBE1B1A3D5CF";
    let select = format!("> 00A404000F{name}\n");
    assert_eq!(
        by(&format!("{select}< 6F1C840F{name}A50988011E9F0C03860103 9000")),
        ("3.0".to_owned(), Some(Evidence::Algorithm))
    );
    assert_eq!(
        by(&format!("{select}< 6F16840F{name}A50388011E 9000")),
        ("2.0".to_owned(), Some(Evidence::Directory))
    );
    assert_eq!(
        by(&format!(
            "{select}< 6118\n> 00C0000018\n< 6F16840F{name}A50388010B 9000"
        )),
        ("1.0".to_owned(), Some(Evidence::Directory))
    );
    assert_eq!(
        by(&format!("{SSSE}> 00B203280A\n< 0304312E3030 9000")),
        ("1.0".to_owned(), Some(Evidence::Version))
    );
    assert_eq!(
        by("> 0084000004\n< 01020304 9000"),
        ("3.0".to_owned(), Some(Evidence::Nothing))
    );
    let two = Options {
        profile: Some(Arc::new(Profile::builtin("2.0").expect("built in").clone())),
        ..Options::default()
    };
    let given = explained(&format!("{SSSE}> 00B2083014\n< 6982"), &two);
    assert_eq!(given.evidence, None);
    assert_eq!(steps(&given)[1].cause, None, "free on 2.0");
}

proptest! {
    #[test]
    fn any_exchange_is_explained(
        talk in prop::collection::vec(
            (prop_oneof![Just(0u8), Just(0x80), Just(0x84), Just(0xB0), any::<u8>()], any::<u8>(),
             prop::collection::vec(any::<u8>(), 2..40), prop::collection::vec(any::<u8>(), 2..40)), 1..20)
    ) {
        let text: String = talk.iter().map(|(cla, ins, rest, answer)| {
            format!("> {cla:02X}{ins:02X}{}\n< {}\n", hex::encode(rest), hex::encode(answer))
        }).collect();
        for reveal in [false, true] {
            let explained = explained(&text, &Options { reveal, ..Options::default() });
            for step in steps(&explained) {
                let _ = (step.title(Lang::En), step.meaning(Lang::Zh), step.next_step(Lang::En));
            }
        }
    }

    #[test]
    fn no_pin_is_ever_shown(pin in "(FA|FB|FC){3,8}", ins in prop_oneof![Just("0020000008"), Just("805E010008"), Just("0082000A10")]) {
        let text = format!("{SSSE}> {ins}{pin}\n< 9000\n");
        let all = format!("{:?}", explained(&text, &Options::default()).steps);
        prop_assert!(!all.contains(&pin), "{}", all);
    }
}
