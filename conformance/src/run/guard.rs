//! Before a run: whether PIN and keys belong to this card. A wrong key file would lock every key of a real card.

use crate::ConformanceError;
use crate::suite::Text;
use crate::terminal::{Terminal, with_data};
use card_model::profile::KeyRole;
use card_model::status::StatusWord;
use card_model::words::{Explain, Lang};
use reader::security::KeyReference;

/// Tries the issuer's proof, which costs nothing, and then each PIN that is given, once. Gives the reason where nothing can be
/// proved because the card has no such applications: then nobody knows what PIN and keys would be tried on.
///
/// # Errors
/// The card's proof is not that of the keys, or the card refuses a PIN ([`ConformanceError::Setup`]); the channel failed.
pub fn guard(terminal: &mut Terminal<'_>) -> Result<Option<Text>, ConformanceError> {
    let profile = terminal.subject.profile;
    let (mut proved, mut stranger) = (false, None);
    for (index, df) in profile.dedicated_files.iter().enumerate() {
        if let Some(definition) = df.key_with_role(KeyRole::InternalAuthentication) {
            let key = KeyReference { definition, version: 1 };
            if terminal.holds(key) {
                match terminal.enter(index) {
                    Ok(()) => proved |= proof(terminal, key)?,
                    Err(error) => stranger = Some(unproved(error)?),
                }
            }
        }
        if let Some(pin) = terminal.knows_pin(index).filter(|_| df.has_pin) {
            match terminal.enter(index) {
                Ok(()) => {
                    terminal.present(pin)?;
                    proved = true;
                }
                Err(error) => stranger = Some(unproved(error)?),
            }
        }
        let known = terminal.subject.certificate_pins.is_some();
        for pin in df.pins.iter().filter(|_| known) {
            let environment = profile.environment(index);
            let path = [environment, index];
            let path = &path[usize::from(environment == index)..];
            match path.iter().try_for_each(|df| terminal.enter(*df)) {
                Ok(()) => terminal.prove(&pin.name)?,
                Err(error) => stranger = Some(unproved(error)?),
            }
        }
    }
    terminal.reset()?;
    // One application that is not there, or blocked, is a matter for the cases, if others have proved whose card it is.
    Ok(stranger.filter(|_| !proved))
}

/// A dedicated file that cannot be selected is no mistake of the caller, but a card without it.
fn unproved(error: ConformanceError) -> Result<Text, ConformanceError> {
    match error {
        ConformanceError::Setup { .. } | ConformanceError::Answer { .. } => {
            Ok(Text::new(error.explain(Lang::Zh).what, error.explain(Lang::En).what))
        }
        error => Err(error),
    }
}

/// Whether the card has proved that it has the key; one that refuses to has not.
fn proof(terminal: &mut Terminal<'_>, key: KeyReference<'_>) -> Result<bool, ConformanceError> {
    let (factor, source) = ([0xA5; 8], [0x5A; 8]);
    let answer =
        terminal.send(&with_data([0x00, 0x88, 0x00, key.definition.id], &[factor, source].concat()).with_le(0))?;
    let card = terminal.subject.identity;
    let expected = terminal.module().authentication_data(key, card, &factor, &source)?;
    if answer.sw == StatusWord::OK && answer.data != expected {
        return Err(ConformanceError::OtherKeys);
    }
    Ok(answer.sw == StatusWord::OK)
}
