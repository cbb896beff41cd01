//! The pages for programmers say what the program does: their tables of codes and of settings are those of the driver.

use crate::built::here;
use card_model::words::Lang;
use reader::driver::{ReturnCode, Settings};

const PAGES: [&str; 2] = ["README.md", "README.zh.md"];
const BEGIN: &str = "<!-- return codes: UPDATE_README=1 cargo test -p ssc-driver --test callers page -->\n";
const END: &str = "<!-- end -->\n";

/// Status words that annex A lists.
const STATUS_WORDS: [i32; 20] = [
    0x63C0, 0x63C1, 0x63C2, 0x6700, 0x6901, 0x6981, 0x6982, 0x6983, 0x6984, 0x6985, 0x6988, 0x6A80, 0x6A81, 0x6A82,
    0x6A83, 0x6A88, 0x9302, 0x9303, 0x9403, 0x9406,
];

/// The table of return codes.
fn table() -> String {
    let mut text = "| Code | 含义 | Meaning |\n|---|---|---|\n".to_owned();
    let named = ReturnCode::NAMED.iter().map(|(_, code)| (*code, String::new()));
    let words = STATUS_WORDS.map(|word| (ReturnCode(-word), format!(" ({word:04X})")));
    for (code, word) in named.chain(words) {
        let number = code.to_string().replace('-', "−");
        text += &format!(
            "| {number}{word} | {} | {} |\n",
            code.text(Lang::Zh),
            code.text(Lang::En)
        );
    }
    text
}

#[test]
fn codes_of_the_pages() {
    for name in PAGES {
        let path = here().join(name);
        let page = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = page
            .split_once(BEGIN)
            .unwrap_or_else(|| panic!("{name}: where is the table?"));
        let (_, after) = rest
            .split_once(END)
            .unwrap_or_else(|| panic!("{name}: where does the table end?"));
        let made = format!("{before}{BEGIN}{}{END}{after}", table());
        if std::env::var_os("UPDATE_README").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written == made, "{name}: run with UPDATE_README=1");
    }
}

#[test]
fn settings_of_the_pages() {
    for name in PAGES {
        let page = std::fs::read_to_string(here().join(name)).unwrap();
        let block = page
            .split("```toml\n")
            .nth(1)
            .and_then(|rest| rest.split("```").next())
            .unwrap();
        assert_eq!(
            Settings::from_toml(block).unwrap(),
            Settings::default(),
            "{name}: the defaults"
        );
        let lines: Vec<&str> = block.lines().map(|line| line.trim_start_matches("# ")).collect();
        let whole = Settings::from_toml(&lines.join("\n")).unwrap();
        // Every field that there is has its line.
        let debug = format!("{whole:#?}");
        for field in debug
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .filter(|line| !line.starts_with([' ', ')', '}', ']']))
        {
            let field = field.split_once(':').map_or(field, |(field, _)| field);
            let field = if field == "lang" { "language" } else { field };
            assert!(
                lines.iter().any(|line| line.starts_with(&format!("{field} ="))),
                "{name}: {field}"
            );
        }
    }
}
