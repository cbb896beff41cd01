use super::*;
use proptest::prelude::*;

fn logged(name: &str) -> String {
    let path = format!("{}/../vectors/logs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a vector")
}

fn hex(bytes: &Bytes) -> String {
    let pair = |byte: &Option<u8>| byte.map_or("**".to_owned(), |byte| format!("{byte:02X}"));
    bytes.iter().map(pair).collect()
}

fn exchanges(log: &Log) -> Vec<(String, Option<String>)> {
    let pair = |event: &Event| match &event.kind {
        EventKind::Exchange { command, answer, .. } => Some((hex(command), answer.as_ref().map(hex))),
        _ => None,
    };
    log.events.iter().filter_map(pair).collect()
}

/// VERIFY and EXTERNAL AUTHENTICATION.
fn masked_in_traces(command: &str) -> bool {
    command.starts_with("00200000") || command.starts_with("0082")
}

/// The same twelve commands as five programs logged them; opensc-tool resolves 6Cxx by itself.
#[test]
fn five_programs_tell_the_same() {
    let tool = Log::parse(&logged("opensc-tool-0.23.txt")).expect("a log");
    assert_eq!((tool.format, tool.passed.len()), (Format::OpenscTool, 0));
    let expected = exchanges(&tool);
    assert_eq!(expected.len(), 12);
    assert_eq!(
        expected[2],
        ("00B2030006".to_owned(), Some("0304332E30309000".to_owned()))
    );
    assert_eq!(
        expected[3].1.as_deref(),
        Some("0110990000D156000005E7E6A604D82EB9189000")
    );
    for (name, format) in [
        ("pcscd-1.9.txt", Format::Pcscd),
        ("ssc-trace.txt", Format::Transcript),
        ("scriptor.txt", Format::Transcript),
    ] {
        let log = Log::parse(&logged(name)).expect(name);
        assert_eq!((log.format, log.passed.len()), (format, 0), "{name}");
        let found = exchanges(&log);
        for (command, answer) in expected.iter().filter(|(command, _)| !masked_in_traces(command)) {
            let other = found
                .iter()
                .find(|other| other.0 == *command)
                .and_then(|other| other.1.as_deref());
            // Under T=0 the logs differ in what was resolved before they were written.
            if !other.is_some_and(|other| other.starts_with("61") || other.starts_with("6C")) && command != "0084000008"
            {
                assert_eq!(other, answer.as_deref(), "{command} in {name}");
            }
        }
    }
    let debug = Log::parse(&logged("opensc-debug-0.23.txt")).expect("a log");
    assert_eq!(debug.format, Format::OpenscDebug);
    assert!(matches!(&debug.events[0].kind, EventKind::Reset(Some(reset)) if reset.bytes.len() == 17));
    let found = exchanges(&debug);
    assert_eq!(found[0].1.as_deref(), Some("611E"));
    assert_eq!(found[2], expected[2]);
    assert!(
        found.contains(&("00B2010012".to_owned(), expected[3].1.clone())),
        "{found:?}"
    );
}

#[test]
fn what_others_write() {
    let read = |text: &str| exchanges(&Log::parse(text).expect(text));
    let one = [("0084000004".to_owned(), Some("010203049000".to_owned()))];
    for text in [
        "0084000004\n010203049000\n",
        "00 84 00 00 04\n01 02 03 04 90 00",
        "0x00 0x84 0x00 0x00 0x04\n01:02:03:04:90:00",
        "00840000 04 -> 01020304 9000",
        "0084000004=010203049000",
        "0084000004 => 01020304 9000",
        ">> 00 84 00 00 04\n<< 01 02 03 04 90 00",
        "-> 0084000004\n<- 010203049000\n",
        "C-APDU: 0084000004\nR-APDU: 010203049000",
        "A>> T=0 (4+0000) 00840000 04\nA<< (0004+2) (14ms) 01020304 9000\n",
        "# a remark\n0084000004\n\n010203049000",
        r#"[{"command":"0084000004","response":"01020304","sw":"9000","micros":7}]"#,
        "Sending: 00 84 00 00 04 \nReceived (SW1=0x90, SW2=0x00):\n01 02 03 04 ....\n",
        "00000001 APDU: 00 84 00 00 04 \n00000002 SW: 01 02 03 04 90 00 \n",
    ] {
        assert_eq!(read(text), one, "{text}");
    }
    // Characters of a dump that look like digits are no bytes.
    let dump = "Sending: 00 B0 00 00 04\nReceived (SW1=0x90, SW2=0x00):\n41 42 43 44 ABCD\n";
    assert_eq!(read(dump)[0].1.as_deref(), Some("414243449000"));
    let long = "Outgoing APDU (5 bytes):\n00 B0 00 00 12 .....\n\nIncoming APDU (20 bytes):\n\
        30 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 0123456789012345\n36 37 90 00                                     67..\n";
    assert_eq!(
        read(long)[0].1.as_deref(),
        Some("3031323334353637383930313233343536379000")
    );
    assert_eq!(read("> 0084000004\n> 0084000008\n< 9000")[0].1, None);
    assert_eq!(Log::parse("nothing\nof the kind"), Err(LogError::NoCommand));
    assert_eq!(Log::parse(""), Err(LogError::NoCommand));
    assert_eq!(
        Log::parse("> 0084000004\n< 90 0\n< 9000").map(|log| log.passed),
        Ok(vec![2])
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n]{0,300}|\\PC{0,60}") {
        let _ = Log::parse(&text);
    }

    #[test]
    fn near_logs_are_read_or_refused(
        lines in prop::collection::vec(
            ("(|> ?|< ?|Sending: |Received \\(SW1=0x|Outgoing APDU \\([0-9]{1,20} bytes\\):|Incoming APDU \\(|[0-9]{8} APDU: |[0-9]{8} SW: |Card ATR: |# |\\[\\{\"command\":\")",
             "[0-9A-F* ]{0,60}", "(|:|, SW2=0x00\\):|=9000| -> 9000|é.{0,5})"),
            0..20,
        )
    ) {
        let text: String = lines.into_iter().map(|(mark, bytes, tail)| format!("{mark}{bytes}{tail}\n")).collect();
        if let Ok(log) = Log::parse(&text) {
            for event in &log.events {
                if let EventKind::Exchange { command, answer, .. } = &event.kind {
                    prop_assert!(command.len() >= 4 && answer.as_ref().is_none_or(|answer| answer.len() >= 2));
                }
            }
        }
    }

    #[test]
    fn what_was_written_is_read_back(
        talk in prop::collection::vec((prop::collection::vec(any::<u8>(), 4..40), prop::collection::vec(any::<u8>(), 0..40)), 1..8)
    ) {
        let mut tool = String::new();
        let mut marked = String::new();
        let mut expected = Vec::new();
        for (command, data) in &talk {
            let rows: String = data.chunks(16).map(|row| {
                let hex: String = row.iter().map(|byte| format!("{byte:02X} ")).collect();
                let text: String = row.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
                if data.len() > 16 { format!("{hex:48}{text}\n") } else { format!("{hex}{text}\n") }
            }).collect();
            let spaced: String = command.iter().map(|byte| format!("{byte:02X} ")).collect();
            let colon = if data.is_empty() { "" } else { ":" };
            tool.push_str(&format!("Sending: {spaced}\nReceived (SW1=0x90, SW2=0x00){colon}\n{rows}"));
            let answer = format!("{}9000", hex::encode_upper(data));
            marked.push_str(&format!("> {spaced}\n< {answer}\n"));
            expected.push((hex::encode_upper(command), Some(answer)));
        }
        prop_assert_eq!(exchanges(&Log::parse(&tool).expect("a log")), expected.clone());
        prop_assert_eq!(exchanges(&Log::parse(&marked).expect("a log")), expected);
    }
}
