//! Moves in the certificate application (`spec/commands.md` §1.5, `card-model/COS.md`).

use super::plan::with_data;
use super::random::Random;
use super::tester::Tester;
use card_model::crypto::{Algorithm, SessionKey};
use card_model::secret::Key;
use card_model::sm2::{PrivateKey, sm3};
use reader::certificate::pins::cryptogram;

/// A command of the certificate application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// GET CHALLENGE of 16 bytes.
    Challenge,
    /// VERIFY of the user PIN; whether it is wrong.
    Verify(bool),
    /// VERIFY with Lc 00.
    Query,
    /// GENERATE KEY PAIR.
    Generate,
    /// EXPORT PUBLIC KEY, both steps.
    ExportSelect,
    /// The second of them.
    Export,
    /// SIGN a message.
    Sign,
    /// VERIFY SIGNATURE of what was signed last; whether it is damaged.
    VerifySignature(bool),
    /// ENCRYPT under the signing key.
    Encrypt,
    /// DECRYPT what was encrypted last.
    Decrypt,
    /// HASH.
    Hash,
    /// LOAD IMPORT KEY.
    ImportKey,
    /// IMPORT PUBLIC KEY.
    ImportPublic,
    /// IMPORT PRIVATE KEY.
    ImportPrivate,
    /// UPDATE BINARY of the certificate file.
    WriteCertificate,
    /// UPDATE BINARY of a key file, which no card does.
    WriteKeyFile,
    /// READ BINARY of the private key file, which no card does.
    ReadPrivateKey,
}

/// The message that is signed.
const MESSAGE: &[u8] = b"TEST message";
/// The private key of the encryption pair that is imported: visibly a TEST key.
const ENCRYPTION_KEY: [u8; 32] = *b"TEST TEST TEST TEST TEST TEST 01";
/// The key that it is imported under.
const IMPORT_KEY: [u8; 16] = *b"TEST IMPORT KEY ";

/// A few moves.
pub fn moves(random: &mut Random) -> Vec<Move> {
    use Move::{
        Challenge, Decrypt, Encrypt, Export, ExportSelect, Generate, Hash, ImportKey, ImportPrivate, ImportPublic,
        Query, ReadPrivateKey, Sign, Verify, VerifySignature, WriteCertificate, WriteKeyFile,
    };
    let mut all = Vec::new();
    if !random.once_in(4) {
        all.extend([Challenge, Verify(random.once_in(6))]);
    }
    let more: &[Move] = match random.below(7) {
        0 => &[
            Generate,
            ExportSelect,
            Export,
            Sign,
            VerifySignature(false),
            VerifySignature(true),
        ],
        1 => &[Sign, Sign, VerifySignature(true)],
        2 => &[Encrypt, Decrypt],
        3 => &[ImportKey, ImportPublic, ImportPrivate, ImportPrivate],
        4 => &[
            Query,
            Challenge,
            Verify(true),
            Verify(false),
            Query,
            Challenge,
            Verify(false),
            Query,
        ],
        5 => &[WriteCertificate, WriteKeyFile, ReadPrivateKey, Hash],
        _ => &[ExportSelect, Export, Challenge, Verify(true), Generate, Sign],
    };
    all.extend(more);
    all
}

impl Tester<'_> {
    pub(super) fn certificate_command(&mut self, what: Move) -> Option<Vec<u8>> {
        let application = self.profile.certificate_application()?;
        let user = application.pins.first()?;
        let sign_pair = [0xC0, 0x02, 0x00, 0x12, 0xC2, 0x02, 0x00, 0x13];
        Some(match what {
            Move::Challenge => vec![0x00, 0x84, 0x00, 0x00, 0x10],
            Move::Verify(wrong) => {
                let [pin, _] = self.certificate_pins.as_ref()?;
                let mut proof = cryptogram(pin, &self.challenge);
                *proof.first_mut()? ^= u8::from(wrong);
                with_data([0x00, 0x20, 0x01, user.id], &proof)
            }
            Move::Query => vec![0x00, 0x20, 0x01, user.id, 0x00],
            Move::Generate => with_data([0x80, 0x40, 0x00, 0x00], &sign_pair),
            Move::ExportSelect => with_data([0x80, 0xC9, 0x82, 0x00], &sign_pair),
            Move::Export => vec![0x80, 0xC9, 0x82, 0x80, 0x42],
            Move::Sign => {
                let data = [&[0xC2, 0x02, 0x00, 0x13, 0xC1, MESSAGE.len() as u8], MESSAGE].concat();
                with_data([0x80, 0x48, 0x00, 0x02], &data)
            }
            Move::VerifySignature(wrong) => {
                let mut signature = self.made.get(..64)?.to_vec();
                *signature.last_mut()? ^= u8::from(wrong);
                let front = [0xC0, 0x02, 0x00, 0x12, 0xC1, MESSAGE.len() as u8];
                let data = [&front[..], MESSAGE, &[0xCC, 0x40], &signature].concat();
                with_data([0x80, 0x4C, 0x00, 0x02], &data)
            }
            Move::Encrypt => {
                let data = [0xC0, 0x02, 0x00, 0x12, 0xC1, 0x04, 1, 2, 3, 4];
                with_data([0x80, 0x50, 0x00, 0x01], &data)
            }
            Move::Decrypt => {
                let cipher = Some(&self.made).filter(|cipher| (97..128).contains(&cipher.len()))?;
                let data = [&[0xC2, 0x02, 0x00, 0x13, 0xC1, cipher.len() as u8], &cipher[..]].concat();
                with_data([0x80, 0x4E, 0x00, 0x01], &data)
            }
            Move::Hash => {
                let data = [&[0xC1, MESSAGE.len() as u8], MESSAGE].concat();
                with_data([0x80, 0xC4, 0x01, 0x03], &data)
            }
            Move::ImportKey => with_data([0x80, 0x4A, 0x02, 0x10], &[&[0xC1, 0x10][..], &IMPORT_KEY].concat()),
            Move::ImportPublic => {
                let public = encryption_key()?.public_key().to_bytes();
                let data = [&[0xC0, 0x02, 0x00, 0x14, 0xCA, 0x40][..], &public].concat();
                with_data([0x80, 0xC2, 0x40, 0x00], &data)
            }
            Move::ImportPrivate => {
                let mut cipher = *encryption_key()?.expose();
                SessionKey::direct(Algorithm::Sm4, &Key::from(IMPORT_KEY)).encrypt_blocks(&mut cipher);
                let data = [&[0xC2, 0x02, 0x00, 0x15, 0xCB, 0x20][..], &cipher].concat();
                with_data([0x80, 0xC2, 0xC0, 0x01], &data)
            }
            Move::WriteCertificate => {
                let file = application.certificate_file(card_model::profile::KeyPair::Signing)?;
                let start = with_data([0x00, 0xA4, 0x02, 0x00], &file.fid.to_be_bytes());
                self.steps.push_front(super::plan::Step::Raw(with_data(
                    [0x00, 0xD6, 0x00, 0x00],
                    &sm3(MESSAGE),
                )));
                start
            }
            Move::WriteKeyFile => {
                self.steps
                    .push_front(super::plan::Step::Raw(with_data([0x00, 0xD6, 0x00, 0x02], &[0x55; 4])));
                with_data([0x00, 0xA4, 0x02, 0x00], &[0x00, 0x12])
            }
            Move::ReadPrivateKey => {
                self.steps
                    .push_front(super::plan::Step::Raw(vec![0x00, 0xB0, 0x00, 0x00, 0x22]));
                with_data([0x00, 0xA4, 0x02, 0x00], &[0x00, 0x13])
            }
        })
    }
}

fn encryption_key() -> Option<PrivateKey> {
    PrivateKey::from_bytes(&ENCRYPTION_KEY).ok()
}
