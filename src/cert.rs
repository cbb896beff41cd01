//! `ssc cert`: certificates in the card.

use crate::args::{Cert, CertRead, CertRekey, CertRequest, CertVerify, CertWrite};
use crate::ask;
use crate::certificate::{PAIRS, pair_name, trust};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table, hex_upper};
use card_model::profile::KeyPair;
use reader::certificate::blob::EnvelopedKey;
use reader::certificate::request::name;
use reader::certificate::x509::{Certificate, certificates};
use reader::certificate::{BlockSize, CertificateApplication, CertificateError, FormatError};
use reader::verify::{Check, CheckView, Outcome};
use rust_i18n::t;
use serde_json::{Value, json};

/// One of the verbs.
pub fn run(it: &Cert, desk: &Desk) -> Result<Report, Failure> {
    match it {
        Cert::Request(it) => request(it, desk),
        Cert::Write(it) => write(it, desk),
        Cert::Read(it) => read(it, desk),
        Cert::Verify(it) => verify(it, desk),
        Cert::Pin(it) => crate::cert_pin::run(it, desk),
        Cert::Rekey(it) => rekey(it, desk),
    }
}

/// A certification request.
fn request(it: &CertRequest, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let mut session = desk.session(true)?;
    let subject = match (&it.subject, &session.card().card_number) {
        (Some(subject), _) => subject.clone(),
        (None, Some(number)) => format!("CN={},C=CN", number.trim_end_matches('\0')),
        (None, None) => "CN=TEST,C=CN".to_owned(),
    };
    let subject = name(&subject).map_err(|e| Failure::explained(Class::Input, &e, lang))?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    let known = application.public_key(KeyPair::Signing).map_err(fail)?;
    if known.is_some() && it.new_key {
        ask::confirm(
            &t!("ssc.cert.replace_really", locale = locale),
            desk.common.yes,
            desk.output,
        )?;
    }
    desk.user_pin(&mut application)?;
    let generated = known.is_none() || it.new_key;
    let key = match known {
        Some(key) if !it.new_key => key,
        _ => application.generate().map_err(fail)?,
    };
    if generated {
        desk.output.talk(&t!("ssc.cert.generated", locale = locale));
    }
    let request = application.request(&subject).map_err(fail)?;
    let pem = request
        .to_pem()
        .map_err(|e| Failure::explained(Class::Input, &e, lang))?;
    let file = it.out.as_ref().map(|path| path.display().to_string());
    let json = json!({
        "subject": request.subject().to_string(),
        "public_key": hex_upper(&key.to_bytes()),
        "generated": generated,
        "file": file,
        "request": pem,
    });
    let text = match &it.out {
        None => pem,
        Some(path) => {
            std::fs::write(path, &pem).map_err(|e| Failure::file(lang, path, &e))?;
            let subject = request.subject().to_string();
            t!(
                "ssc.cert.requested",
                locale = locale,
                subject = subject,
                file = path.display()
            )
            .into_owned()
        }
    };
    Ok(Report::new(json, text))
}

/// What one of the files of `ssc cert write` is.
enum Delivery {
    Key(EnvelopedKey),
    Certificate(Box<Certificate>),
}

/// Writes certificates and the encryption pair, whatever their order.
fn write(it: &CertWrite, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let deliveries = it.files.iter().map(|path| {
        let bytes = std::fs::read(path).map_err(|e| Failure::file(lang, path, &e))?;
        delivery(&bytes)
            .map(|delivery| (path, delivery))
            .map_err(|e| Failure::explained(Class::Input, &e, lang).because(path.display().to_string()))
    });
    let mut deliveries = deliveries.collect::<Result<Vec<_>, Failure>>()?;
    // The key pair before the certificate that is for it.
    deliveries.sort_by_key(|(_, delivery)| matches!(delivery, Delivery::Certificate(_)));
    let mut session = desk.session(true)?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    desk.user_pin(&mut application)?;
    if deliveries
        .iter()
        .any(|(_, delivery)| matches!(delivery, Delivery::Certificate(_)))
    {
        desk.administrator_pin(&mut application)?;
    }
    let mut written = Vec::new();
    let mut words = Vec::new();
    for (path, delivery) in &deliveries {
        let what = match delivery {
            Delivery::Key(key) => {
                application.import_encryption_pair(key).map_err(fail)?;
                "key"
            }
            Delivery::Certificate(certificate) => {
                let key = certificate
                    .public_key()
                    .map_err(|e| Failure::explained(Class::Input, &e, lang))?;
                let mut fitting = None;
                for pair in PAIRS {
                    if application.public_key(pair).map_err(fail)? == Some(key) {
                        fitting = Some(pair);
                    }
                }
                let Some(pair) = fitting else {
                    let locale = lang.locale();
                    return Err(Failure::input(t!(
                        "ssc.cert.unknown",
                        locale = locale,
                        file = path.display()
                    )));
                };
                application
                    .write_certificate(pair, certificate.to_der(), BlockSize::default())
                    .map_err(fail)?;
                pair_name(pair)
            }
        };
        written.push(json!({ "file": path.display().to_string(), "what": what, "ok": true }));
        words.push(path.display().to_string());
    }
    let text = t!("ssc.cert.written", locale = lang.locale(), what = words.join(" "));
    Ok(Report::new(json!({ "written": written }), text))
}

fn delivery(bytes: &[u8]) -> Result<Delivery, FormatError> {
    if bytes.len() == reader::certificate::blob::LENGTH
        && let Ok(key) = EnvelopedKey::from_bytes(bytes)
    {
        return Ok(Delivery::Key(key));
    }
    // Of a chain the first certificate is the holder's.
    let mut all = certificates(bytes)?.into_iter();
    let first = all.next().map(Box::new).map(Delivery::Certificate);
    first.ok_or(FormatError::Blob)
}

/// Shows the certificates in the card.
fn read(it: &CertRead, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let mut session = desk.session(false)?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    let mut views: Vec<Value> = Vec::new();
    let mut table = Table::plain(2);
    if let Some(folder) = &it.out {
        std::fs::create_dir_all(folder).map_err(|e| Failure::file(lang, folder, &e))?;
    }
    for pair in PAIRS {
        let Some(der) = application.read_certificate(pair).map_err(fail)? else {
            continue;
        };
        let certificate = Certificate::from_der(&der).map_err(|e| desk.certificate(&e.into()))?;
        let pem = certificate.to_pem().map_err(|e| desk.certificate(&e.into()))?;
        let key = certificate.public_key().map_err(|e| desk.certificate(&e.into()))?;
        for (heading, cell) in [
            (t!("ssc.cert.pair", locale = locale), pair_name(pair).to_owned()),
            (t!("ssc.cert.subject", locale = locale), certificate.subject()),
            (t!("ssc.cert.issuer", locale = locale), certificate.issuer()),
            (t!("ssc.cert.serial", locale = locale), certificate.serial()),
            (
                t!("ssc.cert.from", locale = locale),
                certificate.not_before().to_string(),
            ),
            (
                t!("ssc.cert.until", locale = locale),
                certificate.not_after().to_string(),
            ),
        ] {
            table.row(vec![heading.into_owned(), cell]);
        }
        table.row(vec![String::new(), String::new()]);
        let file = it
            .out
            .as_ref()
            .map(|folder| folder.join(format!("{}.crt", pair_name(pair))));
        if let Some(path) = &file {
            std::fs::write(path, &pem).map_err(|e| Failure::file(lang, path, &e))?;
            desk.output
                .talk(&t!("ssc.cert.saved", locale = locale, file = path.display()));
        }
        views.push(json!({
            "pair": pair_name(pair),
            "subject": certificate.subject(),
            "issuer": certificate.issuer(),
            "serial": certificate.serial(),
            "not_before": certificate.not_before().to_string(),
            "not_after": certificate.not_after().to_string(),
            "public_key": hex_upper(&key.to_bytes()),
            "der": hex_upper(&der),
            "file": file.map(|path| path.display().to_string()),
        }));
    }
    let text = if views.is_empty() {
        t!("ssc.cert.none", locale = locale).into_owned()
    } else {
        table.to_string()
    };
    Ok(Report::new(json!({ "certificates": views }), text))
}

/// Checks the certificates in the card.
fn verify(it: &CertVerify, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let store = trust(&it.trust, desk)?;
    let mut session = desk.session(false)?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    if it.pin || ask::has(ask::CERTIFICATE_PIN) || ask::has(ask::PIN) {
        desk.user_pin(&mut application)?;
    }
    let found = desk.check_certificates(&mut application, store.as_ref())?;
    if found.is_empty() {
        return Err(Failure::new(Class::Verdict, t!("ssc.cert.none", locale = locale)));
    }
    let checks: Vec<Check> = found.iter().flat_map(|(pair, check)| check.checks(*pair)).collect();
    let ok = found.iter().all(|(_, check)| check.passed());
    let views: Vec<CheckView> = checks.iter().map(|check| check.view(lang)).collect();
    let (verdict, failure) = if ok {
        (t!("ssc.cert.right", locale = locale), None)
    } else {
        let failed: Vec<&str> = checks
            .iter()
            .filter(|check| check.outcome == Outcome::Failed)
            .map(|check| check.detail.text(lang))
            .collect();
        let verdict = t!("ssc.cert.wrong", locale = locale);
        let failure = Failure::new(Class::Verdict, verdict.clone())
            .because(failed.join(lang.pick("；", "; ")))
            .next(t!("ssc.cert.wrong_next", locale = locale));
        (verdict, Some(failure))
    };
    let text = format!("{}\n{verdict}", crate::verify::lines(&checks, lang));
    Ok(Report::new(json!({ "ok": ok, "checks": views }), text).with(failure))
}

/// Replaces the master keys of environment and application by a successor's.
fn rekey(it: &CertRekey, desk: &Desk) -> Result<Report, Failure> {
    let mut old = desk.required_keys()?;
    let mut new = desk.open_keys(&it.new_keys)?;
    let locale = desk.output.lang.locale();
    ask::confirm(
        &t!("ssc.cert.rekey_really", locale = locale),
        desk.common.yes,
        desk.output,
    )?;
    let mut session = desk.session(true)?;
    let card = session.identity().map_err(|e| desk.refusal(&e))?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    let replaced = application
        .replace_master_keys(&mut old, &mut new, &card)
        .map_err(fail)?;
    let text = if replaced.is_empty() {
        t!("ssc.cert.rekeyed_before", locale = locale)
    } else {
        t!("ssc.cert.rekeyed", locale = locale, files = replaced.join(" "))
    };
    Ok(Report::new(json!({ "replaced": replaced }), text))
}
