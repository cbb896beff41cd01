//! What may be sent to a card that is not to be spoiled. This list is of what is known to be harmless: whatever is not on it
//! is taken for the worst. It looks at nothing but the bytes that are about to go to the card, so no mistake of the one who
//! made them gets past it.

/// What a command may cost the card, whatever the card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// Nothing: it reads, selects, asks, or changes what the next reset forgets.
    Free,
    /// A try of a PIN or a key.
    Tries,
    /// Something that may stay: contents, keys, blocks. Of unknown commands this is assumed.
    Lasting,
    /// It would not reach the card as a command: class FF talks to the reader, instructions 6x and 9x are procedure bytes of
    /// T=0 (ISO/IEC 7816-3).
    NoCommand,
}

/// What the bytes of a command may cost.
pub fn cost(command: &[u8]) -> Cost {
    let [class, instruction, first, second, rest @ ..] = command else {
        return Cost::NoCommand;
    };
    if *class == 0xFF || matches!(instruction >> 4, 0x6 | 0x9) {
        return Cost::NoCommand;
    }
    let data = rest.len() > 1;
    match (class, instruction) {
        // SELECT, READ BINARY, READ RECORD, GET CHALLENGE, GET RESPONSE; in a class of nobody too, which cards must refuse.
        (0x00 | 0x04 | 0xA0 | 0xD0, 0xA4 | 0xB0 | 0xB2 | 0x84 | 0xC0) => Cost::Free,
        // INTERNAL AUTHENTICATION; GET DATA of ISO/IEC 7816-4.
        (0x00, 0x88 | 0xCA | 0xCB) => Cost::Free,
        // VERIFY without data asks for the tries that are left (STD-P5 §6.14, ISO/IEC 7816-4); whether P3 is 00 or absent.
        (0x00, 0x20) if !data && matches!(rest, [] | [0]) => Cost::Free,
        (0x00, 0x20 | 0x82) => Cost::Tries,
        // GET BALANCE, INITIALIZE, GET TRANSACTION PROOF, GET STARTING DAY: the counters change with CREDIT and DEBIT only.
        (0xB0, 0x26 | 0x28 | 0x2E) => Cost::Free,
        (0xB0, 0x56) if (*first, *second) == (0x01, 0x00) && !data => Cost::Free,
        // Card data, HASH and EXPORT PUBLIC KEY as real writers of the certificate application send them.
        (0x80, 0xCA) if !data => Cost::Free,
        (0x80, 0xC4 | 0xC9) => Cost::Free,
        _ => Cost::Lasting,
    }
}

/// What the owner of the card allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Wrong PINs and proofs may be sent as long as more than one try is left.
    pub spend_tries: bool,
    /// Everything may be sent, the card may be lost.
    pub destructive: bool,
}

impl Limits {
    /// Whether something of this cost may be sent.
    pub fn allow(self, cost: Cost) -> bool {
        match cost {
            Cost::Free => true,
            Cost::Tries => self.spend_tries || self.destructive,
            Cost::Lasting => self.destructive,
            Cost::NoCommand => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Cost {
        cost(&hex::decode(text).expect("hex"))
    }

    #[test]
    fn what_costs_what() {
        for free in [
            "00A4040005A000000003",
            "00B2010400",
            "0084000008",
            "00200000",
            "0020000000",
            "00C0000010",
            "B026000104",
            "B056010002",
            "80CA000000",
            "A084000008",
        ] {
            assert_eq!(of(free), Cost::Free, "{free}");
        }
        for tries in ["0020000003123456", "0020000005", "00200000010000", "00820084021122"] {
            assert_eq!(of(tries), Cost::Tries, "{tries}");
        }
        // Writes, blocks, keys, creation, PIN changes, debits, and whatever nobody has looked at.
        for lasting in [
            "00D6000001FF",
            "00DC010403010100",
            "04DC0104",
            "8416000004",
            "841E0001",
            "84240000",
            "805E0100",
            "80E00000",
            "80E40000",
            "84D40000",
            "80440000",
            "80400000",
            "B02A0000",
            "B02C0100",
            "B056000002",
            "00240000",
            "002C0000",
            "00E40000",
            "00E60000",
            "00E80000",
            "00FE0000",
            "000E0000",
            "00440000",
            "84820000",
            "80820000",
            "0020",
        ] {
            assert!(of(lasting) >= Cost::Lasting, "{lasting}");
        }
        for none in ["FF000000", "FFD60000", "00640000", "0090", "0F", ""] {
            assert_eq!(of(none), Cost::NoCommand, "{none}");
        }
    }

    proptest! {
        /// With nothing allowed, no command that carries a proof or changes a file goes out.
        #[test]
        fn nothing_but_reading_goes_out(command in prop::collection::vec(any::<u8>(), 0..20)) {
            if Limits::default().allow(cost(&command)) {
                prop_assert!(!matches!(command[1], 0x82 | 0x24 | 0x2C | 0x16 | 0x1E | 0xD4 | 0xD6 | 0xDC | 0xE0 | 0xE4 | 0x5E));
                prop_assert!(command[1] != 0x20 || command.len() < 5 || command[4] == 0);
                prop_assert!(command[0] != 0xFF);
            }
        }

        #[test]
        fn more_is_allowed_by_more(command in prop::collection::vec(any::<u8>(), 0..20)) {
            let cost = cost(&command);
            let (tries, all) = (
                Limits { spend_tries: true, destructive: false },
                Limits { spend_tries: false, destructive: true },
            );
            prop_assert!(!Limits::default().allow(cost) || tries.allow(cost));
            prop_assert!(!tries.allow(cost) || all.allow(cost));
        }
    }
}
