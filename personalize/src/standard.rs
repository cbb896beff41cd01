//! What the standard fixes about the numbers on a card, in one place: constants and the paths of the elements that hold them.
//! Tags, lengths and formats are not here: they are looked up in the profile under these paths.

pub use reader::wellknown::{ORGANISATION, PROVIDER};

/// Card category of areas that do not distinguish categories: adult (`spec/files.md` §2.1, SSSE EF05 tag 02).
pub const CARD_CATEGORY: &str = "3";

/// Paths of the elements that issuing fills or watches by itself.
pub mod path {
    pub use reader::wellknown::{
        CARD_ID, CARD_NUMBER, DATE_OF_BIRTH, EXPIRY_DATE, INSTITUTION, ISSUE_DATE, NAME, NAME_EXTENSION, SEX,
        SOCIAL_SECURITY_NUMBER, SPECIFICATION_VERSION,
    };

    /// Card category.
    pub const CARD_CATEGORY: &str = "SSSE/EF05/02";
    /// Ethnic group.
    pub const ETHNIC_GROUP: &str = "SSSE/EF06/0B";
    /// Place of birth.
    pub const PLACE_OF_BIRTH: &str = "SSSE/EF06/0C";
}
