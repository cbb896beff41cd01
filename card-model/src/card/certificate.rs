//! The certificate application (DDF "PKI.社会保障"): what is done with its keys (`spec/commands.md` §1.5; signing, verifying
//! and encrypting have a coding of our own, `card-model/COS.md`).

use super::certificate_command::{Certificate, PublicKeyReference, Subject};
use super::session::Session;
use super::{Card, Reply, Stop};
use crate::apdu::Apdu;
use crate::profile::KeyPair;
use crate::sm2::{CIPHER_OVERHEAD, DEFAULT_ID, PublicKey, SIGNATURE, Signature, Sm2Error, sm3};
use crate::status::StatusWord as Sw;
use rand_core::Rng;

/// Most bytes of an answer.
const ANSWER: usize = 256;

impl Card {
    pub(super) fn certificate(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        command: Certificate<'_>,
        entropy: &mut dyn Rng,
    ) -> Result<Reply, Stop> {
        match command {
            Certificate::Hash { data } => Ok(sm3(data).into_iter().collect()),
            Certificate::VerifyPin { id, cryptogram } => self.verify_certificate_pin(session, id, cryptogram),
            Certificate::QueryPin { id } => self.query_certificate_pin(session, id),
            Certificate::ChangePin { id, cipher, mac } => self.change_certificate_pin(session, apdu, id, cipher, mac),
            Certificate::UnblockPin { id, cipher, mac } => self.unblock_certificate_pin(session, apdu, id, cipher, mac),
            Certificate::Generate { public, private } => self.generate_pair(session, public, private, entropy),
            Certificate::ExportSelect { public, private } => self.select_export(session, public, private),
            Certificate::Export => self.export(session, apdu.le),
            Certificate::Decrypt { private, cipher } => self.decrypt(session, private, cipher),
            Certificate::Encrypt { key, plain } => self.encrypt(session, key, plain, entropy),
            Certificate::Sign { private, subject } => self.sign(session, private, subject, entropy),
            Certificate::VerifySignature {
                key,
                subject,
                signature,
            } => self.verify_signature(session, key, subject, signature),
            Certificate::LoadImportKey { key } => Ok(Self::load_import_key(session, key)),
            Certificate::ImportPublic { public, key } => self.import_public(session, public, key),
            Certificate::ImportPrivate { private, cipher } => self.import_private(session, private, cipher),
        }
    }

    /// DECRYPT `X ‖ Y ‖ C3 ‖ C2`. Both private keys decrypt: the envelope of the encryption pair comes under the signing key.
    fn decrypt(&mut self, session: &Session, private: u16, cipher: &[u8]) -> Result<Reply, Stop> {
        let (key, _) = self.usable_key(session, private)?;
        let plain = key.decrypt(cipher).map_err(|_| Sw::WRONG_DATA)?;
        Ok(plain.iter().copied().collect())
    }

    fn encrypt(
        &mut self,
        session: &Session,
        key: PublicKeyReference<'_>,
        plain: &[u8],
        entropy: &mut dyn Rng,
    ) -> Result<Reply, Stop> {
        let key = self.public_key(session, key)?;
        if plain.is_empty() || plain.len() > ANSWER - CIPHER_OVERHEAD {
            return Err(Sw::WRONG_DATA.into());
        }
        let cipher = key.encrypt(plain, entropy).map_err(failure)?;
        Ok(cipher.into_iter().collect())
    }

    /// SIGN with the signing key; the encryption key signs nothing.
    fn sign(
        &mut self,
        session: &Session,
        private: u16,
        subject: Subject<'_>,
        entropy: &mut dyn Rng,
    ) -> Result<Reply, Stop> {
        let (key, usage) = self.usable_key(session, private)?;
        if usage != KeyPair::Signing {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        let digest = match subject {
            Subject::Digest(digest) => *digest,
            Subject::Message(message) => key.public_key().digest(DEFAULT_ID, message),
        };
        let signature = key.sign(&digest, entropy).map_err(failure)?;
        Ok(signature.to_bytes().into_iter().collect())
    }

    fn verify_signature(
        &mut self,
        session: &Session,
        key: PublicKeyReference<'_>,
        subject: Subject<'_>,
        signature: &[u8; SIGNATURE],
    ) -> Result<Reply, Stop> {
        let key: PublicKey = self.public_key(session, key)?;
        let digest = match subject {
            Subject::Digest(digest) => *digest,
            Subject::Message(message) => key.digest(DEFAULT_ID, message),
        };
        match Signature::from_bytes(signature) {
            Ok(signature) if key.verify(&digest, &signature) => Ok(Reply::new()),
            _ => Err(Sw::NO_INFORMATION.into()),
        }
    }
}

/// Useless entropy is a broken chip; everything else was in the data.
fn failure(error: Sm2Error) -> Sw {
    match error {
        Sm2Error::Entropy => Sw::MEMORY_FAILURE,
        _ => Sw::WRONG_DATA,
    }
}
