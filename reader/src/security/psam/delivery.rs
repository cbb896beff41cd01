//! DELIVERY SESSION KEY with the usage that the PSAM holds, and CIPHER DATA.

use super::PsamModule;
use crate::channel::Channel;
use crate::command::Command;
use crate::security::{CardIdentity, KeyReference, SecurityModuleError};
use card_model::crypto::{Algorithm, MAC_LENGTH};
use card_model::profile::KeyLevel;
use card_model::psam::{KeyKind, SessionFactor, Usage};
use card_model::status::StatusWord;

/// What a key is needed for; decides which types of key will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// Authentication data.
    Encrypt,
    /// MAC of a secure message.
    Mac,
    /// Encryption and MAC of a secure message.
    EncryptAndMac,
    /// MAC under the card's key itself.
    PlainMac,
    /// Transaction authentication code.
    Tac,
}

impl Purpose {
    fn suits(self, kind: KeyKind) -> bool {
        let plain = matches!(
            kind.session_factor(),
            Some(SessionFactor::Optional | SessionFactor::Absent)
        );
        match self {
            Self::Encrypt => kind.encrypts(),
            Self::Mac => kind.makes_macs() && kind != KeyKind::Tac,
            Self::EncryptAndMac => kind.encrypts() && kind.makes_macs(),
            Self::PlainMac => plain && kind == KeyKind::Mac,
            Self::Tac => kind == KeyKind::Tac,
        }
    }
}

/// Usage bytes to try, the listed one first, then its type at the other levels, then other types that will do.
pub(super) fn candidates(listed: Usage, purpose: Purpose) -> Vec<Usage> {
    let others = KeyKind::ALL.into_iter().filter(|kind| *kind != listed.kind);
    std::iter::once(listed.kind)
        .chain(others)
        .filter(|kind| purpose.suits(*kind))
        .flat_map(|kind| at_all_levels(Usage { kind, ..listed }))
        .collect()
}

/// A usage and the same type at the other levels.
pub(super) fn at_all_levels(listed: Usage) -> impl Iterator<Item = Usage> {
    let levels = (1..=Usage::MOST_LEVELS)
        .rev()
        .filter(move |level| *level != listed.levels);
    std::iter::once(listed.levels)
        .chain(levels)
        .map(move |levels| listed.with_levels(levels))
}

/// Most data of one CIPHER DATA, a multiple of both block lengths that all readers take.
const PART: usize = 0xE0;

impl<C: Channel> PsamModule<C> {
    /// Usage byte and identifier of a key, after asking whether the PSAM holds the wanted version.
    pub(super) fn address(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
    ) -> Result<(Usage, u8), SecurityModuleError> {
        let definition = key.definition;
        let held = if definition.role.is_transaction() {
            1
        } else {
            self.version_of(definition.level, card.algorithm)?
        };
        let coordinates = definition
            .psam
            .and_then(|(usage, id)| Some((Usage::from_byte(usage)?, id)))
            .filter(|_| key.version == held.min(definition.versions));
        coordinates.ok_or_else(|| self.missing(&definition.name, key.version, card))
    }

    /// Makes the PSAM hold the card's working key, and tells the usage of the key that did. `factor` is a session factor,
    /// filled with 00 to the block.
    pub(super) fn deliver(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        purpose: Purpose,
        factor: Option<&[u8]>,
    ) -> Result<Usage, SecurityModuleError> {
        let (listed, id) = self.address(key, card)?;
        let remembered = self.usages.get(&(card.algorithm, id, purpose)).copied();
        let tried = candidates(listed, purpose);
        for usage in remembered.into_iter().chain(tried) {
            match self.deliver_as(usage, id, card, factor)? {
                sw if sw.is_ok() => {
                    self.usages.insert((card.algorithm, id, purpose), usage);
                    return self.check_level(usage, key, card).map(|()| usage);
                }
                sw if is_not_there(sw) => {}
                sw => return Err(self.refused("DELIVERY SESSION KEY", sw)),
            }
        }
        self.usages.remove(&(card.algorithm, id, purpose));
        Err(self.missing(&key.definition.name, key.version, card))
    }

    /// One DELIVERY SESSION KEY: as many factors as the usage asks for, lowest level first.
    pub(super) fn deliver_as(
        &mut self,
        usage: Usage,
        id: u8,
        card: &CardIdentity,
        factor: Option<&[u8]>,
    ) -> Result<StatusWord, SecurityModuleError> {
        self.enter(card.algorithm)?;
        let mut data = factors(card, usage.levels);
        if let Some(factor) = factor {
            let mut block = factor.to_vec();
            block.resize(card.algorithm.block(), 0);
            data.extend(block);
        }
        let command = Command::new(0xBF, 0xDE, usage.byte(), id).with_data(&data);
        Ok(self.send("DELIVERY SESSION KEY", command)?.sw)
    }

    /// Refuses a key whose missing factors are those of another region: the card would count a failed try.
    pub(super) fn check_level(
        &self,
        usage: Usage,
        key: KeyReference<'_>,
        card: &CardIdentity,
    ) -> Result<(), SecurityModuleError> {
        let Some(region) = self.region() else { return Ok(()) };
        let own = CardIdentity {
            region: region.clone(),
            ..card.clone()
        };
        let same_province = own.province_factor() == card.province_factor();
        let same_city = own.city_factor() == card.city_factor();
        let reaches = match (usage.levels, key.definition.level) {
            (0 | 1, _) => same_city,
            (2, _) => same_province,
            (_, KeyLevel::Ministry) => true,
            _ => same_province,
        };
        if reaches {
            return Ok(());
        }
        Err(SecurityModuleError::LevelTooLow {
            name: key.definition.name.clone(),
            usage: usage.byte(),
            psam: region,
            card: card.region.clone(),
            module: self.name.clone(),
        })
    }

    /// CIPHER DATA, encryption of whole blocks with the delivered key, which that ends.
    pub(super) fn encrypt(&mut self, blocks: &[u8]) -> Result<Vec<u8>, SecurityModuleError> {
        let mut cipher = Vec::with_capacity(blocks.len());
        let mut parts = blocks.chunks(PART).peekable();
        while let Some(part) = parts.next() {
            let p1 = if parts.peek().is_some() { 0x02 } else { 0x00 };
            let answer = self.cipher(p1, part)?;
            if answer.len() != part.len() {
                return Err(self.odd_answer());
            }
            cipher.extend(answer);
        }
        Ok(cipher)
    }

    /// CIPHER DATA, a MAC with initial value zero with the delivered key, which that ends. The PSAM pads.
    pub(super) fn mac(&mut self, algorithm: Algorithm, data: &[u8]) -> Result<[u8; MAC_LENGTH], SecurityModuleError> {
        let initial = vec![0; algorithm.block()];
        let whole = [initial.as_slice(), data].concat();
        let answer = if whole.len() <= PART {
            self.cipher(0x05, &whole)?
        } else {
            // The last part may be short but not empty.
            let (head, last) = whole.split_at((whole.len() - 1) / PART * PART);
            for (index, part) in head.chunks(PART).enumerate() {
                self.cipher(if index == 0 { 0x07 } else { 0x03 }, part)?;
            }
            self.cipher(0x01, last)?
        };
        answer.try_into().map_err(|_| self.odd_answer())
    }

    fn cipher(&mut self, p1: u8, data: &[u8]) -> Result<Vec<u8>, SecurityModuleError> {
        const NAME: &str = "CIPHER DATA";
        let command = Command::new(0x80, 0xFA, p1, 0x00).with_data(data);
        let command = command.map(|command| command.with_le(0));
        let answer = self.send(NAME, command)?;
        if answer.sw.is_ok() {
            Ok(answer.data)
        } else {
            Err(self.refused(NAME, answer.sw))
        }
    }

    pub(super) fn odd_answer(&self) -> SecurityModuleError {
        self.failed("the answer has not the length that the command asks for")
    }
}

/// The card's factors for a number of levels, lowest level first: card, city, province.
pub(super) fn factors(card: &CardIdentity, levels: u8) -> Vec<u8> {
    [card.card_factor(), card.city_factor(), card.province_factor()]
        .into_iter()
        .take(usize::from(levels))
        .flatten()
        .collect()
}

/// Status words that mean "not under this usage": wrong number of levels, no such key, a usage that the PSAM does not know.
pub(super) fn is_not_there(sw: StatusWord) -> bool {
    matches!(
        sw,
        StatusWord::WRONG_DATA
            | StatusWord::REFERENCE_NOT_FOUND
            | StatusWord::CONDITIONS_NOT_SATISFIED
            | StatusWord::WRONG_P1P2
            | StatusWord::WRONG_LENGTH
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(byte: u8, purpose: Purpose) -> Vec<u8> {
        let listed = Usage::from_byte(byte).expect("a usage");
        candidates(listed, purpose).into_iter().map(Usage::byte).collect()
    }

    /// As real readers try (`spec/files.md` §6.1, note a).
    #[test]
    fn usages_in_the_order_of_real_readers() {
        assert_eq!(tried(0x67, Purpose::Encrypt), [0x67, 0x47, 0x27, 0x68, 0x48, 0x28]);
        assert_eq!(tried(0x47, Purpose::Encrypt), [0x47, 0x67, 0x27, 0x48, 0x68, 0x28]);
        assert_eq!(tried(0x48, Purpose::Encrypt), [0x48, 0x68, 0x28, 0x47, 0x67, 0x27]);
        assert_eq!(tried(0x26, Purpose::EncryptAndMac), [0x28, 0x68, 0x48]);
        assert_eq!(tried(0x26, Purpose::Mac)[..6], [0x26, 0x66, 0x46, 0x28, 0x68, 0x48]);
        assert_eq!(tried(0x67, Purpose::PlainMac), [0x66, 0x46, 0x26]);
        assert_eq!(tried(0x4C, Purpose::Tac), [0x4C, 0x6C, 0x2C]);
        assert_eq!(tried(0x29, Purpose::Mac)[..3], [0x29, 0x69, 0x49]);
    }
}
