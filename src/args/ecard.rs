//! The arguments of `ssc ecard`.

use super::{LedgerPlace, OrderAgent};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `ssc ecard`.
#[derive(Debug, Subcommand)]
pub enum Ecard {
    Register(EcardAct),
    Bind(EcardAct),
    Unbind(EcardAct),
    Password(EcardPassword),
    Payment(EcardPayment),
    Deregister(EcardAct),
    Show(EcardShow),
    Verify(EcardVerify),
    Status(EcardStatus),
    History(EcardHistory),
    #[command(subcommand)]
    Keys(EcardKeys),
}

/// On what.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct EcardTarget {
    /// Social security number.
    #[arg(long, value_name = "NUMBER")]
    pub person: Option<String>,
    /// Card number.
    #[arg(long, value_name = "NUMBER")]
    pub card: Option<String>,
    /// Number of the electronic card.
    #[arg(long, value_name = "NUMBER")]
    pub ecard: Option<String>,
}

/// An act on an electronic card.
#[derive(Debug, Args)]
pub struct EcardAct {
    #[command(flatten)]
    pub place: LedgerPlace,
    #[command(flatten)]
    pub target: EcardTarget,
    /// Channel.
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// Method by which it is made sure who the holder is.
    #[arg(long, value_name = "METHOD")]
    pub real_name: Option<String>,
    #[command(flatten)]
    pub agent: OrderAgent,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Number of the request: the same is never done twice.
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,
}

/// What is done with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PasswordAct {
    Set,
    Change,
    Reset,
}

/// `ssc ecard password`.
#[derive(Debug, Args)]
pub struct EcardPassword {
    /// What is done.
    #[arg(value_enum, value_name = "set|change|reset", hide_possible_values = true)]
    pub what: PasswordAct,
    #[command(flatten)]
    pub act: EcardAct,
}

/// What is done with payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PaymentAct {
    Open,
    Close,
}

/// `ssc ecard payment`.
#[derive(Debug, Args)]
pub struct EcardPayment {
    /// What is done.
    #[arg(value_enum, value_name = "open|close", hide_possible_values = true)]
    pub what: PaymentAct,
    #[command(flatten)]
    pub act: EcardAct,
    /// Reserved mobile number, as the holder names it.
    #[arg(long, value_name = "NUMBER")]
    pub mobile: Option<String>,
}

/// `ssc ecard show`.
#[derive(Debug, Args)]
pub struct EcardShow {
    #[command(flatten)]
    pub place: LedgerPlace,
    #[command(flatten)]
    pub target: EcardTarget,
    /// Channel that shows it.
    #[arg(long, value_name = "NAME")]
    pub channel: String,
    /// What it is shown for: number or name.
    #[arg(long, value_name = "SCENE", default_value = "1", hide_default_value = true)]
    pub scene: String,
    /// A payment code.
    #[arg(long)]
    pub payment: bool,
    /// Folder of the issuers.
    #[arg(long, env = "SSC_ISSUERS", hide_env = true, value_name = "DIR")]
    pub issuers: PathBuf,
    /// Number of the issuer, where there is more than one.
    #[arg(long, value_name = "N")]
    pub issuer: Option<u16>,
    /// The picture as PNG, into a new file.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// The picture as SVG, into a new file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Number of the request: the same is never done twice.
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,
}

/// `ssc ecard verify`.
#[derive(Debug, Args)]
pub struct EcardVerify {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// What was scanned; `-`: the first line of stdin.
    #[arg(value_name = "CODE", allow_hyphen_values = true)]
    pub code: String,
    /// Directory of the issuers: a file, or a folder with one.
    #[arg(long, env = "SSC_ISSUERS", hide_env = true, value_name = "PATH")]
    pub issuers: PathBuf,
    /// What it is taken for: number or name.
    #[arg(long, value_name = "SCENE", default_value = "1", hide_default_value = true)]
    pub scene: String,
    /// A payment code is wanted.
    #[arg(long)]
    pub payment: bool,
    /// The only channel that is taken.
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// What is paid, in yuan.
    #[arg(long, value_name = "YUAN", requires = "payment")]
    pub amount: Option<String>,
    /// Without the ledger.
    #[arg(long)]
    pub offline: bool,
    /// The clock that counts, without the ledger.
    #[arg(long, value_name = "MOMENT", requires = "offline")]
    pub at: Option<jiff::Timestamp>,
    /// Number of the request: the same is never done twice.
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,
}

/// `ssc ecard status`.
#[derive(Debug, Args)]
pub struct EcardStatus {
    #[command(flatten)]
    pub place: LedgerPlace,
    #[command(flatten)]
    pub target: EcardTarget,
}

/// `ssc ecard history`.
#[derive(Debug, Args)]
pub struct EcardHistory {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Number of the electronic card.
    #[arg(value_name = "NUMBER")]
    pub ecard: String,
}

/// `ssc ecard keys`.
#[derive(Debug, Subcommand)]
pub enum EcardKeys {
    New(EcardKeysNew),
    List(EcardKeysList),
}

/// `ssc ecard keys new`.
#[derive(Debug, Args)]
pub struct EcardKeysNew {
    /// Folder of the issuers.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Number of the issuer.
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true)]
    pub issuer: u16,
    /// Its name.
    #[arg(long, value_name = "TEXT")]
    pub name: String,
    /// Its scheme.
    #[arg(
        long,
        value_name = "ecard|insurance",
        default_value = "ecard",
        hide_default_value = true
    )]
    pub scheme: String,
    /// How long the key signs, in days.
    #[arg(long, value_name = "N", default_value_t = 730, hide_default_value = true, value_parser = clap::value_parser!(i64).range(1..=36500))]
    pub days: i64,
}

/// `ssc ecard keys list`.
#[derive(Debug, Args)]
pub struct EcardKeysList {
    /// Directory of the issuers: a file, or a folder with one.
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}
