//! How long commands take on the line between reader and card, whatever the computer does: an estimate from the bytes.

use card_model::card::Interface;

/// A line and its speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    /// Contacts, T=0, 9600 bit/s: F=372, D=1 at 3.57 MHz, what a card has without negotiation.
    Contact9600,
    /// Contacts, T=0, 115200 bit/s: what today's readers usually negotiate.
    Contact115200,
    /// ISO/IEC 14443 type A, 106 kbit/s: what the ATS of this card allows.
    Contactless106,
    /// ISO/IEC 14443 type A, 424 kbit/s.
    Contactless424,
    /// ISO/IEC 14443 type A, 848 kbit/s.
    Contactless848,
}

/// Bits of one byte on contacts, one etu each: start, eight, parity, and a guard time of two (ISO/IEC 7816-3 §7.2).
const CONTACT_BITS: u64 = 12;
/// Characters of a PPS exchange on contacts, request and answer.
const PPS: u64 = 4 + 4;
/// Bytes of RATS, and of a PPS and its answer over the air, each with two of CRC.
const RATS: u64 = 2 + 2;
/// See [`RATS`].
const PPS_AIR: u64 = (3 + 2) + (1 + 2);
/// Start and end of a frame over the air, in bits (ISO/IEC 14443-3 §6.2.3.2).
const FRAME_BITS: u64 = 2;
/// Bits of one byte over the air: eight and parity (ISO/IEC 14443-3 §6.2.3.2).
const AIR_BITS: u64 = 9;
/// Carrier frequency in Hz; 106 kbit/s is a 128th of it.
const CARRIER: u64 = 13_560_000;
/// Bytes of a frame around its content: PCB and two of CRC.
const FRAME: u64 = 3;
/// Content of one frame of 256 bytes, the size both ends of this card know.
const CONTENT: u64 = 256 - FRAME;
/// Pause between the two directions, 1172 carrier periods (ISO/IEC 14443-3 §6.2.1.1).
const TURN: u64 = 1172;

impl Line {
    /// All lines, slowest first on each interface.
    pub const ALL: [Self; 5] = [
        Self::Contact9600,
        Self::Contact115200,
        Self::Contactless106,
        Self::Contactless424,
        Self::Contactless848,
    ];

    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contact9600 => "T=0, 9600 bit/s",
            Self::Contact115200 => "T=0, 115200 bit/s",
            Self::Contactless106 => "ISO 14443, 106 kbit/s",
            Self::Contactless424 => "ISO 14443, 424 kbit/s",
            Self::Contactless848 => "ISO 14443, 848 kbit/s",
        }
    }

    /// Name on the command line.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Contact9600 => "9600",
            Self::Contact115200 => "115200",
            Self::Contactless106 => "106k",
            Self::Contactless424 => "424k",
            Self::Contactless848 => "848k",
        }
    }

    /// The line with a [`Line::short`] name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.short() == name)
    }

    /// The interface it belongs to.
    pub const fn interface(self) -> Interface {
        match self {
            Self::Contact9600 | Self::Contact115200 => Interface::Contact,
            Self::Contactless106 | Self::Contactless424 | Self::Contactless848 => Interface::Contactless,
        }
    }

    /// The lines of an interface, slowest first.
    pub fn of(interface: Interface) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |line| line.interface() == interface)
    }

    /// Nanoseconds that a command of `sent` and an answer of `received` bytes spend on the line. The card's own work and
    /// the reader's connection to the computer come on top (10–20 ms each with usual readers).
    pub const fn nanos(self, sent: usize, received: usize) -> u64 {
        self.nanos_guarded(sent, received, 0)
    }

    /// The same with the extra guard time that the card asks for in TC1: so many etu more for each character that the
    /// reader sends. There is none over the air.
    pub const fn nanos_guarded(self, sent: usize, received: usize, guard: u8) -> u64 {
        let etu = contact(sent, received) * CONTACT_BITS + characters(sent) * guard as u64;
        match self {
            Self::Contact9600 => etu * 1_000_000_000 / 9600,
            Self::Contact115200 => etu * 1_000_000_000 / 115_200,
            Self::Contactless106 => air(sent, received, 128),
            Self::Contactless424 => air(sent, received, 32),
            Self::Contactless848 => air(sent, received, 16),
        }
    }

    /// Nanoseconds of a reset until the first command: an ATR at 9600 bit/s, or RATS and ATS at 106 kbit/s, of `answer`
    /// bytes, and for the faster lines the PPS after it. Bringing up the supply or the field comes on top.
    pub const fn reset_nanos(self, answer: usize) -> u64 {
        let answer = answer as u64;
        let negotiated = match self {
            Self::Contact9600 | Self::Contactless106 => 0,
            Self::Contact115200 => PPS,
            Self::Contactless424 | Self::Contactless848 => PPS_AIR,
        };
        match self.interface() {
            Interface::Contact => (answer + negotiated) * CONTACT_BITS * 1_000_000_000 / 9600,
            Interface::Contactless => {
                let frames = if negotiated == 0 { 2 } else { 4 };
                let bits = (RATS + answer + 2 + negotiated) * AIR_BITS + frames * FRAME_BITS;
                (bits * 128 + frames * TURN) * 1_000_000_000 / CARRIER
            }
        }
    }
}

/// Characters that the reader sends: a bare header goes out as five.
const fn characters(sent: usize) -> u64 {
    if sent < 5 { 5 } else { sent as u64 }
}

/// Characters under T=0: a header of five, the card's procedure byte before data in either direction, data, status word.
const fn contact(sent: usize, received: usize) -> u64 {
    let procedure = if sent > 5 || received > 2 { 1 } else { 0 };
    characters(sent) + procedure + received as u64
}

/// Nanoseconds over the air, long messages chained in frames with an acknowledgement for each but the last.
const fn air(sent: usize, received: usize, divisor: u64) -> u64 {
    let (bytes, turns) = chain(sent);
    let (more_bytes, more_turns) = chain(received);
    let turns = turns + more_turns;
    let periods = ((bytes + more_bytes) * AIR_BITS + turns * FRAME_BITS) * divisor + turns * TURN;
    periods * 1_000_000_000 / CARRIER
}

/// Bytes and turns of one message with its frames and their acknowledgements.
const fn chain(length: usize) -> (u64, u64) {
    let length = length as u64;
    let frames = if length == 0 { 1 } else { length.div_ceil(CONTENT) };
    (length + FRAME * (2 * frames - 1), 2 * frames - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        // GET CHALLENGE 8 on contacts: 5 + 1 + 10 characters of 12 bits.
        assert_eq!(Line::Contact9600.nanos(5, 10), 16 * 12 * 1_000_000_000 / 9600);
        // A bare 4-byte command goes out as five characters.
        assert_eq!(Line::Contact9600.nanos(4, 2), 7 * 12 * 1_000_000_000 / 9600);
        // One kilobyte over the air at 106 kbit/s is about 87 ms (crates.md §3.5): 1024 · 9 · 128 periods. Blocks, pauses and
        // the commands come on top, not a tenth of it.
        let kilobyte: u64 = (0..4).map(|_| Line::Contactless106.nanos(5, 258)).sum();
        let bare = 1024 * 9 * 128 * 1_000_000_000 / CARRIER;
        assert!(
            (86_900_000..87_100_000).contains(&bare) && (bare..bare + bare / 10).contains(&kilobyte),
            "{kilobyte}"
        );
    }

    /// Every figure here was worked out by hand from the clauses, not by this code.
    #[test]
    fn figures_by_hand() {
        // Case 1, `00 44 00 00`: five characters out (P3=00), no procedure byte, SW back: 7 · 12 = 84 etu of 104.1667 µs.
        assert_eq!(Line::Contact9600.nanos(4, 2), 8_750_000);
        // Case 2, GET CHALLENGE 8: 5 out, INS back, 8 bytes and SW: 16 characters, 192 etu, 20 ms.
        assert_eq!(Line::Contact9600.nanos(5, 10), 20_000_000);
        // Case 3, VERIFY with 3 bytes: 5 out, INS back, 3 out, SW: 11 characters, 132 etu, 13.75 ms; at 115200 a twelfth.
        assert_eq!(Line::Contact9600.nanos(8, 2), 13_750_000);
        assert_eq!(Line::Contact115200.nanos(8, 2), 1_145_833);
        // Case 4 is two exchanges: EXTERNAL AUTHENTICATION has no answer, SELECT by name has 61xx and GET RESPONSE.
        // 5 + 15 out, INS and 611E back: 23 characters, 28.75 ms; then 5 out, INS, 30 bytes and SW: 38 characters, 47.5 ms.
        assert_eq!(Line::Contact9600.nanos(20, 2), 28_750_000);
        assert_eq!(Line::Contact9600.nanos(5, 32), 47_500_000);
        // TC1=02: the eight characters of VERIFY take two etu more each: 132 + 16 = 148 etu, 15.416667 ms.
        assert_eq!(Line::Contact9600.nanos_guarded(8, 2, 2), 15_416_666);
        // Over the air: I-block 5+3 bytes, I-block 10+3 bytes: 21 · 9 + 2 · 2 = 193 bits of 128 carrier periods, and two
        // pauses of 1172: 24704 + 2344 = 27048 periods of 73.746 ns = 1.994690 ms; at 848 kbit/s 193 · 16 + 2344 = 5432.
        assert_eq!(Line::Contactless106.nanos(5, 10), 1_994_690);
        assert_eq!(Line::Contactless848.nanos(5, 10), 400_589);
        // An answer of 258 bytes is chained: 253 and 5, an R-block between: bytes 253+3, 3, 5+3 = 267; the command 5+3 = 8.
        // 275 · 9 + 4 · 2 = 2483 bits; 2483 · 128 + 4 · 1172 = 322512 periods = 23.784071 ms.
        assert_eq!(Line::Contactless106.nanos(5, 258), 23_784_070);
        // ATR of 17 characters: 204 etu, 21.25 ms; with PPS eight characters more: 300 etu, 31.25 ms.
        assert_eq!(Line::Contact9600.reset_nanos(17), 21_250_000);
        assert_eq!(Line::Contact115200.reset_nanos(17), 31_250_000);
        // RATS 2+2, ATS 18+2: 24 · 9 + 4 = 220 bits, 28160 + 2344 = 30504 periods = 2.249557 ms. PPS: 5 and 3 bytes more.
        assert_eq!(Line::Contactless106.reset_nanos(18), 2_249_557);
        assert_eq!(Line::Contactless424.reset_nanos(18), 3_139_823);
    }

    #[test]
    fn names_lead_back() {
        for line in Line::ALL {
            assert_eq!(Line::from_name(line.short()), Some(line));
            assert!(Line::of(line.interface()).any(|other| other == line));
        }
        assert_eq!(Line::from_name("212k"), None);
        assert_eq!(
            Line::of(Interface::Contact).count() + Line::of(Interface::Contactless).count(),
            5
        );
    }

    #[test]
    fn faster_lines_take_less() {
        for pair in [[0, 1], [2, 3], [3, 4]] {
            let [slow, fast] = pair.map(|index: usize| Line::ALL[index].nanos(40, 200));
            assert!(slow > fast);
        }
        assert!(Line::Contactless106.nanos(260, 258) > Line::Contactless106.nanos(250, 250));
    }
}
