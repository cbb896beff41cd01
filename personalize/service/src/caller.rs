//! Who calls: by token or by certificate.

use crate::door::Peer;
use crate::log::Name;
use crate::problem::Problem;
use crate::server::App;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use jiff::Timestamp;
use personalize::ledger::Staff;
use zeroize::Zeroizing;

/// A member of the staff that calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub Staff);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let ConnectInfo(peer) = parts
            .extensions
            .get::<ConnectInfo<Peer>>()
            .cloned()
            .ok_or_else(Problem::unauthorized)?;
        let token = parts.headers.get(AUTHORIZATION).map(|value| {
            let bytes = value.as_bytes();
            Zeroizing::new(bytes.strip_prefix(b"Bearer ").unwrap_or_default().to_vec())
        });
        let shown = match (token, peer.certificate) {
            (Some(token), _) => token,
            (None, Some(certificate)) => Zeroizing::new(certificate),
            (None, None) => return Err(Problem::unauthorized()),
        };
        let found = app
            .pool
            .work(move |ledger| ledger.known_by(&shown, Timestamp::now()))
            .await?;
        let Some(staff) = found else {
            // Who guesses is slowed down; who is known is not slowed down by those who guess.
            app.strangers.ask(&peer.address.ip())?;
            return Err(Problem::unauthorized());
        };
        if let Some(Name(name)) = parts.extensions.get::<Name>() {
            let _ = name.set(staff.id.clone());
        }
        app.callers.ask(&staff.id)?;
        Ok(Self(staff))
    }
}
