use super::*;
use proptest::prelude::*;

#[test]
fn faults_are_told() {
    for (text, line) in [
        ("x", 1),
        ("> 00", 1),
        ("< 9000", 1),
        ("> 0\n< 9000", 1),
        ("\n> {R\n<9000", 2),
        ("> 00A4\n< {0}", 2),
        ("> 00A4\n> 00A4\n< 9000", 2),
        ("> 00A4 [ 00\n< 9000", 1),
        ("> {8}\n< 9000", 1),
        ("! dance", 1),
        ("? equal A", 1),
        ("= r1 00", 1),
        ("> {auth IRK R1}\n< 9000", 1),
        ("> {sfi DF01/EF05 8}\n< 9000", 1),
        ("^ 00D60000 01 00", 1),
        ("^ three 00D60000", 1),
        ("^ 3 00D6000", 1),
        ("^ 3", 1),
        ("! interface radio", 1),
    ] {
        match Flow::parse(text) {
            Err(ConformanceError::Transcript { line: told, .. }) => assert_eq!(told, line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn references_are_collected() {
    let flow = Flow::parse(
        "! select DF01
         > 00DC {tag DF01/EF05/20} {sfi DF01/EF05 0} [ {tag DF01/EF05/20} [ 3131 ] ]
         < 9000
         > 0082 00 {id UK1DF01} [ {auth UK1DF01@2 R1 0x0102030405060708} 0102030405060708 02 ]
         < {V=SSSE/EF05/07} 9000",
    )
    .expect("well-formed");
    let references = flow.references();
    for one in [
        Reference::DedicatedFile("DF01".into()),
        Reference::Path("DF01/EF05".into()),
        Reference::Path("DF01/EF05/20".into()),
        Reference::Path("SSSE/EF05/07".into()),
        Reference::Key("UK1DF01".into()),
        Reference::Version("UK1DF01".into(), 2),
    ] {
        assert!(references.contains(&one), "{one:?} is not in {references:?}");
    }
    assert_eq!(flow.len(), 2);
}

#[test]
fn a_cut_needs_no_answer_but_a_bench() {
    let needs = |text: &str| Flow::parse(text).expect("well-formed").needs_bench();
    assert!(needs("^ 3 00D60000 01 00\n> 00B00000 01\n< {1} 9000"));
    assert!(needs("^ 3 00D60000 01 00\n< 9000"));
    assert!(needs("! interface contactless"));
    assert!(!needs("! reset\n> 00B00000 01\n< {1} 9000"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "([><#{}=!?\\[\\]0-9A-F a-z\n]|\\PC){0,80}") {
        let _ = Flow::parse(&text);
    }
}
