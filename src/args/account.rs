//! Arguments of `ssc account`.

use clap::{Args, Subcommand};

/// `ssc account`.
#[derive(Debug, Subcommand)]
pub enum Account {
    Balance,
    Load(AccountLoad),
    Debit(AccountDebit),
    History,
    Proof(AccountProof),
}

/// When and where a transaction happens.
#[derive(Debug, Args)]
pub struct AccountPlace {
    /// Moment of the transaction; default: now.
    #[arg(long, value_name = "YYYYMMDDhhmmss")]
    pub time: Option<String>,
    /// Terminal number, twelve digits, where no PSAM has one.
    #[arg(long, value_name = "12DIGITS")]
    pub terminal: Option<String>,
}

/// `ssc account load`.
#[derive(Debug, Args)]
pub struct AccountLoad {
    /// `12.34`, `12yuan`, `1234fen`.
    #[arg(value_name = "AMOUNT")]
    pub amount: String,
    #[command(flatten)]
    pub place: AccountPlace,
}

/// `ssc account debit`.
#[derive(Debug, Args)]
pub struct AccountDebit {
    /// From the personal account.
    #[arg(value_name = "AMOUNT")]
    pub personal: String,
    /// Paid by the holder in cash.
    #[arg(long, value_name = "AMOUNT")]
    pub self_paid: Option<String>,
    /// Paid by the pooled fund.
    #[arg(long, value_name = "AMOUNT")]
    pub pooled: Option<String>,
    /// Index of the purchase key; default: that of the PSAM, or 1.
    #[arg(long, value_name = "1|2|3", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub key_index: Option<u8>,
    /// Transaction number of the terminal, where no PSAM counts.
    #[arg(long, value_name = "N")]
    pub terminal_sequence: Option<u32>,
    #[command(flatten)]
    pub place: AccountPlace,
}

/// `ssc account proof`.
#[derive(Debug, Args)]
pub struct AccountProof {
    /// Sequence number of a load.
    #[arg(long, value_name = "N", conflicts_with = "settlement")]
    pub load: Option<u16>,
    /// Sequence number of a settlement.
    #[arg(long, value_name = "N")]
    pub settlement: Option<u16>,
    /// Transaction number of the terminal in that settlement.
    #[arg(long, value_name = "N")]
    pub terminal_sequence: Option<u32>,
}
