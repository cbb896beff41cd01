//! Key pairs: generation, export, import, and what is done with them.

use super::application::CertificateApplication;
use super::blob::EnvelopedKey;
use super::commands;
use super::error::{CertificateError, FormatError, title};
use card_model::profile::{KeyPair, PinRole};
use card_model::sm2::{DEFAULT_ID, PUBLIC_KEY, PublicKey, Signature};
use card_model::status::StatusWord;
use zeroize::Zeroizing;

/// Tag and length in front of a public key; cards may use other values there.
const HEADER: usize = 2;

impl CertificateApplication<'_> {
    /// Generates the signing pair in the card and gives its public key. A key that was there before is lost. Needs the user
    /// PIN.
    ///
    /// # Errors
    /// The user PIN was not verified, or the card refused.
    pub fn generate(&mut self) -> Result<PublicKey, CertificateError> {
        let (public, private) = self.files(KeyPair::Signing)?;
        let roles = self.roles_of(self.key_file(KeyPair::Signing, true)?, true);
        let command = commands::generate(public, private)?;
        self.demand_with(&command, KeyPair::Signing, &roles)?;
        self.public_key(KeyPair::Signing)?
            .ok_or(CertificateError::NoKey { pair: KeyPair::Signing })
    }

    /// The public key of a pair; `None` if there is none yet. Needs no PIN.
    ///
    /// # Errors
    /// The card refused, or what it holds is no point of the curve.
    pub fn public_key(&mut self, pair: KeyPair) -> Result<Option<PublicKey>, CertificateError> {
        let (public, private) = self.files(pair)?;
        self.demand(&commands::export_select(public, private)?)?;
        let command = commands::export();
        let answer = self.demand(&command)?;
        let key = answer
            .get(HEADER..)
            .filter(|key| key.len() == PUBLIC_KEY)
            .ok_or_else(|| CertificateError::Answer {
                command: title(&command),
            })?;
        if key.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        Ok(Some(PublicKey::from_bytes(key).map_err(FormatError::from)?))
    }

    /// Signs e = SM3(ZA ‖ message) with the signing key. Needs the user PIN.
    ///
    /// # Errors
    /// No key, no PIN, or the card refused.
    pub fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Signature, CertificateError> {
        let (_, private) = self.files(KeyPair::Signing)?;
        let command = commands::sign(private, digest)?;
        let answer = self.demand_with(&command, KeyPair::Signing, &[PinRole::User])?;
        Signature::from_bytes(&answer).map_err(|_| CertificateError::Answer {
            command: title(&command),
        })
    }

    /// Signs a message of any length with the signing key: the terminal hashes it with ZA of the usual identifier, the card
    /// signs. The signature is checked before it is given out.
    ///
    /// # Errors
    /// No key, no PIN, the card refused, or signed with another key.
    pub fn sign(&mut self, message: &[u8]) -> Result<Signature, CertificateError> {
        let key = self
            .public_key(KeyPair::Signing)?
            .ok_or(CertificateError::NoKey { pair: KeyPair::Signing })?;
        let digest = key.digest(DEFAULT_ID, message);
        let signature = self.sign_digest(&digest)?;
        if key.verify(&digest, &signature) {
            Ok(signature)
        } else {
            Err(CertificateError::BadSignature)
        }
    }

    /// Lets the card verify a signature of anybody's over a message.
    ///
    /// # Errors
    /// The card refused; a wrong signature is no error but `false`.
    pub fn verify_signature(
        &mut self,
        key: &PublicKey,
        message: &[u8],
        signature: &Signature,
    ) -> Result<bool, CertificateError> {
        let digest = key.digest(DEFAULT_ID, message);
        let command = commands::verify_signature(&key.to_bytes(), &digest, signature)?;
        match self.send(&command)?.sw {
            StatusWord::OK => Ok(true),
            StatusWord::NO_INFORMATION => Ok(false),
            sw => Err(CertificateError::Refused {
                command: title(&command),
                sw,
            }),
        }
    }

    /// Decrypts `X ‖ Y ‖ C3 ‖ C2` with a private key of the card. Needs the user PIN.
    ///
    /// # Errors
    /// No key, no PIN, a cipher text of more than 247 bytes, or one that was not made for this key (6A80).
    pub fn decrypt(&mut self, pair: KeyPair, cipher: &[u8]) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
        let (_, private) = self.files(pair)?;
        let command = commands::decrypt(private, cipher)?;
        let plain = self.demand_with(&command, pair, &[PinRole::User])?;
        Ok(Zeroizing::new(plain))
    }

    /// Lets the card encrypt 1 to 160 bytes for a public key.
    ///
    /// # Errors
    /// Nothing or too much to encrypt, or the card refused.
    pub fn encrypt(&mut self, key: &PublicKey, plain: &[u8]) -> Result<Vec<u8>, CertificateError> {
        self.demand(&commands::encrypt(&key.to_bytes(), plain)?)
    }

    /// Imports the encryption pair from what the certification authority sent: the card opens the envelope with its signing
    /// key, the SM4 key goes back to it, then come the public key and the private key under that key
    /// (`spec/commands.md` §1.5). Needs the user PIN.
    ///
    /// # Errors
    /// The envelope is not for this card's signing key, the halves do not fit, no PIN, or the card refused.
    pub fn import_encryption_pair(&mut self, blob: &EnvelopedKey) -> Result<(), CertificateError> {
        let (public, private) = self.files(KeyPair::Encryption)?;
        let key = self.decrypt(KeyPair::Signing, &blob.envelope)?;
        if key.len() != 16 {
            return Err(FormatError::Blob.into());
        }
        let roles = self.roles_of(self.key_file(KeyPair::Encryption, true)?, true);
        for command in [
            commands::load_import_key(&key)?,
            commands::import_public(public, &blob.public.to_bytes())?,
            commands::import_private(private, &blob.private)?,
        ] {
            self.demand_with(&command, KeyPair::Encryption, &roles)?;
        }
        match self.public_key(KeyPair::Encryption)? {
            Some(key) if key == blob.public => Ok(()),
            _ => Err(CertificateError::ReadBack {
                pair: KeyPair::Encryption,
            }),
        }
    }

    fn files(&self, pair: KeyPair) -> Result<(u16, u16), CertificateError> {
        Ok((self.key_file(pair, false)?.fid, self.key_file(pair, true)?.fid))
    }
}
