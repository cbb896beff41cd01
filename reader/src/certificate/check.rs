//! Is the certificate of a card right, and does the card hold its key?

use super::application::CertificateApplication;
use super::chain::{Chain, ChainError, Purpose, TrustStore};
use super::error::{CertificateError, pair_words};
use super::x509::Certificate;
use crate::verify::{Check, Outcome, Words};
use card_model::profile::{KeyPair, PinRole};
use card_model::sm2::DEFAULT_ID;
use card_model::words::Lang;
use jiff::Timestamp;
use rand_core::Rng;
use rust_i18n::t;

/// What a card's certificate is held against.
#[derive(Debug)]
pub struct Trust<'a> {
    /// Roots, issuing authorities, revocation lists; without any, the chain is not checked.
    pub store: Option<&'a TrustStore>,
    /// The moment that dates are held against.
    pub now: Timestamp,
}

/// What was found about the certificate of one key pair of a card.
#[derive(Debug)]
pub struct CardCheck {
    /// The certificate.
    pub certificate: Certificate,
    /// Whether it is for the key that the card holds.
    pub key_fits: bool,
    /// The chain; `None` without anything to trust.
    pub chain: Option<Result<Chain, ChainError>>,
    /// Whether the card answered a fresh challenge under the certificate's key; `None` if it was not asked, for want of the
    /// user PIN.
    pub answered: Option<bool>,
}

impl CardCheck {
    /// Nothing that was checked is wrong.
    pub fn passed(&self) -> bool {
        self.key_fits && self.chain.as_ref().is_none_or(Result::is_ok) && self.answered != Some(false)
    }
}

/// Checks the certificate of a key pair: it is for the card's key, a chain leads to a trusted root, and – if the user PIN was
/// verified – the card uses the private key on a fresh challenge: the signing key signs 32 random bytes, the encryption key
/// opens an envelope around them. `None` if the card holds no such certificate.
///
/// # Errors
/// The card refused, or what it holds is no certificate.
pub fn verify_card(
    application: &mut CertificateApplication<'_>,
    pair: KeyPair,
    trust: &Trust<'_>,
    entropy: &mut dyn Rng,
) -> Result<Option<CardCheck>, CertificateError> {
    let Some(der) = application.read_certificate(pair)? else {
        return Ok(None);
    };
    let certificate = Certificate::from_der(&der)?;
    let key = certificate.public_key()?;
    let key_fits = application.public_key(pair)? == Some(key);
    let purpose = match pair {
        KeyPair::Signing => Purpose::Signature,
        KeyPair::Encryption => Purpose::Encryption,
    };
    let chain = trust.store.map(|store| store.check(&certificate, purpose, trust.now));
    let mut challenge = [0; 32];
    entropy.fill_bytes(&mut challenge);
    let answer = match pair {
        // The certificate's key judges, not the one that the card tells.
        KeyPair::Signing => {
            let digest = key.digest(DEFAULT_ID, &challenge);
            application
                .sign_digest(&digest)
                .map(|signature| key.verify(&digest, &signature))
        }
        KeyPair::Encryption => key
            .encrypt(&challenge, entropy)
            .map_err(|error| CertificateError::Format(error.into()))
            .and_then(|cipher| application.decrypt(pair, &cipher))
            .map(|plain| card_model::secret::equal(&plain, &challenge)),
    };
    let answered = match answer {
        Ok(right) => Some(right),
        Err(CertificateError::PinNeeded { roles }) if roles.contains(&PinRole::User) => None,
        // A cipher text that the card's key does not open: the certificate is for another key.
        Err(CertificateError::Refused { sw, .. }) if sw == card_model::status::StatusWord::WRONG_DATA => Some(false),
        Err(CertificateError::NoKey { .. }) => Some(false),
        Err(error) => return Err(error),
    };
    Ok(Some(CardCheck {
        certificate,
        key_fits,
        chain,
        answered,
    }))
}

impl CardCheck {
    /// The result as checks of `ssc verify`: the certificate, its chain, the answer to the challenge.
    pub fn checks(&self, pair: KeyPair) -> Vec<Check> {
        let (certificate_name, chain_name, challenge_name) = match pair {
            KeyPair::Signing => ("signing_certificate", "signing_chain", "signing_challenge"),
            KeyPair::Encryption => ("encryption_certificate", "encryption_chain", "encryption_challenge"),
        };
        let pair = |lang| pair_words(pair, lang);
        let verdict = |right: bool| if right { Outcome::Passed } else { Outcome::Failed };
        let subject = self.certificate.subject();
        let until = self.certificate.not_after();
        let certificate = Check {
            name: certificate_name,
            title: words(|locale, lang| t!("pki.check.certificate", locale = locale, pair = pair(lang))),
            outcome: verdict(self.key_fits),
            detail: words(|locale, _| {
                if self.key_fits {
                    t!("pki.check.key_fits", locale = locale, subject = subject, until = until)
                } else {
                    t!("pki.check.other_key", locale = locale, subject = subject)
                }
            }),
        };
        let chain = Check {
            name: chain_name,
            title: words(|locale, lang| t!("pki.check.chain", locale = locale, pair = pair(lang))),
            outcome: match &self.chain {
                None => Outcome::Noted,
                Some(chain) => verdict(chain.is_ok()),
            },
            detail: words(|locale, lang| match &self.chain {
                None => t!("pki.check.no_trust", locale = locale),
                Some(Err(error)) => error.words(lang).into(),
                Some(Ok(chain)) => {
                    let way = chain.subjects.join(" ← ");
                    if chain.revocation_checked {
                        t!("pki.check.chain_listed", locale = locale, way = way)
                    } else {
                        t!("pki.check.chain_unlisted", locale = locale, way = way)
                    }
                }
            }),
        };
        let challenge = Check {
            name: challenge_name,
            title: words(|locale, lang| t!("pki.check.challenge", locale = locale, pair = pair(lang))),
            outcome: match self.answered {
                None => Outcome::Noted,
                Some(right) => verdict(right),
            },
            detail: words(|locale, _| match self.answered {
                None => t!("pki.check.no_pin", locale = locale),
                Some(true) => t!("pki.check.answered", locale = locale),
                Some(false) => t!("pki.check.not_answered", locale = locale),
            }),
        };
        vec![certificate, chain, challenge]
    }
}

fn words<'t>(text: impl Fn(&'static str, Lang) -> std::borrow::Cow<'t, str>) -> Words {
    Words {
        zh: text(Lang::Zh.locale(), Lang::Zh).into_owned(),
        en: text(Lang::En.locale(), Lang::En).into_owned(),
    }
}
