//! Private keys in files: PKCS #8 in PEM as OpenSSL reads it; a file that is never half written, and one that only its owner reads.

use card_model::sm2::PrivateKey;
use sm2::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// A private key as PEM; `None` where it is none of the SM2 curve, which a [`PrivateKey`] never is.
pub(crate) fn to_pem(key: &PrivateKey) -> Option<Zeroizing<String>> {
    let secret = sm2::SecretKey::from_slice(key.expose().as_ref()).ok()?;
    secret.to_pkcs8_pem(LineEnding::LF).ok()
}

/// A private key from PEM; `None` where it is no SM2 key.
pub(crate) fn from_pem(pem: &str) -> Option<PrivateKey> {
    let secret = sm2::SecretKey::from_pkcs8_pem(pem).ok()?;
    let mut bytes = Zeroizing::new([0; 32]);
    bytes.copy_from_slice(&Zeroizing::new(secret.to_bytes()));
    PrivateKey::from_bytes(&bytes).ok()
}

/// Writes a new file that only its owner may read; one that is there is never written over.
pub(crate) fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(contents)
}

/// Writes a file anew: beside, and then renamed, so that it is never half written.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, contents)?;
    fs::rename(&beside, path)
}
