//! Before a run: whether PIN and keys belong to this card. A wrong key file would lock every key of a real card.

use crate::ConformanceError;
use crate::terminal::{Terminal, with_data};
use card_model::profile::KeyRole;
use card_model::status::StatusWord;
use reader::security::KeyReference;

/// Tries the issuer's proof, which costs nothing, and then each PIN that is given, once.
///
/// # Errors
/// The card's proof is not that of the keys, or the card refuses a PIN ([`ConformanceError::Setup`]); the channel failed.
pub(super) fn guard(terminal: &mut Terminal<'_>) -> Result<(), ConformanceError> {
    let profile = terminal.subject.profile;
    for (index, df) in profile.dedicated_files.iter().enumerate() {
        if let Some(definition) = df.key_with_role(KeyRole::InternalAuthentication) {
            let key = KeyReference { definition, version: 1 };
            if terminal.holds(key) {
                terminal.enter(index)?;
                proof(terminal, key)?;
            }
        }
        if let Some(pin) = terminal.knows_pin(index).filter(|_| df.has_pin) {
            terminal.enter(index)?;
            terminal.present(pin)?;
        }
        let known = terminal.subject.certificate_pins.is_some();
        for pin in df.pins.iter().filter(|_| known) {
            let environment = profile.environment(index);
            terminal.enter(environment)?;
            if environment != index {
                terminal.enter(index)?;
            }
            terminal.prove(&pin.name)?;
        }
    }
    terminal.reset()
}

fn proof(terminal: &mut Terminal<'_>, key: KeyReference<'_>) -> Result<(), ConformanceError> {
    let (factor, source) = ([0xA5; 8], [0x5A; 8]);
    let answer =
        terminal.send(&with_data([0x00, 0x88, 0x00, key.definition.id], &[factor, source].concat()).with_le(0))?;
    let card = terminal.subject.identity;
    let expected = terminal.module().authentication_data(key, card, &factor, &source)?;
    if answer.sw == StatusWord::OK && answer.data != expected {
        return Err(ConformanceError::OtherKeys);
    }
    Ok(())
}
