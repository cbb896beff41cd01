//! What can be wrong with a profile, told with file, line and path.

use crate::profile::access::AccessError;
use crate::profile::rule::{Rule, Thing, Wanted};
use crate::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// A fault in a profile file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
pub struct ProfileError {
    /// Name of the file, as it was given to the loader.
    pub file: String,
    /// Line in that file, from 1.
    pub line: u32,
    /// Place in the tree, such as `DF01/EF06/record 8`; empty for the profile itself.
    pub path: String,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong at a place of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Not TOML, a field that does not exist, or a value of the wrong type; the parser's words.
    Syntax(String),
    /// A field that the grammar does not know here.
    UnknownField {
        /// Field found.
        name: String,
        /// Fields that may stand here.
        known: Vec<&'static str>,
    },
    /// A field holds something of the wrong type.
    WrongType {
        /// Field.
        field: &'static str,
        /// What should stand there.
        wanted: Wanted,
    },
    /// The extension is not for this card version.
    OtherBase {
        /// Name of the card version.
        base: String,
        /// Those it is for.
        bases: String,
    },
    /// No built-in profile has this name.
    UnknownProfile(String),
    /// A field that every profile needs is missing.
    Missing(&'static str),
    /// A value is not one of those allowed.
    NotOneOf {
        /// Field.
        field: &'static str,
        /// Value found.
        value: String,
        /// Values allowed.
        allowed: &'static str,
    },
    /// Not pairs of hexadecimal digits of the right number.
    Hex {
        /// Field.
        field: &'static str,
        /// Value found.
        value: String,
    },
    /// A number is outside its range.
    Range {
        /// Field.
        field: &'static str,
        /// Value found.
        value: u32,
        /// Least value.
        least: u32,
        /// Greatest value.
        most: u32,
    },
    /// Something that must be unique stands twice.
    Duplicate {
        /// What.
        what: Thing,
        /// Value found twice.
        value: String,
    },
    /// A name that is used is not defined.
    Unknown {
        /// What.
        what: Thing,
        /// Name.
        name: String,
    },
    /// An overlay removes or changes something that the base does not have.
    NotInBase {
        /// What.
        what: Thing,
        /// Name.
        name: String,
    },
    /// The access condition does not follow the grammar.
    Access(AccessError),
    /// A key in an access condition cannot be used in an external authentication.
    KeyRole(String),
    /// The PIN is named in a condition, but no PIN lives in this environment.
    NoPin,
    /// Lengths of parts do not add up to the length of the whole.
    Sum {
        /// What is added.
        what: Thing,
        /// Sum of the parts.
        found: u32,
        /// Length of the whole.
        expected: u32,
    },
    /// Records of a fixed file must have one length.
    UnequalRecords {
        /// Length of this record.
        found: u32,
        /// Length of the first record.
        expected: u32,
    },
    /// A rule is broken.
    Broken {
        /// Rule.
        rule: Rule,
        /// What is there instead.
        found: String,
    },
    /// HSM addresses of two keys overlap.
    Overlap {
        /// First key.
        first: String,
        /// Second key.
        second: String,
        /// Address that both use.
        address: u16,
    },
    /// The PSAM usage byte has no sensible level count or type.
    PsamUsage(u8),
    /// Overlays extend each other in a circle, or too deep.
    Circle(String),
}

impl Explain for ProfileError {
    fn explain(&self, lang: Lang) -> Explanation {
        let fault = self.fault.words(lang);
        let place = if self.path.is_empty() {
            format!("{}:{}", self.file, self.line)
        } else {
            format!("{}:{}: {}", self.file, self.line, self.path)
        };
        Explanation {
            what: format!("{place}: {fault}"),
            why: None,
            next: Some(self.advice(lang)),
        }
    }
}

impl ProfileError {
    /// What to do about it.
    pub fn advice(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let (file, line) = (&self.file, self.line);
        let key = match &self.fault {
            Fault::UnknownField { name, known } => {
                let near = nearest(name, known);
                return match near {
                    Some(near) => t!(
                        "profile.advice.near_field",
                        locale = locale,
                        file = file,
                        line = line,
                        name = near
                    ),
                    None => t!(
                        "profile.advice.field",
                        locale = locale,
                        file = file,
                        line = line,
                        known = known.join(", ")
                    ),
                }
                .into_owned();
            }
            Fault::UnknownProfile(_) | Fault::OtherBase { .. } => "profile.advice.base",
            Fault::Missing(_) => "profile.advice.missing",
            Fault::Duplicate { .. } => "profile.advice.duplicate",
            Fault::Unknown { what: Thing::Key, .. } => "profile.advice.key",
            Fault::NotInBase { .. } => "profile.advice.not_in_base",
            Fault::Sum { .. } | Fault::UnequalRecords { .. } => "profile.advice.length",
            Fault::Overlap { .. } => "profile.advice.overlap",
            _ => "profile.next",
        };
        t!(key, locale = locale, file = file, line = line).into_owned()
    }
}

/// The known field that looks most like a wrong one, if one does.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let wrong = name.to_ascii_lowercase();
    let distance = |field: &str| {
        let common = field.chars().zip(wrong.chars()).take_while(|(a, b)| a == b).count();
        let (longest, shortest) = (field.len().max(wrong.len()), field.len().min(wrong.len()));
        let letters = field.chars().filter(|c| wrong.contains(*c)).count();
        (longest - common.min(longest)) + (longest - shortest) + (field.len() - letters)
    };
    let best = known.iter().copied().min_by_key(|field| distance(field))?;
    (distance(best) <= best.len().max(3)).then_some(best)
}

impl Fault {
    /// The fault in words, without its place.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        match self {
            Self::Syntax(message) => t!("profile.syntax", locale = locale, message = message),
            Self::UnknownField { name, .. } => t!("profile.unknown_field", locale = locale, name = name),
            Self::WrongType { field, wanted } => t!(
                "profile.wrong_type",
                locale = locale,
                field = field,
                wanted = wanted.words(lang)
            ),
            Self::OtherBase { base, bases } => {
                t!("profile.other_base", locale = locale, base = base, bases = bases)
            }
            Self::UnknownProfile(name) => t!("profile.unknown_profile", locale = locale, name = name),
            Self::Missing(field) => t!("profile.missing", locale = locale, field = field),
            Self::NotOneOf { field, value, allowed } => {
                t!(
                    "profile.not_one_of",
                    locale = locale,
                    field = field,
                    value = value,
                    allowed = allowed
                )
            }
            Self::Hex { field, value } => t!("profile.hex", locale = locale, field = field, value = value),
            Self::Range {
                field,
                value,
                least,
                most,
            } => {
                t!(
                    "profile.range",
                    locale = locale,
                    field = field,
                    value = value,
                    least = least,
                    most = most
                )
            }
            Self::Duplicate { what, value } => t!(
                "profile.duplicate",
                locale = locale,
                what = what.words(lang),
                value = value
            ),
            Self::Unknown { what, name } => {
                t!("profile.unknown", locale = locale, what = what.words(lang), name = name)
            }
            Self::NotInBase { what, name } => t!(
                "profile.not_in_base",
                locale = locale,
                what = what.words(lang),
                name = name
            ),
            Self::Access(error) => t!("profile.access", locale = locale, error = error.words(lang)),
            Self::KeyRole(name) => t!("profile.key_role", locale = locale, name = name),
            Self::NoPin => t!("profile.no_pin", locale = locale),
            Self::Sum { what, found, expected } => {
                t!(
                    "profile.sum",
                    locale = locale,
                    what = what.words(lang),
                    found = found,
                    expected = expected
                )
            }
            Self::UnequalRecords { found, expected } => {
                t!(
                    "profile.unequal_records",
                    locale = locale,
                    found = found,
                    expected = expected
                )
            }
            Self::Broken { rule, found } => {
                t!(
                    "profile.broken",
                    locale = locale,
                    found = found,
                    rule = rule.words(lang)
                )
            }
            Self::Overlap { first, second, address } => t!(
                "profile.overlap",
                locale = locale,
                first = first,
                second = second,
                address = format!("{address:04X}")
            ),
            Self::PsamUsage(usage) => {
                t!("profile.psam_usage", locale = locale, usage = format!("{usage:02X}"))
            }
            Self::Circle(name) => t!("profile.circle", locale = locale, name = name),
        }
        .into_owned()
    }
}
