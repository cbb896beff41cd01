//! The usage byte of a key in a PSAM: how many diversifications it still needs, and what it may do (STD-P9 §6.2, §6.3).

/// What a key may do: the low five bits of the usage byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Purchase: INIT SAM FOR PURCHASE only.
    Purchase = 2,
    /// Message authentication codes.
    Mac = 6,
    /// Encryption: authentication data.
    Encrypt = 7,
    /// Message authentication codes and encryption.
    MacAndEncrypt = 8,
    /// Load: the MACs of a load.
    Load = 9,
    /// Transaction authentication codes.
    Tac = 12,
}

/// Whether DELIVERY SESSION KEY takes a session factor for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionFactor {
    /// It must be there: the working key is a session key.
    Required,
    /// Without it the diversified key itself is the working key.
    Optional,
    /// The diversified key itself is the working key.
    Absent,
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Purchase,
        Self::Mac,
        Self::Encrypt,
        Self::MacAndEncrypt,
        Self::Load,
        Self::Tac,
    ];

    /// The number in the usage byte.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Whether CIPHER DATA may make MACs with it.
    pub const fn makes_macs(self) -> bool {
        matches!(self, Self::Mac | Self::MacAndEncrypt | Self::Load | Self::Tac)
    }

    /// Whether CIPHER DATA may encrypt with it.
    pub const fn encrypts(self) -> bool {
        matches!(self, Self::Encrypt | Self::MacAndEncrypt)
    }

    /// The session factor of DELIVERY SESSION KEY. A key that only makes MACs may work without one, because four bytes of
    /// MAC do not give away a session key; a key that encrypts may not. `None`: it cannot be delivered.
    pub const fn session_factor(self) -> Option<SessionFactor> {
        match self {
            Self::Purchase => None,
            Self::Mac => Some(SessionFactor::Optional),
            Self::Encrypt | Self::MacAndEncrypt | Self::Load => Some(SessionFactor::Required),
            Self::Tac => Some(SessionFactor::Absent),
        }
    }
}

/// A usage byte: number of diversifications in the high three bits, kind in the low five.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Usage {
    /// Diversifications that are still to be done: 3 for a key of the ministry, 2 of a province, 1 of a city.
    pub levels: u8,
    /// What the key may do.
    pub kind: KeyKind,
}

impl Usage {
    /// Most diversifications.
    pub const MOST_LEVELS: u8 = 3;

    /// Reads the byte; `None` if it names no kind or not 1 to 3 levels.
    pub fn from_byte(byte: u8) -> Option<Self> {
        let (levels, kind) = (byte >> 5, KeyKind::from_number(byte & 0x1F)?);
        (1..=Self::MOST_LEVELS)
            .contains(&levels)
            .then_some(Self { levels, kind })
    }

    /// The byte.
    pub const fn byte(self) -> u8 {
        self.levels << 5 | self.kind.number()
    }

    /// The same kind with another number of levels.
    pub const fn with_levels(self, levels: u8) -> Self {
        Self {
            levels,
            kind: self.kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn bytes_of_the_sheet() {
        let parts = |byte| Usage::from_byte(byte).map(|usage| (usage.levels, usage.kind));
        assert_eq!(parts(0x67), Some((3, KeyKind::Encrypt)));
        assert_eq!(parts(0x48), Some((2, KeyKind::MacAndEncrypt)));
        assert_eq!(parts(0x26), Some((1, KeyKind::Mac)));
        assert_eq!(parts(0x22), Some((1, KeyKind::Purchase)));
        assert_eq!(parts(0x29), Some((1, KeyKind::Load)));
        assert_eq!(parts(0x4C), Some((2, KeyKind::Tac)));
        for wrong in [0x00, 0x07, 0x61, 0x65, 0x87, 0xE7, 0xFF] {
            assert_eq!(parts(wrong), None, "{wrong:02X}");
        }
        for byte in 0..=255 {
            assert!(Usage::from_byte(byte).is_none_or(|usage| usage.byte() == byte));
        }
    }

    #[test]
    fn every_usage_of_the_profiles_is_one() {
        for name in Profile::BUILTIN {
            for (_, key) in Profile::builtin(name).expect("profile").keys() {
                assert!(key.psam.is_none_or(|(usage, _)| Usage::from_byte(usage).is_some()));
            }
        }
    }
}
