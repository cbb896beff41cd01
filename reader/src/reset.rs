//! Answers to reset in words: the ATR of a contact card, the ATR that a PC/SC reader makes up for a contactless card, and
//! the ATS itself, field by field; and the 13 historical bytes that all of them carry (`spec/files.md` §4.5).

use card_model::card::Interface;
use card_model::words::Lang;

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

/// Elementary time unit factors F and D of TA1 (ISO/IEC 7816-3 §8.3, tables 7 and 8); 0 = reserved.
const F: [u16; 16] = [
    372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024, 1536, 2048, 0, 0,
];
const D: [u8; 16] = [0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0];

/// Frame sizes of ISO/IEC 14443-4 by FSCI.
const FRAME: [u16; 16] = [
    16, 24, 32, 40, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096, 4096, 4096, 4096,
];

struct Walk<'a> {
    rest: &'a [u8],
    all: &'a [u8],
    out: Explained,
}

impl<'a> Walk<'a> {
    fn new(kind: Kind, all: &'a [u8]) -> Self {
        let out = Explained {
            kind,
            fields: vec![],
            historical: vec![],
            protocols: vec![],
            damage: None,
        };
        Self { rest: all, all, out }
    }

    fn push(&mut self, name: impl Into<String>, bytes: &[u8], key: &'static str, value: impl Into<String>) {
        self.out.fields.push(Field {
            name: name.into(),
            bytes: bytes.to_vec(),
            key,
            value: value.into(),
        });
    }

    fn next(&mut self) -> Option<u8> {
        let Some((&byte, rest)) = self.rest.split_first() else {
            self.out.damage.get_or_insert(Damage::Short);
            return None;
        };
        self.rest = rest;
        Some(byte)
    }

    fn atr(mut self) -> Explained {
        let whole = self.atr_fields().is_some();
        if whole && !self.rest.is_empty() {
            self.out.damage.get_or_insert(Damage::Long);
        }
        self.out
    }

    fn atr_fields(&mut self) -> Option<()> {
        let ts = self.next()?;
        match ts {
            0x3B => self.push("TS", &[ts], "ts_direct", ""),
            0x3F => self.push("TS", &[ts], "ts_inverse", ""),
            _ => {
                self.out.damage = Some(Damage::Convention);
                return None;
            }
        }
        let t0 = self.next()?;
        let count = usize::from(t0 & 15);
        self.push("T0", &[t0], "t0", format!("{}{count}", followers(t0 >> 4, 1)));
        let mut present = t0 >> 4;
        let mut group = 1;
        while present != 0 {
            if present & 1 != 0 {
                let byte = self.next()?;
                let (key, value) = self.ta(group, byte);
                self.push(format!("TA{group}"), &[byte], key, value);
            }
            if present & 2 != 0 {
                let byte = self.next()?;
                let key = if group <= 2 { "tb_programming" } else { "tb_other" };
                self.push(format!("TB{group}"), &[byte], key, format!("{byte:02X}"));
            }
            if present & 4 != 0 {
                let byte = self.next()?;
                let (key, value) = match (group, byte) {
                    (1, 0xFF) => ("tc1_minimal", String::new()),
                    (1, _) => ("tc1", byte.to_string()),
                    (2, _) => ("tc2", byte.to_string()),
                    _ => ("tc_other", format!("{byte:02X}")),
                };
                self.push(format!("TC{group}"), &[byte], key, value);
            }
            if present & 8 == 0 {
                break;
            }
            let byte = self.next()?;
            let protocol = byte & 15;
            self.out.protocols.push(protocol);
            let key = if protocol == 15 { "td_global" } else { "td" };
            self.push(format!("TD{group}"), &[byte], key, protocol.to_string());
            present = byte >> 4;
            group += 1;
        }
        let second = self.all.get(2..4);
        if t0 >> 4 == 8 && second == Some(&[0x80, 0x01]) {
            self.out.kind = Kind::PcscContactless;
        }
        if self.out.protocols.is_empty() {
            self.out.protocols.push(0);
        }
        self.historical(count)?;
        if self.out.protocols.iter().any(|&protocol| protocol != 0) {
            let check = self.next()?;
            let covered = self.all.len() - self.rest.len();
            let sum = self.all[1..covered].iter().fold(0, |sum, byte| sum ^ byte);
            if sum == 0 {
                self.push("TCK", &[check], "tck_right", "");
            } else {
                self.push("TCK", &[check], "tck_wrong", format!("{:02X}", check ^ sum));
                self.out.damage.get_or_insert(Damage::Check);
            }
        }
        Some(())
    }

    /// Meaning of TAi: TA1 is speed, TA2 the specific mode, later ones depend on the protocol before them.
    fn ta(&self, group: usize, byte: u8) -> (&'static str, String) {
        match group {
            1 => match (F[usize::from(byte >> 4)], D[usize::from(byte & 15)]) {
                (0, _) | (_, 0) => ("ta1_reserved", String::new()),
                (f, d) => ("ta1", format!("F={f}, D={d}")),
            },
            2 => ("ta2", (byte & 15).to_string()),
            _ => match self.out.protocols.last() {
                Some(15) => ("ta_global", format!("{:06b}", byte & 63)),
                Some(1) => ("ta_block", byte.to_string()),
                _ => ("ta_other", format!("{byte:02X}")),
            },
        }
    }

    fn ats(mut self) -> Explained {
        let whole = self.ats_fields().is_some();
        if whole && !self.rest.is_empty() {
            self.out.damage.get_or_insert(Damage::Long);
        }
        self.out
    }

    fn ats_fields(&mut self) -> Option<()> {
        self.out.protocols.push(14);
        let length = self.next()?;
        self.push("TL", &[length], "tl", length.to_string());
        if usize::from(length) > self.all.len() {
            self.out.damage.get_or_insert(Damage::Short);
        }
        if length < 2 {
            return Some(());
        }
        let t0 = self.next()?;
        self.push("T0", &[t0], "ats_t0", FRAME[usize::from(t0 & 15)].to_string());
        if t0 & 0x10 != 0 {
            let byte = self.next()?;
            self.push("TA", &[byte], "ats_ta", rates(byte));
        }
        if t0 & 0x20 != 0 {
            let byte = self.next()?;
            // Frame waiting time 256 · 16 / 13.56 MHz · 2^FWI, about 302 µs · 2^FWI.
            let micros = (256.0 * 16.0 / 13.56) * f64::from(1u32 << (byte >> 4));
            let guard = byte & 15;
            self.push(
                "TB",
                &[byte],
                "ats_tb",
                format!("FWI={}, {:.1} ms, SFGI={guard}", byte >> 4, micros / 1000.0),
            );
        }
        if t0 & 0x40 != 0 {
            let byte = self.next()?;
            let yes = |bit: u8| if byte & bit != 0 { "+" } else { "-" };
            self.push("TC", &[byte], "ats_tc", format!("CID{} NAD{}", yes(2), yes(1)));
        }
        let before = self.all.len() - self.rest.len();
        self.historical(usize::from(length).saturating_sub(before))
    }

    /// Takes `count` historical bytes; 13 of them are those of a social security card and named one by one.
    fn historical(&mut self, count: usize) -> Option<()> {
        let (bytes, rest) = match self.rest.split_at_checked(count) {
            Some(parts) => parts,
            None => {
                self.out.damage.get_or_insert(Damage::Short);
                (self.rest, &[][..])
            }
        };
        self.rest = rest;
        self.out.historical = bytes.to_vec();
        if let Ok(card) = <[u8; 13]>::try_from(bytes) {
            let hex = |bytes: &[u8]| hex::encode_upper(bytes);
            self.push("T1–T2", &card[..2], "chip_supplier", hex(&card[..2]));
            self.push("T3–T5", &card[2..5], "cos", hex(&card[2..5]));
            self.push("T6–T7", &card[5..7], "card_maker", hex(&card[5..7]));
            self.push("T8–T9", &card[7..9], "region", hex(&card[7..9]));
            self.push("TA–TD", &card[9..], "serial", hex(&card[9..]));
        } else if !bytes.is_empty() {
            self.push(
                format!("T1–T{}", bytes.len()),
                bytes,
                "historical",
                hex::encode_upper(bytes),
            );
        }
        (self.out.damage != Some(Damage::Short)).then_some(())
    }
}

/// `TA1 TB1 …, ` for the presence bits of T0 or TDi.
fn followers(present: u8, group: usize) -> String {
    let names: Vec<String> = ["TA", "TB", "TC", "TD"]
        .iter()
        .enumerate()
        .filter(|(bit, _)| present & (1 << bit) != 0)
        .map(|(_, name)| format!("{name}{group}"))
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("{}, ", names.join(" "))
    }
}

/// Bit rates of TA: divisors both ways, `106` being always there.
fn rates(byte: u8) -> String {
    let list = |bits: u8| {
        let mut rates = vec!["106"];
        rates.extend(
            ["212", "424", "848"]
                .iter()
                .enumerate()
                .filter(|(i, _)| bits & (1 << i) != 0)
                .map(|(_, r)| r),
        );
        rates.join("/")
    };
    let same = if byte & 0x80 != 0 { ", =" } else { "" };
    format!("↓{} ↑{} kbit/s{same}", list(byte & 7), list(byte >> 4 & 7))
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
