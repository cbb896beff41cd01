//! The arguments of `ssc hsm`.

use clap::{Args, Subcommand};

/// `ssc hsm`.
#[derive(Debug, Subcommand)]
pub enum Hsm {
    Answer(HsmAnswer),
    Serve(HsmServe),
}

/// `ssc hsm answer`.
#[derive(Debug, Args)]
pub struct HsmAnswer {
    /// `02|area|ATR|alg|address|factor|original|` and the like.
    #[arg(value_name = "REQUEST", required = true)]
    pub requests: Vec<String>,
    /// Version of the keys that requests of type 01 use.
    #[arg(long, value_name = "1|2|3", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub key_version: u8,
}

/// `ssc hsm serve`.
#[derive(Debug, Args)]
pub struct HsmServe {
    /// Where it listens.
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:8089",
        hide_default_value = true
    )]
    pub listen: String,
    /// Version of the keys that requests of type 01 use.
    #[arg(long, value_name = "1|2|3", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub key_version: u8,
}
