//! Column headings of a holders file.

use crate::standard::path;
use crate::target::Target;
use card_model::profile::Profile;

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Social security number: the holder's identity.
    SocialSecurityNumber,
    /// Full name; what has no room in one element goes to the name extension.
    Name,
    /// Card number instead of one from prefix and sequence.
    CardNumber,
    /// Issue date instead of the settings'.
    IssueDate,
    /// Expiry date instead of issue date plus years of validity.
    ExpiryDate,
    /// An element or file of the card.
    Element(Target),
}

/// Headings with a name of their own: English name, Chinese names, path of the element.
const NAMED: &[(&str, &[&str], &str)] = &[
    (
        "social_security_number",
        &["社会保障号码", "社会保障号", "公民身份号码", "身份证号", "身份证号码"],
        path::SOCIAL_SECURITY_NUMBER,
    ),
    ("name", &["姓名"], path::NAME),
    ("sex", &["性别"], path::SEX),
    ("ethnic_group", &["民族"], path::ETHNIC_GROUP),
    ("place_of_birth", &["出生地"], path::PLACE_OF_BIRTH),
    ("date_of_birth", &["出生日期"], path::DATE_OF_BIRTH),
    ("card_number", &["卡号", "社会保障卡号"], path::CARD_NUMBER),
    ("issue_date", &["发卡日期"], path::ISSUE_DATE),
    ("expiry_date", &["卡有效期", "有效期"], path::EXPIRY_DATE),
];

/// Columns that every file must have.
pub const REQUIRED: [&str; 2] = ["social_security_number", "name"];

/// What a heading means: one of the names, or the path of an element or file.
pub fn resolve(profile: &Profile, heading: &str) -> Option<Column> {
    let heading = heading.trim();
    let named = NAMED
        .iter()
        .find(|(en, zh, _)| en.eq_ignore_ascii_case(heading) || zh.contains(&heading));
    let target = Target::find(profile, named.map_or(heading, |(_, _, path)| path))?;
    // A path that names one of these elements is the same column as the name.
    let is = |path: &str| Target::find(profile, path) == Some(target);
    // What issuing computes is no column: the card identification code, and the part of a long name.
    if is(path::CARD_ID) || is(path::NAME_EXTENSION) {
        return None;
    }
    Some(match () {
        () if is(path::SOCIAL_SECURITY_NUMBER) => Column::SocialSecurityNumber,
        () if is(path::NAME) => Column::Name,
        () if is(path::CARD_NUMBER) => Column::CardNumber,
        () if is(path::ISSUE_DATE) => Column::IssueDate,
        () if is(path::EXPIRY_DATE) => Column::ExpiryDate,
        () => Column::Element(target),
    })
}
