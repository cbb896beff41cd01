//! The whole way of a certificate: key in the card, request, test authority, certificate in the card, checks, and OpenSSL as
//! the second opinion on all of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bench;
mod chain;
mod folder;
mod interop;
mod lifecycle;
mod master;
mod openssl;
mod pins;
mod power;
