//! What all verbs of the certificate application share: pairs, trust, PINs, and errors with their exit codes.

use crate::args::CertTrust;
use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use card_model::profile::{KeyPair, PinRole};
use jiff::Timestamp;
use personalize::ca::CaFolder;
use rand_core::Rng;
use reader::certificate::chain::{RevocationList, TrustStore};
use reader::certificate::x509::certificates;
use reader::certificate::{CardCheck, CertificateApplication, CertificateError, FormatError, Trust, verify_card};
use reader::channel::system_entropy;
use std::path::{Path, PathBuf};

/// Both pairs, in the order of their files.
pub const PAIRS: [KeyPair; 2] = [KeyPair::Signing, KeyPair::Encryption];

/// Name of a pair in JSON and file names.
pub const fn pair_name(pair: KeyPair) -> &'static str {
    match pair {
        KeyPair::Signing => "signing",
        KeyPair::Encryption => "encryption",
    }
}

/// Roots, authorities and revocation lists of `--ca` and `--crl`; `None` if neither was given.
pub fn trust(it: &CertTrust, desk: &Desk) -> Result<Option<TrustStore>, Failure> {
    let lang = desk.output.lang;
    let mut store = TrustStore::default();
    if it.ca.is_empty() && it.crl.is_empty() {
        return Ok(None);
    }
    let read = |path: &PathBuf| std::fs::read(path).map_err(|e| Failure::file(lang, path, &e));
    let bad =
        |path: &Path, e: &FormatError| Failure::explained(Class::Input, e, lang).because(path.display().to_string());
    for path in &it.ca {
        if path.is_dir() {
            let own = CaFolder::trust(path).map_err(|e| Failure::explained(Class::Input, &e, lang))?;
            desk.ca_banner(path);
            store.roots.extend(own.roots);
            store.intermediates.extend(own.intermediates);
            store.revocation_lists.extend(own.revocation_lists);
            continue;
        }
        for certificate in certificates(&read(path)?).map_err(|e| bad(path, &e))? {
            // Who signs himself is a root; whoever names the file trusts it.
            if certificate.subject() == certificate.issuer() {
                store.roots.push(certificate);
            } else {
                store.intermediates.push(certificate);
            }
        }
    }
    for path in &it.crl {
        let list = RevocationList::from_bytes(&read(path)?).map_err(|e| bad(path, &e))?;
        // A list that is named counts before one that lies in an authority's folder.
        store.revocation_lists.insert(0, list);
    }
    Ok(Some(store))
}

impl Desk<'_> {
    /// Random numbers of the operating system.
    pub fn entropy(&self) -> Result<Box<dyn Rng + Send>, Failure> {
        system_entropy().map_err(|e| self.transport(&e))
    }

    /// The certificates of a card, checked as far as roots and PIN go.
    pub fn check_certificates(
        &self,
        application: &mut CertificateApplication<'_>,
        store: Option<&TrustStore>,
    ) -> Result<Vec<(KeyPair, CardCheck)>, Failure> {
        let mut entropy = self.entropy()?;
        let trust = Trust {
            store,
            now: Timestamp::now(),
        };
        let mut found = Vec::new();
        for pair in PAIRS {
            let check = verify_card(application, pair, &trust, &mut *entropy).map_err(|e| self.certificate(&e))?;
            found.extend(check.map(|check| (pair, check)));
        }
        Ok(found)
    }

    /// Asks for the user PIN of the certificate application and verifies it.
    pub fn user_pin(&self, application: &mut CertificateApplication<'_>) -> Result<(), Failure> {
        self.verify_pin(application, PinRole::User, ask::CERTIFICATE_PIN)
    }

    /// Asks for the administrator's PIN of the certificate application and verifies it.
    pub fn administrator_pin(&self, application: &mut CertificateApplication<'_>) -> Result<(), Failure> {
        self.verify_pin(application, PinRole::Administrator, ask::ADMINISTRATOR_PIN)
    }

    fn verify_pin(
        &self,
        application: &mut CertificateApplication<'_>,
        role: PinRole,
        variable: &str,
    ) -> Result<(), Failure> {
        let last_try = self.common.last_try;
        let tries = application
            .guard_pin(role, last_try)
            .map_err(|e| self.certificate(&e))?;
        let pin = ask::pin(variable, tries, self.output)?;
        application
            .verify_pin(role, &pin, last_try)
            .map_err(|e| self.certificate(&e))
    }

    /// An error of the certificate application as a failure of its class.
    pub fn certificate(&self, error: &CertificateError) -> Failure {
        let class = match error {
            CertificateError::Transport(error) => return self.transport(error),
            error if error.is_about_pin() => Class::Pin,
            CertificateError::Format(_)
            | CertificateError::Module(_)
            | CertificateError::TooLong { .. }
            | CertificateError::OtherKey { .. }
            | CertificateError::NotInProfile { .. }
            | CertificateError::Command(_) => Class::Input,
            _ => Class::Refused,
        };
        let mut failure = Failure::explained(class, error, self.output.lang);
        failure.sw = error.status_word().map(|sw| sw.0);
        failure
    }
}
