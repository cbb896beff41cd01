//! The central HSM on the other side of the functions `iXxx_HSM` (`spec/commands.md` §2.8, `spec/terminal.md` §1.4, §1.8): its
//! string requests 01–04, an HSM ([`crate::security::Hsm`]) that answers them, a small service, and the client that the driver asks.
//!
//! | request | for | answer |
//! |---|---|---|
//! | `01\|area\|ATR\|alg\|card id\|factor\|original\|factor\|original\|` | iReadCardBas | `auth‖original\|auth‖original\|` |
//! | `02\|area\|ATR\|alg\|address\|factor\|original\|` | external authentication | `auth‖original` |
//! | `03\|area\|ATR\|alg\|address\|factor\|header\|data\|` | secure message | `header‖cipher‖MAC` |
//! | `04\|area\|ATR\|terminal sequence\|alg\|address\|random\|sequence\|amounts\|type\|terminal\|time\|` | settlement | `terminal sequence\|time\|MAC1\|MAC2\|TAC\|` |

mod client;
mod error;
mod http;
mod request;
mod server;
mod strings;

pub use client::{HttpHsm, client};
pub use error::ServiceError;
pub use request::{Area, BasicsRequest, Challenge, ExternalRequest, MessageRequest, PurchaseCall, Request};
pub use server::{Server, ServerOptions};
pub use strings::StringHsm;

/// Who answers the requests of the functions `iXxx_HSM`.
pub trait HsmService: Send {
    /// The answer to a request.
    ///
    /// # Errors
    /// The service cannot be reached, or refuses.
    fn ask(&mut self, request: &str) -> Result<String, ServiceError>;
}
