//! The electronic card: the twin of a physical card, shown in channels, with a password and payment of its own.
//!
//! A person has at most one that has not ended, and it belongs to a valid physical card; it is in use only while that card is in
//! its normal state. Whatever happens to the physical card happens to its twin in the same transaction.

mod entities;
mod password;
mod program;
mod real_name;

pub(super) use entities::Password;
pub use entities::{Binding, Ecard, Spent};
pub(super) use password::fits;
pub use program::Program;
pub use real_name::{Asked, RealName, RealNameError};
