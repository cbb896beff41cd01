//! The ledger over HTTP, for outlets, machines and channels that are not to hold an address of the database.
//!
//! [`Service`] answers; [`Client`] asks, and is a ledger to work with as any other
//! ([`LedgerAccess`](personalize::ledger::LedgerAccess)). What can be asked is one list ([`endpoints`]) from which the router and
//! the OpenAPI description are made, so that they cannot say different things.
//!
//! - Who asks is known by a token (`Authorization: Bearer …`) or by the certificate of the connection; both belong to a member of
//!   the staff in the ledger, whose role the rules judge as if they stood at the counter. Only digests of them are kept.
//! - The service says when a thing is done and by which rules, not the caller.
//! - Numbers of people stand in bodies, never in addresses, and never in the log: a line of the log has the endpoint, who
//!   called, the status and the time it took.
//! - A request that was begun is finished before a stop; a caller that heard nothing asks again with the same request number,
//!   and nothing is done twice.

mod api;
mod caller;
mod client;
mod door;
mod endpoints;
mod error;
mod limit;
mod log;
mod open_api;
mod pool;
mod problem;
mod server;
mod tls;

pub use client::{Client, ClientSettings};
pub use endpoints::open_api;
pub use error::ServiceError;
pub use server::{Service, ServiceSettings};
pub use tls::{TlsClient, TlsServer, first_certificate};

rust_i18n::i18n!("../../locales", fallback = "en");
