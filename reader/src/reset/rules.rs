//! What the standard of the card asks of an answer to reset beyond ISO/IEC 7816-3 (STD-P2 §8, `spec/conformance.md` §4.4).

use super::{Explained, Kind};
use card_model::words::Lang;

/// A rule that an answer to reset breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Objection {
    /// Number of the byte, from 1.
    pub at: usize,
    rule: Rule,
    found: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    Convention,
    Protocol,
    Programming,
    Specific,
    Historical,
}

impl Objection {
    /// The rule and what was found, in words.
    pub fn text(&self, lang: Lang) -> String {
        let key = match self.rule {
            Rule::Convention => "reset.rule_convention",
            Rule::Protocol => "reset.rule_protocol",
            Rule::Programming => "reset.rule_programming",
            Rule::Specific => "reset.rule_specific",
            Rule::Historical => "reset.rule_historical",
        };
        rust_i18n::t!(key, locale = lang.locale(), found = format!("{:02X}", self.found)).into_owned()
    }
}

/// The rules that an undamaged answer breaks, in the order of its bytes. The 13 historical bytes are asked of all kinds, the
/// rest of contact cards.
pub fn objections(explained: &Explained) -> Vec<Objection> {
    let mut found = Vec::new();
    if explained.damage.is_some() {
        return found;
    }
    let global = explained.protocols.contains(&15);
    let mut at = 1;
    let mut historical_at = None;
    for field in &explained.fields {
        let first = field.bytes.first().copied().unwrap_or(0);
        let rule = match field.name.as_str() {
            "TS" if first != 0x3B => Some(Rule::Convention),
            // T=15 stands for global interface bytes, and the T=0 before it is the protocol.
            name if name.starts_with("TD") && !matches!(first & 15, 0 | 15) => Some(Rule::Protocol),
            "TB1" if first != 0 && !global => Some(Rule::Programming),
            "TA2" => Some(Rule::Specific),
            _ => None,
        };
        if let Some(rule) = rule.filter(|_| explained.kind == Kind::Atr) {
            found.push(Objection { at, rule, found: first });
        }
        if field.name.starts_with("T1–") || field.name == "T1" {
            historical_at = Some(at);
        }
        at += field.bytes.len();
    }
    if explained.historical.len() != 13 {
        found.push(Objection {
            at: historical_at.unwrap_or(at),
            rule: Rule::Historical,
            found: u8::try_from(explained.historical.len()).unwrap_or(u8::MAX),
        });
    }
    found.sort_by_key(|objection| objection.at);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::explain;

    fn places(text: &str) -> Vec<usize> {
        let explained = explain(&crate::command::parse_hex(text).expect("hex"));
        assert_eq!(explained.damage, None, "{text}");
        let objections = objections(&explained);
        for objection in &objections {
            assert!(!objection.text(Lang::En).contains("reset.") && !objection.text(Lang::Zh).contains("reset."));
        }
        objections.iter().map(|objection| objection.at).collect()
    }

    const CARD: &str = "00 81 54 4C 96 86 84 99 99 00 00 00 01";

    #[test]
    fn cards_of_the_standard_break_no_rule() {
        assert!(places(&format!("3B 6D 00 00 {CARD}")).is_empty());
        assert!(places(&format!("3B 7D 18 00 00 {CARD}")).is_empty());
        assert!(places(&format!("12 78 80 A0 02 {CARD}")).is_empty());
    }

    #[test]
    fn others_are_told_where() {
        assert_eq!(places(&format!("3F 6D 00 00 {CARD}")), [1]);
        assert_eq!(places(&format!("3B 6D 25 00 {CARD}")), [3]);
        assert_eq!(places("3B 65 00 00 44 45 4D 4F 31"), [5]);
        assert_eq!(places("3B F5 95 00 00 10 00 44 45 4D 4F 31"), [7, 8]);
        assert_eq!(places("3B 95 13 81 01 80 73 FF 01 00 0B"), [4, 5, 6]);
        assert_eq!(places("05 78 80 A0 02"), [6]);
    }
}
