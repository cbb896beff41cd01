//! What is wrong with a scheme, a directory, or the wish for a code.

use card_model::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// What is wrong with a scheme, a directory, or the wish for a code. The input is to blame, always.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum CodeError {
    /// Not TOML, or a field is missing, unknown or of another type.
    Toml {
        /// Line, column and fault in the parser's words.
        fault: String,
    },
    /// A value that cannot be.
    Value {
        /// Field.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// No scheme of this name comes with the program.
    UnknownScheme {
        /// Name.
        name: String,
        /// Those that do.
        known: String,
    },
    /// The private key belongs to no key that the directory has for the issuer at this moment.
    KeyNotListed {
        /// Issuer.
        issuer: u16,
    },
    /// The scheme has no such scene.
    UnknownScene {
        /// Number.
        scene: u8,
        /// Those it has.
        known: String,
    },
    /// This kind of code is not good in this scene.
    KindOfScene {
        /// Scene, in words.
        scene: String,
    },
    /// A moment before 1970 or after 2106.
    Moment,
    /// The source of entropy gives no usable number.
    Entropy,
}

impl CodeError {
    pub(super) fn toml(error: toml::de::Error) -> Self {
        Self::Toml {
            fault: error.to_string(),
        }
    }
}

impl Explain for CodeError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let what = match self {
            Self::Toml { fault } => t!("ecard.code.toml", locale = locale, fault = fault),
            Self::Value { field, rule } => t!("ecard.code.value", locale = locale, field = field, rule = rule),
            Self::UnknownScheme { name, known } => {
                t!("ecard.code.unknown_scheme", locale = locale, name = name, known = known)
            }
            Self::KeyNotListed { issuer } => t!("ecard.code.key_not_listed", locale = locale, issuer = issuer),
            Self::UnknownScene { scene, known } => {
                t!(
                    "ecard.code.unknown_scene",
                    locale = locale,
                    scene = scene,
                    known = known
                )
            }
            Self::KindOfScene { scene } => t!("ecard.code.kind_of_scene", locale = locale, scene = scene),
            Self::Moment => t!("ecard.code.moment", locale = locale),
            Self::Entropy => t!("ecard.code.entropy", locale = locale),
        };
        let next = match self {
            Self::KeyNotListed { .. } => Some(t!("ecard.code.key_not_listed_next", locale = locale).into_owned()),
            _ => None,
        };
        Explanation {
            what: what.into_owned(),
            why: None,
            next,
        }
    }
}
