//! Arguments of the verbs around certificates.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `ssc cert`.
#[derive(Debug, Subcommand)]
pub enum Cert {
    Request(CertRequest),
    Write(CertWrite),
    Read(CertRead),
    Verify(CertVerify),
    #[command(subcommand)]
    Pin(CertPin),
    Rekey(CertRekey),
}

/// `ssc cert pin`.
#[derive(Debug, Subcommand)]
pub enum CertPin {
    Status,
    Verify(CertPinOf),
    Change(CertPinOf),
    Reset(CertPinOf),
    Unblock,
}

/// Whose PIN.
#[derive(Debug, Args)]
pub struct CertPinOf {
    /// The administrator's instead of the user's.
    #[arg(long)]
    pub administrator: bool,
}

/// `ssc cert rekey`.
#[derive(Debug, Args)]
pub struct CertRekey {
    /// Key file of the successor.
    #[arg(long, value_name = "FILE")]
    pub new_keys: PathBuf,
}

/// What certificates are held against.
#[derive(Debug, Args)]
pub struct CertTrust {
    /// Folder of `ssc ca`, or certificates in PEM or DER.
    #[arg(long, value_name = "DIR|FILE")]
    pub ca: Vec<PathBuf>,
    /// Revocation list.
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,
}

/// `ssc cert request`.
#[derive(Debug, Args)]
pub struct CertRequest {
    /// Name in the form of RFC 4514.
    #[arg(long, value_name = "NAME")]
    pub subject: Option<String>,
    /// File for the request.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A new key even if there is one.
    #[arg(long)]
    pub new_key: bool,
}

/// `ssc cert write`.
#[derive(Debug, Args)]
pub struct CertWrite {
    /// Certificates and an enveloped key pair.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// `ssc cert read`.
#[derive(Debug, Args)]
pub struct CertRead {
    /// Folder for the certificates.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `ssc cert verify`.
#[derive(Debug, Args)]
pub struct CertVerify {
    #[command(flatten)]
    pub trust: CertTrust,
    /// Asks for the user PIN.
    #[arg(long)]
    pub pin: bool,
}

/// `ssc sign`.
#[derive(Debug, Args)]
pub struct Sign {
    /// File to sign.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// File for the signature.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `ssc decrypt`.
#[derive(Debug, Args)]
pub struct Decrypt {
    /// Cipher text.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// File for the plain text.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// With the signing key.
    #[arg(long)]
    pub signing: bool,
}

/// `ssc ca`.
#[derive(Debug, Subcommand)]
pub enum Ca {
    New(CaNew),
    Issue(CaIssue),
    Crl(CaCrl),
}

/// `ssc ca new`.
#[derive(Debug, Args)]
pub struct CaNew {
    /// Folder to make.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Organisation in the names.
    #[arg(long, value_name = "NAME", default_value = "ssc", hide_default_value = true)]
    pub organisation: String,
}

/// `ssc ca issue`.
#[derive(Debug, Args)]
pub struct CaIssue {
    /// Folder of the authority.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Request.
    #[arg(value_name = "REQUEST")]
    pub request: PathBuf,
    /// Beginning of the names of the files to make.
    #[arg(long, value_name = "PREFIX")]
    pub out: Option<PathBuf>,
    /// Years of validity.
    #[arg(long, value_name = "N", default_value_t = 3, hide_default_value = true, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub years: u8,
    /// No encryption key pair.
    #[arg(long)]
    pub signing_only: bool,
}

/// `ssc ca crl`.
#[derive(Debug, Args)]
pub struct CaCrl {
    /// Folder of the authority.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Serial number in hex.
    #[arg(long, value_name = "SERIAL")]
    pub revoke: Vec<String>,
}
