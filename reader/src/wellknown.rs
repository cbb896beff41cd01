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
/// Initialising institution number.
pub const INSTITUTION: &str = "SSSE/EF05/04";
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
/// Issuer organisation identifier, bytes 1–5 of the initialising institution number (`spec/files.md` §4.3).
pub const ORGANISATION: [u8; 5] = [0x91, 0x56, 0x00, 0x00, 0x02];

#[cfg(test)]
mod tests {
    use super::*;
    use card_model::profile::{Format, Meaning, Profile};

    #[test]
    fn every_profile_has_them() {
        for name in Profile::BUILTIN {
            let profile = Profile::builtin(name).expect("built in");
            for path in [
                CARD_ID,
                SPECIFICATION_VERSION,
                INSTITUTION,
                ISSUE_DATE,
                EXPIRY_DATE,
                CARD_NUMBER,
            ] {
                assert!(
                    profile.locate(path).expect("in every version").element.is_some(),
                    "{name} {path}"
                );
            }
            for path in [SOCIAL_SECURITY_NUMBER, NAME, SEX, DATE_OF_BIRTH] {
                assert!(
                    profile.locate(path).expect("in every version").element.is_some(),
                    "{name} {path}"
                );
            }
            assert_eq!(profile.locate(NAME_EXTENSION).is_ok(), profile.generation > 1, "{name}");
            for path in [ISSUER_FILE, HOLDER_FILE] {
                assert_eq!(profile.locate(path).expect("in every version").element, None);
            }
            let element = |path| {
                profile
                    .locate(path)
                    .ok()
                    .and_then(|located| located.element)
                    .expect("an element")
            };
            assert_eq!(element(ISSUE_DATE).meaning, Meaning::Date);
            assert_eq!(element(CARD_ID).format, Format::Cn);
            assert_eq!(profile.dedicated_file(ENVIRONMENT).expect("SSSE").id, ENVIRONMENT);
            let application = profile.dedicated_file("DF01").expect("the public application");
            assert!(application.name.starts_with(&PROVIDER), "{name}");
        }
    }
}
