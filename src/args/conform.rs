//! Arguments of `ssc conform`.

use super::CertTrust;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `ssc conform`.
#[derive(Debug, Subcommand)]
pub enum Conform {
    List(ConformList),
    Run(ConformRun),
    Compare(ConformCompare),
    Coverage(ConformCoverage),
    Mutants(ConformMutants),
    Fuzz(ConformFuzz),
    #[command(hide = true)]
    Host(ConformHost),
}

/// `ssc conform coverage`.
#[derive(Debug, Args)]
pub struct ConformCoverage {
    /// Result file of a run.
    #[arg(value_name = "RESULT.json")]
    pub result: PathBuf,
    /// Only what is open or has no case.
    #[arg(long)]
    pub open: bool,
}

/// Which cases.
#[derive(Debug, Args)]
pub struct Selection {
    /// Named test items.
    #[arg(long, value_name = "ITEM")]
    pub suite: Vec<String>,
    /// Cases.
    #[arg(long, value_name = "ID")]
    pub case: Vec<String>,
}

/// `ssc conform list`.
#[derive(Debug, Args)]
pub struct ConformList {
    #[command(flatten)]
    pub selection: Selection,
    /// Card version whose cases are listed.
    #[arg(long, value_name = "3.0|2.0|1.0", default_value = "3.0", hide_default_value = true)]
    pub profile: String,
}

/// `ssc conform run`.
#[derive(Debug, Args)]
pub struct ConformRun {
    #[command(flatten)]
    pub selection: Selection,
    /// Further cards, at the same time.
    #[arg(long, value_name = "READER", conflicts_with = "driver")]
    pub also: Vec<String>,
    /// Driver whose functions are called: `builtin`, or a library.
    #[arg(long, value_name = "builtin|PATH")]
    pub driver: Option<String>,
    /// The terminal of the driver has a PSAM with all keys.
    #[arg(long, requires = "driver")]
    pub with_psam: bool,
    /// A person is at the keypad and types what is told.
    #[arg(long, requires = "driver")]
    pub attended: bool,
    /// Runs cases that cannot be undone, too.
    #[arg(long)]
    pub destructive: bool,
    #[command(flatten)]
    pub trust: CertTrust,
    /// Result file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Result file of a run that was interrupted.
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// One HTML page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `ssc conform compare`.
#[derive(Debug, Args)]
pub struct ConformCompare {
    /// Result file of the first run.
    #[arg(value_name = "A.json")]
    pub before: PathBuf,
    /// Result file of the second run.
    #[arg(value_name = "B.json")]
    pub after: PathBuf,
    /// One HTML page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `ssc conform mutants`.
#[derive(Debug, Args)]
pub struct ConformMutants {
    /// Defects by name; all if none is given.
    #[arg(value_name = "DEFECT")]
    pub defect: Vec<String>,
    /// Runs every case against every defect.
    #[arg(long)]
    pub all_cases: bool,
    /// Card version.
    #[arg(long, value_name = "3.0|2.0|1.0", default_value = "3.0", hide_default_value = true)]
    pub profile: String,
}

/// `ssc conform host`: what `run --driver PATH` starts for itself.
#[derive(Debug, Args)]
pub struct ConformHost {
    /// Library.
    #[arg(value_name = "PATH")]
    pub library: PathBuf,
    /// Only loads it.
    #[arg(long)]
    pub check: bool,
}

/// `ssc conform fuzz`.
#[derive(Debug, Args)]
pub struct ConformFuzz {
    /// Commands to send.
    #[arg(long, value_name = "N", default_value_t = 5000, hide_default_value = true)]
    pub commands: u64,
    /// Seconds after which to stop.
    #[arg(long, value_name = "S")]
    pub seconds: Option<u64>,
    /// Seed of the sequences.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Card version to ask for, where the card does not tell.
    #[arg(long, value_name = "3.0|2.0|1.0")]
    pub profile: Option<String>,
    /// Sends wrong PINs and proofs, too.
    #[arg(long)]
    pub spend_tries: bool,
    /// Sends everything.
    #[arg(long)]
    pub destructive: bool,
    /// Result file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Folder for the transcripts.
    #[arg(long, value_name = "DIR")]
    pub transcripts: Option<PathBuf>,
}
