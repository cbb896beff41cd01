//! The arguments of `ssc trace`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `ssc trace`.
#[derive(Debug, Subcommand)]
pub enum Trace {
    Explain(TraceExplain),
}

/// `ssc trace explain`.
#[derive(Debug, Args)]
pub struct TraceExplain {
    /// Log; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Card version or profile's file.
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Does not mask.
    #[arg(long)]
    pub reveal: bool,
}
