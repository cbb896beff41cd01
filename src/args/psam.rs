//! Arguments of `ssc psam`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `ssc psam`.
#[derive(Debug, Subcommand)]
pub enum Psam {
    New(PsamNew),
    Info(PsamInfo),
    Serve(PsamServe),
}

/// Levels of a PSAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PsamLevelName {
    Ministry,
    Province,
    City,
    Listed,
}

/// `ssc psam new`.
#[derive(Debug, Args)]
pub struct PsamNew {
    /// File to make; never overwritten.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How far down the hierarchy its keys stand.
    #[arg(
        long,
        value_enum,
        value_name = "ministry|province|city|listed",
        default_value = "ministry",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub level: PsamLevelName,
    /// Region, six digits.
    #[arg(long, value_name = "6DIGITS")]
    pub region: Option<String>,
    /// Last six digits of the terminal number.
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u32).range(0..=999_999))]
    pub terminal: u32,
    /// Serial number, twenty digits.
    #[arg(long, value_name = "20DIGITS")]
    pub serial: Option<String>,
    /// Version of the card keys that it holds.
    #[arg(long, value_name = "1|2|3", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub key_version: u8,
    /// Keys by name and ciphers that it shall not hold.
    #[arg(long, value_name = "KEY|sm4|3des")]
    pub without: Vec<String>,
}

/// `ssc psam info`.
#[derive(Debug, Args)]
pub struct PsamInfo {
    /// PSAM file; without it the PSAM of `--psam`.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `ssc psam serve`.
#[derive(Debug, Args)]
pub struct PsamServe {
    /// PSAM file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Address of the virtual reader; by default its second slot.
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:35964",
        hide_default_value = true
    )]
    pub vpcd: String,
}
