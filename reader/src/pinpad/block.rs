//! PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE (PC/SC part 10 §2.5), for the commands of this card.

use crate::command::CommandError;
use crate::commands;
use card_model::status::StatusWord;
use card_model::words::Lang;

/// Language of what the reader shows (USB language identifier).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language(pub u16);

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        Self(match lang {
            Lang::Zh => 0x0804,
            Lang::En => 0x0409,
        })
    }
}

/// bmFormatString: positions in bytes, the PIN at the begin of the data, left, BCD.
const BYTES_LEFT_BCD: u8 = 0x81;
/// bEntryValidationCondition: the person presses the key.
const KEY_PRESSED: u8 = 0x02;
/// bConfirmPIN: the new PIN is typed twice.
const CONFIRM_NEW: u8 = 0x01;
/// bConfirmPIN: the present PIN is typed as well.
const ASK_OLD: u8 = 0x02;
/// What fills a PIN that has an odd number of digits, and separates old and new in CHANGE PIN.
const FILLER: u8 = 0xFF;

/// What a reader shall do to verify a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinVerify {
    /// bTimerOut: seconds until the reader gives up; 0 is its own choice.
    pub timeout: u8,
    /// bmFormatString.
    pub format: u8,
    /// bmPINBlockString: bytes of the PIN block.
    pub block: u8,
    /// bmPINLengthFormat: 0, the length of the PIN stands nowhere in the command.
    pub length_format: u8,
    /// Fewest digits.
    pub least: u8,
    /// Most digits.
    pub most: u8,
    /// bEntryValidationCondition.
    pub condition: u8,
    /// wLangId.
    pub language: Language,
    /// The command, with F where the digits go.
    pub command: Vec<u8>,
}

/// What a reader shall do to change a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinModify {
    /// What it has in common with [`PinVerify`]; the block is that of each PIN.
    pub entry: PinVerify,
    /// bInsertionOffsetOld: where the old PIN goes in the data.
    pub old_at: u8,
    /// bInsertionOffsetNew: where the new PIN goes in the data.
    pub new_at: u8,
    /// bConfirmPIN: what is asked besides the new PIN.
    pub confirm: u8,
}

/// Bytes of a PIN with so many digits.
const fn packed(digits: u8) -> u8 {
    digits.div_ceil(2)
}

impl PinVerify {
    /// VERIFY with a PIN of exactly so many digits.
    ///
    /// # Errors
    /// Never for 4 to 16 digits.
    pub fn of_card(digits: u8, timeout: u8, language: Language) -> Result<Self, CommandError> {
        let template = vec![FILLER; usize::from(packed(digits))];
        Ok(Self::around(
            commands::verify(&template)?.to_bytes().to_vec(),
            digits,
            timeout,
            language,
        ))
    }

    fn around(command: Vec<u8>, digits: u8, timeout: u8, language: Language) -> Self {
        Self {
            timeout,
            format: BYTES_LEFT_BCD,
            block: packed(digits),
            length_format: 0,
            least: digits,
            most: digits,
            condition: KEY_PRESSED,
            language,
            command,
        }
    }

    /// The structure; numbers of more than one byte in the order of this machine, as PC/SC hands them on.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.timeout, self.timeout, self.format, self.block, self.length_format];
        bytes.extend(self.extra_digits());
        // One message, the first of the reader's: "enter PIN".
        bytes.extend([self.condition, 0x01]);
        bytes.extend(self.language.0.to_ne_bytes());
        bytes.push(0x00);
        self.finish(bytes)
    }

    /// wPINMaxExtraDigit: fewest digits in the high byte.
    fn extra_digits(&self) -> [u8; 2] {
        u16::from_be_bytes([self.least, self.most]).to_ne_bytes()
    }

    /// bTeoPrologue, ulDataLength, abData.
    fn finish(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.extend([0; 3]);
        // A short command has at most 261 bytes.
        let length = u32::try_from(self.command.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_ne_bytes());
        bytes.extend(&self.command);
        bytes
    }

    /// Reads the structure; `None` if it is cut off or its lengths do not fit.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(12)?;
        let command = command_of(rest)?;
        let [least, most] = u16::from_ne_bytes([head[5], head[6]]).to_be_bytes();
        Some(Self {
            timeout: head[0],
            format: head[2],
            block: head[3],
            length_format: head[4],
            least,
            most,
            condition: head[7],
            language: Language(u16::from_ne_bytes([head[9], head[10]])),
            command,
        })
    }
}

impl PinModify {
    /// CHANGE PIN from and to a PIN of exactly so many digits; `has_old` is false for a card without a PIN.
    ///
    /// # Errors
    /// Never for 4 to 16 digits.
    pub fn of_card(digits: u8, has_old: bool, timeout: u8, language: Language) -> Result<Self, CommandError> {
        let new = vec![FILLER; usize::from(packed(digits))];
        let old = if has_old { new.as_slice() } else { &[] };
        let command = commands::change_pin(old, &new)?.to_bytes().to_vec();
        let old_length = if has_old { packed(digits) } else { 0 };
        Ok(Self {
            entry: PinVerify::around(command, digits, timeout, language),
            old_at: 0,
            new_at: old_length + 1,
            confirm: if has_old { CONFIRM_NEW | ASK_OLD } else { CONFIRM_NEW },
        })
    }

    /// Whether the present PIN is asked for.
    pub fn asks_old(&self) -> bool {
        self.confirm & ASK_OLD != 0
    }

    /// Whether the new PIN is asked for twice.
    pub fn asks_twice(&self) -> bool {
        self.confirm & CONFIRM_NEW != 0
    }

    /// The structure; see [`PinVerify::to_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let entry = &self.entry;
        let mut bytes = vec![
            entry.timeout,
            entry.timeout,
            entry.format,
            entry.block,
            entry.length_format,
            self.old_at,
            self.new_at,
        ];
        bytes.extend(entry.extra_digits());
        // As many messages as there are entries, in the order of the reader's own: present PIN, new PIN, new PIN again.
        let messages: &[u8] = if self.asks_old() { &[0, 1, 2] } else { &[1, 2] };
        bytes.extend([self.confirm, entry.condition, u8::try_from(messages.len()).unwrap_or(0)]);
        bytes.extend(entry.language.0.to_ne_bytes());
        bytes.extend(messages);
        bytes.resize(17, 0);
        entry.finish(bytes)
    }

    /// Reads the structure; `None` if it is cut off or its lengths do not fit.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(17)?;
        let command = command_of(rest)?;
        let [least, most] = u16::from_ne_bytes([head[7], head[8]]).to_be_bytes();
        Some(Self {
            entry: PinVerify {
                timeout: head[0],
                format: head[2],
                block: head[3],
                length_format: head[4],
                least,
                most,
                condition: head[10],
                language: Language(u16::from_ne_bytes([head[12], head[13]])),
                command,
            },
            old_at: head[5],
            new_at: head[6],
            confirm: head[9],
        })
    }
}

/// abData behind bTeoPrologue and ulDataLength.
fn command_of(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, command) = bytes.get(3..)?.split_first_chunk::<4>()?;
    (usize::try_from(u32::from_ne_bytes(*length)).ok()? == command.len()).then(|| command.to_vec())
}

/// What a reader says instead of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The card's status word, after the command was sent.
    Card(StatusWord),
    /// 6400: nobody typed in time.
    Timeout,
    /// 6401: the person pressed cancel.
    Cancelled,
    /// 6402: the two new PINs differ.
    Differs,
    /// 6403: too few or too many digits.
    Length,
    /// 6B80: the reader does not understand the structure.
    NotUnderstood,
}

impl Answer {
    /// Reads an answer; `None` without a status word.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let sw = u16::from_be_bytes(*bytes.last_chunk()?);
        Some(match sw {
            0x6400 => Self::Timeout,
            0x6401 => Self::Cancelled,
            0x6402 => Self::Differs,
            0x6403 => Self::Length,
            0x6B80 => Self::NotUnderstood,
            sw => Self::Card(StatusWord(sw)),
        })
    }

    /// The two bytes.
    pub fn to_bytes(self) -> [u8; 2] {
        match self {
            Self::Card(sw) => sw.to_bytes(),
            Self::Timeout => [0x64, 0x00],
            Self::Cancelled => [0x64, 0x01],
            Self::Differs => [0x64, 0x02],
            Self::Length => [0x64, 0x03],
            Self::NotUnderstood => [0x6B, 0x80],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EN: Language = Language(0x0409);

    /// Byte for byte after the tables of PC/SC part 10 (little endian machines).
    #[cfg(target_endian = "little")]
    #[test]
    fn known_bytes() {
        let hex = |bytes: Vec<u8>| hex::encode_upper(bytes);
        let verify = PinVerify::of_card(6, 30, Language::from(Lang::Zh)).expect("fits");
        let expected = [
            "1E1E",     // time-outs
            "81",       // bytes, position 0, left, BCD
            "03",       // block of three bytes
            "00",       // no length in the command
            "0606",     // six digits
            "02",       // key pressed
            "01",       // one message
            "0408",     // Chinese
            "00",       // message 0
            "000000",   // T=1 prologue
            "08000000", // eight bytes follow
            "0020000003FFFFFF",
        ];
        assert_eq!(hex(verify.to_bytes()), expected.concat());
        let modify = PinModify::of_card(6, true, 0, EN).expect("fits");
        let expected = [
            "0000",
            "81",
            "03",
            "00",
            "00", // the old PIN at 0
            "04", // the new PIN behind the FF
            "0606",
            "03", // the old PIN, and the new one twice
            "02",
            "03", // three messages
            "0904",
            "000102",
            "000000",
            "0C000000",
            "805E010007FFFFFFFFFFFFFF",
        ];
        assert_eq!(hex(modify.to_bytes()), expected.concat());
        // Odd numbers of digits end with F, which the template has already; a card without a PIN has no old one.
        let odd = PinVerify::of_card(5, 0, EN).expect("fits");
        assert_eq!(
            (odd.block, odd.command.as_slice()),
            (3, &[0, 0x20, 0, 0, 3, 0xFF, 0xFF, 0xFF][..])
        );
        let first = PinModify::of_card(4, false, 0, EN).expect("fits");
        assert_eq!((first.old_at, first.new_at, first.confirm), (0, 1, 1));
        assert_eq!(first.entry.command, [0x80, 0x5E, 0x01, 0x00, 3, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn answers_of_readers() {
        for answer in [
            Answer::Card(StatusWord::OK),
            Answer::Card(StatusWord(0x63C2)),
            Answer::Timeout,
            Answer::Cancelled,
            Answer::Differs,
            Answer::Length,
            Answer::NotUnderstood,
        ] {
            assert_eq!(Answer::parse(&answer.to_bytes()), Some(answer));
        }
        assert_eq!(Answer::parse(&[0x90]), None);
    }

    proptest! {
        #[test]
        fn structures_come_back(digits in 4u8..=16, timeout: u8, has_old: bool) {
            let verify = PinVerify::of_card(digits, timeout, EN).expect("fits");
            prop_assert_eq!(PinVerify::parse(&verify.to_bytes()), Some(verify));
            let modify = PinModify::of_card(digits, has_old, timeout, EN).expect("fits");
            prop_assert!(modify.entry.command.len() <= 5 + 17);
            prop_assert_eq!(PinModify::parse(&modify.to_bytes()), Some(modify));
        }

        #[test]
        fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(verify) = PinVerify::parse(&bytes) {
                prop_assert_eq!(verify.command.len() + 19, bytes.len());
            }
            let _ = (PinModify::parse(&bytes), Answer::parse(&bytes));
        }
    }
}
