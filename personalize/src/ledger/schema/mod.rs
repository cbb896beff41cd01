//! The tables, and how a ledger of an older program becomes one of this program.
//!
//! Each file beside this one is one version; a ledger knows the version it has. Files are never changed once released.

/// The statements of each version, in order.
pub(super) const VERSIONS: [&str; 3] = [
    include_str!("0001.sql"),
    include_str!("0002.sql"),
    include_str!("0003.sql"),
];

/// The version this program works with.
pub(super) const NEWEST: i64 = VERSIONS.len() as i64;

/// What a ledger knows about itself, by its name in the table `ledger`.
pub(super) mod name {
    /// Version of the tables.
    pub const VERSION: &str = "version";
    /// The six digits of the province or city whose ledger this is.
    pub const REGION: &str = "region";
    /// When it was begun.
    pub const BEGUN: &str = "begun";
}
