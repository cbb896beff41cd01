//! The certificate application of third-generation cards from the terminal's side: PINs, key pairs, certificates, signatures
//! and envelopes (`spec/commands.md` §1.5, §8; `card-model/COS.md` for what no public source gives a coding for).
//!
//! [`CertificateApplication`] talks to the card; [`x509`], [`request`], [`chain`] and [`blob`] know the formats around it.
//! Entropy and the present time come in as parameters.

mod application;
pub mod blob;
pub mod chain;
mod check;
pub mod cipher;
pub mod commands;
mod distrust;
pub mod envelope;
mod error;
mod files;
mod keys;
mod master;
pub mod pins;
pub mod request;
mod revocation;
pub mod x509;

pub use application::CertificateApplication;
pub use check::{CardCheck, Trust, verify_card};
pub use error::{CertificateError, FormatError, role_words};
pub use files::BlockSize;

#[cfg(test)]
mod tests;
