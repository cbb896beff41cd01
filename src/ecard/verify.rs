//! `ssc ecard verify`: whether a code that was scanned is good, here and now; with the ledger also whether the card behind it is.

use super::{no_channel, scene};
use crate::args::EcardVerify;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::money::fen;
use crate::output::Report;
use card_model::words::{Explain, Explanation};
use jiff::Timestamp;
use personalize::ecard::code::{Accepted, CodeKind, Directory, Occasion, SpentInMemory, Verdict, Verifier};
use personalize::ecard::{Answer, Till, directory};
use personalize::ledger::{LedgerAccess, Receipt, Rules};
use personalize::mask;
use rust_i18n::t;
use serde_json::{Value, json};
use std::io::BufRead;

/// Checks a code.
pub fn run(it: &EcardVerify, desk: &Desk) -> Result<Report, Failure> {
    let rules = desk.rules(&it.place)?;
    let directory = directory(&it.issuers).map_err(|e| desk.issuers(&e))?;
    let scanned = scanned(&it.code, desk)?;
    let now = it.at.unwrap_or_else(Timestamp::now);
    let occasion = Occasion {
        kind: if it.payment {
            CodeKind::Payment
        } else {
            CodeKind::Identity
        },
        scene: wanted(it, &directory, desk)?,
        channel: channel(it, &rules, desk)?,
        now,
    };
    let verifier = Verifier::new(&directory);
    if it.offline || it.place.ledger.is_none() {
        let Ok(verdict) = verifier.verify(&scanned, &occasion, &mut SpentInMemory::default());
        return Ok(match verdict {
            Verdict::Accepted(accepted) => good(&accepted, None, &rules, desk),
            Verdict::Refused(refusal) => bad(refusal.name(), &refusal, false, desk),
        });
    }
    let mut ledger = desk.ledger(&it.place)?;
    let amount = it
        .amount
        .as_deref()
        .map(|text| fen(text, desk.output.lang))
        .transpose()?;
    let mut till = Till {
        ledger: ledger.as_mut(),
        rules: &rules,
        who: desk.who(&it.place)?,
        at: now,
        request: desk.request(it.request.as_deref())?,
        amount_fen: amount.map(i64::from),
    };
    let answer = till
        .take(&verifier, &scanned, &occasion)
        .map_err(|e| desk.ledger_failure(&e))?;
    match answer {
        Answer::Good(accepted, receipt) => {
            let holder = holder(ledger.as_mut(), &receipt);
            Ok(good(&accepted, Some((&receipt, holder)), &rules, desk))
        }
        Answer::Code(refusal) => Ok(bad(refusal.name(), &refusal, true, desk)),
        Answer::Ledger(error) => Ok(bad(error.refusal().unwrap_or_default(), &error, true, desk)),
        Answer::UnknownCard => Ok(bad("unknown_card", &UnknownCard, true, desk)),
    }
}

/// The ledger knows no such electronic card.
struct UnknownCard;

impl Explain for UnknownCard {
    fn explain(&self, lang: card_model::words::Lang) -> Explanation {
        Explanation {
            what: t!("ecard.unknown_card", locale = lang.locale()).into_owned(),
            why: None,
            next: Some(t!("ecard.unknown_card_next", locale = lang.locale()).into_owned()),
        }
    }
}

/// What was scanned: as given, or the first line of stdin.
fn scanned(given: &str, desk: &Desk) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::file(desk.output.lang, std::path::Path::new("-"), &error))?;
    Ok(line)
}

/// The number of the scene: a number as it is; a name by the first issuer that has it.
fn wanted(it: &EcardVerify, directory: &Directory, desk: &Desk) -> Result<u8, Failure> {
    if let Ok(number) = it.scene.parse() {
        return Ok(number);
    }
    let mut found = Err(Failure::input(t!(
        "ecard.no_scene",
        locale = desk.output.lang.locale(),
        given = it.scene
    )));
    for issuer in directory.issuers() {
        found = scene(&it.scene, issuer, desk).map(|scene| scene.code);
        if found.is_ok() {
            break;
        }
    }
    found
}

fn channel(it: &EcardVerify, rules: &Rules, desk: &Desk) -> Result<Option<u16>, Failure> {
    let Some(name) = &it.channel else { return Ok(None) };
    let channel = rules
        .electronic_channel(name)
        .ok_or_else(|| no_channel(name, rules, desk))?;
    Ok(Some(channel.number))
}

/// Who the holder is, so far as to compare with a person or a document; nothing where the till may not know.
fn holder(ledger: &mut dyn LedgerAccess, receipt: &Receipt) -> Option<[String; 2]> {
    let person = ledger.standing(&receipt.ecard.as_ref()?.person).ok()?.person;
    Some([mask::name(&person.name), mask::number(&person.id)])
}

fn good(
    accepted: &Accepted<'_>,
    on_line: Option<(&Receipt, Option<[String; 2]>)>,
    rules: &Rules,
    desk: &Desk,
) -> Report {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let code = &accepted.code;
    let channel = rules.electronic_channel_numbered(code.channel);
    let channel = channel.map_or_else(|| code.channel.to_string(), |channel| channel.name.clone());
    let mut json: Value = json!({
        "ok": true,
        "verdict": "accepted",
        "on_line": on_line.is_some(),
        "kind": code.kind,
        "issuer": code.issuer,
        "issuer_name": accepted.issuer.name,
        "ecard": code.card.to_string(),
        "channel": channel,
        "scene": code.scene,
        "until": accepted.until,
    });
    let issuer = &accepted.issuer.name;
    let mut text = t!(
        "ecard.good",
        locale = locale,
        issuer = issuer,
        ecard = code.card,
        channel = channel
    )
    .into_owned();
    match on_line {
        Some((receipt, holder)) => {
            json["repeated"] = json!(receipt.repeated);
            if let Some([name, number]) = holder {
                let told = t!("ecard.holder", locale = locale, name = name, number = number);
                text = format!("{text}\n{told}");
                json["holder"] = json!({ "name": name, "number": number });
            }
        }
        None => desk.output.talk(&t!("ecard.offline", locale = locale)),
    }
    Report::new(json, text)
}

fn bad(name: &str, refusal: &dyn Explain, on_line: bool, desk: &Desk) -> Report {
    let words = refusal.explain(desk.output.lang);
    let json = json!({ "ok": false, "verdict": name, "on_line": on_line });
    let failure = Failure {
        class: Class::Verdict,
        words,
        sw: None,
    };
    Report::new(json, "").with(Some(failure))
}
