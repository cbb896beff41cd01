//! How long commands take on the line between reader and card, whatever the computer does: an estimate from the bytes.

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

/// Bits of one byte on contacts: start, eight, parity, and a guard time of two (ISO/IEC 7816-3 §7.2).
const CONTACT_BITS: u64 = 12;
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

    /// Nanoseconds that a command of `sent` and an answer of `received` bytes spend on the line. The card's own work and
    /// the reader's connection to the computer come on top (10–20 ms each with usual readers).
    pub const fn nanos(self, sent: usize, received: usize) -> u64 {
        match self {
            Self::Contact9600 => contact(sent, received) * CONTACT_BITS * 1_000_000_000 / 9600,
            Self::Contact115200 => contact(sent, received) * CONTACT_BITS * 1_000_000_000 / 115_200,
            Self::Contactless106 => air(sent, received, 128),
            Self::Contactless424 => air(sent, received, 32),
            Self::Contactless848 => air(sent, received, 16),
        }
    }
}

/// Characters under T=0: a header of five, the card's procedure byte before data in either direction, data, status word.
const fn contact(sent: usize, received: usize) -> u64 {
    let header = if sent < 5 { 5 } else { sent };
    let procedure = if sent > 5 || received > 2 { 1 } else { 0 };
    (header + procedure + received) as u64
}

/// Nanoseconds over the air, long messages chained in frames with an acknowledgement for each but the last.
const fn air(sent: usize, received: usize, divisor: u64) -> u64 {
    let (bytes, turns) = chain(sent);
    let (more_bytes, more_turns) = chain(received);
    let periods = (bytes + more_bytes) * AIR_BITS * divisor + (turns + more_turns) * TURN;
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
        // One kilobyte over the air at 106 kbit/s is about 87 ms (crates.md §3.5).
        let kilobyte: u64 = (0..4).map(|_| Line::Contactless106.nanos(5, 258)).sum();
        assert!((85_000_000..95_000_000).contains(&kilobyte), "{kilobyte}");
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
