//! The electronic social security card (电子社会保障卡): its codes.
//!
//! [`code`] makes and checks the identity and payment codes that a telephone shows; [`qr`] draws them.

pub mod code;
pub mod qr;
