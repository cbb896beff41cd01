//! What goes wrong, as `application/problem+json` (RFC 9457) in both languages.

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use card_model::words::{Explain, Explanation, Lang};
use personalize::ledger::{LedgerError, Refusal, Served};
use rust_i18n::t;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Media type of problems.
pub(crate) const MEDIA: &str = "application/problem+json";

/// What went wrong, why, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Problem {
    /// Status of the answer.
    pub status: u16,
    /// What went wrong, in English.
    pub title: String,
    /// Name of the refusal by the rules, or of what is wrong.
    pub name: String,
    /// Whether the rules do not allow it.
    pub refused: bool,
    /// In English.
    pub en: Box<Words>,
    /// In Chinese.
    pub zh: Box<Words>,
    /// Seconds after which the same may be asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// An explanation in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Words {
    /// What went wrong.
    pub what: String,
    /// Why, where it is known.
    pub why: Option<String>,
    /// What to do next.
    pub next: Option<String>,
}

impl From<Explanation> for Words {
    fn from(it: Explanation) -> Self {
        Self {
            what: it.what,
            why: it.why,
            next: it.next,
        }
    }
}

impl From<Words> for Explanation {
    fn from(it: Words) -> Self {
        Self {
            what: it.what,
            why: it.why,
            next: it.next,
        }
    }
}

impl Problem {
    /// What the ledger did not do.
    pub(crate) fn of(error: &LedgerError) -> Self {
        let (status, name) = match error {
            LedgerError::Refused(refusal) if matches!(**refusal, Refusal::Role { .. }) => {
                (StatusCode::FORBIDDEN, refusal.name())
            }
            LedgerError::Refused(refusal) => (StatusCode::CONFLICT, refusal.name()),
            LedgerError::Exists { .. } => (StatusCode::CONFLICT, "exists"),
            LedgerError::Unknown { what, .. } => (StatusCode::NOT_FOUND, *what),
            LedgerError::Input { what, .. } => (StatusCode::UNPROCESSABLE_ENTITY, *what),
            LedgerError::RealName(_) => (StatusCode::SERVICE_UNAVAILABLE, "real_name"),
            LedgerError::Table { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "table"),
            LedgerError::Busy { .. } | LedgerError::Again { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "ledger"),
        };
        let mut problem = Self::new(status, name, error.explain(Lang::En), error.explain(Lang::Zh));
        problem.refused = error.refusal().is_some();
        if status.is_server_error() {
            // What a database says of itself is for the log of the service, not for its callers.
            problem.en.why = None;
            problem.zh.why = None;
        }
        problem.retry_after = matches!(error, LedgerError::Busy { .. } | LedgerError::Again { .. }).then_some(1);
        problem
    }

    /// The caller is not known.
    pub(crate) fn unauthorized() -> Self {
        Self::named(StatusCode::UNAUTHORIZED, "unauthorized", None)
    }

    /// The caller asks too much.
    pub(crate) fn limit(seconds: u64) -> Self {
        let mut problem = Self::named(StatusCode::TOO_MANY_REQUESTS, "limit", None);
        problem.retry_after = Some(seconds);
        problem
    }

    /// The body is not what the description says.
    pub(crate) fn body(why: &str) -> Self {
        Self::named(StatusCode::BAD_REQUEST, "body", Some(why))
    }

    /// The body is not JSON by its media type.
    pub(crate) fn media() -> Self {
        Self::named(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media", None)
    }

    /// The body is too large.
    pub(crate) fn size() -> Self {
        Self::named(StatusCode::PAYLOAD_TOO_LARGE, "size", None)
    }

    /// There is nothing at this address.
    pub(crate) fn place() -> Self {
        Self::named(StatusCode::NOT_FOUND, "place", None)
    }

    /// Not with this method.
    pub(crate) fn method() -> Self {
        Self::named(StatusCode::METHOD_NOT_ALLOWED, "method", None)
    }

    /// The service stops.
    pub(crate) fn stopping() -> Self {
        let mut problem = Self::named(StatusCode::SERVICE_UNAVAILABLE, "stopping", None);
        problem.retry_after = Some(1);
        problem
    }

    /// The work ended without a result: a fault of this program.
    pub(crate) fn broken() -> Self {
        let words = |lang| LedgerError::Database { words: String::new() }.explain(lang);
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ledger",
            words(Lang::En),
            words(Lang::Zh),
        )
    }

    /// As the client hands it on.
    pub(crate) fn served(self) -> Served {
        Served {
            refused: self.refused,
            name: self.name,
            en: (*self.en).into(),
            zh: (*self.zh).into(),
        }
    }

    fn named(status: StatusCode, name: &str, why: Option<&str>) -> Self {
        let (what, next) = (
            format!("service.problem.{name}"),
            format!("service.problem.{name}_next"),
        );
        let words = |lang: Lang| Explanation {
            what: t!(what.as_str(), locale = lang.locale()).into_owned(),
            why: why.map(str::to_owned),
            next: Some(t!(next.as_str(), locale = lang.locale()).into_owned()),
        };
        Self::new(status, name, words(Lang::En), words(Lang::Zh))
    }

    fn new(status: StatusCode, name: &str, en: Explanation, zh: Explanation) -> Self {
        Self {
            status: status.as_u16(),
            title: en.what.clone(),
            name: name.to_owned(),
            refused: false,
            en: Box::new(en.into()),
            zh: Box::new(zh.into()),
            retry_after: None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA));
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            // The router adds what is allowed; a header of our own would stand in its way.
            headers.remove(ALLOW);
        }
        response
    }
}
