//! The commands of part 5 and of the model's COS, on a small card built through those commands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod authentication;
mod certificate;
mod interfaces;
mod life;
mod power;
mod records;
mod select;
mod support;

use card_model::card::Interface;
use card_model::crypto::Algorithm;
use support::Terminal;

const BOTH: [Algorithm; 2] = [Algorithm::Sm4, Algorithm::TripleDes];

fn card() -> Terminal {
    Terminal::issued(Algorithm::Sm4, Interface::Contactless)
}
