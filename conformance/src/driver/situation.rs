//! What a case needs of card and PSAM before the first call.

use crate::flow::Call;

/// The card in the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum CardState {
    /// The card under test.
    #[default]
    Present,
    /// None.
    None,
    /// Structure and keys, but no holder.
    Unpersonalized,
    /// The card under test with other keys.
    Forged,
    /// A card that is no social security card.
    Foreign,
    /// With key pairs and certificates in the certificate application.
    Certified,
    /// In the slot of an interface that it does not have: it does not answer.
    Mute,
}

/// The PSAM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum PsamState {
    /// Whatever the stand has.
    #[default]
    Any,
    /// One with all keys.
    Present,
    /// None.
    None,
    /// Without SM4.
    WithoutSm4,
    /// Without a key.
    WithoutKey(String),
    /// With the keys of another city.
    OtherCity,
}

/// Card and PSAM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Situation {
    /// The card.
    pub card: CardState,
    /// The PSAM.
    pub psam: PsamState,
    /// What is done with the card before, by card commands.
    pub prepare: Vec<Call>,
}

impl CardState {
    /// Reads the word of a case.
    ///
    /// # Errors
    /// None of the known words.
    pub fn parse(word: &str) -> Result<Self, String> {
        Ok(match word {
            "" | "present" => Self::Present,
            "none" => Self::None,
            "unpersonalized" => Self::Unpersonalized,
            "forged" => Self::Forged,
            "foreign" => Self::Foreign,
            "certified" => Self::Certified,
            "mute" => Self::Mute,
            other => return Err(format!("{other} is no state of a card")),
        })
    }
}

impl PsamState {
    /// Reads the words of a case.
    ///
    /// # Errors
    /// None of the known words.
    pub fn parse(words: &str) -> Result<Self, String> {
        Ok(match words {
            "" | "any" => Self::Any,
            "present" => Self::Present,
            "none" => Self::None,
            "without SM4" => Self::WithoutSm4,
            "of another city" => Self::OtherCity,
            other => match other.strip_prefix("without ") {
                Some(key) if !key.contains(' ') => Self::WithoutKey(key.to_owned()),
                _ => return Err(format!("{other} is no state of a PSAM")),
            },
        })
    }
}
