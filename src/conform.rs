//! `ssc conform`: conformance cases and verdicts.

mod compare;
mod coverage;
mod driver;
mod fuzz;
mod run;
mod subject;
mod verdicts;

pub use compare::run as compare;
pub use coverage::run as coverage;
pub use driver::host;
pub use fuzz::run as fuzz;
pub use run::run;

use crate::args::{ConformList, Selection};
use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table};
use card_model::secret::Pin;
use card_model::words::Lang;
use conformance::ConformanceError;
use conformance::run::{Options, Run};
use conformance::suite::{Case, Suite};
use conformance::terminal::CertificatePins;
use rust_i18n::t;
use serde_json::{Value, json};
use std::path::Path;

/// Lists the cases of a card version.
pub fn list(it: &ConformList, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let suite = load(desk)?;
    let options = options(&it.selection, &suite, lang)?;
    let profile = desk.profile(&it.profile)?;
    let mut cases = suite.cases(profile).map_err(|e| refusal(&e, desk))?;
    cases.retain(|case| options.chooses(case));
    let mut table = Table::new(&[
        t!("conform.id", locale = lang.locale()),
        t!("conform.title", locale = lang.locale()),
        t!("conform.clause", locale = lang.locale()),
    ]);
    for case in &cases {
        table.row(vec![
            case.id.clone(),
            case.title.in_language(lang).to_owned(),
            case.clauses.join(", "),
        ]);
    }
    let text = format!(
        "{table}\n{}",
        t!("conform.count", locale = lang.locale(), n = cases.len())
    );
    let rows: Vec<Value> = cases.iter().map(|case| view(case, lang)).collect();
    Ok(Report::new(json!({ "cases": cases.len(), "list": rows }), text))
}

fn view(case: &Case, lang: Lang) -> Value {
    json!({
        "id": case.id,
        "suite": case.item,
        "title": case.title.in_language(lang),
        "purpose": case.purpose.in_language(lang),
        "clause": case.clauses.join(", "),
        "origin": case.origin,
        "effect": case.effect,
    })
}

fn load(desk: &Desk) -> Result<Suite, Failure> {
    Suite::load().map_err(|e| refusal(&e, desk))
}

/// What `--suite` and `--case` choose; a name that nothing has is a mistake of the caller.
fn options(selection: &Selection, suite: &Suite, lang: Lang) -> Result<Options, Failure> {
    for name in &selection.suite {
        if !suite.items().iter().any(|item| item.name == *name) {
            let known: Vec<&str> = suite.items().iter().map(|item| item.name.as_str()).collect();
            return Err(
                Failure::input(t!("conform.no_suite", locale = lang.locale(), name = name)).next(t!(
                    "conform.no_suite_next",
                    locale = lang.locale(),
                    known = known.join(", ")
                )),
            );
        }
    }
    Ok(Options {
        items: selection.suite.clone(),
        cases: selection.case.clone(),
        ..Options::default()
    })
}

fn earlier(path: &Path, lang: Lang) -> Result<Run, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(lang, path, &e))?;
    Run::parse(&text).map_err(|error| {
        Failure::input(t!("conform.no_result", locale = lang.locale(), path = path.display()))
            .because(error.to_string())
    })
}

fn refusal(error: &ConformanceError, desk: &Desk) -> Failure {
    match error {
        ConformanceError::Transport(error) => desk.transport(error),
        ConformanceError::Security(_) => Failure::explained(Class::Input, error, desk.output.lang),
        ConformanceError::OtherKeys => Failure::explained(Class::Verdict, error, desk.output.lang),
        ConformanceError::Setup { sw, .. } => {
            let pin = sw.tries_left().is_some() || *sw == card_model::status::StatusWord::AUTHENTICATION_BLOCKED;
            let class = if pin { Class::Pin } else { Class::Refused };
            let mut failure = Failure::explained(class, error, desk.output.lang);
            failure.sw = Some(sw.0);
            failure
        }
        _ => Failure::explained(Class::Input, error, desk.output.lang),
    }
}

/// The PINs that the environment gives; cases that need others do not apply. Nobody is asked: a run has no place for it.
struct Pins {
    holder: Option<Pin>,
    user: Option<Pin>,
    administrator: Option<Pin>,
}

impl Pins {
    fn given(desk: &Desk) -> Result<Self, Failure> {
        let pin = |variable: &str| ask::pin(variable, None, desk.output);
        let holder = ask::has(ask::PIN).then(|| pin(ask::PIN)).transpose()?;
        let administrator = ask::has(ask::ADMINISTRATOR_PIN)
            .then(|| pin(ask::ADMINISTRATOR_PIN))
            .transpose()?;
        let user = ask::has(ask::CERTIFICATE_PIN) || ask::has(ask::PIN);
        Ok(Self {
            holder,
            user: user.then(|| pin(ask::CERTIFICATE_PIN)).transpose()?,
            administrator,
        })
    }

    fn certificate(&self) -> Option<CertificatePins<'_>> {
        Some(CertificatePins {
            user: self.user.as_ref()?,
            administrator: self.administrator.as_ref()?,
        })
    }
}
