//! Elements that this program itself gives a meaning to, by their paths in the profile. Tags, lengths and formats come
//! from the profile; a test looks every path up in every built-in profile.

/// Directory of the environment that is opened first: the social security environment.
pub const ENVIRONMENT: &str = "SSSE";
/// Card issuer data.
pub const ISSUER_FILE: &str = "SSSE/EF05";
/// Card identification code: region, provider, serial, authentication code (`spec/files.md` §4.1).
pub const CARD_ID: &str = "SSSE/EF05/01";
/// Specification version.
pub const SPECIFICATION_VERSION: &str = "SSSE/EF05/03";
/// Issue date.
pub const ISSUE_DATE: &str = "SSSE/EF05/05";
/// Expiry date.
pub const EXPIRY_DATE: &str = "SSSE/EF05/06";
/// Card number.
pub const CARD_NUMBER: &str = "SSSE/EF05/07";
/// Basic information of the holder.
pub const HOLDER_FILE: &str = "SSSE/EF06";
/// Social security number.
pub const SOCIAL_SECURITY_NUMBER: &str = "SSSE/EF06/08";
/// Name.
pub const NAME: &str = "SSSE/EF06/09";
/// What of a name does not fit into [`NAME`]; version 1 has no such element.
pub const NAME_EXTENSION: &str = "SSSE/EF06/4E";
/// Sex.
pub const SEX: &str = "SSSE/EF06/0A";
/// Date of birth.
pub const DATE_OF_BIRTH: &str = "SSSE/EF06/0D";

/// Registered application provider of the social security card, bytes 4–8 of the card identification code.
pub const PROVIDER: [u8; 5] = [0xD1, 0x56, 0x00, 0x00, 0x05];
