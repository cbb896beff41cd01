//! `ssc ledger`: the ledger itself. What is done in it, is done by `ssc order`.

use crate::args::{
    Ledger as Verb, LedgerAudit, LedgerBackup, LedgerHistory, LedgerInit, LedgerOutlet, LedgerPlace, LedgerRestore,
    LedgerStaff, LedgerStates,
};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table};
use crate::samples::write_once;
use card_model::words::Lang;
use jiff::Timestamp;
use personalize::ledger::{Audit, Entrance, Head, Ledger, LedgerAccess, LedgerError, Outlet, Rules, Staff, TableLine};
use personalize::numbers::Region;
use rust_i18n::t;
use serde::Deserialize;
use serde_json::json;
use service::Client;

/// Runs one of the verbs.
pub fn run(verb: &Verb, desk: &Desk) -> Result<Report, Failure> {
    match verb {
        Verb::Init(it) => init(it, desk),
        Verb::Outlet(it) => outlet(it, desk),
        Verb::Staff(it) => staff(it, desk),
        Verb::Token(it) => crate::service::token(it, desk),
        Verb::Serve(it) => crate::service::serve(it, desk),
        Verb::Status(it) => status(&it.place, desk),
        Verb::Overdue(it) => overdue(&it.place, desk),
        Verb::History(it) => history(it, desk),
        Verb::States(it) => states(it, desk),
        Verb::Audit(it) => audit(it, desk),
        Verb::Backup(it) => backup(it, desk),
        Verb::Restore(it) => restore(it, desk),
    }
}

fn init(it: &LedgerInit, desk: &Desk) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let region = region(&it.region, desk)?;
    let (ledger, new) = Ledger::init(&desk.ledger_address(&it.place)?, &region, Timestamp::now())
        .map_err(|e| desk.ledger_failure(&e))?;
    let address = ledger.address();
    let text = match new {
        true => t!("ledger.made", locale = locale, address = address),
        false => t!("ledger.up_to_date", locale = locale, address = address),
    };
    if new {
        desk.output.talk(&t!("ledger.made_next", locale = locale));
    }
    Ok(Report::new(
        json!({ "address": address, "new": new, "region": ledger.region() }),
        text,
    ))
}

fn region(digits: &str, desk: &Desk) -> Result<Region, Failure> {
    let wrong = || Failure::input(t!("ledger.region", locale = desk.output.lang.locale(), given = digits));
    Region::parse(digits).ok_or_else(wrong)
}

fn outlet(it: &LedgerOutlet, desk: &Desk) -> Result<Report, Failure> {
    let mut ledger = desk.ledger(&it.place)?;
    let outlet = Outlet {
        id: it.id.clone(),
        name: it.name.clone(),
        region: it.region.clone().unwrap_or_else(|| ledger.region().to_owned()),
        bank: it.bank.clone(),
        revision: 0,
    };
    let mut entrances = vec![Entrance::Outlet(outlet)];
    entrances.extend(it.manager.as_ref().map(|id| {
        Entrance::Staff(Staff {
            id: id.clone(),
            outlet: it.id.clone(),
            role: "manager".to_owned(),
            active: true,
            revision: 0,
        })
    }));
    enter(ledger.as_mut(), &it.place, &entrances, &it.id, desk)
}

fn staff(it: &LedgerStaff, desk: &Desk) -> Result<Report, Failure> {
    let mut ledger = desk.ledger(&it.place)?;
    let staff = Staff {
        id: it.id.clone(),
        outlet: it.outlet.clone(),
        role: it.role.clone(),
        active: !it.gone,
        revision: 0,
    };
    enter(ledger.as_mut(), &it.place, &[Entrance::Staff(staff)], &it.id, desk)
}

fn enter(
    ledger: &mut dyn LedgerAccess,
    place: &LedgerPlace,
    entrances: &[Entrance],
    id: &str,
    desk: &Desk,
) -> Result<Report, Failure> {
    let rules = desk.rules(place)?;
    let request = desk.request(None)?;
    let entered = ledger.enter(&rules, place.who.as_deref(), Timestamp::now(), entrances, &request);
    entered.map_err(|e| desk.ledger_failure(&e))?;
    let text = t!("ledger.entered", locale = desk.output.lang.locale(), id = id);
    Ok(Report::new(json!({ "entered": id, "ok": true }), text))
}

fn status(place: &LedgerPlace, desk: &Desk) -> Result<Report, Failure> {
    let mut ledger = desk.ledger(place)?;
    let counts = ledger.counts().map_err(|e| desk.ledger_failure(&e))?;
    let text = t!(
        "ledger.status",
        locale = desk.output.lang.locale(),
        address = ledger.address(),
        people = counts.people,
        open = counts.open,
        sealed = counts.sealed,
        valid = counts.valid,
        cancelled = counts.cancelled,
        electronic = counts.electronic
    );
    Ok(Report::new(json!(counts), text))
}

fn overdue(place: &LedgerPlace, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let rules = desk.rules(place)?;
    let mut ledger = desk.ledger(place)?;
    let all = ledger
        .overdue(&rules, Timestamp::now())
        .map_err(|e| desk.ledger_failure(&e))?;
    let mut table = Table::new(&[
        t!("ledger.column.subject", locale = locale).into_owned(),
        t!("ledger.column.outlet", locale = locale).into_owned(),
        t!("ledger.column.state", locale = locale).into_owned(),
        t!("ledger.column.due", locale = locale).into_owned(),
        format!(">{}", t!("ledger.column.days", locale = locale)),
    ]);
    for it in &all {
        let state = rules.words(&it.state, lang);
        table.row(vec![
            it.subject.clone(),
            it.outlet.clone(),
            state,
            it.due.to_string(),
            it.days.to_string(),
        ]);
    }
    let text = match all.is_empty() {
        true => t!("ledger.nothing_overdue", locale = locale).into_owned(),
        false => table.to_string(),
    };
    Ok(Report::new(json!({ "overdue": all }), text))
}

fn history(it: &LedgerHistory, desk: &Desk) -> Result<Report, Failure> {
    lines(&it.subject, &it.place, desk)
}

/// All lines of the log about something.
pub fn lines(subject: &str, place: &LedgerPlace, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let rules = desk.rules(place)?;
    let mut ledger = desk.ledger(place)?;
    let who = desk.who(place)?;
    let lines = ledger
        .history(&rules, who, Timestamp::now(), subject)
        .map_err(|e| desk.ledger_failure(&e))?;
    if lines.is_empty() {
        return Err(Failure::input(t!("ledger.no_history", locale = locale, id = subject)));
    }
    let mut table = Table::new(&[
        t!("ledger.column.when", locale = locale),
        t!("ledger.column.who", locale = locale),
        t!("ledger.column.line", locale = locale),
        t!("ledger.column.act", locale = locale),
        t!("ledger.column.reason", locale = locale),
        t!("ledger.column.outcome", locale = locale),
    ]);
    for line in &lines {
        let act = rules.act_words(&line.act, lang);
        let place = format!("{} {}", line.chain, line.seq);
        table.row(vec![
            line.made_at.clone(),
            line.who.clone(),
            place,
            act,
            line.reason.clone(),
            line.outcome.clone(),
        ]);
    }
    Ok(Report::new(json!({ "lines": lines }), table.to_string()))
}

fn states(it: &LedgerStates, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    if it.toml {
        let text = Rules::builtin_text();
        return Ok(Report::new(json!({ "toml": text }), text));
    }
    let rules = desk.rules(&it.place)?;
    let lines = rules.table(lang);
    let mut text = lines
        .iter()
        .map(|line| paragraph(line, lang))
        .collect::<Vec<_>>()
        .join("\n");
    let mut json = json!({ "transitions": lines });
    if let Some(path) = &it.svg {
        write_once(path, rules.diagram(lang), lang)?;
        json["svg"] = json!(path.display().to_string());
        text = path.display().to_string();
    }
    Ok(Report::new(json, text))
}

/// One transition for people.
fn paragraph(line: &TableLine, lang: Lang) -> String {
    let locale = lang.locale();
    let comma = lang.pick("、", ", ");
    let from = match line.from.is_empty() {
        true => "–".to_owned(),
        false => line.from.join(comma),
    };
    let to = line
        .to
        .clone()
        .unwrap_or_else(|| t!("ledger.as_it_was", locale = locale).into_owned());
    let mut text = format!("{} ({}): {from} → {to}\n", line.title, line.act.replace('_', "-"));
    let semicolon = lang.pick("；", "; ");
    let parts = [
        (t!("ledger.part.who", locale = locale), line.who.join(comma)),
        (t!("ledger.part.when", locale = locale), line.when.join(semicolon)),
        (t!("ledger.part.papers", locale = locale), line.papers.join(semicolon)),
        (t!("ledger.part.chip", locale = locale), line.chip.join(semicolon)),
        (
            t!("ledger.part.accounts", locale = locale),
            line.accounts.join(semicolon),
        ),
        (
            t!("ledger.part.electronic", locale = locale),
            line.electronic.clone().unwrap_or_default(),
        ),
    ];
    for (title, words) in parts.iter().filter(|(_, words)| !words.is_empty()) {
        text.push_str(&format!("  {title}{}{words}\n", lang.pick("：", ": ")));
    }
    text
}

/// What an earlier audit printed.
#[derive(Deserialize)]
struct Earlier {
    heads: Vec<Head>,
}

fn audit(it: &LedgerAudit, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let earlier: Vec<Head> = match &it.since {
        None => Vec::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| Failure::file(lang, path, &e))?;
            let earlier: Earlier = serde_json::from_str(&text).map_err(|error| {
                Failure::input(t!("ledger.no_audit", locale = locale, path = path.display()))
                    .because(error.to_string())
                    .next(t!("ledger.no_audit_next", locale = locale))
            })?;
            earlier.heads
        }
    };
    let rules = desk.rules(&it.place)?;
    let mut ledger = desk.ledger(&it.place)?;
    let who = desk.who(&it.place)?;
    let audit = ledger
        .audit(&rules, who, Timestamp::now(), &earlier)
        .map_err(|e| desk.ledger_failure(&e))?;
    Ok(audited(&audit, lang))
}

fn audited(audit: &Audit, lang: Lang) -> Report {
    let locale = lang.locale();
    let mut json = json!(audit);
    if let Some(findings) = json["findings"].as_array_mut() {
        for (json, finding) in findings.iter_mut().zip(&audit.findings) {
            json["text"] = json!(finding.words(lang));
        }
    }
    let found: Vec<String> = audit.findings.iter().map(|finding| finding.words(lang)).collect();
    let text = t!(
        "ledger.audited",
        locale = locale,
        lines = audit.lines,
        rows = audit.rows
    );
    let text = match audit.whole {
        true => text.into_owned(),
        false => format!("{text}\n{}", found.join("\n")),
    };
    let failure = found.first().map(|first| {
        Failure::new(
            Class::Verdict,
            t!("ledger.not_whole", locale = locale, count = audit.faults),
        )
        .because(first.clone())
        .next(t!("ledger.not_whole_next", locale = locale))
    });
    Report::new(json, text).with(failure)
}

fn backup(it: &LedgerBackup, desk: &Desk) -> Result<Report, Failure> {
    let rules = desk.rules(&it.place)?;
    let mut ledger = desk.own_ledger(&it.place)?;
    let allowed = ledger.allow_audit(&rules, desk.who(&it.place)?, Timestamp::now());
    allowed.map_err(|e| desk.ledger_failure(&e))?;
    copied(ledger.copy_to(&it.to), &it.to, desk)
}

fn restore(it: &LedgerRestore, desk: &Desk) -> Result<Report, Failure> {
    let to = desk.ledger_address(&it.place)?;
    let mut backup = Ledger::open(&it.from).map_err(|e| desk.ledger_failure(&e))?;
    copied(backup.copy_to(&to), &to, desk)
}

fn copied(rows: Result<u64, LedgerError>, to: &str, desk: &Desk) -> Result<Report, Failure> {
    let rows = rows.map_err(|e| desk.ledger_failure(&e))?;
    // The address of a server may hold a password; the ledger says it without.
    let address = Ledger::open(to).map_err(|e| desk.ledger_failure(&e))?.address();
    let text = t!(
        "ledger.copied",
        locale = desk.output.lang.locale(),
        rows = rows,
        address = address
    );
    Ok(Report::new(json!({ "rows": rows, "address": address }), text))
}

impl Desk<'_> {
    /// The address of the ledger.
    pub fn ledger_address(&self, place: &LedgerPlace) -> Result<String, Failure> {
        place
            .ledger
            .clone()
            .ok_or_else(|| self.ledger_failure(&LedgerError::Address(personalize::ledger::UrlFault::Empty)))
    }

    /// Who is at work.
    pub fn who<'p>(&self, place: &'p LedgerPlace) -> Result<&'p str, Failure> {
        let locale = self.output.lang.locale();
        let nobody =
            || Failure::input(t!("ledger.nobody", locale = locale)).next(t!("ledger.nobody_next", locale = locale));
        match place.who.as_deref() {
            Some(who) => Ok(who),
            // A service knows whose token it is.
            None if place.ledger.as_deref().is_some_and(Client::is_service) => Ok(""),
            None => Err(nobody()),
        }
    }

    /// The number of a request: the one given, or a random one.
    pub fn request(&self, given: Option<&str>) -> Result<String, Failure> {
        match given {
            Some(given) => Ok(given.to_owned()),
            None => Ok(hex::encode(self.random::<16>()?)),
        }
    }
}
