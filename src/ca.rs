//! `ssc ca`: the TEST certification authority.

use crate::args::{Ca, CaCrl, CaIssue, CaNew};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Report;
use jiff::Timestamp;
use personalize::ca::{CaError, CaFolder, Lifetime};
use reader::certificate::request::Request;
use rust_i18n::t;
use serde_json::json;
use std::path::{Path, PathBuf};

/// One of the verbs.
pub fn run(it: &Ca, desk: &Desk) -> Result<Report, Failure> {
    match it {
        Ca::New(it) => new(it, desk),
        Ca::Issue(it) => issue(it, desk),
        Ca::Crl(it) => crl(it, desk),
    }
}

/// Makes an authority.
fn new(it: &CaNew, desk: &Desk) -> Result<Report, Failure> {
    let mut entropy = desk.entropy()?;
    let ca = CaFolder::create(&it.dir, &it.organisation, Timestamp::now(), &mut *entropy).map_err(|e| desk.ca(&e))?;
    let (root, issuing) = (ca.root().certificate().subject(), ca.issuing().certificate().subject());
    let path = it.dir.display().to_string();
    let text = t!(
        "ssc.ca.made",
        locale = desk.output.lang.locale(),
        path = path,
        root = root,
        issuing = issuing
    );
    let json = json!({ "folder": path, "test": true, "root": root, "issuing": issuing });
    Ok(Report::new(json, text))
}

/// Certifies a request.
fn issue(it: &CaIssue, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let mut ca = desk.open_ca(&it.dir)?;
    let bytes = std::fs::read(&it.request).map_err(|e| Failure::file(lang, &it.request, &e))?;
    let request = Request::from_bytes(&bytes).map_err(|e| Failure::explained(Class::Input, &e, lang))?;
    let mut entropy = desk.entropy()?;
    let lifetime = Lifetime::years(Timestamp::now(), i16::from(it.years)).map_err(|e| desk.ca(&e))?;
    let end = ca.issuing().certificate().not_after();
    if lifetime.until > end {
        let locale = lang.locale();
        return Err(
            Failure::input(t!("ca.outlives", locale = locale, years = it.years, end = end))
                .next(t!("ca.outlives_next", locale = locale)),
        );
    }
    let signing = ca
        .issuing()
        .issue(&request, lifetime, &mut *entropy)
        .map_err(|e| desk.ca(&e))?;
    let encryption = if it.signing_only {
        None
    } else {
        let issued = ca.issuing().issue_encryption(&request, lifetime, &mut *entropy);
        Some(issued.map_err(|e| desk.ca(&e))?)
    };
    let mut entries = vec![(&signing, "signing")];
    entries.extend(encryption.as_ref().map(|issued| (&issued.certificate, "encryption")));
    // Into the book first: what is handed out can always be revoked.
    ca.enter(&entries).map_err(|e| desk.ca(&e))?;
    let stem = it.out.clone().unwrap_or_else(|| it.request.with_extension(""));
    let beside = |suffix: &str| -> PathBuf {
        let mut name = stem.clone().into_os_string();
        name.push(suffix);
        name.into()
    };
    let format = |e: &reader::certificate::FormatError| Failure::explained(Class::Input, e, lang);
    let mut files = Vec::new();
    let mut write = |suffix: &str, contents: &[u8]| -> Result<String, Failure> {
        let path = beside(suffix);
        std::fs::write(&path, contents).map_err(|e| Failure::file(lang, &path, &e))?;
        let name = path.display().to_string();
        files.push(name.clone());
        Ok(name)
    };
    let signing_file = write(".signing.crt", signing.to_pem().map_err(|e| format(&e))?.as_bytes())?;
    let mut json = json!({
        "subject": signing.subject(),
        "signing": { "file": signing_file, "serial": signing.serial() },
    });
    if let Some(issued) = &encryption {
        let certificate = write(
            ".encryption.crt",
            issued.certificate.to_pem().map_err(|e| format(&e))?.as_bytes(),
        )?;
        let key = write(".key", &issued.key.to_bytes().map_err(|e| format(&e))?)?;
        json["encryption"] = json!({ "file": certificate, "serial": issued.certificate.serial() });
        json["key"] = json!({ "file": key });
    }
    let text = t!(
        "ssc.ca.issued",
        locale = lang.locale(),
        subject = signing.subject(),
        files = files.join(" ")
    );
    Ok(Report::new(json, text))
}

/// Revokes, and makes the lists anew.
fn crl(it: &CaCrl, desk: &Desk) -> Result<Report, Failure> {
    let mut ca = desk.open_ca(&it.dir)?;
    let mut entropy = desk.entropy()?;
    let now = Timestamp::now();
    ca.revoke(&it.revoke, now).map_err(|e| desk.ca(&e))?;
    ca.write_lists(now, &mut *entropy).map_err(|e| desk.ca(&e))?;
    let revoked: Vec<_> = ca.issued().iter().filter(|entry| entry.revoked.is_some()).collect();
    let path = it.dir.display().to_string();
    let text = t!(
        "ssc.ca.lists",
        locale = desk.output.lang.locale(),
        path = path,
        count = revoked.len()
    );
    let json =
        json!({ "folder": path, "lists": ["root.crl", "issuing.crl"], "revoked": revoked, "issued": ca.issued() });
    Ok(Report::new(json, text))
}

impl Desk<'_> {
    /// Opens an authority and says that it is a TEST one.
    pub fn open_ca(&self, path: &Path) -> Result<CaFolder, Failure> {
        let ca = CaFolder::open(path).map_err(|e| self.ca(&e))?;
        self.ca_banner(path);
        Ok(ca)
    }

    /// Says that an authority is a TEST one.
    pub fn ca_banner(&self, path: &Path) {
        let locale = self.output.lang.locale();
        self.output
            .warn(&t!("ssc.ca.banner", locale = locale, path = path.display()));
    }

    fn ca(&self, error: &CaError) -> Failure {
        Failure::explained(Class::Input, error, self.output.lang)
    }
}
