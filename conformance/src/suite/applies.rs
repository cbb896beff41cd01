//! Whether a case applies to a card, and why not.

use super::TRUST;
use super::case::Case;
use super::format::{InterfaceName, Text};
use crate::ConformanceError;
use crate::flow::{Reference, Routines};
use crate::terminal::Subject;
use card_model::card::Interface;
use card_model::crypto::Algorithm;

impl Case {
    /// Why the case does not apply to a card on an interface; `None`: it does.
    ///
    /// # Errors
    /// A routine does not exist.
    pub fn obstacle(
        &self,
        subject: Subject<'_>,
        interface: Interface,
        routines: &Routines,
    ) -> Result<Option<Text>, ConformanceError> {
        let generation = subject.profile.generation;
        if !self.generations.is_empty() && !self.generations.contains(&generation) {
            return Ok(Some(Text::new(
                format!("不适用于第 {generation} 代卡"),
                format!("not for cards of generation {generation}"),
            )));
        }
        if !self.interfaces.is_empty() && !self.interfaces.contains(&InterfaceName::from(interface)) {
            return Ok(Some(match interface {
                Interface::Contact => Text::new("仅适用于非接触界面", "for the contactless interface only"),
                Interface::Contactless => Text::new("仅适用于接触界面", "for the contact interface only"),
            }));
        }
        for need in &self.needs {
            if let Some(obstacle) = need_obstacle(need, subject) {
                return Ok(Some(obstacle));
            }
        }
        let references = self.references(routines)?;
        Ok(references
            .iter()
            .find_map(|reference| reference_obstacle(reference, subject)))
    }
}

/// What a need that is written in a case stands for. `None`: it is none of the known forms.
pub(super) fn need_reference(need: &str) -> Option<Reference> {
    match need.split_once(' ') {
        Some(("version", key)) => {
            let (name, version) = key.split_once('@')?;
            let name = name.to_owned();
            Some(match version.parse().ok()? {
                1 => Reference::Key(name),
                version => Reference::Version(name, version),
            })
        }
        Some(("key", name)) => Some(Reference::Key(name.to_owned())),
        None if need == "pin" => Some(Reference::Pin),
        None if need.contains('/') => Some(Reference::Path(need.to_owned())),
        None if !is_cipher(need) && need != TRUST => Some(Reference::DedicatedFile(need.to_owned())),
        _ => None,
    }
}

pub(super) fn is_cipher(need: &str) -> bool {
    matches!(need, "SM4" | "3DES")
}

pub(super) fn need_obstacle(need: &str, subject: Subject<'_>) -> Option<Text> {
    match need {
        "SM4" => (subject.profile.algorithm != Algorithm::Sm4)
            .then(|| Text::new("仅适用于 SM4 卡", "for cards with SM4 only")),
        "3DES" => (subject.profile.algorithm != Algorithm::TripleDes)
            .then(|| Text::new("仅适用于 3DES 卡", "for cards with 3DES only")),
        // The runner has it, not the card.
        TRUST => None,
        "certificate pins" => subject.certificate_pins.is_none().then(unknown_pins),
        need => need_reference(need).and_then(|reference| reference_obstacle(&reference, subject)),
    }
}

fn unknown_pins() -> Text {
    Text::new(
        "未提供证书应用的 PIN",
        "the PINs of the certificate application are not given",
    )
}

fn reference_obstacle(reference: &Reference, subject: Subject<'_>) -> Option<Text> {
    let profile = subject.profile;
    let missing = |there: bool, name: &str| {
        (!there).then(|| Text::new(format!("该卡没有 {name}"), format!("this card has no {name}")))
    };
    match reference {
        Reference::DedicatedFile(id) => missing(profile.dedicated_file(id).is_some(), id),
        Reference::Path(path) => missing(profile.locate(path).is_ok(), path),
        Reference::Key(name) if profile.certificate_pin(name).is_some() => {
            subject.certificate_pins.is_none().then(unknown_pins)
        }
        Reference::Key(name) => missing(profile.key(name).is_some(), name),
        Reference::Version(name, version) => {
            let loaded = profile.key(name).is_some_and(|(_, key)| *version <= key.versions);
            missing(loaded, &format!("{name} v{version}"))
        }
        Reference::TransactionKey(name, index) => missing(
            profile.transaction_key(name, *index).is_some(),
            &format!("{name} {index}"),
        ),
        Reference::Pin if profile.dedicated_files.iter().any(|df| df.has_pin) => subject
            .pin
            .is_none()
            .then(|| Text::new("未提供 PIN", "the PIN is not given")),
        Reference::Pin => missing(false, "PIN"),
    }
}
