//! One list of endpoints becomes a router and a description.

use crate::caller::Caller;
use crate::open_api::Description;
use crate::problem::Problem;
use crate::server::App;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Json;
use axum::routing::{get, post};
use jiff::Timestamp;
use personalize::ledger::{Ledger, LedgerError, Rules, Staff};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Largest body; a batch of 10,000 rows is a tenth of it.
const LARGEST: usize = 16 << 20;

/// Who asks, when, and by which rules it is judged.
pub(crate) struct Call<'c> {
    pub rules: &'c Rules,
    pub staff: &'c Staff,
    pub at: Timestamp,
}

/// What an endpoint does with what it is asked.
pub(crate) type Work<I, O> = fn(&mut Ledger, &Call<'_>, I) -> Result<O, LedgerError>;

/// What stands in the description besides the types.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Title {
    /// Name of the operation, for generated clients.
    pub id: &'static str,
    /// What it does.
    pub en: &'static str,
    /// The same in Chinese.
    pub zh: &'static str,
}

/// The endpoints gathered so far.
pub(crate) struct Api {
    router: Router<App>,
    description: Description,
}

impl Api {
    pub(crate) fn new() -> Self {
        Self {
            router: Router::new(),
            description: Description::new(),
        }
    }

    /// Something that is asked with a body; `example` is one.
    pub(crate) fn post<I, O>(mut self, path: &'static str, title: Title, example: Value, work: Work<I, O>) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Send + 'static,
    {
        let handler = move |State(app): State<App>,
                            caller: Caller,
                            headers: HeaderMap,
                            body: Result<Bytes, BytesRejection>| async move {
            let input: I = parse(&headers, body)?;
            answer(app, caller, work, input).await
        };
        self.router = self.router.route(path, post(handler));
        self.description.post::<I, O>(path, title, example);
        self
    }

    /// Something that is asked without one.
    pub(crate) fn get<O>(mut self, path: &'static str, title: Title, work: Work<(), O>) -> Self
    where
        O: Serialize + JsonSchema + Send + 'static,
    {
        let handler = move |State(app): State<App>, caller: Caller| answer(app, caller, work, ());
        self.router = self.router.route(path, get(handler));
        self.description.get::<O>(path, title);
        self
    }

    /// The router and the description.
    pub(crate) fn finish(self) -> (Router<App>, serde_json::Value) {
        let router = self
            .router
            .fallback(|| async { Problem::place() })
            .method_not_allowed_fallback(|| async { Problem::method() })
            .layer(DefaultBodyLimit::max(LARGEST));
        (router, self.description.finish())
    }
}

async fn answer<I, O>(app: App, Caller(staff): Caller, work: Work<I, O>, input: I) -> Result<Json<O>, Problem>
where
    I: Send + 'static,
    O: Send + 'static,
{
    let rules = app.rules.clone();
    let done = app.pool.work(move |ledger| {
        let call = Call {
            rules: &rules,
            staff: &staff,
            at: Timestamp::now(),
        };
        work(ledger, &call, input)
    });
    done.await.map(Json)
}

fn parse<I: DeserializeOwned>(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<I, Problem> {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media.and_then(|media| media.split(';').next()).map(str::trim);
    if !essence.is_some_and(|media| media.eq_ignore_ascii_case("application/json")) {
        return Err(Problem::media());
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::size(),
        _ => Problem::body(""),
    })?;
    serde_json::from_slice(&body).map_err(|error| Problem::body(&without_values(&error)))
}

/// What is wrong with a body, without the words of the body: they may be somebody's.
fn without_values(error: &serde_json::Error) -> String {
    format!("{:?}, {}:{}", error.classify(), error.line(), error.column())
}
