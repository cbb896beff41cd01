//! The test authority in a folder: keys and certificates in PEM as OpenSSL reads them, and what was issued.
//!
//! `root.crt`, `root.key`, `issuing.crt`, `issuing.key`: certificates and TEST keys · `chain.pem`: issuing and root
//! certificate · `root.crl`, `issuing.crl`: revocation lists · `issued.json`: every certificate that was issued.

use super::authority::{Authority, Lifetime, Revocation};
use super::error::CaError;
use crate::private_key;
use jiff::{SignedDuration, Timestamp};
use rand_core::Rng;
use reader::certificate::FormatError;
use reader::certificate::chain::{RevocationList, TrustStore};
use reader::certificate::request::name;
use reader::certificate::x509::Certificate;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Years of the root.
const ROOT_YEARS: i16 = 20;
/// Years of the issuing authority.
const ISSUING_YEARS: i16 = 10;
/// How long a revocation list is good for.
const LIST_DAYS: i64 = 30;

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedEntry {
    /// Serial number in hex.
    pub serial: String,
    /// Subject in the form of RFC 4514.
    pub subject: String,
    /// `signing` or `encryption`.
    pub pair: String,
    /// Last second of validity.
    pub until: Timestamp,
    /// Since when it is revoked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revoked: Option<Timestamp>,
}

/// What `issued.json` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Book {
    /// Says what the folder is.
    test: bool,
    /// Number of the last revocation lists.
    lists: u64,
    certificates: Vec<IssuedEntry>,
}

/// A test authority on disk.
#[derive(Debug)]
pub struct CaFolder {
    path: PathBuf,
    root: Authority,
    issuing: Authority,
    book: Book,
}

impl CaFolder {
    /// Makes root and issuing authority, both visibly TEST, and empty revocation lists. The folder may exist, but must be
    /// empty.
    ///
    /// # Errors
    /// The folder is not empty or cannot be written.
    pub fn create(path: &Path, organisation: &str, now: Timestamp, entropy: &mut dyn Rng) -> Result<Self, CaError> {
        fs::create_dir_all(path).map_err(|source| file(path, source))?;
        let mut entries = fs::read_dir(path).map_err(|source| file(path, source))?;
        if entries.next().is_some() {
            return Err(CaError::Exists { path: path.to_owned() });
        }
        let named = |what: &str| name(&format!("CN=TEST {what},O={},C=CN", escape(organisation)));
        let root = Authority::root(&named("root CA")?, Lifetime::years(now, ROOT_YEARS)?, entropy)?;
        let issuing = root.subordinate(&named("issuing CA")?, Lifetime::years(now, ISSUING_YEARS)?, entropy)?;
        let folder = Self {
            path: path.to_owned(),
            root,
            issuing,
            book: Book {
                test: true,
                ..Book::default()
            },
        };
        for (authority, stem) in [(&folder.root, "root"), (&folder.issuing, "issuing")] {
            let pem = private_key::to_pem(authority.key()).ok_or(CaError::Format(FormatError::NotSm2))?;
            let key = folder.path.join(format!("{stem}.key"));
            private_key::write_new(&key, pem.as_bytes()).map_err(|source| file(&key, source))?;
            folder.write(&format!("{stem}.crt"), authority.certificate().to_pem()?.as_bytes())?;
        }
        let chain = folder.issuing.certificate().to_pem()? + &folder.root.certificate().to_pem()?;
        folder.write("chain.pem", chain.as_bytes())?;
        let mut folder = folder;
        folder.write_lists(now, entropy)?;
        Ok(folder)
    }

    /// Opens an authority.
    ///
    /// # Errors
    /// A file is missing or damaged.
    pub fn open(path: &Path) -> Result<Self, CaError> {
        let authority = |stem: &str| {
            let damaged = |name: &str| CaError::Damaged { path: path.join(name) };
            let (key_name, certificate_name) = (format!("{stem}.key"), format!("{stem}.crt"));
            let pem = Zeroizing::new(read_text(&path.join(&key_name))?);
            let key = private_key::from_pem(&pem).ok_or_else(|| damaged(&key_name))?;
            let certificate = read_text(&path.join(&certificate_name))?;
            let certificate =
                Certificate::from_bytes(certificate.as_bytes()).map_err(|_| damaged(&certificate_name))?;
            Authority::new(key, certificate)
        };
        let book_path = path.join("issued.json");
        let book: Book = serde_json::from_str(&read_text(&book_path)?).map_err(|_| CaError::Damaged {
            path: book_path.clone(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            root: authority("root")?,
            issuing: authority("issuing")?,
            book,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The root.
    pub fn root(&self) -> &Authority {
        &self.root
    }

    /// The issuing authority.
    pub fn issuing(&self) -> &Authority {
        &self.issuing
    }

    /// Everything that was issued, oldest first.
    pub fn issued(&self) -> &[IssuedEntry] {
        &self.book.certificates
    }

    /// Enters certificates into the book. Call it before they are handed out, so that each of them can be revoked.
    ///
    /// # Errors
    /// The book cannot be written; it is as before then.
    pub fn enter(&mut self, certificates: &[(&Certificate, &str)]) -> Result<(), CaError> {
        let known = self.book.certificates.len();
        let entries = certificates.iter().map(|(certificate, pair)| IssuedEntry {
            serial: certificate.serial(),
            subject: certificate.subject(),
            pair: (*pair).to_owned(),
            until: certificate.not_after(),
            revoked: None,
        });
        self.book.certificates.extend(entries);
        self.write_book()
            .inspect_err(|_| self.book.certificates.truncate(known))
    }

    /// Revokes certificates by their serial numbers in hex. The revocation lists have to be made anew afterwards.
    ///
    /// # Errors
    /// A serial number that was never issued (nothing is revoked then), or the book cannot be written.
    pub fn revoke(&mut self, serials: &[String], since: Timestamp) -> Result<(), CaError> {
        let book = &mut self.book.certificates;
        let known = |serial: &String| book.iter().any(|entry| entry.serial.eq_ignore_ascii_case(serial));
        if let Some(serial) = serials.iter().find(|serial| !known(serial)) {
            return Err(CaError::NoSuchSerial { serial: serial.clone() });
        }
        for entry in book {
            if serials.iter().any(|serial| entry.serial.eq_ignore_ascii_case(serial)) {
                entry.revoked.get_or_insert(since);
            }
        }
        self.write_book()
    }

    /// Makes the revocation lists of both authorities anew, good for 30 days.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_lists(&mut self, now: Timestamp, entropy: &mut dyn Rng) -> Result<(), CaError> {
        let until = now
            .checked_add(SignedDuration::from_hours(24 * LIST_DAYS))
            .map_err(|_| CaError::Date)?;
        let lifetime = Lifetime { from: now, until };
        let revoked: Vec<Revocation> = self
            .book
            .certificates
            .iter()
            .filter_map(|entry| {
                Some(Revocation {
                    serial: hex::decode(&entry.serial).ok()?,
                    since: entry.revoked?,
                })
            })
            .collect();
        self.book.lists += 1;
        let number = self.book.lists;
        for (authority, revoked, file) in [
            (&self.root, &[][..], "root.crl"),
            (&self.issuing, &revoked[..], "issuing.crl"),
        ] {
            let der = authority.revocation_list(revoked, number, lifetime, entropy)?;
            let pem = der::pem::encode_string("X509 CRL", der::pem::LineEnding::LF, &der);
            let pem = pem.map_err(|error| {
                CaError::Format(FormatError::Der {
                    what: "crl",
                    detail: error.to_string(),
                })
            })?;
            self.write(file, pem.as_bytes())?;
        }
        self.write_book()
    }

    /// What verifying needs of an authority: root, issuing authority, revocation lists. Its keys need not be in the folder.
    ///
    /// # Errors
    /// A certificate or a revocation list is missing or damaged.
    pub fn trust(path: &Path) -> Result<TrustStore, CaError> {
        let list = |name: &str| {
            let path = path.join(name);
            let text = read_text(&path)?;
            RevocationList::from_bytes(text.as_bytes()).map_err(|_| CaError::Damaged { path })
        };
        Ok(TrustStore {
            roots: vec![read_certificate(path, "root.crt")?],
            intermediates: vec![read_certificate(path, "issuing.crt")?],
            revocation_lists: vec![list("root.crl")?, list("issuing.crl")?],
        })
    }

    fn write_book(&self) -> Result<(), CaError> {
        let mut text = serde_json::to_string_pretty(&self.book)
            .map_err(|error| file(&self.path.join("issued.json"), std::io::Error::other(error)))?;
        text.push('\n');
        self.write("issued.json", text.as_bytes())
    }

    /// Writes beside and renames, so that a file is never half written.
    fn write(&self, name: &str, contents: &[u8]) -> Result<(), CaError> {
        let path = self.path.join(name);
        private_key::replace(&path, contents).map_err(|source| file(&path, source))
    }
}

fn file(path: &Path, source: std::io::Error) -> CaError {
    CaError::File {
        path: path.to_owned(),
        source,
    }
}

fn read_certificate(folder: &Path, name: &str) -> Result<Certificate, CaError> {
    let path = folder.join(name);
    let text = read_text(&path)?;
    Certificate::from_bytes(text.as_bytes()).map_err(|_| CaError::Damaged { path })
}

fn read_text(path: &Path) -> Result<String, CaError> {
    fs::read_to_string(path).map_err(|source| file(path, source))
}

/// Characters with a meaning in RFC 4514.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}
