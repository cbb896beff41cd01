//! §1.1 of files.md: names of the dedicated files.

use crate::sheet::{section, sheet};
use card_model::profile::Profile;

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
