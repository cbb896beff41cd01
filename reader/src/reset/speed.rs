//! What speed an answer to reset offers, and the negotiation of it: PPS of ISO/IEC 7816-3 §9 on contacts (STD-P2 §8), RATS and
//! PPS of ISO/IEC 14443-4 §5 without.

use super::{Explained, Kind};

/// Clock of a contact reader in Hz: with it the 372 clock periods of the first etu are exactly 9600 bit/s.
pub const CLOCK: u32 = 3_571_200;
/// F and D before any negotiation.
const FIRST: (u16, u8) = (372, 1);
/// RATS of a reader that takes frames of 256 bytes (FSDI 8) and gives the card the number 0.
pub const RATS: [u8; 2] = [0xE0, 0x80];
/// First byte of a PPS on contacts.
const PPSS: u8 = 0xFF;
/// First byte of a PPS without contacts, the card's number in its low half.
const PPSS_AIR: u8 = 0xD0;

/// F and D of TA1 (ISO/IEC 7816-3 §8.3, tables 7 and 8); 0 is reserved.
pub(super) const F: [u16; 16] = [
    372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024, 1536, 2048, 0, 0,
];
/// See [`F`].
pub(super) const D: [u8; 16] = [0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0];

/// Speeds of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// On contacts.
    Contact {
        /// Bits per second after reset, at [`CLOCK`].
        first: u32,
        /// Bits per second after PPS with the highest values that the card offers, at [`CLOCK`].
        best: u32,
        /// PPS request that leads there; `None` where there is nothing to negotiate.
        pps: Option<[u8; 4]>,
        /// Extra guard time in etu on what the reader sends (TC1; FF counts as 0 under T=0).
        extra_guard: u8,
    },
    /// ISO/IEC 14443-4, kbit/s, 106 always among them.
    Contactless {
        /// To the card.
        down: Vec<u16>,
        /// From the card.
        up: Vec<u16>,
    },
}

/// Bits per second of F and D at [`CLOCK`], as contact lines count them: one bit is one etu.
fn rate((f, d): (u16, u8)) -> u32 {
    CLOCK * u32::from(d) / u32::from(f)
}

/// The speeds that an answer to reset offers; `None` if it is damaged, or made up by a reader, which hides them.
pub fn offer(explained: &Explained) -> Option<Offer> {
    if explained.damage.is_some() {
        return None;
    }
    let byte = |name: &str| {
        let field = explained.fields.iter().find(|field| field.name == name);
        field.and_then(|field| field.bytes.first().copied())
    };
    match explained.kind {
        Kind::PcscContactless => None,
        Kind::Ats => {
            let ta = byte("TA").unwrap_or(0);
            let same = ta & 0x80 != 0;
            let list = |bits: u8| {
                let more = [(1, 212), (2, 424), (4, 848)];
                let more = more
                    .into_iter()
                    .filter(|(bit, _)| bits & bit != 0)
                    .map(|(_, rate)| rate);
                core::iter::once(106).chain(more).collect::<Vec<u16>>()
            };
            let (mut down, mut up) = (ta & 7, ta >> 4 & 7);
            if same {
                (down, up) = (down & up, down & up);
            }
            Some(Offer::Contactless {
                down: list(down),
                up: list(up),
            })
        }
        Kind::Atr => {
            let ta1 = byte("TA1");
            let best = ta1.and_then(factors).unwrap_or(FIRST);
            // TA2 means the specific mode: the card speaks as it says and takes no PPS.
            let specific = byte("TA2").is_some();
            let protocol = explained.protocols.first().copied().unwrap_or(0);
            let pps = ta1.filter(|ta1| !specific && factors(*ta1).is_some_and(|best| best != FIRST));
            Some(Offer::Contact {
                first: rate(if specific { best } else { FIRST }),
                best: rate(best),
                pps: pps.map(|ta1| pps_request(protocol, ta1)),
                extra_guard: byte("TC1").filter(|guard| *guard != 0xFF).unwrap_or(0),
            })
        }
    }
}

/// F and D of a TA1 or PPS1; `None` if reserved.
fn factors(ta1: u8) -> Option<(u16, u8)> {
    let (f, d) = (F[usize::from(ta1 >> 4)], D[usize::from(ta1 & 15)]);
    (f != 0 && d != 0).then_some((f, d))
}

/// `FF PPS0 PPS1 PCK` for a protocol and a value of TA1.
pub fn pps_request(protocol: u8, ta1: u8) -> [u8; 4] {
    let pps0 = 0x10 | protocol & 15;
    [PPSS, pps0, ta1, PPSS ^ pps0 ^ ta1]
}

/// What a card answers to a PPS request on contacts: the request itself, without PPS1 if it keeps the first speed. `None`:
/// it stays silent, because the request is faulty or asks for what the card does not offer (STD-P2 §8).
pub fn pps_response(card: &Explained, request: &[u8]) -> Option<Vec<u8>> {
    let (&[start, pps0], rest) = request.split_first_chunk::<2>()?;
    let present = (pps0 >> 4 & 7).count_ones() as usize;
    let sum = request.iter().fold(0, |sum, byte| sum ^ byte);
    let protocol = pps0 & 15;
    if start != PPSS || pps0 & 0x80 != 0 || rest.len() != present + 1 || sum != 0 || !card.protocols.contains(&protocol)
    {
        return None;
    }
    let Some(Offer::Contact { pps, .. }) = offer(card) else {
        return None;
    };
    match (pps0 & 0x10 != 0, pps) {
        (false, _) => Some(request.to_vec()),
        (true, Some(wanted)) if rest[0] == wanted[2] => Some(request.to_vec()),
        (true, _) if factors(rest[0]) == Some(FIRST) => Some(request.to_vec()),
        // Between the first speed and the best one the card may take any; this one takes its own only.
        (true, _) => None,
    }
}

/// `D0 11 PPS1` without contacts: the divisors' exponents, 0 for 106 up to 3 for 848 kbit/s, to and from the card. The card
/// answers with the first byte alone (ISO/IEC 14443-4 §5.3).
pub fn pps_air(down: u8, up: u8) -> [u8; 3] {
    [PPSS_AIR, 0x11, (up & 3) << 2 | down & 3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::explain;

    fn card(text: &str) -> Explained {
        explain(&crate::command::parse_hex(text).expect("hex"))
    }

    const CARD: &str = "00 81 54 4C 96 86 84 99 99 00 00 00 01";

    #[test]
    fn this_card_offers_its_first_speed_only() {
        let explained = card(&format!("3B 6D 00 00 {CARD}"));
        let expected = Offer::Contact {
            first: 9600,
            best: 9600,
            pps: None,
            extra_guard: 0,
        };
        assert_eq!(offer(&explained), Some(expected));
        // PPS0 without PPS1 keeps the first speed; anything faster meets silence.
        assert_eq!(
            pps_response(&explained, &[0xFF, 0x00, 0xFF]),
            Some(vec![0xFF, 0x00, 0xFF])
        );
        assert_eq!(
            pps_response(&explained, &pps_request(0, 0x11)),
            Some(vec![0xFF, 0x10, 0x11, 0xFE])
        );
        assert_eq!(pps_response(&explained, &pps_request(0, 0x18)), None);
        let ats = card(&format!("12 78 80 A0 02 {CARD}"));
        let only = Offer::Contactless {
            down: vec![106],
            up: vec![106],
        };
        assert_eq!(offer(&ats), Some(only));
    }

    #[test]
    fn an_issuer_may_negotiate() {
        // TA1=18: F=372, D=12, so 115200 bit/s; TC1=02.
        let explained = card(&format!("3B 7D 18 00 02 {CARD}"));
        let Some(Offer::Contact {
            first,
            best,
            pps,
            extra_guard,
        }) = offer(&explained)
        else {
            panic!("a contact card");
        };
        assert_eq!((first, best, extra_guard), (9600, 115_200, 2));
        assert_eq!(pps, Some([0xFF, 0x10, 0x18, 0xF7]));
        assert_eq!(
            pps_response(&explained, &pps.unwrap_or_default()),
            Some(vec![0xFF, 0x10, 0x18, 0xF7])
        );
        for faulty in [
            &[0xFF, 0x10, 0x18, 0xF6][..],
            &[0xFF, 0x11, 0x18, 0xF6],
            &[0xFF, 0x10, 0x95, 0x7A],
            &[0xFE, 0x10, 0x18, 0xF6],
            &[0xFF, 0x10, 0x18],
            &[0xFF],
            &[],
        ] {
            assert_eq!(pps_response(&explained, faulty), None, "{faulty:02X?}");
        }
        // TA2: the specific mode, nothing to negotiate.
        let specific = card("3B F5 95 00 00 10 00 44 45 4D 4F 31");
        let Some(Offer::Contact { first, pps, .. }) = offer(&specific) else {
            panic!("a contact card: {specific:?}");
        };
        // F=512, D=16: 3571200 · 16 / 512.
        assert_eq!((first, pps), (111_600, None));
    }

    #[test]
    fn rates_over_the_air() {
        let ats = |ta: &str| offer(&card(&format!("05 78 {ta} A0 02")));
        let rates = |down: &[u16], up: &[u16]| {
            Some(Offer::Contactless {
                down: down.to_vec(),
                up: up.to_vec(),
            })
        };
        assert_eq!(ats("77"), rates(&[106, 212, 424, 848], &[106, 212, 424, 848]));
        assert_eq!(ats("21"), rates(&[106, 212], &[106, 424]));
        // The same both ways: only what both ways have.
        assert_eq!(ats("B3"), rates(&[106, 212, 424], &[106, 212, 424]));
        assert_eq!(ats("91"), rates(&[106, 212], &[106, 212]));
        assert_eq!(pps_air(3, 3), [0xD0, 0x11, 0x0F]);
        assert_eq!(
            offer(&card("3B 80 80 01 01")),
            None,
            "a reader's invention tells no speed"
        );
    }
}
