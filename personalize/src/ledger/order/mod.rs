//! Orders: what somebody wants done, and what came out of it.

mod conditions;
mod effects;
mod electronic;
mod perform;
mod permit;
mod real_name;
mod secret;
mod situation;

pub(super) use perform::{check, perform};
pub(super) use permit::permit;
pub use secret::Secret;

use super::electronic::Ecard;
use super::entities::{Application, Card, Person};
use super::error::LedgerError;
use super::rules::Rules;
use crate::citizen::SocialSecurityNumber;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an order is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The person with this social security number: their open application, their card, or their electronic card.
    Person(String),
    /// The application with this number.
    Application(String),
    /// The card with this number, or its electronic card.
    Card(String),
    /// The electronic card with this number.
    Ecard(String),
}

/// Who applies, as they stand at the counter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// Social security number.
    pub number: String,
    /// Full name.
    pub name: String,
    /// Kind of document of the rules; nothing: the resident identity card.
    #[serde(default)]
    pub document: Option<String>,
    /// Number of the document, where it is not the social security number.
    #[serde(default)]
    pub document_number: Option<String>,
    /// GB/T 2261.1; nothing: by the citizen number.
    #[serde(default)]
    pub sex: Option<String>,
    /// Date of birth; nothing: by the citizen number.
    #[serde(default)]
    pub birth: Option<Date>,
    /// Number of the mobile phone.
    #[serde(default)]
    pub mobile: Option<String>,
}

impl Applicant {
    /// Somebody with a resident identity card, of whom no more has to be said.
    pub fn new(number: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            number: number.into(),
            name: name.into(),
            document: None,
            document_number: None,
            sex: None,
            birth: None,
            mobile: None,
        }
    }
}

impl core::fmt::Debug for Applicant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Applicant")
            .field("number", &crate::mask::number(&self.number))
            .field("name", &crate::mask::name(&self.name))
            .finish_non_exhaustive()
    }
}

/// Somebody who acts for the holder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Their name.
    pub name: String,
    /// Kind and number of their document.
    pub document: String,
    /// Whether they are the guardian.
    #[serde(default)]
    pub guardian: bool,
}

impl core::fmt::Debug for Agent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Agent {{ {}, guardian: {} }}",
            crate::mask::name(&self.name),
            self.guardian
        )
    }
}

/// A method by which it was, or is to be, made sure that the person is who they say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identified {
    /// Method of the rules.
    pub method: String,
    /// What the person presents, where the method needs it: a message code, a password, the reference of a picture.
    #[serde(default)]
    pub evidence: Option<Secret>,
}

/// A payment code that was presented and found good by its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PresentedCode {
    /// Number of the issuer.
    pub issuer: u16,
    /// Number of the code, 16 hex digits.
    pub number: String,
    /// Number of the scene it was made for.
    pub scene: u8,
}

impl PresentedCode {
    /// Key of the row that says that it moved money.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.issuer, self.number)
    }
}

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Number of the request, chosen by who asks: a request is done once.
    pub request: String,
    /// Act of the rules.
    pub act: String,
    /// On what; for `apply` the applicant says it.
    #[serde(default)]
    pub target: Option<Target>,
    /// All else.
    #[serde(flatten)]
    pub details: Details,
}

/// What an order says besides; what an act does not need is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Details {
    /// `apply`: who.
    pub applicant: Option<Applicant>,
    /// `apply`: kind of application; nothing: the first card.
    pub kind: Option<String>,
    /// `apply`: channel; nothing: the counter. Acts on electronic cards: the channel in which they are shown.
    pub channel: Option<String>,
    /// `apply`: bank; nothing: that of the old card, or of the outlet.
    pub bank: Option<String>,
    /// `apply`: code of the reason for a re-issue.
    pub reason_code: Option<String>,
    /// `apply`: batch in which it came.
    pub batch: Option<String>,
    /// `apply`: the card elsewhere that its holder agrees to merge.
    pub merge: Option<String>,
    /// `apply`, `collect`, acts on electronic cards: who acts for the holder.
    pub agent: Option<Agent>,
    /// Why.
    pub reason: Option<String>,
    /// The card is in the clerk's hand.
    pub in_hand: bool,
    /// The holder chose a PIN in place of the initial one.
    pub pin_chosen: bool,
    /// `pay`, `accept_payment`: what was paid; `settle_…`: what was paid out; in fen.
    pub amount_fen: Option<i64>,
    /// `make`: card number; nothing: the next one behind the prefix.
    pub card_number: Option<String>,
    /// `make`: what card numbers begin with.
    pub card_number_prefix: Option<String>,
    /// `made`: card identification code in hex.
    pub card_id: Option<String>,
    /// `made`: historical bytes of the chip in hex.
    pub historical: Option<String>,
    /// `made`: number of the financial account.
    pub bank_number: Option<String>,
    /// `made`: issue date; nothing: today.
    pub issued: Option<Date>,
    /// `made`: expiry date; nothing: ten years later.
    pub expires: Option<Date>,
    /// `die`: day of death; nothing: today.
    pub died: Option<Date>,
    /// `reserve_mobile`: the number; `open_payment`: the reserved number as the holder names it.
    pub mobile: Option<String>,
    /// Acts on electronic cards: how it is made sure who the holder is.
    pub real_name: Option<Identified>,
    /// The password of the electronic card.
    pub password: Option<Secret>,
    /// `set_password`, `change_password`, `reset_password`: the new one.
    pub new_password: Option<Secret>,
    /// `accept_payment`: the code.
    pub code: Option<PresentedCode>,
}

impl Order {
    /// An order for an act on something.
    pub fn new(request: impl Into<String>, act: impl Into<String>, target: Option<Target>) -> Self {
        Self {
            request: request.into(),
            act: act.into(),
            target,
            details: Details::default(),
        }
    }

    /// With what it says besides.
    pub fn with(mut self, details: Details) -> Self {
        self.details = details;
        self
    }
}

/// What came out of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Number of the request.
    pub request: String,
    /// What was done.
    pub act: String,
    /// Whether it had been done before, by the same request.
    pub repeated: bool,
    /// The application afterwards.
    pub application: Option<Application>,
    /// The card afterwards.
    pub card: Option<Card>,
    /// The card that ended.
    pub old_card: Option<Card>,
    /// The electronic card afterwards.
    #[serde(default)]
    pub ecard: Option<Ecard>,
    /// Channels that it is bound to afterwards.
    #[serde(default)]
    pub channels: Vec<String>,
    /// What has to be given back, in fen.
    pub refund_fen: i64,
    /// `apply`: years whose holidays the rules do not know, so that the promise counts their weekends only.
    #[serde(default)]
    pub holidays_unknown: Vec<i16>,
}

impl Applicant {
    /// The person as the ledger keeps them.
    pub(super) fn person(&self, rules: &Rules) -> Result<Person, LedgerError> {
        let number = SocialSecurityNumber::parse(self.number.trim())
            .map_err(|_| LedgerError::input("number", &crate::mask::number(&self.number)))?;
        let kind = self.document.as_deref().unwrap_or("resident_card");
        let document = rules
            .document(kind)
            .ok_or_else(|| LedgerError::input("document", kind))?;
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 50 || name.chars().any(char::is_control) {
            return Err(LedgerError::input("name", &crate::mask::name(name)));
        }
        let given = self
            .document_number
            .as_deref()
            .map(str::trim)
            .filter(|number| !number.is_empty());
        let document_number = match given {
            Some(given) if document.citizen && given != number.as_str() => {
                return Err(LedgerError::input("document_number", &crate::mask::number(given)));
            }
            Some(given) if given.len() <= 30 && given.bytes().all(|b| b.is_ascii_alphanumeric()) => given.to_owned(),
            Some(given) => return Err(LedgerError::input("document_number", &crate::mask::number(given))),
            None if document.citizen => number.as_str().to_owned(),
            None => return Err(LedgerError::input("document_number", "")),
        };
        let citizen = number.citizen();
        let birth = self.birth.or(citizen.map(|citizen| citizen.birth));
        let birth = birth.ok_or_else(|| LedgerError::input("birth", ""))?;
        let sex = self.sex.clone().or(citizen.map(|citizen| citizen.sex.to_string()));
        let sex = sex.unwrap_or_else(|| "9".to_owned());
        if !["1", "2", "9"].contains(&sex.as_str()) {
            return Err(LedgerError::input("sex", &sex));
        }
        if citizen.is_some_and(|citizen| citizen.birth != birth || !(sex == "9" || sex == citizen.sex.to_string())) {
            return Err(LedgerError::input("birth", ""));
        }
        let mobile = self
            .mobile
            .as_deref()
            .map(str::trim)
            .filter(|mobile| !mobile.is_empty());
        if let Some(mobile) = mobile {
            check_mobile(mobile)?;
        }
        Ok(Person {
            id: number.as_str().to_owned(),
            document: document.name.clone(),
            document_number,
            name: name.to_owned(),
            sex,
            birth,
            mobile: mobile.map(str::to_owned),
            died: None,
            revision: 0,
        })
    }
}

/// A mobile number has at most 20 digits, signs and blanks.
fn check_mobile(mobile: &str) -> Result<(), LedgerError> {
    if !mobile.is_empty() && mobile.len() <= 20 && mobile.bytes().all(|b| b.is_ascii_digit() || b"+- ".contains(&b)) {
        return Ok(());
    }
    Err(LedgerError::input("mobile", &crate::mask::number(mobile)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_applicant(number in "(111111198101011110|[0-9A-Z]{15,20}|\\PC{0,20})", name in "\\PC{0,60}", document in "[a-z_]{0,12}",
                         document_number in proptest::option::of("\\PC{0,31}"), mobile in "\\PC{0,22}") {
            let rules = Rules::builtin().unwrap();
            let applicant = Applicant {
                document_number,
                document: Some(document).filter(|d| !d.is_empty()),
                mobile: Some(mobile),
                ..Applicant::new(number, name)
            };
            if let Ok(person) = applicant.person(&rules) {
                prop_assert_eq!(person.id.len(), 18);
                prop_assert!(!person.document_number.is_empty());
            }
        }

        #[test]
        fn any_json(text in "\\PC{0,80}") {
            let _ = serde_json::from_str::<Order>(&text);
        }
    }
}
