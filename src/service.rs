//! `ssc ledger serve|token`, and the way to a ledger behind a service.

use crate::args::{LedgerPlace, LedgerServe, LedgerToken};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, put};
use crate::stop;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use personalize::ledger::{Credential, Ledger, LedgerAccess, LedgerError, Rules};
use rust_i18n::t;
use serde_json::json;
use service::{Client, ClientSettings, Service, ServiceError, ServiceSettings, TlsClient, TlsServer};
use std::sync::atomic::Ordering;
use std::time::Duration;
use zeroize::Zeroizing;

/// What tokens begin with, so that a scanner of leaked secrets knows them.
const TOKEN: &str = "ssc_";
/// How often a stop is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// `ssc ledger serve`: until SIGTERM or Ctrl-C.
pub fn serve(it: &LedgerServe, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let stop = stop::flag(desk)?;
    let tls = it
        .certificate
        .clone()
        .zip(it.key.clone())
        .map(|(certificate, key)| TlsServer {
            certificate,
            key,
            client_ca: it.client_ca.clone(),
        });
    let settings = ServiceSettings {
        ledger: desk.ledger_address(&it.place)?,
        rules: desk.rules(&it.place)?,
        listen: it.listen,
        tls,
        rate: it.rate,
        ledgers: it.ledgers,
        connections: it.connections,
    };
    let service = Service::start(settings, Box::new(std::io::stderr())).map_err(|e| desk.service_failure(&e))?;
    let address = service.url();
    let line = match desk.output.json {
        true => json!({ "ready": true, "address": address }).to_string(),
        false => format!("ready {address}"),
    };
    // Whoever closed stdout does not wait for this line.
    let _ = put(&line);
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
    }
    service.stop().map_err(|e| desk.service_failure(&e))?;
    let text = t!("service.stopped", locale = lang.locale());
    // The one document of this verb is the line that said "ready".
    desk.output.talk(&text);
    Ok(Report::silent())
}

/// `ssc ledger token`: printed once, and kept by nobody.
pub fn token(it: &LedgerToken, desk: &Desk) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let rules = desk.rules(&it.place)?;
    let mut ledger = desk.own_ledger(&it.place)?;
    let (who, at, request) = (desk.who(&it.place)?, Timestamp::now(), desk.request(None)?);
    if it.withdraw {
        let count = ledger
            .expel(&rules, who, at, &it.id, &request)
            .map_err(|e| desk.ledger_failure(&e))?;
        let text = t!("service.withdrawn", locale = locale, count = count, who = it.id);
        return Ok(Report::new(json!({ "withdrawn": count, "ok": true }), text));
    }
    let expires = at + SignedDuration::from_hours(24 * i64::from(it.days));
    let (shown, kind) = match &it.certificate {
        Some(path) => {
            let der = service::first_certificate(path).map_err(|e| desk.service_failure(&e))?;
            (Zeroizing::new(der), "certificate")
        }
        None => {
            let secret = Zeroizing::new(desk.random::<32>()?);
            let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(*secret));
            (
                Zeroizing::new(format!("{TOKEN}{}", token.as_str()).into_bytes()),
                "token",
            )
        }
    };
    let credential = Credential {
        id: Credential::digest(&shown),
        staff: it.id.clone(),
        kind: kind.to_owned(),
        expires,
        active: true,
        revision: 0,
    };
    let admitted = ledger.admit(&rules, who, at, &credential, &request);
    admitted.map_err(|e| desk.ledger_failure(&e))?;
    let until = expires.strftime("%F").to_string();
    let mut json = json!({ "staff": it.id, "kind": kind, "expires": expires, "ok": true });
    if it.certificate.is_some() {
        let text = t!("service.admitted", locale = locale, who = it.id, until = until);
        return Ok(Report::new(json, text));
    }
    let token = String::from_utf8_lossy(&shown).into_owned();
    desk.output
        .talk(&t!("service.token_once", locale = locale, who = it.id, until = until));
    json["token"] = json!(token);
    Ok(Report::new(json, token))
}

impl Desk<'_> {
    /// The ledger, in a database or behind a service.
    pub fn ledger(&self, place: &LedgerPlace) -> Result<Box<dyn LedgerAccess>, Failure> {
        let address = self.ledger_address(place)?;
        match Client::is_service(&address) {
            true => Ok(Box::new(self.client(place)?)),
            false => Ok(Box::new(self.own_ledger(place)?)),
        }
    }

    /// The ledger in a database.
    pub fn own_ledger(&self, place: &LedgerPlace) -> Result<Ledger, Failure> {
        Ledger::open(&self.ledger_address(place)?).map_err(|e| self.ledger_failure(&e))
    }

    /// The rules: those of the service, of the province, or built in.
    pub fn rules(&self, place: &LedgerPlace) -> Result<Rules, Failure> {
        if place.ledger.as_deref().is_some_and(Client::is_service) {
            return self.client(place)?.rules().map_err(|e| self.ledger_failure(&e));
        }
        let rules = match &place.rules {
            Some(path) => Rules::load(path),
            None => Rules::builtin(),
        };
        rules.map_err(|e| Failure::explained(Class::Input, &e, self.output.lang))
    }

    fn client(&self, place: &LedgerPlace) -> Result<Client, Failure> {
        let lang = self.output.lang;
        let token = match (&place.service.token_file, std::env::var("SSC_TOKEN")) {
            (Some(path), _) => {
                let text = std::fs::read_to_string(path).map_err(|e| Failure::file(lang, path, &e))?;
                Some(Zeroizing::new(text))
            }
            (None, Ok(text)) => Some(Zeroizing::new(text)),
            (None, Err(_)) => None,
        };
        let tls = TlsClient {
            ca: place.service.service_ca.clone(),
            own: place
                .service
                .client_certificate
                .clone()
                .zip(place.service.client_key.clone()),
        };
        let settings = ClientSettings {
            address: self.ledger_address(place)?,
            token,
            tls,
        };
        let client = Client::connect(&settings).map_err(|e| self.service_failure(&e))?;
        match place.who.as_deref() {
            Some(who) if who != client.staff() => {
                let words = t!(
                    "service.other",
                    locale = lang.locale(),
                    who = who,
                    staff = client.staff()
                );
                Err(Failure::input(words).next(t!("service.other_next", locale = lang.locale())))
            }
            _ => Ok(client),
        }
    }

    fn service_failure(&self, error: &ServiceError) -> Failure {
        match error {
            ServiceError::Ledger(error) => self.ledger_failure(error),
            error => Failure::explained(Class::Input, error, self.output.lang),
        }
    }

    /// Why the ledger did not do something, as a failure: a refusal by the rules is a "no", a wrong password one of its own,
    /// everything else is to be mended.
    pub fn ledger_failure(&self, error: &LedgerError) -> Failure {
        let class = match error.refusal() {
            Some("password_wrong" | "password_locked") => Class::Pin,
            Some(_) => Class::Verdict,
            None => Class::Input,
        };
        Failure::explained(class, error, self.output.lang)
    }
}
