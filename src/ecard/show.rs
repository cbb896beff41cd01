//! `ssc ecard show`: a code, fresh, as the application on a telephone shows it.

use super::{no_channel, scene, target};
use crate::args::EcardShow;
use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Report;
use jiff::{SignedDuration, Timestamp};
use personalize::ecard::IssuerFolder;
use personalize::ecard::code::{CodeKind, CodeRequest};
use personalize::ecard::qr::Picture;
use personalize::ledger::{Details, LedgerError, Order, Receipt, Rules};
use rust_i18n::t;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Asks the ledger whether it may be shown, signs it, draws it.
pub fn run(it: &EcardShow, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let input = |error: &dyn card_model::words::Explain| Failure {
        class: Class::Input,
        words: error.explain(lang),
        sw: None,
    };
    let rules = desk.rules(&it.place)?;
    let channel = rules.electronic_channel(&it.channel);
    let channel = channel.ok_or_else(|| no_channel(&it.channel, &rules, desk))?.number;
    let now = Timestamp::now();
    let folder = IssuerFolder::open(&it.issuers).map_err(|e| input(&e))?;
    let issuer = folder.issuer(it.issuer, now).map_err(|e| input(&e))?;
    let scene = scene(&it.scene, issuer.issuer(), desk)?;
    let kind = if it.payment {
        CodeKind::Payment
    } else {
        CodeKind::Identity
    };
    let receipt = allowed(it, &rules, now, desk)?;
    let ecard = receipt
        .ecard
        .ok_or_else(|| desk.ledger_failure(&personalize::ledger::Refusal::NoElectronic.into()))?;
    let request = CodeRequest {
        kind,
        card: ecard.number(),
        channel,
        scene: scene.code,
    };
    let mut entropy = desk.entropy()?;
    let code = issuer.issue(&request, now, &mut *entropy).map_err(|e| input(&e))?;
    let text = issuer.text(&code).map_err(|e| input(&e))?;
    let picture = Picture::of(&text).map_err(|e| input(&e))?;
    if let Some(path) = &it.png {
        write(path, &picture.to_png().map_err(|e| input(&e))?, desk)?;
    }
    if let Some(path) = &it.svg {
        write(path, picture.to_svg().as_bytes(), desk)?;
    }
    let until = now + SignedDuration::from_secs(i64::from(issuer.issuer().scheme.validity_seconds));
    let json = json!({
        "ok": true,
        "code": text,
        "kind": kind,
        "ecard": ecard.id,
        "issuer": issuer.issuer().number,
        "channel": it.channel,
        "scene": scene.code,
        "until": until,
        "png": it.png,
        "svg": it.svg,
    });
    let told = t!(
        "ecard.shown",
        locale = lang.locale(),
        scene = lang.pick(&scene.name_zh, &scene.name),
        seconds = issuer.issuer().scheme.validity_seconds
    );
    Ok(Report::new(json, format!("{}\n{told}\n{text}", picture.to_terminal())))
}

/// An identity code is shown without a trace; for a payment code the password is asked, and what came out is written down.
fn allowed(it: &EcardShow, rules: &Rules, now: Timestamp, desk: &Desk) -> Result<Receipt, Failure> {
    let who = desk.who(&it.place)?;
    let mut details = Details {
        channel: Some(it.channel.clone()),
        ..Details::default()
    };
    let mut ledger = desk.ledger(&it.place)?;
    let request = desk.request(it.request.as_deref())?;
    let allowed: Result<Receipt, LedgerError> = if it.payment {
        details.password = Some(ask::ecard_password(ask::ECARD_PASSWORD, desk.output)?.into());
        let order = Order::new(request, "show_payment", Some(target(&it.target))).with(details);
        ledger.perform(rules, who, now, &order)
    } else {
        let order = Order::new(request, "show_identity", Some(target(&it.target))).with(details);
        ledger.permit(rules, who, now, &order)
    };
    allowed.map_err(|e| desk.ledger_failure(&e))
}

/// Writes a new file; one that is there is never written over.
fn write(path: &Path, bytes: &[u8], desk: &Desk) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| Failure::file(desk.output.lang, path, &error))
}
