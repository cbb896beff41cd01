//! Passwords of electronic cards: a salted verifier by PBKDF2 with HMAC-SM3, `pbkdf2-sm3$ROUNDS$SALT$HASH` in hex.
//!
//! A million passwords can be tried by whoever has the database, whatever the rounds; against everybody else the count of wrong
//! ones stands.

use super::super::error::LedgerError;
use super::entities::Password;
use super::real_name::{Asked, RealName, RealNameError};
use card_model::secret::equal;
use pbkdf2::pbkdf2_hmac;
use sm3::Sm3;

const METHOD: &str = "pbkdf2-sm3";
const SALT: usize = 16;
const HASH: usize = 32;

impl Password {
    /// A password for an electronic card, with a salt of its own.
    pub(in super::super) fn new(ecard: &str, text: &str, rounds: u32, tries: i64) -> Result<Self, LedgerError> {
        Ok(Self {
            id: ecard.to_owned(),
            verifier: verifier(text, rounds)?,
            tries,
            revision: 0,
        })
    }

    /// Takes another password in its place; all tries are there again.
    pub(in super::super) fn replace(&mut self, text: &str, rounds: u32, tries: i64) -> Result<(), LedgerError> {
        self.verifier = verifier(text, rounds)?;
        self.tries = tries;
        Ok(())
    }

    /// Whether a password is the one; a verifier that cannot be read fits none.
    pub(in super::super) fn is(&self, text: &str) -> bool {
        let mut parts = self.verifier.split('$');
        let method = parts.next() == Some(METHOD);
        let rounds = parts.next().and_then(|rounds| rounds.parse().ok());
        let mut bytes = || parts.next().and_then(|part| hex::decode(part).ok());
        match (method, rounds, bytes(), bytes()) {
            (true, Some(rounds), Some(salt), Some(hash)) => equal(&derived(text, &salt, rounds), &hash),
            _ => false,
        }
    }
}

impl RealName for Password {
    fn check(&self, asked: &Asked<'_>) -> Result<bool, RealNameError> {
        Ok(self.tries > 0 && asked.evidence.is_some_and(|text| self.is(text)))
    }
}

/// Whether a password may be chosen: so many digits, neither all the same nor a row such as 123456.
pub(in super::super) fn fits(text: &str, digits: usize) -> bool {
    let bytes = text.as_bytes();
    let row = |step: i16| {
        bytes
            .windows(2)
            .all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step)
    };
    bytes.len() == digits && bytes.iter().all(u8::is_ascii_digit) && ![-1, 0, 1].into_iter().any(row)
}

fn verifier(text: &str, rounds: u32) -> Result<String, LedgerError> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|error| LedgerError::Database {
        words: error.to_string(),
    })?;
    let hash = derived(text, &salt, rounds);
    Ok(format!("{METHOD}${rounds}${}${}", hex::encode(salt), hex::encode(hash)))
}

fn derived(text: &str, salt: &[u8], rounds: u32) -> [u8; HASH] {
    let mut hash = [0; HASH];
    pbkdf2_hmac::<Sm3>(text.as_bytes(), salt, rounds, &mut hash);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_verifier_fits_its_password_and_no_other_and_is_salted() {
        let password = Password::new("1", "250916", 1000, 5).unwrap();
        assert!(password.is("250916") && !password.is("250917") && !password.is(""));
        let again = Password::new("1", "250916", 1000, 5).unwrap();
        assert_ne!(again.verifier, password.verifier);
        assert!(!password.verifier.contains("250916"));
    }

    /// Computed with OpenSSL 3.0: `openssl kdf -keylen 32 -kdfopt digest:SM3 -kdfopt pass:250916 -kdfopt
    /// hexsalt:000102030405060708090a0b0c0d0e0f -kdfopt iter:1000 PBKDF2`.
    #[test]
    fn the_derivation_is_the_one_of_others() {
        let salt: Vec<u8> = (0..16).collect();
        assert_eq!(
            hex::encode_upper(derived("250916", &salt, 1000)),
            "83B72D7E1F528E54AB554DAA4343E055B1C8FBC75C8B5612D7F1053C80E76A21"
        );
    }

    proptest! {
        #[test]
        fn damaged_verifiers_fit_nothing(verifier in "(pbkdf2-sm3\\$[0-9]{0,3}\\$[0-9a-g$]{0,80}|\\PC{0,40})", text in "[0-9]{0,8}") {
            let password = Password { id: String::new(), verifier, tries: 5, revision: 0 };
            prop_assert!(!password.is(&text));
        }
    }

    #[test]
    fn passwords_that_everybody_guesses_are_not_taken() {
        for (text, fit) in [
            ("250916", true),
            ("000000", false),
            ("123456", false),
            ("654321", false),
            ("12345", false),
            ("25091６", false),
            ("1234567", false),
            ("a50916", false),
            ("121212", true),
        ] {
            assert_eq!(fits(text, 6), fit, "{text}");
        }
    }
}
