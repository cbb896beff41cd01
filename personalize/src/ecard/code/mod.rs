//! Identity and payment codes: signed with SM2, good for some minutes, bound to channel and scene.
//!
//! A [`Scheme`] is a kind of issuer (the electronic card, the medical insurance credential): prefix, validity, scenes. A
//! [`Directory`] lists issuers with their public keys; it is all a verifier without a network needs. A [`CodeIssuer`] has
//! the private key and makes a [`SignedCode`] anew at each refresh; a [`Verifier`] answers with a [`Verdict`].
//!
//! # What a code says
//! 27 bytes, numbers big endian, then the signature `r ‖ s` of 64 bytes over prefix ‖ 27 bytes (GB/T 32918.2, usual
//! identifier). The layout is our own; no public source gives one.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 1 | version of the layout (upper half, 1) and kind (lower half, 1 identity, 2 payment) |
//! | 1 | 2 | issuer |
//! | 3 | 1 | key of the issuer |
//! | 4 | 4 | moment of issue, seconds since 1970 |
//! | 8 | 8 | electronic card |
//! | 16 | 8 | number of the code, random |
//! | 24 | 2 | channel: the application that shows it |
//! | 26 | 1 | scene: what it is shown for |
//!
//! No name and no citizen number is in it: who sees the code learns a card number that only the issuer can resolve.
//!
//! # How it is written
//! - Identity code: `SSC1:` and base45 (RFC 9285), which a QR code packs into 5.5 bits a character.
//! - Payment code: consumer-presented form of the EMV QR specification (version 1.1): 85 `CPV01`, 61 { 4F, 50, 63 { C1 } },
//!   in base64; C1, of the private class, holds the 91 bytes.

mod directory;
mod error;
mod issue;
mod payload;
mod scheme;
mod spent;
#[cfg(test)]
mod tests;
mod text;
mod verify;

pub use directory::{Directory, Issuer, IssuerKey};
pub use error::CodeError;
pub use issue::{CodeIssuer, CodeRequest};
pub use payload::{Code, CodeKind, SignedCode};
pub use scheme::{PaymentForm, Scene, Scheme};
pub use spent::{SpentCodes, SpentInMemory};
pub use verify::{Accepted, Occasion, Refusal, Verdict, Verifier};
