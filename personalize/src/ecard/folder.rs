//! Issuers of codes in a folder: `directory.toml` with the public keys, which every verifier gets, and one PEM file for each private
//! key, `issuer-N-key-M.pem`, which stays.
//!
//! The keys are plain files and for tests and training alone: every issuer made here has TEST in its name. A real issuer signs with
//! a key that no file holds.

use super::code::{CodeError, CodeIssuer, Directory, Issuer, IssuerKey};
use crate::private_key;
use card_model::sm2::PrivateKey;
use card_model::words::{Explain, Explanation, Lang};
use jiff::Timestamp;
use rand_core::Rng;
use rust_i18n::t;
use std::fs;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Name of the directory in the folder.
const DIRECTORY: &str = "directory.toml";
/// What the name of an issuer with a key in a file contains.
const TEST: &str = "TEST";

/// A folder of issuers.
#[derive(Debug)]
pub struct IssuerFolder {
    path: PathBuf,
    directory: Directory,
}

/// Why a folder of issuers could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum FolderError {
    /// A file cannot be read or written.
    File {
        /// File.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The directory, or what is to be entered, is wrong.
    Code(#[from] CodeError),
    /// A private key is none.
    Damaged {
        /// File.
        path: PathBuf,
    },
    /// A name without TEST in it.
    NotTest {
        /// Name.
        name: String,
    },
    /// An issuer of this number is there, of another name or scheme.
    OtherIssuer {
        /// Number.
        issuer: u16,
        /// Its name.
        name: String,
    },
    /// There is no such issuer, or more than one and none was named.
    NoIssuer {
        /// Those there are.
        known: String,
    },
    /// All numbers of keys are taken.
    Full {
        /// Issuer.
        issuer: u16,
    },
}

impl IssuerFolder {
    /// Opens a folder; an empty or missing one has no issuers.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let file = path.join(DIRECTORY);
        let directory = if file.exists() {
            directory(&file)?
        } else {
            Directory::default()
        };
        Ok(Self {
            path: path.to_owned(),
            directory,
        })
    }

    /// The issuers with their public keys.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Makes a key for an issuer, which is entered if it is new. Gives the number of the key. The private key is on the disk
    /// before the directory names it.
    ///
    /// # Errors
    /// A name without TEST, an issuer of another name or scheme, a period that is none, or a file that cannot be written.
    pub fn add_key(
        &mut self,
        issuer: &Issuer,
        period: (Timestamp, Timestamp),
        entropy: &mut dyn Rng,
    ) -> Result<u8, FolderError> {
        if !issuer.name.contains(TEST) {
            return Err(FolderError::NotTest {
                name: issuer.name.clone(),
            });
        }
        let known = self.directory.issuer(issuer.number);
        if let Some(known) = known.filter(|known| known.name != issuer.name || known.scheme != issuer.scheme) {
            return Err(FolderError::OtherIssuer {
                issuer: issuer.number,
                name: known.name.clone(),
            });
        }
        let last = known.and_then(|known| known.keys.iter().map(|key| key.number).max());
        let full = FolderError::Full { issuer: issuer.number };
        let number = last.unwrap_or(0).checked_add(1).ok_or(full)?;
        let private = PrivateKey::generate(entropy).map_err(|_| CodeError::Entropy)?;
        let mut directory = self.directory.clone();
        if known.is_none() {
            directory.add(issuer.clone())?;
        }
        let key = IssuerKey {
            number,
            public: private.public_key(),
            from: period.0,
            until: period.1,
        };
        directory.add_key(issuer.number, key)?;
        fs::create_dir_all(&self.path).map_err(|source| file(&self.path, source))?;
        let place = self.key_file(issuer.number, number);
        let pem = private_key::to_pem(&private).ok_or(CodeError::Entropy)?;
        private_key::write_new(&place, pem.as_bytes()).map_err(|source| file(&place, source))?;
        let list = self.path.join(DIRECTORY);
        let written = private_key::replace(&list, directory.to_toml()?.as_bytes());
        written.map_err(|source| file(&list, source))?;
        self.directory = directory;
        Ok(number)
    }

    /// An issuer with the private key that signs at a moment. Without a number: the only issuer there is.
    ///
    /// # Errors
    /// No such issuer, no key of it that signs now, or a private key that cannot be read.
    pub fn issuer(&self, number: Option<u16>, now: Timestamp) -> Result<CodeIssuer<'_>, FolderError> {
        let all = self.directory.issuers();
        let issuer = match number {
            Some(number) => self.directory.issuer(number),
            None => all.first().filter(|_| all.len() == 1),
        };
        let issuer = issuer.ok_or_else(|| {
            let known = all.iter().map(|issuer| format!("{} ({})", issuer.number, issuer.name));
            FolderError::NoIssuer {
                known: known.collect::<Vec<_>>().join(", "),
            }
        })?;
        // Of several keys the newest: it is good longest.
        let signing = issuer
            .keys
            .iter()
            .filter(|key| key.signs_at(now))
            .max_by_key(|key| key.from);
        let key = signing.ok_or(CodeError::KeyNotListed { issuer: issuer.number })?;
        let place = self.key_file(issuer.number, key.number);
        let pem = Zeroizing::new(fs::read_to_string(&place).map_err(|source| file(&place, source))?);
        let private = private_key::from_pem(&pem).filter(|private| private.public_key() == key.public);
        let private = private.ok_or(FolderError::Damaged { path: place })?;
        Ok(CodeIssuer::new(issuer, private))
    }

    fn key_file(&self, issuer: u16, key: u8) -> PathBuf {
        self.path.join(format!("issuer-{issuer}-key-{key}.pem"))
    }
}

/// Reads a directory of issuers: a file, or the one in a folder.
///
/// # Errors
/// It cannot be read, or is none.
pub fn directory(path: &Path) -> Result<Directory, FolderError> {
    let place = if path.is_dir() {
        path.join(DIRECTORY)
    } else {
        path.to_owned()
    };
    let text = fs::read_to_string(&place).map_err(|source| file(&place, source))?;
    Ok(text.parse()?)
}

fn file(path: &Path, source: std::io::Error) -> FolderError {
    FolderError::File {
        path: path.to_owned(),
        source,
    }
}

impl Explain for FolderError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let tell = |what: std::borrow::Cow<'_, str>, next: &str| Explanation {
            what: what.into_owned(),
            why: None,
            next: Some(t!(next, locale = locale).into_owned()),
        };
        match self {
            Self::File { path, source } => Explanation {
                why: Some(source.to_string()),
                ..tell(
                    t!("ecard.folder.file", locale = locale, path = path.display()),
                    "ecard.folder.file_next",
                )
            },
            Self::Code(error) => error.explain(lang),
            Self::Damaged { path } => tell(
                t!("ecard.folder.damaged", locale = locale, path = path.display()),
                "ecard.folder.damaged_next",
            ),
            Self::NotTest { name } => tell(
                t!("ecard.folder.not_test", locale = locale, name = name),
                "ecard.folder.not_test_next",
            ),
            Self::OtherIssuer { issuer, name } => tell(
                t!(
                    "ecard.folder.other_issuer",
                    locale = locale,
                    issuer = issuer,
                    name = name
                ),
                "ecard.folder.other_issuer_next",
            ),
            Self::NoIssuer { known } => tell(
                t!("ecard.folder.no_issuer", locale = locale, known = known),
                "ecard.folder.no_issuer_next",
            ),
            Self::Full { issuer } => tell(
                t!("ecard.folder.full", locale = locale, issuer = issuer),
                "ecard.folder.full_next",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::SeededEntropy;
    use jiff::SignedDuration;

    fn now() -> Timestamp {
        "2026-11-22T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn keys_are_made_found_and_renewed() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = IssuerFolder::open(&place.path().join("issuers")).unwrap();
        let mut entropy = SeededEntropy::new([1; 16]);
        let day = |days: i64| now() + SignedDuration::from_hours(24 * days);
        let province = Issuer::new(1, "TEST province", "ecard").unwrap();
        let insurance = Issuer::new(2, "TEST insurance", "insurance").unwrap();
        assert_eq!(folder.add_key(&province, (day(0), day(2)), &mut entropy).unwrap(), 1);
        assert_eq!(folder.add_key(&province, (day(1), day(4)), &mut entropy).unwrap(), 2);
        // The only issuer needs no number; of two it does.
        assert!(folder.issuer(None, day(0)).is_ok());
        assert_eq!(folder.add_key(&insurance, (day(0), day(9)), &mut entropy).unwrap(), 1);
        let again = IssuerFolder::open(&place.path().join("issuers")).unwrap();
        assert_eq!(again.directory(), folder.directory());
        assert_eq!(directory(&place.path().join("issuers")).unwrap(), *folder.directory());
        for (number, at, works) in [
            (Some(1), 0, true),
            (Some(1), 3, true),
            (Some(2), 5, true),
            (Some(1), 5, false),
            (None, 0, false),
            (Some(3), 0, false),
        ] {
            assert_eq!(again.issuer(number, day(at)).is_ok(), works, "{number:?} {at}");
        }
        let refused = |folder: &mut IssuerFolder, number, name: &str, scheme| {
            let issuer = Issuer::new(number, name, scheme).unwrap();
            folder
                .add_key(&issuer, (day(0), day(1)), &mut SeededEntropy::new([2; 16]))
                .unwrap_err()
        };
        assert!(matches!(
            refused(&mut folder, 4, "province", "ecard"),
            FolderError::NotTest { .. }
        ));
        assert!(matches!(
            refused(&mut folder, 1, "TEST other", "ecard"),
            FolderError::OtherIssuer { .. }
        ));
        assert!(matches!(
            refused(&mut folder, 1, "TEST province", "insurance"),
            FolderError::OtherIssuer { .. }
        ));
        let backwards = folder.add_key(&province, (day(1), day(0)), &mut entropy).unwrap_err();
        assert!(backwards.to_string().contains("issuer.key.until"), "{backwards}");
        // Another key under its name is not taken.
        let key = |number| place.path().join(format!("issuers/issuer-{number}-key-1.pem"));
        fs::copy(key(2), key(1)).unwrap();
        assert!(matches!(
            folder.issuer(Some(1), day(0)),
            Err(FolderError::Damaged { .. })
        ));
    }
}
