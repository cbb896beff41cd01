//! The arguments of `ssc ledger`.

use super::{LedgerServe, LedgerService, LedgerToken};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Which ledger, who is at work, by which rules.
#[derive(Debug, Args)]
pub struct LedgerPlace {
    /// `FILE`, `postgres://USER@HOST/DATABASE`, or `https://HOST:PORT` of a service.
    #[arg(long, env = "SSC_LEDGER", hide_env = true, value_name = "ADDRESS")]
    pub ledger: Option<String>,
    /// Member of the staff.
    #[arg(long = "as", id = "who", env = "SSC_STAFF", hide_env = true, value_name = "WHO")]
    pub who: Option<String>,
    /// Rules of the province.
    #[arg(long, env = "SSC_RULES", hide_env = true, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    #[command(flatten)]
    pub service: LedgerService,
}

/// `ssc ledger`.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    Init(LedgerInit),
    Outlet(LedgerOutlet),
    Staff(LedgerStaff),
    Token(LedgerToken),
    Serve(LedgerServe),
    Status(LedgerStatus),
    Overdue(LedgerOverdue),
    History(LedgerHistory),
    States(LedgerStates),
    Audit(LedgerAudit),
    Backup(LedgerBackup),
    Restore(LedgerRestore),
}

/// `ssc ledger init`.
#[derive(Debug, Args)]
pub struct LedgerInit {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Six digits of the province or city.
    #[arg(long, value_name = "DIGITS", default_value = "990000", hide_default_value = true)]
    pub region: String,
}

/// `ssc ledger outlet`.
#[derive(Debug, Args)]
pub struct LedgerOutlet {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Its number.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Its name.
    #[arg(long, value_name = "TEXT")]
    pub name: String,
    /// Six digits of its region; nothing: the ledger's.
    #[arg(long, value_name = "DIGITS")]
    pub region: Option<String>,
    /// Its bank.
    #[arg(long, value_name = "TEXT")]
    pub bank: String,
    /// Somebody who manages it from the first day; a new ledger needs one.
    #[arg(long, value_name = "WHO")]
    pub manager: Option<String>,
}

/// `ssc ledger staff`.
#[derive(Debug, Args)]
pub struct LedgerStaff {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Name in the log.
    #[arg(value_name = "WHO")]
    pub id: String,
    /// Where they work.
    #[arg(long, value_name = "ID")]
    pub outlet: String,
    /// What they may do.
    #[arg(long, value_name = "ROLE")]
    pub role: String,
    /// They work here no longer.
    #[arg(long)]
    pub gone: bool,
}

/// `ssc ledger status`.
#[derive(Debug, Args)]
pub struct LedgerStatus {
    #[command(flatten)]
    pub place: LedgerPlace,
}

/// `ssc ledger overdue`.
#[derive(Debug, Args)]
pub struct LedgerOverdue {
    #[command(flatten)]
    pub place: LedgerPlace,
}

/// `ssc ledger history`.
#[derive(Debug, Args)]
pub struct LedgerHistory {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Application, card, person, outlet or member of the staff.
    #[arg(value_name = "NUMBER")]
    pub subject: String,
}

/// `ssc ledger states`.
#[derive(Debug, Args)]
pub struct LedgerStates {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// The diagram, into a new file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// The rules built in, as a start for one's own.
    #[arg(long)]
    pub toml: bool,
}

/// `ssc ledger audit`.
#[derive(Debug, Args)]
pub struct LedgerAudit {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// JSON of an earlier audit: its lines must still be there.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,
}

/// `ssc ledger backup`.
#[derive(Debug, Args)]
pub struct LedgerBackup {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Where to; never written over.
    #[arg(value_name = "ADDRESS")]
    pub to: String,
}

/// `ssc ledger restore`.
#[derive(Debug, Args)]
pub struct LedgerRestore {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// The backup.
    #[arg(value_name = "ADDRESS")]
    pub from: String,
}
