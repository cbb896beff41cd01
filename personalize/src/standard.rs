//! What the standard fixes about the numbers on a card, in one place: constants and the paths of the elements that hold them.
//! Tags, lengths and formats are not here: they are looked up in the profile under these paths.

pub use reader::wellknown::PROVIDER;

/// Issuer organisation identifier, bytes 1–5 of the initialising institution number (`spec/files.md` §4.3).
pub const ORGANISATION: [u8; 5] = [0x91, 0x56, 0x00, 0x00, 0x02];

/// Weights of the card number's check character (STD-V2 annex A, `spec/files.md` §4.4).
pub const CARD_NUMBER_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Weights of the citizen number's check character (GB 11643: `2^(17-i) mod 11`).
pub const CITIZEN_NUMBER_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Check characters of the citizen number by remainder (GB 11643).
pub const CITIZEN_NUMBER_CHECKS: &[u8; 11] = b"10X98765432";

/// Card category of areas that do not distinguish categories: adult (`spec/files.md` §2.1, SSSE EF05 tag 02).
pub const CARD_CATEGORY: &str = "3";

/// Province digits used by no province: numbers that start with them are fictitious. The tool's own tests use 99.
pub const TEST_PROVINCE: &str = "99";

/// Paths of the elements that issuing fills or watches by itself.
pub mod path {
    pub use reader::wellknown::{
        CARD_ID, CARD_NUMBER, DATE_OF_BIRTH, EXPIRY_DATE, ISSUE_DATE, NAME, NAME_EXTENSION, SEX, SOCIAL_SECURITY_NUMBER,
        SPECIFICATION_VERSION,
    };

    /// Card category.
    pub const CARD_CATEGORY: &str = "SSSE/EF05/02";
    /// Initialising institution number.
    pub const INSTITUTION: &str = "SSSE/EF05/04";
    /// Ethnic group.
    pub const ETHNIC_GROUP: &str = "SSSE/EF06/0B";
    /// Place of birth.
    pub const PLACE_OF_BIRTH: &str = "SSSE/EF06/0C";
}
