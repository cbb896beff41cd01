//! Where the medical account of the current application lies, for defects that change it behind the card's back.

use super::super::account::AMOUNTS;
use super::super::object::EfStructure;
use super::super::{Card, Condition};

/// Offset of the sequence number of the proof behind the amounts; the type is in front of it, MAC and TAC follow.
pub const PROOF_SEQUENCE: usize = AMOUNTS + 1;
/// Offset of the TAC of the proof behind the amounts.
pub const PROOF_TAC: usize = AMOUNTS + 7;

/// Address of the amounts file of the current application.
pub fn amounts(card: &Card) -> Option<usize> {
    let session = card.session.as_deref()?;
    let files = card.files.dfs[session.df].files.iter().map(|i| &card.files.efs[*i]);
    let mut amounts = files.filter(|ef| ef.structure == EfStructure::Internal && ef.size == AMOUNTS);
    amounts.next().map(|ef| ef.body)
}

/// Index of the log of the current application.
pub fn log(card: &Card) -> Option<usize> {
    let session = card.session.as_deref()?;
    let mut files = card.files.dfs[session.df].files.iter().copied();
    files.find(|i| {
        let ef = &card.files.efs[*i];
        ef.structure == EfStructure::Cyclic && ef.update == Condition::default()
    })
}

/// Writes into the memory, not through the journal's power limit: the command is over.
pub fn write(card: &mut Card, address: usize, bytes: &[u8]) {
    // A card that lost its power here is found so by the next power-on.
    let _ = card.memory.commit(&[(address, bytes)]);
}
