//! The arguments of `ssc ledger serve|token`, and of a ledger behind a service.

use super::LedgerPlace;
use clap::Args;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// How a ledger behind a service is reached; the token also by `SSC_TOKEN`.
#[derive(Debug, Clone, Args)]
pub struct LedgerService {
    /// File with the token.
    #[arg(long, env = "SSC_TOKEN_FILE", hide_env = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Roots of the service's certificate.
    #[arg(long, env = "SSC_CA", hide_env = true, value_name = "FILE")]
    pub service_ca: Option<PathBuf>,
    /// Certificate to show in place of a token.
    #[arg(
        long,
        env = "SSC_CLIENT_CERTIFICATE",
        hide_env = true,
        value_name = "FILE",
        requires = "client_key"
    )]
    pub client_certificate: Option<PathBuf>,
    /// Its key.
    #[arg(
        long,
        env = "SSC_CLIENT_KEY",
        hide_env = true,
        value_name = "FILE",
        requires = "client_certificate"
    )]
    pub client_key: Option<PathBuf>,
}

/// `ssc ledger serve`.
#[derive(Debug, Args)]
pub struct LedgerServe {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Where to listen.
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:8443",
        hide_default_value = true
    )]
    pub listen: SocketAddr,
    /// Certificate of the service.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// Its key.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// Roots of callers' certificates.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub client_ca: Option<PathBuf>,
    /// Requests of one caller in a second.
    #[arg(long, value_name = "N", default_value = "50", hide_default_value = true)]
    pub rate: NonZeroU32,
    /// Connections to the ledger.
    #[arg(long, value_name = "N", default_value = "8", hide_default_value = true)]
    pub ledgers: usize,
    /// Connections of callers.
    #[arg(long, value_name = "N", default_value = "1000", hide_default_value = true)]
    pub connections: usize,
}

/// `ssc ledger token`.
#[derive(Debug, Args)]
pub struct LedgerToken {
    #[command(flatten)]
    pub place: LedgerPlace,
    /// Whose.
    #[arg(value_name = "WHO")]
    pub id: String,
    /// Valid for so many days.
    #[arg(long, value_name = "N", default_value_t = 90, hide_default_value = true, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub days: u16,
    /// A certificate in place of a token.
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Takes back all that they have.
    #[arg(long, conflicts_with_all = ["certificate", "days"])]
    pub withdraw: bool,
}
