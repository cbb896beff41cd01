//! The service as its callers see it: through the client, and byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod any_body;
mod at_work;
#[path = "../../../tests/common/authority.rs"]
mod authority;
mod place;
mod secure;
mod wire;
