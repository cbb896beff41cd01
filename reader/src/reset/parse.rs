//! Takes an answer to reset apart.

use super::speed::{D, F};
use super::{Damage, Explained, Field, Kind};

/// Frame sizes of ISO/IEC 14443-4 by FSCI.
const FRAME: [u16; 16] = [
    16, 24, 32, 40, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096, 4096, 4096, 4096,
];

pub(super) struct Walk<'a> {
    rest: &'a [u8],
    all: &'a [u8],
    out: Explained,
}

impl<'a> Walk<'a> {
    pub(super) fn new(kind: Kind, all: &'a [u8]) -> Self {
        let out = Explained {
            kind,
            fields: vec![],
            historical: vec![],
            protocols: vec![],
            damage: None,
            damaged_at: None,
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

    pub(super) fn atr(mut self) -> Explained {
        let whole = self.atr_fields().is_some();
        if whole && !self.rest.is_empty() {
            self.out.damage.get_or_insert(Damage::Long);
        }
        self.finished()
    }

    /// Says where the damage is.
    fn finished(mut self) -> Explained {
        let taken = self.all.len() - self.rest.len();
        self.out.damaged_at = self.out.damage.map(|damage| match damage {
            Damage::Convention => 1,
            Damage::Short | Damage::Long => taken + 1,
            Damage::Check => taken,
        });
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

    pub(super) fn ats(mut self) -> Explained {
        let whole = self.ats_fields().is_some();
        if whole && !self.rest.is_empty() {
            self.out.damage.get_or_insert(Damage::Long);
        }
        self.finished()
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
