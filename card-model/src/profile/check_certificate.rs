//! What must hold for the PINs, key files and certificate files of a certificate application.

use crate::crypto::Algorithm;
use crate::profile::check::{Checked, Spot, broken, is_name, is_transaction};
use crate::profile::error::Fault;
use crate::profile::rule::{Rule, Thing};
use crate::profile::{
    DedicatedFile, DedicatedFileKind, ElementaryFile, KeyDefinition, PinDefinition, Profile, Structure,
};

/// PINs of one dedicated file: names and identifiers, which they share with the keys, and one for each role.
pub(super) fn pins(profile: &Profile, i: usize, df: &DedicatedFile) -> Checked {
    for (j, pin) in df.pins.iter().enumerate() {
        let at = |fault| (Spot::Pin(i, j), fault);
        if !is_name(&pin.name) {
            return Err(at(broken(Rule::KeyName, pin.name.clone())));
        }
        if profile.algorithm != Algorithm::Sm4 {
            return Err(at(broken(Rule::PinAlgorithm, profile.algorithm.name())));
        }
        let local = df.kind == DedicatedFileKind::Adf;
        if pin.id & 0x60 != 0 || (pin.id >= 0x80) != local {
            return Err(at(broken(Rule::PinIdentifier, format!("{:02X}", pin.id))));
        }
        let same = |other: &PinDefinition| other.name == pin.name || other.id == pin.id || other.role == pin.role;
        let key = |key: &KeyDefinition| key.name == pin.name || !is_transaction(key) && key.id == pin.id;
        if df.pins[..j].iter().any(same) || df.keys.iter().any(key) {
            let value = format!("{} {:02X}", pin.name, pin.id);
            return Err(at(Fault::Duplicate {
                what: Thing::Pin,
                value,
            }));
        }
    }
    Ok(())
}

/// Files of keys and certificates: sizes that the commands need, and one file for each purpose.
pub(super) fn key_file(i: usize, j: usize, df: &DedicatedFile, file: &ElementaryFile) -> Checked {
    let at = |fault| Err((Spot::File(i, j), fault));
    match (file.structure, file.key_pair, file.certificate_of) {
        (_, None, None) => return Ok(()),
        (Structure::Transparent { size: 0x42 } | Structure::Internal { size: 0x22 }, Some(_), None)
        | (Structure::Transparent { .. }, None, Some(_)) => {}
        _ => return at(broken(Rule::KeyFile, format!("{:02X}", file.size()))),
    }
    let internal = |file: &ElementaryFile| matches!(file.structure, Structure::Internal { .. });
    let same = |other: &ElementaryFile| {
        (other.key_pair, other.certificate_of) == (file.key_pair, file.certificate_of)
            && internal(other) == internal(file)
    };
    if df.files[..j].iter().any(same) {
        let value = format!("{:04X}", file.fid);
        return at(Fault::Duplicate {
            what: Thing::KeyFile,
            value,
        });
    }
    Ok(())
}
