//! Sessions with the card model: every profile, every file, every way of authentication.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bench;
mod flow;
mod hostile;
mod pins;
mod quirks;
mod reading;
mod verifying;
mod writing;
