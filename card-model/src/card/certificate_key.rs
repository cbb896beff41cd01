//! Key pairs of the certificate application: their files, generation, export and import (`spec/commands.md` §1.5).
//!
//! A pair is a transparent file with `CA 40 ‖ X ‖ Y` and an internal file with `CB 20 ‖ d`; both are zero as long as there is
//! no key. The private key file is never read: its read condition is the condition of using the key, its update condition
//! that of making or importing the pair. A pair changes as a whole, in one commit.

use super::binary::Access;
use super::certificate_command::{PRIVATE, PUBLIC, PublicKeyReference};
use super::object::EfStructure;
use super::session::{Import, Session};
use super::{Card, Reply, Stop};
use crate::crypto::{Algorithm, decrypt_blocks};
use crate::profile::KeyPair;
use crate::secret::Key;
use crate::sm2::{PRIVATE_KEY, PUBLIC_KEY, PrivateKey, PublicKey};
use crate::status::StatusWord as Sw;
use rand_core::Rng;
use zeroize::Zeroizing;

/// Bytes in front of a key in its file: tag and length.
const HEADER: usize = 2;
/// Size of a public key file.
pub(super) const PUBLIC_FILE: usize = HEADER + PUBLIC_KEY;
/// Size of a private key file.
pub(super) const PRIVATE_FILE: usize = HEADER + PRIVATE_KEY;

/// The two files of a key pair, as indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    public: usize,
    private: usize,
}

impl Card {
    /// GENERATE KEY PAIR. Encryption pairs come from outside (GM/T 0016), so only a signing pair can be generated.
    pub(super) fn generate_pair(
        &mut self,
        session: &Session,
        public: u16,
        private: u16,
        entropy: &mut dyn Rng,
    ) -> Result<Reply, Stop> {
        let pair = self.pair(session, public, private)?;
        self.check_access(session, pair.private, Access::Update)?;
        if self.files.efs[pair.private].key_pair != Some(KeyPair::Signing) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        // Only useless entropy fails: the chip's generator is broken.
        let key = PrivateKey::generate(entropy).map_err(|_| Sw::MEMORY_FAILURE)?;
        self.store_pair(pair, &key)
    }

    /// EXPORT PUBLIC KEY, first step: names the pair.
    pub(super) fn select_export(&self, session: &mut Session, public: u16, private: u16) -> Result<Reply, Stop> {
        let pair = self.pair(session, public, private)?;
        session.export = Some(pair.public);
        Ok(Reply::new())
    }

    /// EXPORT PUBLIC KEY, second step: the contents of the public key file.
    pub(super) fn export(&mut self, session: &Session, le: Option<u16>) -> Result<Reply, Stop> {
        let index = session.export.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        self.check_access(session, index, Access::Read)?;
        if le.is_some_and(|le| usize::from(le) != PUBLIC_FILE && le != 256) {
            return Err(Sw::wrong_le(PUBLIC_FILE).into());
        }
        let file = &self.files.efs[index];
        Ok(self.memory.read(file.body, file.size).iter().copied().collect())
    }

    /// LOAD IMPORT KEY: the SM4 key that the next private key is encrypted under.
    pub(super) fn load_import_key(session: &mut Session, key: &[u8; 16]) -> Reply {
        session.import.key = Some(Key::from(*key));
        Reply::new()
    }

    /// IMPORT PUBLIC KEY: kept until the private key is here too, so that the card never holds half a pair.
    pub(super) fn import_public(
        &mut self,
        session: &mut Session,
        public: u16,
        key: &[u8; PUBLIC_KEY],
    ) -> Result<Reply, Stop> {
        let public = self.key_file(session, public, EfStructure::Transparent)?;
        let pair = self.importable(session, public, EfStructure::Internal)?;
        let key = PublicKey::from_bytes(key).map_err(|_| Sw::WRONG_DATA)?;
        session.import.public = Some((pair.public, key));
        self.complete_import(session, pair)
    }

    /// IMPORT PRIVATE KEY, encrypted under the import key, which is used up.
    pub(super) fn import_private(
        &mut self,
        session: &mut Session,
        private: u16,
        cipher: &[u8; PRIVATE_KEY],
    ) -> Result<Reply, Stop> {
        let private = self.key_file(session, private, EfStructure::Internal)?;
        let pair = self.importable(session, private, EfStructure::Transparent)?;
        let key = session.import.key.take().ok_or(Sw::REFERENCE_DATA_INVALID)?;
        let mut plain = Zeroizing::new(*cipher);
        decrypt_blocks(Algorithm::Sm4, &key, plain.as_mut());
        let key = PrivateKey::from_bytes(&plain).map_err(|_| Sw::WRONG_DATA)?;
        session.import.private = Some((pair.private, key));
        self.complete_import(session, pair)
    }

    /// Stores an imported pair once both halves are here and belong together.
    fn complete_import(&mut self, session: &mut Session, pair: Pair) -> Result<Reply, Stop> {
        let (Some((_, public)), Some((_, private))) = (&session.import.public, &session.import.private) else {
            return Ok(Reply::new());
        };
        let fits = private.public_key() == *public;
        let Import { private, .. } = core::mem::take(&mut session.import);
        match private {
            Some((_, key)) if fits => self.store_pair(pair, &key),
            _ => Err(Sw::WRONG_DATA.into()),
        }
    }

    /// The pair that a key file belongs to, when it may be imported now.
    fn importable(&mut self, session: &mut Session, index: usize, other: EfStructure) -> Result<Pair, Stop> {
        let usage = self.files.efs[index].key_pair;
        let files = &self.files.dfs[session.df].files;
        let fits = |i: &usize| self.files.efs[*i].structure == other && self.files.efs[*i].key_pair == usage;
        let partner = files.iter().copied().find(fits).ok_or(Sw::FILE_NOT_FOUND)?;
        let pair = match other {
            EfStructure::Internal => Pair {
                public: index,
                private: partner,
            },
            _ => Pair {
                public: partner,
                private: index,
            },
        };
        self.check_access(session, pair.private, Access::Update)?;
        if usage != Some(KeyPair::Encryption) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        // What was begun for another pair is given up.
        session.import.public.take_if(|(file, _)| *file != pair.public);
        session.import.private.take_if(|(file, _)| *file != pair.private);
        Ok(pair)
    }

    fn store_pair(&mut self, pair: Pair, key: &PrivateKey) -> Result<Reply, Stop> {
        let mut public = [0; PUBLIC_FILE];
        public[..HEADER].copy_from_slice(&[PUBLIC, 0x40]);
        public[HEADER..].copy_from_slice(&key.public_key().to_bytes());
        let mut private = Zeroizing::new([0; PRIVATE_FILE]);
        private[..HEADER].copy_from_slice(&[PRIVATE, 0x20]);
        private[HEADER..].copy_from_slice(key.expose().as_ref());
        let body = |index: usize| self.files.efs[index].body;
        let changes: [(usize, &[u8]); 2] = [(body(pair.public), &public), (body(pair.private), private.as_ref())];
        self.memory.commit(&changes)?;
        Ok(Reply::new())
    }

    /// The private key of a file, when it may be used now, and which pair it belongs to.
    pub(super) fn usable_key(&mut self, session: &Session, private: u16) -> Result<(PrivateKey, KeyPair), Stop> {
        let index = self.key_file(session, private, EfStructure::Internal)?;
        let file = &self.files.efs[index];
        let usage = file.key_pair.ok_or(Sw::INCOMPATIBLE_FILE)?;
        let value = self.memory.read(file.body + HEADER, PRIVATE_KEY);
        let key = Zeroizing::new(<[u8; PRIVATE_KEY]>::try_from(value).map_err(|_| Sw::INCOMPATIBLE_FILE)?);
        // No key yet is all zero, which is no private key.
        let key = PrivateKey::from_bytes(&key).map_err(|_| Sw::REFERENCE_NOT_FOUND)?;
        self.check_access(session, index, Access::Read)?;
        Ok((key, usage))
    }

    /// The public key that a command names.
    pub(super) fn public_key(&mut self, session: &Session, key: PublicKeyReference<'_>) -> Result<PublicKey, Stop> {
        let file = match key {
            PublicKeyReference::Value(value) => return Ok(PublicKey::from_bytes(value).map_err(|_| Sw::WRONG_DATA)?),
            PublicKeyReference::File(file) => file,
        };
        let index = self.key_file(session, file, EfStructure::Transparent)?;
        let file = &self.files.efs[index];
        let key = PublicKey::from_bytes(self.memory.read(file.body + HEADER, PUBLIC_KEY))
            .map_err(|_| Sw::REFERENCE_NOT_FOUND)?;
        self.check_access(session, index, Access::Read)?;
        Ok(key)
    }

    fn pair(&self, session: &Session, public: u16, private: u16) -> Result<Pair, Sw> {
        let public = self.key_file(session, public, EfStructure::Transparent)?;
        let private = self.key_file(session, private, EfStructure::Internal)?;
        if self.files.efs[public].key_pair == self.files.efs[private].key_pair {
            Ok(Pair { public, private })
        } else {
            Err(Sw::INCOMPATIBLE_FILE)
        }
    }

    /// A key file of the current DF: transparent for public, internal for private keys.
    fn key_file(&self, session: &Session, fid: u16, structure: EfStructure) -> Result<usize, Sw> {
        let files = &self.files.dfs[session.df].files;
        let index = files
            .iter()
            .copied()
            .find(|i| self.files.efs[*i].fid == fid)
            .ok_or(Sw::FILE_NOT_FOUND)?;
        let file = &self.files.efs[index];
        if file.key_pair.is_some() && file.structure == structure {
            Ok(index)
        } else {
            Err(Sw::INCOMPATIBLE_FILE)
        }
    }
}
