//! The electronic social security card (电子社会保障卡): its codes. The card itself is kept in the [ledger](crate::ledger).
//!
//! [`code`] makes and checks the identity and payment codes that a telephone shows; [`qr`] draws them; an [`IssuerFolder`] holds the
//! TEST keys of those who issue them; a [`Till`] checks them on line.

pub mod code;
mod folder;
pub mod qr;
mod till;

pub use folder::{FolderError, IssuerFolder, directory};
pub use till::{Answer, Till};
