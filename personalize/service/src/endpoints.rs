//! What can be asked. Numbers of people stand in bodies only, so that no proxy and no log writes them down with an address.

use crate::api::{Api, Title};
use crate::server::App;
use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use card_model::words::Lang;
use personalize::ledger::{
    Audit, BatchFile, BatchReport, Counts, Entrance, Head, Ledger, LedgerAccess, LedgerError, Line, Order, Overdue,
    Progress, Receipt, Returned, Standing, Target,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// Who the service takes the caller for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Me {
    /// Name in the log.
    pub staff: String,
    /// Role of the rules.
    pub role: String,
    /// Outlet.
    pub outlet: String,
    /// Six digits of the ledger's province or city.
    pub region: String,
}

/// The rules by which the service judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct RulesText {
    /// As a rules file.
    pub toml: String,
}

/// A person, by the social security number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonNumber {
    /// Social security number.
    pub number: String,
}

/// An application, card or other row, by its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subject {
    /// Its key.
    pub subject: String,
}

/// Outlets and staff to enter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entrances {
    /// Number of the request, chosen by who asks.
    pub request: String,
    /// What to enter, in order.
    pub entrances: Vec<Entrance>,
}

/// Done, and nothing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Done {
    /// Always true.
    pub ok: bool,
}

/// A file of applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upload {
    /// Its name; `.xlsx` is a workbook, anything else CSV.
    pub name: String,
    /// Channel of the rules by which it came.
    pub channel: String,
    /// Its content in base64.
    pub content: String,
    /// Language of the reasons for rejected rows: `zh` or `en`.
    #[serde(default)]
    pub lang: Option<String>,
}

/// Which applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfBatch {
    /// Those of this batch; nothing: all of the outlet.
    #[serde(default)]
    pub batch: Option<String>,
}

/// What an earlier audit saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    /// Ends of the chains then.
    #[serde(default)]
    pub heads: Vec<Head>,
}

/// Things that are overdue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct AllOverdue {
    /// The longest first.
    pub overdue: Vec<Overdue>,
}

/// Lines of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Lines {
    /// The oldest first.
    pub lines: Vec<Line>,
}

/// Receipts (回盘).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Receipts {
    /// In the order of applications.
    pub receipts: Vec<Returned>,
}

/// The official sample number; it is nobody's.
const SAMPLE: &str = "111111198101011110";

/// The OpenAPI description.
pub fn open_api() -> Value {
    endpoints().1
}

/// The router and the description.
pub(crate) fn endpoints() -> (Router<App>, Value) {
    let title = |id, en, zh| Title { id, en, zh };
    Api::new()
        .post(
            "/v1/orders",
            title("perform", "does an act of the rules", "办理业务"),
            json!({ "request": "2026-11-22/1", "act": "apply", "applicant": { "number": SAMPLE, "name": "测试甲" } }),
            |ledger, call, order: Order| -> Result<Receipt, LedgerError> {
                ledger.perform(call.rules, &call.staff.id, call.at, &order)
            },
        )
        .post(
            "/v1/permits",
            title("permit", "asks whether an act would be done, and does nothing", "查询可否办理"),
            json!({ "request": "2026-11-22/2", "act": "show_identity", "target": { "person": SAMPLE }, "channel": "app_province" }),
            |ledger, call, order: Order| -> Result<Receipt, LedgerError> {
                ledger.permit(call.rules, &call.staff.id, call.at, &order)
            },
        )
        .post(
            "/v1/progress",
            title("progress", "where an application stands", "查询申领进度"),
            json!({ "person": SAMPLE }),
            |ledger, call, target: Target| -> Result<Progress, LedgerError> {
                ledger.allow_inquiry(call.rules, &call.staff.id, call.at)?;
                ledger.progress(&target, call.at)
            },
        )
        .post(
            "/v1/standing",
            title("standing", "what is known about a person", "查询人员"),
            json!({ "number": SAMPLE }),
            |ledger, call, it: PersonNumber| -> Result<Standing, LedgerError> {
                ledger.allow_inquiry(call.rules, &call.staff.id, call.at)?;
                ledger.standing(&it.number)
            },
        )
        .get(
            "/v1/overdue",
            title("overdue", "what should have happened", "超期清单"),
            |ledger, call, ()| {
                ledger.allow_inquiry(call.rules, &call.staff.id, call.at)?;
                Ok(AllOverdue {
                    overdue: ledger.overdue(call.rules, call.at)?,
                })
            },
        )
        .get(
            "/v1/counts",
            title("counts", "how many people, applications and cards", "统计"),
            |ledger, _, ()| -> Result<Counts, LedgerError> { ledger.counts() },
        )
        .post(
            "/v1/batches",
            title("feed", "feeds a file of applications", "批量申领"),
            json!({ "name": "people.csv", "channel": "employer", "content": STANDARD.encode(format!("social_security_number,name\n{SAMPLE},测试甲\n")) }),
            feed,
        )
        .post(
            "/v1/receipts",
            title("receipts", "what became of applications", "回盘"),
            json!({ "batch": null }),
            |ledger, call, it: OfBatch| {
                let receipts = ledger.receipts(&call.staff.id, call.at, it.batch.as_deref())?;
                Ok(Receipts { receipts })
            },
        )
        .post(
            "/v1/entrances",
            title("enter", "enters or changes outlets and staff", "登记网点和人员"),
            json!({ "request": "2026-11-22/2", "entrances": [{ "staff": { "id": "clerk1", "outlet": "A1", "role": "clerk", "active": 1 } }] }),
            |ledger, call, it: Entrances| {
                ledger.enter(call.rules, Some(&call.staff.id), call.at, &it.entrances, &it.request)?;
                Ok(Done { ok: true })
            },
        )
        .post(
            "/v1/history",
            title("history", "the lines of the log about a row", "办理日志"),
            json!({ "subject": "A1-00000001" }),
            |ledger, call, it: Subject| {
                let lines = ledger.history(call.rules, &call.staff.id, call.at, &it.subject)?;
                Ok(Lines { lines })
            },
        )
        .post(
            "/v1/audit",
            title("audit", "is the log whole, and are the tables what it says", "审计"),
            json!({ "heads": [] }),
            |ledger, call, it: Since| -> Result<Audit, LedgerError> {
                ledger.audit(call.rules, &call.staff.id, call.at, &it.heads)
            },
        )
        .get(
            "/v1/me",
            title("me", "who the service takes the caller for", "当前身份"),
            |ledger, call, ()| {
                Ok(Me {
                    staff: call.staff.id.clone(),
                    role: call.staff.role.clone(),
                    outlet: call.staff.outlet.clone(),
                    region: ledger.region().to_owned(),
                })
            },
        )
        .get(
            "/v1/rules",
            title("rules", "the rules by which the service judges", "业务规则"),
            |_, call, ()| {
                Ok(RulesText {
                    toml: call.rules.text().to_owned(),
                })
            },
        )
        .finish()
}

fn feed(ledger: &mut Ledger, call: &crate::api::Call<'_>, it: Upload) -> Result<BatchReport, LedgerError> {
    let unreadable = |why: String| LedgerError::Table {
        file: "–".to_owned(),
        why,
    };
    let content = STANDARD
        .decode(&it.content)
        .map_err(|error| unreadable(error.to_string()))?;
    let file = BatchFile::parse(&content, Path::new(&it.name), &it.channel)?;
    let lang = match it.lang.as_deref() {
        Some("zh") => Lang::Zh,
        _ => Lang::En,
    };
    ledger.feed(call.rules, &call.staff.id, call.at, &file, lang, &mut |_| {})
}
