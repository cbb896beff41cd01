//! Answers to reset in words: the ATR of a contact card, the ATR that a PC/SC reader makes up for a contactless card, and
//! the ATS itself, field by field; and the 13 historical bytes that all of them carry (`spec/files.md` §4.5).

mod parse;
pub mod rules;
pub mod speed;

use card_model::card::Interface;
use card_model::words::Lang;
use parse::Walk;

/// What an answer to reset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// ISO/IEC 7816-3 answer to reset of a card on contacts.
    Atr,
    /// `3B 8n 80 01 … TCK`: what a PC/SC reader shows for a contactless card (PC/SC part 3 §3.1.3.2.3).
    PcscContactless,
    /// ISO/IEC 14443-4 answer to select.
    Ats,
}

/// One field of an answer to reset: its bytes and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name in the standard: `TS`, `T0`, `TA1`, `TCK`, `T1–T2` …
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Key of its sentence in the table of words.
    key: &'static str,
    /// What the sentence names.
    value: String,
}

impl Field {
    /// What the field says, in words.
    pub fn text(&self, lang: Lang) -> String {
        let key = format!("reset.{}", self.key);
        rust_i18n::t!(&key, locale = lang.locale(), value = &self.value).into_owned()
    }
}

/// An answer to reset taken apart. Where it is damaged, the fields before the damage are there and `damage` says what is
/// wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// What it is.
    pub kind: Kind,
    /// Its fields in order.
    pub fields: Vec<Field>,
    /// Historical bytes, of whatever number.
    pub historical: Vec<u8>,
    /// Transmission protocols offered, as numbers T; 14 stands for contactless blocks.
    pub protocols: Vec<u8>,
    /// What is wrong with it, if anything.
    pub damage: Option<Damage>,
    /// Number of the byte, from 1, where it is wrong: the first that is missing or too many, or the wrong one.
    pub damaged_at: Option<usize>,
}

/// What is wrong with an answer to reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// It ends before its last field.
    Short,
    /// Bytes follow its last field.
    Long,
    /// The first byte is neither 3B nor 3F.
    Convention,
    /// The check byte TCK is wrong.
    Check,
}

impl Damage {
    /// The damage in words.
    pub fn text(self, lang: Lang) -> String {
        let key = match self {
            Self::Short => "reset.damage_short",
            Self::Long => "reset.damage_long",
            Self::Convention => "reset.damage_convention",
            Self::Check => "reset.damage_check",
        };
        rust_i18n::t!(key, locale = lang.locale()).into_owned()
    }
}

impl Explained {
    /// The 13 historical bytes T1–TD of a social security card (卡复位信息), if there are 13.
    pub fn card_reset_information(&self) -> Option<[u8; 13]> {
        self.historical.as_slice().try_into().ok()
    }
}

/// Takes an answer to reset apart; contact or contactless is told from its bytes.
///
/// An ATS begins with its own length, an ATR with 3B or 3F: the two cannot be mistaken for each other, because an ATS has
/// at most 20 bytes.
pub fn explain(bytes: &[u8]) -> Explained {
    match bytes.first() {
        Some(0x3B | 0x3F) => Walk::new(Kind::Atr, bytes).atr(),
        Some(&length) if usize::from(length) == bytes.len() || length <= 0x14 => Walk::new(Kind::Ats, bytes).ats(),
        _ => Walk::new(Kind::Atr, bytes).atr(),
    }
}

/// The 13 historical bytes of an answer to reset of any kind, if it is whole and has 13.
pub fn historical(bytes: &[u8]) -> Option<[u8; 13]> {
    let explained = explain(bytes);
    match explained.damage {
        None => explained.card_reset_information(),
        Some(_) => None,
    }
}

/// The interface that an answer to reset stands for: contactless for the ATR that PC/SC readers make up, and for an ATS.
pub fn interface(bytes: &[u8]) -> Interface {
    match explain(bytes).kind {
        Kind::Atr => Interface::Contact,
        Kind::PcscContactless | Kind::Ats => Interface::Contactless,
    }
}

/// The ATR that a PC/SC reader makes up for a contactless card with these historical bytes, at most 15:
/// `3B 8n 80 01`, the historical bytes, and the exclusive or of all bytes but the first.
pub fn pcsc_contactless_atr(historical: &[u8]) -> Vec<u8> {
    let historical = &historical[..historical.len().min(15)];
    let mut atr = vec![0x3B, 0x80 | historical.len() as u8, 0x80, 0x01];
    atr.extend_from_slice(historical);
    let check = atr.iter().skip(1).fold(0, |sum, byte| sum ^ byte);
    atr.push(check);
    atr
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(text: &str) -> Vec<u8> {
        crate::command::parse_hex(text).expect("hex")
    }

    /// Historical bytes of the shape of `spec/files.md` §4.5 with a region of nowhere and serial 00000001.
    const CARD: &str = "00 81 54 4C 96 86 84 99 99 00 00 00 01";

    fn names(explained: &Explained) -> Vec<&str> {
        explained.fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn contact() {
        let explained = explain(&bytes(&format!("3B 6D 00 00 {CARD}")));
        assert_eq!((explained.kind, explained.damage), (Kind::Atr, None));
        assert_eq!(
            explained.card_reset_information().map(|card| card.to_vec()),
            Some(bytes(CARD))
        );
        assert_eq!(explained.protocols, [0]);
        assert_eq!(
            names(&explained),
            ["TS", "T0", "TB1", "TC1", "T1–T2", "T3–T5", "T6–T7", "T8–T9", "TA–TD"]
        );
    }

    #[test]
    fn contactless() {
        let ats = explain(&bytes(&format!("12 78 80 A0 02 {CARD}")));
        assert_eq!((ats.kind, ats.damage), (Kind::Ats, None));
        assert_eq!(ats.historical, bytes(CARD));
        assert_eq!(names(&ats)[..5], ["TL", "T0", "TA", "TB", "TC"]);
        assert!(
            ats.fields[1].text(Lang::En).contains("256"),
            "{}",
            ats.fields[1].text(Lang::En)
        );

        let atr = pcsc_contactless_atr(&bytes(CARD));
        let explained = explain(&atr);
        assert_eq!((explained.kind, explained.damage), (Kind::PcscContactless, None));
        assert_eq!(historical(&atr).map(|card| card.to_vec()), Some(bytes(CARD)));
        assert_eq!(interface(&atr), Interface::Contactless);
        assert_eq!(interface(&bytes(&format!("3B 6D 00 00 {CARD}"))), Interface::Contact);
        assert_eq!(explained.fields.last().map(|field| field.name.as_str()), Some("TCK"));
    }

    #[test]
    fn known_answers_of_others() {
        // pcsc.md §3: a T=1 card, and contactless ATRs as readers make them up.
        let t1 = explain(&bytes("3B 95 13 81 01 80 73 FF 01 00 0B"));
        assert_eq!((t1.damage, t1.protocols.as_slice()), (None, &[1, 1][..]));
        assert_eq!(t1.historical, bytes("80 73 FF 01 00"));
        assert_eq!(explain(&bytes("3B 80 80 01 01")).kind, Kind::PcscContactless);
        // Clock stop and class information: TD1=80 would offer T=0, TD2=1F the global bytes, then TCK (files.md §4.5).
        let global = explain(&bytes("3B E0 00 00 80 1F 03 7C"));
        assert_eq!((global.damage, names(&global).len()), (None, 8));
    }

    #[test]
    fn damage_is_told() {
        let damage = |text: &str| explain(&bytes(text)).damage;
        assert_eq!(damage("3B 6D 00 00 00 81"), Some(Damage::Short));
        assert_eq!(damage("3B 65 00 00 44 45 4D 4F 31 00"), Some(Damage::Long));
        assert_eq!(damage("FF 00"), Some(Damage::Convention));
        assert_eq!(damage("3B 80 80 01 02"), Some(Damage::Check));
        assert_eq!(damage(""), Some(Damage::Short));
        assert_eq!(historical(&bytes("3B 6D 00 00 00 81")), None);
        let place = |text: &str| explain(&bytes(text)).damaged_at;
        assert_eq!(place("3B 6D 00 00 00 81"), Some(7));
        assert_eq!(place("3B 65 00 00 44 45 4D 4F 31 00"), Some(10));
        assert_eq!(place("FF 00"), Some(1));
        assert_eq!(place("3B 80 80 01 02"), Some(5));
        assert_eq!(place("3B 80 80 01 01"), None);
    }

    #[test]
    fn every_field_has_words_in_both_languages() {
        for text in [
            &format!("3B 6D 00 00 {CARD}"),
            &format!("12 78 80 A0 02 {CARD}"),
            "3F FF 95 00 FF 91 81 31 FE 55 00 1F 03 44 45 00",
            "3B 75 70 00 08 01 02 03 04 05",
            "3B E0 00 00 80 1F 03 7C",
            "3B F0 11 00 00 F1 15 25 0A B1 FE 55 BF 03 11 22 33",
            "3B 80 80 01 02",
        ] {
            for field in explain(&bytes(text)).fields {
                for lang in [Lang::Zh, Lang::En] {
                    let words = field.text(lang);
                    assert!(
                        !words.contains("reset.") && !words.contains("%{"),
                        "{} of {text}: {words}",
                        field.name
                    );
                }
            }
        }
        for damage in [Damage::Short, Damage::Long, Damage::Convention, Damage::Check] {
            assert!(!damage.text(Lang::Zh).contains("reset.") && !damage.text(Lang::En).contains("reset."));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_explained(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let explained = explain(&bytes);
            let covered: usize = explained.fields.iter().map(|field| field.bytes.len()).sum();
            prop_assert!(covered <= bytes.len());
            if explained.damage.is_none() {
                prop_assert_eq!(covered, bytes.len());
            }
            for field in &explained.fields {
                prop_assert!(!field.text(Lang::Zh).is_empty());
            }
        }

        #[test]
        fn near_answers_are_explained(mut bytes in prop::collection::vec(any::<u8>(), 0..40), inverse: bool) {
            bytes.insert(0, if inverse { 0x3F } else { 0x3B });
            explain(&bytes);
        }

        #[test]
        fn what_readers_make_up_is_whole(card in prop::collection::vec(any::<u8>(), 0..16)) {
            let explained = explain(&pcsc_contactless_atr(&card));
            prop_assert_eq!(explained.damage, None);
            prop_assert_eq!(explained.historical, card);
        }
    }
}
