//! The verifier's side: off line, by the directory's public keys.

use super::directory::{Directory, Issuer};
use super::payload::{Code, CodeKind};
use super::spent::SpentCodes;
use super::text;
use card_model::sm2::DEFAULT_ID;
use card_model::words::{Explain, Explanation, Lang};
use jiff::{SignedDuration, Timestamp};
use rust_i18n::t;

/// Checks codes against a directory.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    directory: &'a Directory,
}

/// Where and when a code is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// The kind of code that is wanted here.
    pub kind: CodeKind,
    /// The scene this is.
    pub scene: u8,
    /// The only channel whose codes are taken here, if there is one.
    pub channel: Option<u16>,
    /// The verifier's clock.
    pub now: Timestamp,
}

/// What the verifier answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The code is good, here and now.
    Accepted(Accepted<'a>),
    /// It is not.
    Refused(Refusal),
}

/// A code that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// What it says.
    pub code: Code,
    /// Who issued it.
    pub issuer: &'a Issuer,
    /// Last moment at which it would have been taken.
    pub until: Timestamp,
}

/// Why a code is not taken. Each has its own answer for whoever stands before the till.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum Refusal {
    /// Not a code at all: another QR code, or damaged beyond its form.
    NotACode,
    /// Of an issuer that the directory does not have.
    ForeignIssuer {
        /// Number of the issuer.
        issuer: u16,
    },
    /// Signed with a key that the directory does not have for this issuer, or that did not sign at that moment.
    UnknownKey {
        /// Number of the issuer.
        issuer: u16,
        /// Number of the key.
        key: u8,
    },
    /// The signature does not fit: something in the code was changed.
    Altered,
    /// From the future: one of the two clocks is wrong.
    ClockAhead {
        /// By how many seconds.
        seconds: i64,
    },
    /// Too old.
    Expired {
        /// For how many seconds.
        seconds: i64,
    },
    /// An identity code where a payment code is wanted, or the other way round.
    OtherKind {
        /// The kind that was shown.
        shown: CodeKind,
    },
    /// Made for another scene.
    OtherScene {
        /// The scene it was made for, in both languages where the scheme has it.
        scene: String,
    },
    /// Shown by another channel than the one taken here.
    OtherChannel {
        /// Number of the channel that shows it.
        channel: u16,
    },
    /// A payment code that moved money before.
    Used,
}

impl<'a> Verifier<'a> {
    /// With these issuers.
    pub const fn new(directory: &'a Directory) -> Self {
        Self { directory }
    }

    /// Whether a scanned text is a good code here and now. A payment code that is good is used up by this call.
    ///
    /// Checked in this order: form, issuer, key, signature, clock, age, kind, scene, channel, use; the first that fails is
    /// the answer. Nothing that the code says is believed before its signature.
    ///
    /// # Errors
    /// The memory of used codes cannot be asked.
    pub fn verify<S: SpentCodes>(
        &self,
        scanned: &str,
        occasion: &Occasion,
        spent: &mut S,
    ) -> Result<Verdict<'a>, S::Error> {
        let accepted = match self.check(scanned, occasion) {
            Ok(accepted) => accepted,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        let moves_money = accepted.code.kind == CodeKind::Payment;
        if moves_money && !spent.spend(&accepted.code, accepted.until)? {
            return Ok(Verdict::Refused(Refusal::Used));
        }
        Ok(Verdict::Accepted(accepted))
    }

    /// All but the use.
    fn check(&self, scanned: &str, occasion: &Occasion) -> Result<Accepted<'a>, Refusal> {
        let written = text::read(scanned).ok_or(Refusal::NotACode)?;
        let code = written.signed.code;
        let foreign = Refusal::ForeignIssuer { issuer: code.issuer };
        let issuer = self.directory.issuer(code.issuer).ok_or(foreign)?;
        let unknown = Refusal::UnknownKey {
            issuer: code.issuer,
            key: code.key,
        };
        let issued = Timestamp::from_second(i64::from(code.issued)).map_err(|_| Refusal::NotACode)?;
        let key = issuer.key(code.key).filter(|key| key.signs_at(issued)).ok_or(unknown)?;
        let digest = key
            .public
            .digest(DEFAULT_ID, &text::signed_bytes(&issuer.scheme, &code));
        if !written.mark.is_of(&issuer.scheme) || !key.public.verify(&digest, &written.signed.signature) {
            return Err(Refusal::Altered);
        }
        let until = in_time(issuer, issued, occasion.now)?;
        fits(issuer, &code, occasion)?;
        Ok(Accepted { code, issuer, until })
    }
}

/// Last moment of a code, if it is not from the future and not too old.
fn in_time(issuer: &Issuer, issued: Timestamp, now: Timestamp) -> Result<Timestamp, Refusal> {
    let seconds = |count: u32| SignedDuration::from_secs(i64::from(count));
    let skew = seconds(issuer.scheme.clock_skew_seconds);
    let age = now.duration_since(issued);
    if -age > skew {
        return Err(Refusal::ClockAhead {
            seconds: -age.as_secs(),
        });
    }
    let lasts = seconds(issuer.scheme.validity_seconds) + skew;
    if age > lasts {
        let seconds = (age - seconds(issuer.scheme.validity_seconds)).as_secs();
        return Err(Refusal::Expired { seconds });
    }
    // The calendar ends in the year 9999, numbers of seconds in codes in 2106.
    issued.checked_add(lasts).map_err(|_| Refusal::NotACode)
}

/// Whether a code was made for this occasion.
fn fits(issuer: &Issuer, code: &Code, occasion: &Occasion) -> Result<(), Refusal> {
    if code.kind != occasion.kind {
        return Err(Refusal::OtherKind { shown: code.kind });
    }
    if code.scene != occasion.scene {
        let named = issuer.scheme.scene(code.scene);
        let scene = named.map_or_else(
            || code.scene.to_string(),
            |scene| format!("{} {}", scene.name, scene.name_zh),
        );
        return Err(Refusal::OtherScene { scene });
    }
    match occasion.channel {
        Some(channel) if channel != code.channel => Err(Refusal::OtherChannel { channel: code.channel }),
        _ => Ok(()),
    }
}

impl Refusal {
    /// A short name for programs, such as `expired`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotACode => "not_a_code",
            Self::ForeignIssuer { .. } => "foreign_issuer",
            Self::UnknownKey { .. } => "unknown_key",
            Self::Altered => "altered",
            Self::ClockAhead { .. } => "clock_ahead",
            Self::Expired { .. } => "expired",
            Self::OtherKind { .. } => "other_kind",
            Self::OtherScene { .. } => "other_scene",
            Self::OtherChannel { .. } => "other_channel",
            Self::Used => "used",
        }
    }
}

impl Explain for Refusal {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let what = match self {
            Self::NotACode => t!("ecard.refusal.not_a_code.what", locale = locale),
            Self::ForeignIssuer { issuer } => {
                t!("ecard.refusal.foreign_issuer.what", locale = locale, issuer = issuer)
            }
            Self::UnknownKey { issuer, key } => {
                t!(
                    "ecard.refusal.unknown_key.what",
                    locale = locale,
                    issuer = issuer,
                    key = key
                )
            }
            Self::Altered => t!("ecard.refusal.altered.what", locale = locale),
            Self::ClockAhead { seconds } => t!("ecard.refusal.clock_ahead.what", locale = locale, seconds = seconds),
            Self::Expired { seconds } => t!("ecard.refusal.expired.what", locale = locale, seconds = seconds),
            Self::OtherKind {
                shown: CodeKind::Identity,
            } => t!("ecard.refusal.other_kind.identity", locale = locale),
            Self::OtherKind {
                shown: CodeKind::Payment,
            } => t!("ecard.refusal.other_kind.payment", locale = locale),
            Self::OtherScene { scene } => t!("ecard.refusal.other_scene.what", locale = locale, scene = scene),
            Self::OtherChannel { channel } => {
                t!("ecard.refusal.other_channel.what", locale = locale, channel = channel)
            }
            Self::Used => t!("ecard.refusal.used.what", locale = locale),
        };
        let next = match self {
            Self::NotACode => "ecard.refusal.not_a_code.next",
            Self::ForeignIssuer { .. } | Self::UnknownKey { .. } => "ecard.refusal.foreign_issuer.next",
            Self::Altered => "ecard.refusal.altered.next",
            Self::ClockAhead { .. } => "ecard.refusal.clock_ahead.next",
            Self::Expired { .. } | Self::Used => "ecard.refusal.expired.next",
            Self::OtherKind { .. } | Self::OtherScene { .. } => "ecard.refusal.other_kind.next",
            Self::OtherChannel { .. } => "ecard.refusal.other_channel.next",
        };
        Explanation {
            what: what.into_owned(),
            why: None,
            next: Some(t!(next, locale = locale).into_owned()),
        }
    }
}
