//! Schemes as data: what all issuers of one kind of code have in common (`personalize/issuers/*.toml`).

use super::error::CodeError;
use super::payload::CodeKind;
use serde::Deserialize;
use std::str::FromStr;

/// The schemes that come with the crate, by name.
const BUILT_IN: [(&str, &str); 2] = [
    ("ecard", include_str!("../../../issuers/ecard.toml")),
    ("insurance", include_str!("../../../issuers/insurance.toml")),
];

/// What all issuers of one kind of code have in common.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// English name.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// What an identity code begins with, before a colon: digits and capital letters.
    pub prefix: String,
    /// How long a code is good for, in seconds.
    pub validity_seconds: u32,
    /// How far the clocks of issuer and verifier may be apart, in seconds.
    pub clock_skew_seconds: u32,
    /// How payment codes are written. Without it the scheme has none.
    pub payment: Option<PaymentForm>,
    /// What codes may be shown for.
    #[serde(rename = "scene")]
    pub scenes: Vec<Scene>,
}

/// What the consumer-presented form of EMV names beside the code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentForm {
    /// ADF name (tag 4F), 5 to 16 bytes.
    #[serde(deserialize_with = "bytes")]
    pub adf_name: Vec<u8>,
    /// Application label (tag 50), 1 to 16 characters of ASCII.
    pub label: String,
}

/// What a code may be shown for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Its number in the code.
    pub code: u8,
    /// English name.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// Kinds of codes that are good here.
    pub kinds: Vec<CodeKind>,
}

impl Scheme {
    /// A scheme that comes with the crate: `ecard` or `insurance`.
    ///
    /// # Errors
    /// No such scheme.
    pub fn built_in(name: &str) -> Result<Self, CodeError> {
        let (_, text) = BUILT_IN
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| CodeError::UnknownScheme {
                name: name.to_owned(),
                known: BUILT_IN.map(|(name, _)| name).join(", "),
            })?;
        text.parse()
    }

    /// A scene by its number.
    pub fn scene(&self, code: u8) -> Option<&Scene> {
        self.scenes.iter().find(|scene| scene.code == code)
    }

    fn check(self) -> Result<Self, CodeError> {
        let rule = |holds: bool, field, rule| {
            if holds {
                Ok(())
            } else {
                Err(CodeError::Value { field, rule })
            }
        };
        let capital = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit();
        rule(
            (1..=8).contains(&self.prefix.len()) && self.prefix.bytes().all(capital),
            "prefix",
            "1 to 8 capital letters and digits",
        )?;
        rule(
            (1..=86_400).contains(&self.validity_seconds),
            "validity_seconds",
            "1 second to a day",
        )?;
        rule(
            self.clock_skew_seconds < self.validity_seconds,
            "clock_skew_seconds",
            "less than the validity",
        )?;
        rule(!self.scenes.is_empty(), "scene", "at least one")?;
        let mut codes: Vec<u8> = self.scenes.iter().map(|scene| scene.code).collect();
        codes.sort_unstable();
        codes.dedup();
        rule(codes.len() == self.scenes.len(), "scene", "each number once")?;
        match &self.payment {
            Some(form) => {
                rule(
                    (5..=16).contains(&form.adf_name.len()),
                    "payment.adf_name",
                    "5 to 16 bytes in hex",
                )?;
                let label = &form.label;
                let printable = label.bytes().all(|c| c == b' ' || c.is_ascii_graphic());
                rule(
                    (1..=16).contains(&label.len()) && printable,
                    "payment.label",
                    "1 to 16 characters of ASCII",
                )?;
            }
            None => {
                let pays = self.scenes.iter().any(|scene| scene.kinds.contains(&CodeKind::Payment));
                rule(!pays, "scene.kinds", "payment only where [payment] is given")?;
            }
        }
        Ok(self)
    }
}

impl FromStr for Scheme {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        toml::from_str::<Self>(text).map_err(CodeError::toml)?.check()
    }
}

fn bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    hex::decode(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_come_with_the_crate() {
        for (name, _) in BUILT_IN {
            let scheme = Scheme::built_in(name).unwrap();
            assert_eq!(scheme.validity_seconds, 180, "three minutes (issue 6)");
            assert!(scheme.scene(1).unwrap().kinds.contains(&CodeKind::Identity));
        }
        let error = Scheme::built_in("bank").unwrap_err().to_string();
        assert!(BUILT_IN.iter().all(|(name, _)| error.contains(name)), "{error}");
    }

    #[test]
    fn what_cannot_be_is_named() {
        let good = BUILT_IN[0].1;
        for (from, to, field) in [
            ("SSC1", "ssc1", "prefix"),
            ("validity_seconds = 180", "validity_seconds = 0", "validity_seconds"),
            (
                "clock_skew_seconds = 30",
                "clock_skew_seconds = 180",
                "clock_skew_seconds",
            ),
            ("D156000005EC01", "D1560000", "payment.adf_name"),
            ("SSC PAY", "社保", "payment.label"),
            ("code = 2", "code = 1", "each number once"),
        ] {
            let error = good.replacen(from, to, 1).parse::<Scheme>().unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
        let paid = good.split("[payment]").next().unwrap().to_owned() + good.split("\"SSC PAY\"").nth(1).unwrap();
        assert!(paid.parse::<Scheme>().unwrap_err().to_string().contains("[payment]"));
    }
}
