//! Regions of GB/T 2260: from code to name and back.

use crate::codes::{Entry, table};
use crate::words::Lang;

/// A region of GB/T 2260, found as exactly as the table knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Code asked for, six digits.
    pub code: String,
    /// Province, autonomous region or municipality.
    pub province: &'static Entry,
    /// Prefecture or city; `None` for a code of the province itself or one that is not in the table.
    pub prefecture: Option<&'static Entry>,
    /// Whether the table names the code itself; otherwise it names only what it belongs to.
    pub exact: bool,
}

impl Region {
    /// Name in one language: province and prefecture; a code below them that the table does not name follows in brackets.
    pub fn text(&self, lang: Lang) -> String {
        let province = self.province.text(lang);
        let mut text = match (self.prefecture.map(|prefecture| prefecture.text(lang)), lang) {
            (None, _) => province.to_owned(),
            (Some(prefecture), Lang::Zh) => format!("{province}{prefecture}"),
            (Some(prefecture), Lang::En) => format!("{prefecture}, {province}"),
        };
        if !self.exact {
            text += &format!(" ({})", self.code);
        }
        text
    }
}

/// The region of a six-digit code: itself, else its prefecture, else its province; `None` if not even that is known.
pub fn region(code: &str) -> Option<Region> {
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let table = table("region")?;
    let province = table.entry(&format!("{}0000", &code[..2]))?;
    let own = table.entry(code).filter(|entry| entry.code != province.code);
    let prefecture = own.or_else(|| {
        table
            .entry(&format!("{}00", &code[..4]))
            .filter(|entry| entry.code != province.code)
    });
    let exact = own.is_some() || code == province.code;
    Some(Region {
        code: code.to_owned(),
        province,
        prefecture,
        exact,
    })
}

/// The six-digit code of a region written as code, as Chinese name (`长沙市`, `长沙`, `湖南省长沙市`) or as English name
/// (`Changsha`, `Changsha, Hunan`). `None` for an unknown word and for one that means several regions (`Suzhou`, `吉林`):
/// no place is guessed.
pub fn region_code(text: &str) -> Option<&'static str> {
    let table = table("region")?;
    let text = text.trim();
    if let Some(entry) = table.entry(text) {
        return Some(&entry.code);
    }
    let mut found = table.entries.iter().filter(|entry| {
        let words = [&entry.zh, &entry.en].into_iter().chain(&entry.aka);
        // The whole name is made only where its own part fits; a batch looks up thousands.
        let part = text.ends_with(&entry.zh)
            || text
                .get(..entry.en.len())
                .is_some_and(|own| own.eq_ignore_ascii_case(&entry.en));
        let whole = |region: Region| {
            [Lang::Zh, Lang::En]
                .iter()
                .any(|lang| region.text(*lang).eq_ignore_ascii_case(text))
        };
        words.into_iter().any(|word| word.eq_ignore_ascii_case(text))
            || (part && region(&entry.code).is_some_and(whole))
    });
    match (found.next(), found.next()) {
        (Some(entry), None) => Some(&entry.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn regions_fall_back() {
        let text = |code| region(code).map(|region| (region.text(Lang::Zh), region.text(Lang::En), region.exact));
        let expected = |zh: &str, en: &str, exact| Some((zh.to_owned(), en.to_owned(), exact));
        assert_eq!(text("430000"), expected("湖南省", "Hunan", true));
        assert_eq!(text("430100"), expected("湖南省长沙市", "Changsha, Hunan", true));
        assert_eq!(
            text("430103"),
            expected("湖南省长沙市 (430103)", "Changsha, Hunan (430103)", false)
        );
        assert_eq!(text("439900"), expected("湖南省 (439900)", "Hunan (439900)", false));
        assert_eq!(text("429004"), expected("湖北省仙桃市", "Xiantao, Hubei", true));
        assert_eq!(
            text("990100"),
            expected(
                "测试省（虚构）测试市（虚构）",
                "Test City (fictitious), Test Province (fictitious)",
                true
            )
        );
        assert_eq!(text("111111"), expected("北京市 (111111)", "Beijing (111111)", false));
        for code in ["", "43010", "43010X", "000000", "４３０１００"] {
            assert_eq!(region(code), None, "{code}");
        }
        for (word, code) in [
            ("430100", "430100"),
            ("长沙", "430100"),
            ("长沙市", "430100"),
            ("湖南省长沙市", "430100"),
            ("changsha", "430100"),
            ("北京", "110000"),
            ("内蒙古", "150000"),
            ("吉林省", "220000"),
            ("吉林市", "220200"),
            ("测试市（虚构）", "990100"),
        ] {
            assert_eq!(region_code(word), Some(code), "{word}");
        }
        for word in ["无此地", "吉林", "Suzhou", "市辖区", "县", ""] {
            assert_eq!(region_code(word), None, "{word} is unknown or means several regions");
        }
        assert_eq!(region_code("suzhou, jiangsu"), Some("320500"));
        assert_eq!(region_code("北京市市辖区"), Some("110100"));
    }

    #[test]
    fn all_provinces_and_prefectures() {
        let entries = &table("region").expect("region").entries;
        let provinces = entries.iter().filter(|entry| entry.code.ends_with("0000")).count();
        assert_eq!(provinces, 34 + 1, "34 provinces and the fictitious one");
        // 333 prefectures, of which 293 cities, 30 autonomous prefectures, 7 prefectures, 3 leagues.
        let today = |entry: &&Entry| {
            entry.code.ends_with("00")
                && !entry.code.ends_with("0000")
                && !entry.code.starts_with("99")
                && !entry.en.contains("(until")
        };
        let prefectures: Vec<&Entry> = entries
            .iter()
            .filter(today)
            .filter(|entry| !entry.en.starts_with("count") && !entry.en.starts_with("district"))
            .collect();
        let count = |suffix: &str| prefectures.iter().filter(|entry| entry.zh.ends_with(suffix)).count();
        assert_eq!(
            (count("市"), count("自治州"), count("地区"), count("盟")),
            (293, 30, 7, 3)
        );
        assert_eq!(prefectures.len(), 333);
        for entry in entries {
            assert!(region(&entry.code).is_some_and(|region| region.exact), "{entry:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_up(text in "\\PC{0,12}|[0-9]{6}") {
            let _ = region(&text);
            if let Some(code) = region_code(&text) {
                prop_assert!(region(code).is_some());
            }
        }
    }
}
