//! The arguments of the command. Their help is in `locales/ssc.yml` and put in by [`crate::help`], in the user's language.

mod account;
mod certificate;
mod conform;
mod ecard;
mod hsm;
mod ledger;
mod order;
mod psam;
mod service;
mod trace;

pub use account::*;
pub use certificate::*;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
pub use conform::*;
pub use ecard::*;
pub use hsm::*;
pub use ledger::*;
pub use order::*;
pub use psam::*;
pub use service::*;
use std::path::PathBuf;
pub use trace::*;

/// `ssc NOUN VERB`.
#[derive(Debug, Parser)]
#[command(
    name = "ssc",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    /// What to do; nothing: the front page.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[arg(long, short = 'V', action = ArgAction::Version)]
    version: Option<bool>,
}

/// Flags that are the same everywhere.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// `sim:FILE`, `sim:DIR/`, part of a PC/SC reader's name, or nothing for the only reader with a card.
    #[arg(long, global = true, value_name = "READER")]
    pub reader: Option<String>,
    /// Slot of the PSAM: `sim:FILE` or part of a PC/SC reader's name.
    #[arg(long, global = true, value_name = "READER")]
    pub psam: Option<String>,
    /// Key file.
    #[arg(long, global = true, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Provincial extension: its name, or a file.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile_overlay: Option<String>,
    /// Interface of a simulated card.
    #[arg(long, global = true, value_enum, value_name = "KIND", hide_possible_values = true)]
    pub interface: Option<InterfaceName>,
    /// Makes a simulated card as slow as a real one on this line.
    #[arg(long, global = true, value_enum, value_name = "SPEED", hide_possible_values = true)]
    pub line: Option<LineName>,
    /// One JSON document on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of messages.
    #[arg(long, global = true, value_enum, value_name = "zh|en", hide_possible_values = true)]
    pub lang: Option<LangName>,
    /// Writes every command and answer to a file, secrets masked.
    #[arg(long, global = true, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Does not mask secrets in the trace.
    #[arg(long, global = true)]
    pub unmasked: bool,
    /// Allows a PIN presentation that would be the last.
    #[arg(long, global = true)]
    pub last_try: bool,
    /// No talk on stderr.
    #[arg(long, short = 'q', global = true)]
    pub quiet: bool,
    /// Answers questions of the kind "really?" with yes.
    #[arg(long, short = 'y', global = true)]
    pub yes: bool,
    #[arg(long, short = 'h', global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

impl Common {
    /// The same flags with another `--reader`.
    pub fn with_reader(&self, reader: &str) -> Self {
        Self {
            reader: Some(reader.to_owned()),
            ..self.clone()
        }
    }
}

/// Line as written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LineName {
    #[value(name = "9600")]
    Contact9600,
    #[value(name = "115200")]
    Contact115200,
    #[value(name = "106k")]
    Contactless106,
    #[value(name = "424k")]
    Contactless424,
    #[value(name = "848k")]
    Contactless848,
}

/// Interface as written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InterfaceName {
    Contact,
    Contactless,
}

/// Language as written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LangName {
    Zh,
    En,
}

/// Every verb, in the order of the help.
#[derive(Debug, Subcommand)]
pub enum Verb {
    Demo(Demo),
    Readers,
    Atr(Atr),
    Read(Read),
    Verify(Verify),
    Write(Write),
    Issue(Issue),
    #[command(subcommand)]
    Pin(Pin),
    #[command(subcommand)]
    Account(Account),
    #[command(subcommand)]
    Card(Card),
    #[command(subcommand)]
    Keys(Keys),
    #[command(subcommand)]
    Psam(Psam),
    #[command(subcommand)]
    Cert(Cert),
    Sign(Sign),
    Decrypt(Decrypt),
    #[command(subcommand)]
    Ca(Ca),
    #[command(subcommand)]
    Ledger(Ledger),
    #[command(subcommand)]
    Order(Box<Order>),
    #[command(subcommand)]
    Ecard(Box<Ecard>),
    #[command(subcommand)]
    Hsm(Hsm),
    #[command(subcommand)]
    Profile(Profile),
    Apdu(Apdu),
    #[command(subcommand)]
    Trace(Trace),
    #[command(subcommand)]
    Conform(Conform),
    Bench(Bench),
    Completions(Completions),
    Man(Man),
    Help(Help),
}

/// `ssc demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Through a real pcscd and the virtual reader.
    #[arg(long)]
    pub pcsc: bool,
    /// Folder that keeps cards, keys and holders for one's own trials.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// `ssc atr`.
#[derive(Debug, Args)]
pub struct Atr {
    /// Answer to reset; spaces are allowed.
    #[arg(value_name = "HEX", required = true)]
    pub hex: Vec<String>,
}

/// `ssc read`.
#[derive(Debug, Args)]
pub struct Read {
    /// `SSSE/EF05`, `DF01/EF15`, `SSSE/EF06/09`.
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// Asks for the holder's PIN and reads what it opens.
    #[arg(long)]
    pub pin: bool,
}

/// `ssc verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub trust: CertTrust,
    /// The ledger whose words the chip's are held against: a database or a service.
    #[arg(long, value_name = "ADDRESS")]
    pub ledger: Option<String>,
    /// Rules of the province.
    #[arg(long, env = "SSC_RULES", hide_env = true, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    #[command(flatten)]
    pub service: LedgerService,
}

impl Verify {
    /// The ledger to compare with, if there is one.
    pub fn place(&self) -> Option<LedgerPlace> {
        Some(LedgerPlace {
            ledger: Some(self.ledger.clone()?),
            who: None,
            rules: self.rules.clone(),
            service: self.service.clone(),
        })
    }
}

/// `ssc write`.
#[derive(Debug, Args)]
pub struct Write {
    /// `DF01/EF05/21=New address`.
    #[arg(value_name = "PATH=VALUE", required = true)]
    pub assignments: Vec<String>,
}

/// `ssc issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// Holders as CSV.
    #[arg(long, value_name = "FILE")]
    pub holders: PathBuf,
    /// Settings of the issuer as TOML.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Journal; default: beside the holders file.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// How many cards in a PC/SC reader, one after the other; into a folder always all.
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: u64,
    /// Card version where the card does not tell it: new cards in a folder, other makers' cards.
    #[arg(long, value_name = "3.0|2.0|1.0")]
    pub profile: Option<String>,
    /// Takes a date of birth or sex that disagrees with the citizen number as it is.
    #[arg(long)]
    pub accept_disagreement: bool,
    /// Half-issued cards that were destroyed: their holders may get new ones.
    #[arg(long, value_name = "CARD_NUMBER")]
    pub write_off: Vec<String>,
    /// Checks holders and settings and touches no card.
    #[arg(long)]
    pub check: bool,
}

/// `ssc pin`.
#[derive(Debug, Subcommand)]
pub enum Pin {
    Status,
    Verify,
    Change,
    Reset,
    Unblock,
}

/// `ssc card`.
#[derive(Debug, Subcommand)]
pub enum Card {
    New(CardNew),
    Info(CardInfo),
    Serve(CardServe),
}

/// `ssc card new`.
#[derive(Debug, Args)]
pub struct CardNew {
    /// File to make; never overwritten.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Card version.
    #[arg(long, value_name = "3.0|2.0|1.0", default_value = "3.0", hide_default_value = true)]
    pub profile: String,
    /// Serial number: bytes TA to TD of the answer to reset.
    #[arg(long, value_name = "8HEX")]
    pub serial: Option<String>,
}

/// `ssc card info`.
#[derive(Debug, Args)]
pub struct CardInfo {
    /// Card file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `ssc card serve`.
#[derive(Debug, Args)]
pub struct CardServe {
    /// Card file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Address of the virtual reader.
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:35963",
        hide_default_value = true
    )]
    pub vpcd: String,
    /// Pulls the card after so many words written to its memory.
    #[arg(long, value_name = "N")]
    pub tear: Option<u64>,
}

/// `ssc keys`.
#[derive(Debug, Subcommand)]
pub enum Keys {
    Generate(KeysGenerate),
    Show(KeysShow),
}

/// Ciphers of a key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ciphers {
    Sm4,
    #[value(name = "3des")]
    TripleDes,
    Both,
}

/// `ssc keys generate`.
#[derive(Debug, Args)]
pub struct KeysGenerate {
    /// File to make; never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Ciphers.
    #[arg(
        long,
        value_enum,
        value_name = "sm4|3des|both",
        default_value = "both",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub algorithm: Ciphers,
    /// Marks the keys as TEST; required, as real keys come from the ministry and the province.
    #[arg(long)]
    pub test: bool,
}

/// `ssc keys show`.
#[derive(Debug, Args)]
pub struct KeysShow {
    /// Key file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Shows key values.
    #[arg(long)]
    pub reveal: bool,
}

/// `ssc profile`.
#[derive(Debug, Subcommand)]
pub enum Profile {
    Show(ProfileShow),
    Check(ProfileCheck),
    Diff(ProfileDiff),
    Script(ProfileScript),
}

/// `ssc profile show`.
#[derive(Debug, Args)]
pub struct ProfileShow {
    /// Name or file.
    #[arg(value_name = "PROFILE")]
    pub profile: Option<String>,
}

/// `ssc profile check`.
#[derive(Debug, Args)]
pub struct ProfileCheck {
    /// Profile or overlay.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `ssc profile diff`.
#[derive(Debug, Args)]
pub struct ProfileDiff {
    /// Name or file.
    #[arg(value_name = "A")]
    pub a: String,
    /// Name or file.
    #[arg(value_name = "B")]
    pub b: String,
}

/// `ssc profile script`.
#[derive(Debug, Args)]
pub struct ProfileScript {
    /// Name or file.
    #[arg(value_name = "PROFILE")]
    pub profile: String,
    /// Holders as CSV; the first row is taken.
    #[arg(long, value_name = "FILE")]
    pub holders: Option<PathBuf>,
    /// Settings of the issuer as TOML.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// File to make; never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Seed of the simulated card's challenges.
    #[arg(long, value_name = "32HEX")]
    pub seed: Option<String>,
    /// Does not mask PINs, cryptograms and encrypted keys.
    #[arg(long)]
    pub reveal: bool,
}

/// `ssc apdu`.
#[derive(Debug, Args)]
pub struct Apdu {
    /// `HEX` or `HEX=SW`; spaces within are allowed.
    #[arg(value_name = "HEX[=SW]", required = true)]
    pub commands: Vec<String>,
    /// Does not resolve 61xx and 6Cxx.
    #[arg(long)]
    pub raw: bool,
}

/// `ssc bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Runs of each command.
    #[arg(long, value_name = "N", default_value_t = 1000, hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub runs: u32,
}

/// `ssc completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// Shell.
    #[arg(value_enum, value_name = "bash|zsh|fish|powershell", hide_possible_values = true)]
    pub shell: ShellName,
}

/// Shells with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShellName {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

/// `ssc man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Folder for one page per verb; nothing: the main page on stdout.
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `ssc help`.
#[derive(Debug, Args)]
pub struct Help {
    /// Verb, such as `card new`.
    #[arg(value_name = "VERB")]
    pub verb: Vec<String>,
}
