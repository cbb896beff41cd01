//! A small certification authority for tests and training: root, issuing authority, certificates from requests that cards
//! signed, encryption key pairs in the envelope of GM/T 0016, revocation lists.
//!
//! Its keys are plain files and marked TEST. It is no authority for real cards: there the ministry's and the provinces'
//! authorities sign.

mod authority;
mod error;
mod folder;
mod material;

pub use authority::{Authority, Issued, Lifetime, Revocation};
pub use error::CaError;
pub use folder::{CaFolder, IssuedEntry};
