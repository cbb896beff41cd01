//! `ssc verify`: is the card genuine and consistent?

use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table};
use crate::session::{Person, today};
use card_model::words::Lang;
use reader::verify::{Outcome, Verification, verify};
use rust_i18n::t;
use serde_json::json;

/// Makes all checks.
pub fn run(desk: &Desk) -> Result<Report, Failure> {
    let mut keys = desk.required_security()?;
    let mut person = Person::new(desk.output);
    let mut session = desk.session(false)?.with_security(keys.as_mut());
    if crate::ask::has(crate::ask::PIN) {
        session = session.with_pins(&mut person);
    }
    let verification = verify(&mut session, today()).map_err(|e| desk.refusal(&e))?;
    Ok(report(&verification, desk.output.lang))
}

/// The checks in words, and the verdict.
fn report(verification: &Verification, lang: Lang) -> Report {
    let locale = lang.locale();
    let verdict = match (verification.genuine(), verification.authentic()) {
        (true, _) => t!("ssc.verify.genuine", locale = locale),
        (false, true) => t!("ssc.verify.inconsistent", locale = locale),
        (false, false) => t!("ssc.verify.not_genuine", locale = locale),
    };
    let failure = (!verification.genuine()).then(|| {
        let failed: Vec<String> = verification
            .checks
            .iter()
            .filter(|check| check.outcome == Outcome::Failed)
            .map(|check| {
                format!(
                    "{}{}{}",
                    check.title.text(lang),
                    lang.pick("：", ": "),
                    check.detail.text(lang)
                )
            })
            .collect();
        Failure::new(Class::Verdict, verdict.clone())
            .because(failed.join(lang.pick("；", "; ")))
            .next(t!("ssc.verify.next", locale = locale))
    });
    let text = format!("{}\n{verdict}", table(verification, lang));
    Report::new(json!(verification.view(lang)), text).with(failure)
}

/// One line per check.
pub fn table(verification: &Verification, lang: Lang) -> Table {
    let mut table = Table::plain(3);
    for check in &verification.checks {
        let mark = match check.outcome {
            Outcome::Passed => "✓",
            Outcome::Failed => "✗",
            Outcome::Noted => "·",
        };
        table.row(vec![
            mark.into(),
            check.title.text(lang).into(),
            check.detail.text(lang).into(),
        ]);
    }
    table
}
