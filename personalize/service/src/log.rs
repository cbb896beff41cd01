//! The log of the service: one line of JSON for each request. It never holds what was asked or answered.

use crate::server::App;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// Where lines go.
#[derive(Clone)]
pub(crate) struct Log(Arc<Mutex<Box<dyn Write + Send>>>);

impl core::fmt::Debug for Log {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    pub(crate) fn new(to: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Mutex::new(to)))
    }

    fn line(&self, line: &serde_json::Value) {
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written does not stop the counter.
        let _ = writeln!(to, "{line}").and_then(|()| to.flush());
    }
}

/// Who called: told by the caller's check, read when the answer is ready.
#[derive(Debug, Clone, Default)]
pub(crate) struct Name(pub Arc<OnceLock<String>>);

/// Writes the line of a request.
pub(crate) async fn request(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let name = Name::default();
    request.extensions_mut().insert(name.clone());
    // The address as the router knows it; what a caller wrote instead of it is not repeated.
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = next.run(request).await;
    app.log.line(&json!({
        "at": Timestamp::now().strftime("%FT%TZ").to_string(),
        "method": method.as_str(),
        "endpoint": matched.as_ref().map(MatchedPath::as_str),
        "who": name.0.get(),
        "status": response.status().as_u16(),
        "micros": u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
    }));
    response
}
