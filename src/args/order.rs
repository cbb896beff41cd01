//! The arguments of `ssc order`: what the acts of the rules need.

use super::LedgerPlace;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `ssc order`; the acts have the names of the rules.
#[derive(Debug, Subcommand)]
pub enum Order {
    Apply(OrderApply),
    Instant(OrderInstant),
    Batch(OrderBatch),
    Pay(OrderAct),
    Withdraw(OrderAct),
    Make(OrderMake),
    Fail(OrderAct),
    Made(OrderMade),
    Deliver(OrderAct),
    Collect(OrderAct),
    Return(OrderAct),
    Activate(OrderAct),
    ActivateAccount(OrderAct),
    ChangePin(OrderAct),
    ResetPin(OrderAct),
    LoseOrally(OrderAct),
    Lose(OrderAct),
    Find(OrderAct),
    Lock(OrderAct),
    Unlock(OrderAct),
    Block(OrderAct),
    Blocked(OrderAct),
    SettleMedical(OrderAct),
    SettleAccount(OrderAct),
    Cancel(OrderAct),
    Die(OrderAct),
    ReserveMobile(OrderMobile),
    Progress(OrderProgress),
    Show(OrderShow),
    Receipts(OrderReceipts),
}

/// On what.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct OrderTarget {
    /// Social security number.
    #[arg(long, value_name = "NUMBER")]
    pub person: Option<String>,
    /// Application number.
    #[arg(long, value_name = "NUMBER")]
    pub application: Option<String>,
    /// Card number.
    #[arg(long, value_name = "NUMBER")]
    pub card: Option<String>,
}

/// Who acts for the holder.
#[derive(Debug, Args)]
pub struct OrderAgent {
    /// Name of the agent or guardian.
    #[arg(long, value_name = "NAME", requires = "agent_document")]
    pub agent: Option<String>,
    /// Their document: kind and number.
    #[arg(long, value_name = "DOCUMENT", requires = "agent")]
    pub agent_document: Option<String>,
    /// They are the guardian.
    #[arg(long, requires = "agent")]
    pub guardian: bool,
}

/// An act on an application or card.
#[derive(Debug, Args)]
pub struct OrderAct {
    #[command(flatten)]
    pub place: LedgerPlace,
    #[command(flatten)]
    pub target: OrderTarget,
    #[command(flatten)]
    pub agent: OrderAgent,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The card is in the clerk's hand; with a reader the card itself says so.
    #[arg(long)]
    pub in_hand: bool,
    /// The holder chose a PIN in place of the initial one.
    #[arg(long)]
    pub pin_chosen: bool,
    /// In yuan.
    #[arg(long, value_name = "YUAN")]
    pub amount: Option<String>,
    /// Number of the request: the same is never done twice.
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,
}

/// `ssc order apply`.
#[derive(Debug, Args)]
pub struct OrderApply {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Social security number.
    #[arg(long, value_name = "NUMBER")]
    pub person: String,
    /// Full name.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Kind of document.
    #[arg(long, value_name = "KIND")]
    pub document: Option<String>,
    /// Its number, where it is not the social security number.
    #[arg(long, value_name = "NUMBER")]
    pub document_number: Option<String>,
    /// 1 male, 2 female, 9 not stated.
    #[arg(long, value_name = "1|2|9")]
    pub sex: Option<String>,
    /// Date of birth.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub birth: Option<jiff::civil::Date>,
    /// Mobile number.
    #[arg(long, value_name = "NUMBER")]
    pub mobile: Option<String>,
    /// First card, replacement, renewal, change of bank.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Channel.
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// Bank.
    #[arg(long, value_name = "TEXT")]
    pub bank: Option<String>,
    /// Code of the reason for a re-issue.
    #[arg(long, value_name = "CODE")]
    pub reason_code: Option<String>,
    /// The card elsewhere that its holder agrees to merge.
    #[arg(long, value_name = "CARD")]
    pub merge: Option<String>,
    /// The old card is handed in.
    #[arg(long)]
    pub in_hand: bool,
    #[command(flatten)]
    pub agent: OrderAgent,
    /// Number of the request: the same is never done twice.
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,
}

/// `ssc order instant`.
#[derive(Debug, Args)]
pub struct OrderInstant {
    #[command(flatten)]
    pub apply: OrderApply,
    /// The fee was taken.
    #[arg(long)]
    pub paid: bool,
    /// Settings of the issuer as TOML.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Journal of the chips.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
}

/// `ssc order batch`.
#[derive(Debug, Args)]
pub struct OrderBatch {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// CSV or XLSX.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Channel.
    #[arg(long, value_name = "CHANNEL", default_value = "employer", hide_default_value = true)]
    pub channel: String,
    /// Where the rejected rows go.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}

/// `ssc order make`.
#[derive(Debug, Args)]
pub struct OrderMake {
    #[command(flatten)]
    pub place: LedgerPlace,
    #[command(flatten)]
    pub target: OrderTarget,
    /// Card number; nothing: the next one.
    #[arg(long, value_name = "NUMBER")]
    pub card_number: Option<String>,
    /// Settings of the issuer as TOML.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Journal of the chips; needed in a reader so that a pulled card is completed.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Number of the request: the same is never done twice.
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,
}

/// `ssc order made`.
#[derive(Debug, Args)]
pub struct OrderMade {
    #[command(flatten)]
    pub place: LedgerPlace,
    #[command(flatten)]
    pub target: OrderTarget,
    /// Card identification code.
    #[arg(long, value_name = "32HEX")]
    pub card_id: Option<String>,
    /// Historical bytes.
    #[arg(long, value_name = "26HEX")]
    pub historical: Option<String>,
    /// Number of the financial account.
    #[arg(long, value_name = "NUMBER")]
    pub bank_number: Option<String>,
    /// Issue date.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub issued: Option<jiff::civil::Date>,
    /// Expiry date.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub expires: Option<jiff::civil::Date>,
    /// Number of the request: the same is never done twice.
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,
}

/// `ssc order reserve-mobile`.
#[derive(Debug, Args)]
pub struct OrderMobile {
    #[command(flatten)]
    pub place: LedgerPlace,
    #[command(flatten)]
    pub target: OrderTarget,
    /// Mobile number.
    #[arg(long, value_name = "NUMBER")]
    pub mobile: String,
    /// Number of the request: the same is never done twice.
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,
}

/// `ssc order progress`.
#[derive(Debug, Args)]
pub struct OrderProgress {
    #[command(flatten)]
    pub place: LedgerPlace,
    #[command(flatten)]
    pub target: OrderTarget,
}

/// `ssc order show`.
#[derive(Debug, Args)]
pub struct OrderShow {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Social security number.
    #[arg(long, value_name = "NUMBER")]
    pub person: String,
}

/// `ssc order receipts`.
#[derive(Debug, Args)]
pub struct OrderReceipts {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Batch; nothing: all cards of the outlet.
    #[arg(long, value_name = "ID")]
    pub batch: Option<String>,
    /// Where to; never written over.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
