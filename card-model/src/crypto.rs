//! The security mechanism of part 4 for both block sizes: diversification, session keys, message authentication codes,
//! data encryption and authentication data (`spec/commands.md` §2, STD-P4 §8–9, STD-P9 §7).
//!
//! The standard has one rule set for 8-byte ciphers (DES, two-key 3DES) and one for 16-byte ciphers. SM4 follows the rules
//! written for SSF33 with the cipher exchanged. SSF33 itself is not public, so only its name is known here.
//!
//! `sm4` and `des` look their S-boxes up in tables: they are not constant in time on a processor with a cache. That is
//! fit for a model and for tests; a production issuer keeps its root keys in an HSM.

mod mac;

pub use mac::{MAC_LENGTH, MacChain};

use crate::secret::Key;
use des::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use mac::{halves, mac, mac_with};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Block cipher of an environment, as told by FCI tag 9F0C/86 (`spec/files.md` §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// 01: DES with 8-byte keys, two-key 3DES with 16-byte keys; 8-byte block.
    TripleDes,
    /// 03: SM4; 16-byte block.
    Sm4,
}

/// An algorithm byte that stands for no cipher known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AlgorithmError {
    /// 02: the algorithm is not public.
    #[error("the card uses SSF33 (algorithm 02), which is not public")]
    Ssf33,
    /// Any other value.
    #[error("algorithm byte {0:02X} is not 01 (3DES), 02 (SSF33) or 03 (SM4)")]
    Unknown(u8),
}

impl Algorithm {
    /// Block length in bytes.
    pub const fn block(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Sm4 => 16,
        }
    }

    /// Value of tag 86 in the FCI.
    pub const fn identifier(self) -> u8 {
        match self {
            Self::TripleDes => 1,
            Self::Sm4 => 3,
        }
    }

    /// Name in key files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TripleDes => "3des",
            Self::Sm4 => "sm4",
        }
    }
}

impl TryFrom<u8> for Algorithm {
    type Error = AlgorithmError;

    fn try_from(identifier: u8) -> Result<Self, AlgorithmError> {
        match identifier {
            1 => Ok(Self::TripleDes),
            2 => Err(AlgorithmError::Ssf33),
            3 => Ok(Self::Sm4),
            other => Err(AlgorithmError::Unknown(other)),
        }
    }
}

#[derive(Clone)]
enum Cipher {
    Des(des::Des),
    TripleDes(des::TdesEde2),
    Sm4(sm4::Sm4),
}

impl Cipher {
    /// An 8-byte key under SM4 is not possible: SM4 keys are made 16 bytes long by [`Key::from`] and the profile check.
    fn new(algorithm: Algorithm, key: &Key) -> Self {
        let full = || {
            let mut bytes = [0; 16];
            bytes[..key.expose().len()].copy_from_slice(key.expose());
            bytes
        };
        match (algorithm, key.length()) {
            (Algorithm::TripleDes, 8) => {
                let mut half = [0; 8];
                half.copy_from_slice(key.expose());
                let cipher = Self::Des(des::Des::new(&half.into()));
                half.zeroize();
                cipher
            }
            (Algorithm::TripleDes, _) => {
                let mut bytes = full();
                let cipher = Self::TripleDes(des::TdesEde2::new(&bytes.into()));
                bytes.zeroize();
                cipher
            }
            (Algorithm::Sm4, _) => {
                let mut bytes = full();
                let cipher = Self::Sm4(sm4::Sm4::new(&bytes.into()));
                bytes.zeroize();
                cipher
            }
        }
    }

    fn encrypt(&self, block: &mut [u8]) {
        match self {
            Self::Des(cipher) => each_block(block, |b| cipher.encrypt_block(b)),
            Self::TripleDes(cipher) => each_block(block, |b| cipher.encrypt_block(b)),
            Self::Sm4(cipher) => each_block(block, |b| cipher.encrypt_block(b)),
        }
    }

    fn decrypt(&self, block: &mut [u8]) {
        match self {
            Self::Des(cipher) => each_block(block, |b| cipher.decrypt_block(b)),
            Self::TripleDes(cipher) => each_block(block, |b| cipher.decrypt_block(b)),
            Self::Sm4(cipher) => each_block(block, |b| cipher.decrypt_block(b)),
        }
    }
}

/// Electronic codebook over whole blocks; a trailing partial block is left alone.
fn each_block<const N: usize, A>(data: &mut [u8], mut f: impl FnMut(&mut des::cipher::array::Array<u8, A>))
where
    A: des::cipher::array::ArraySize<ArrayType<u8> = [u8; N]>,
{
    for chunk in data.chunks_exact_mut(N) {
        if let Ok(block) = <&mut des::cipher::array::Array<u8, A>>::try_from(chunk) {
            f(block);
        }
    }
}

/// A key diversified by an 8-byte factor (STD-P9 §7.1.1, §7.2.1).
///
/// 16-byte cipher: `E(K, f ‖ ~f)`. 3DES: left = `E(K, f)`, right = `E(K, ~f)`. Single DES: `E(K, f)`.
pub fn diversify(algorithm: Algorithm, key: &Key, factor: &[u8; 8]) -> Key {
    let mut block = [0; 16];
    block[..8].copy_from_slice(factor);
    for (inverse, byte) in block[8..].iter_mut().zip(factor) {
        *inverse = !byte;
    }
    Cipher::new(algorithm, key).encrypt(&mut block);
    let derived = match key.length() {
        8 => Key::from(first_eight(&block)),
        _ => Key::from(block),
    };
    block.zeroize();
    derived
}

/// First three bytes of the encryption of a zero block: the key check value shown beside a key.
pub fn key_check_value(algorithm: Algorithm, key: &Key) -> [u8; 3] {
    let mut block = [0; 16];
    Cipher::new(algorithm, key).encrypt(&mut block[..algorithm.block()]);
    [block[0], block[1], block[2]]
}

/// ECB encryption of one challenge under a master key: the cryptogram of the master-key authentication
/// (`spec/commands.md` §1.5; 16 bytes under SM4, 8 under 3DES). The challenge is filled with 00 to the block.
pub fn master_cryptogram(algorithm: Algorithm, key: &Key, challenge: &[u8]) -> Vec<u8> {
    let mut block = vec![0; algorithm.block()];
    let length = challenge.len().min(block.len());
    block[..length].copy_from_slice(&challenge[..length]);
    Cipher::new(algorithm, key).encrypt(&mut block);
    block
}

/// A key used for one process only: derived from a card key and a factor (`spec/commands.md` §2.2).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionKey {
    #[zeroize(skip)]
    algorithm: Algorithm,
    key: Key,
}

impl SessionKey {
    /// Derives the key from `factor`: a challenge of 4, 8 or (16-byte ciphers) 16 bytes, filled with 00 to the block.
    /// A longer factor is cut to the block.
    pub fn derive(algorithm: Algorithm, key: &Key, factor: &[u8]) -> Self {
        let mut input = [0; 16];
        let length = factor.len().min(algorithm.block());
        input[..length].copy_from_slice(&factor[..length]);
        Cipher::new(algorithm, key).encrypt(&mut input[..algorithm.block()]);
        let key = match algorithm {
            Algorithm::TripleDes => Key::from(first_eight(&input)),
            Algorithm::Sm4 => Key::from(input),
        };
        input.zeroize();
        Self { algorithm, key }
    }

    /// A key that works as it is, without a session factor: the MACs of key loading and of transaction codes in a PSAM.
    pub fn direct(algorithm: Algorithm, key: &Key) -> Self {
        Self {
            algorithm,
            key: key.clone(),
        }
    }

    /// Block length of its cipher in bytes.
    pub const fn block(&self) -> usize {
        self.algorithm.block()
    }

    /// ECB over whole blocks, without length byte and padding; a trailing partial block is left alone.
    pub fn encrypt_blocks(&self, data: &mut [u8]) {
        Cipher::new(self.algorithm, &self.key).encrypt(data);
    }

    /// A MAC whose data comes in parts. `initial` is filled with 00 to the block.
    pub fn mac_chain(&self, initial: &[u8]) -> MacChain {
        MacChain::new(self.algorithm, &self.key, initial)
    }

    /// Authentication data over 8 bytes of original data (`spec/commands.md` §2.6). 16-byte ciphers encrypt
    /// `source ‖ 00×8` and XOR the halves.
    pub fn authenticate(&self, source: &[u8; 8]) -> [u8; 8] {
        let mut block = [0; 16];
        block[..8].copy_from_slice(source);
        Cipher::new(self.algorithm, &self.key).encrypt(&mut block[..self.algorithm.block()]);
        match self.algorithm {
            Algorithm::TripleDes => first_eight(&block),
            Algorithm::Sm4 => core::array::from_fn(|i| block[i] ^ block[i + 8]),
        }
    }

    /// MAC of a command: header `CLA INS P1 P2 Lc` with Lc counting the four MAC bytes, then the (encrypted) data;
    /// initial value zero (`spec/commands.md` §2.3). Transaction MACs pass an empty header.
    pub fn mac(&self, header: &[u8], data: &[u8]) -> [u8; MAC_LENGTH] {
        mac(self.algorithm, &self.key, &[], &[header, data])
    }

    /// `LD ‖ plain`, padded with 80 00… only if it does not fill the block, in ECB (`spec/commands.md` §2.4).
    /// `plain` has at most 255 bytes; a longer one is cut.
    pub fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        encrypt_data(self.algorithm, &self.key, plain)
    }

    /// The plain text of [`SessionKey::encrypt`]; `None` if length or padding is wrong.
    pub fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        decrypt_data(self.algorithm, &self.key, cipher)
    }
}

/// MAC of the key-loading commands: the loading key itself, initial value = the card's challenge filled with 00
/// (`spec/commands.md` §2.3, STD-P9 §7.1.3).
pub fn key_loading_mac(
    algorithm: Algorithm,
    key: &Key,
    challenge: &[u8],
    header: &[u8],
    data: &[u8],
) -> [u8; MAC_LENGTH] {
    mac(algorithm, key, challenge, &[header, data])
}

/// MAC over `data` without header and with initial value zero under a key that is no session key: the authentication
/// code of the card identification code (`spec/files.md` §4.1).
pub fn plain_mac(algorithm: Algorithm, key: &Key, data: &[u8]) -> [u8; MAC_LENGTH] {
    mac(algorithm, key, &[], &[data])
}

/// Transaction authentication code: MAC without header under the TAC key (`spec/files.md` §6.3, STD-P7 §15).
pub fn transaction_code(algorithm: Algorithm, dtk: &Key, data: &[u8]) -> [u8; MAC_LENGTH] {
    plain_mac(algorithm, &tac_key(algorithm, dtk), data)
}

/// The key that makes transaction authentication codes: DTK itself, under 3DES single DES with the XOR of its halves.
pub fn tac_key(algorithm: Algorithm, dtk: &Key) -> Key {
    match (algorithm, dtk.expose().split_first_chunk::<8>()) {
        (Algorithm::TripleDes, Some((left, right))) if right.len() == left.len() => {
            Key::from(core::array::from_fn::<u8, 8, _>(|i| left[i] ^ right[i]))
        }
        _ => dtk.clone(),
    }
}

/// What data encryption encrypts (`spec/commands.md` §2.4): `LD ‖ plain`, at most 255 bytes of it, padded with 80 00… only if
/// it does not fill the block.
pub fn data_blocks(algorithm: Algorithm, plain: &[u8]) -> Vec<u8> {
    let plain = &plain[..plain.len().min(255)];
    let mut data = Vec::with_capacity((plain.len() + 1).next_multiple_of(algorithm.block()));
    data.push(u8::try_from(plain.len()).unwrap_or(u8::MAX));
    data.extend_from_slice(plain);
    if !data.len().is_multiple_of(algorithm.block()) {
        data.push(0x80);
        data.resize(data.len().next_multiple_of(algorithm.block()), 0);
    }
    data
}

/// Data encryption of `spec/commands.md` §2.4 under a key used directly (key loading).
pub fn encrypt_data(algorithm: Algorithm, key: &Key, plain: &[u8]) -> Vec<u8> {
    Cipher::new(algorithm, key).seal(algorithm, plain)
}

/// Reverses [`encrypt_data`]; `None` if the length, LD or the padding is wrong.
pub fn decrypt_data(algorithm: Algorithm, key: &Key, cipher: &[u8]) -> Option<Vec<u8>> {
    Cipher::new(algorithm, key).open(algorithm, cipher)
}

/// A key under which other keys are loaded, prepared once for many commands: encryption and MAC share its key schedule.
#[derive(Clone)]
pub struct LoadingKey {
    algorithm: Algorithm,
    key: Key,
    cipher: Cipher,
    halves: Option<(Cipher, Cipher)>,
}

impl LoadingKey {
    /// Prepares a master key.
    pub fn new(algorithm: Algorithm, key: &Key) -> Self {
        Self {
            algorithm,
            key: key.clone(),
            cipher: Cipher::new(algorithm, key),
            halves: halves(algorithm, key),
        }
    }

    /// Whether this is the given key, in time that does not depend on where it differs.
    pub fn is(&self, algorithm: Algorithm, key: &Key) -> bool {
        self.algorithm == algorithm && self.key == *key
    }

    /// As [`encrypt_data`].
    pub fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        self.cipher.seal(self.algorithm, plain)
    }

    /// As [`decrypt_data`].
    pub fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.cipher.open(self.algorithm, cipher)
    }

    /// As [`key_loading_mac`].
    pub fn mac(&self, challenge: &[u8], header: &[u8], data: &[u8]) -> [u8; MAC_LENGTH] {
        mac_with(
            self.algorithm,
            &self.cipher,
            self.halves.as_ref(),
            challenge,
            &[header, data],
        )
    }
}

impl Cipher {
    /// [`data_blocks`] in ECB.
    fn seal(&self, algorithm: Algorithm, plain: &[u8]) -> Vec<u8> {
        let mut data = data_blocks(algorithm, plain);
        self.encrypt(&mut data);
        data
    }

    /// Reverses [`Cipher::seal`].
    fn open(&self, algorithm: Algorithm, cipher: &[u8]) -> Option<Vec<u8>> {
        if cipher.is_empty() || !cipher.len().is_multiple_of(algorithm.block()) {
            return None;
        }
        let mut data = cipher.to_vec();
        self.decrypt(&mut data);
        let length = usize::from(data[0]);
        let padding = data.get(1 + length..)?;
        let well_padded = match padding.split_first() {
            None => true,
            Some((first, rest)) => *first == 0x80 && rest.iter().all(|b| *b == 0) && padding.len() < algorithm.block(),
        };
        let plain = well_padded.then(|| data[1..=length].to_vec());
        data.zeroize();
        plain
    }
}

/// Decrypts whole blocks in ECB, in place, under a key used directly; a trailing partial block is left alone.
pub fn decrypt_blocks(algorithm: Algorithm, key: &Key, data: &mut [u8]) {
    Cipher::new(algorithm, key).decrypt(data);
}

/// Encrypts whole blocks in ECB, in place, under a key used directly; a trailing partial block is left alone.
pub fn encrypt_blocks(algorithm: Algorithm, key: &Key, data: &mut [u8]) {
    Cipher::new(algorithm, key).encrypt(data);
}

fn first_eight(bytes: &[u8]) -> [u8; 8] {
    core::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    /// `spec/conformance.md` §4.3.1, both branches, every value.
    #[test]
    fn worked_example() {
        struct Branch {
            algorithm: Algorithm,
            level2: [u8; 16],
            level3: [u8; 16],
            card: [u8; 16],
            session: &'static [u8],
            authentication: [u8; 8],
            message: &'static [u8],
            unblock: [u8; 4],
            cipher: &'static [u8],
            reload_header: [u8; 5],
            reload: [u8; 4],
        }
        let branches = [
            Branch {
                algorithm: Algorithm::Sm4,
                level2: hex!("62EBE66C1CD554F54C112D1996849786"),
                level3: hex!("96168D81FA149252571430A6AFD482A0"),
                card: hex!("72AE8EA63E824FD4695ED26A3391F0E3"),
                session: &hex!("761F0A040A9C6411C8EB1669D6141EBC"),
                authentication: hex!("2607F169D4F0F2C6"),
                message: &hex!("99DA71D6E937A0FC8E1B99EAC9B74D14"),
                unblock: hex!("91B7D05B"),
                cipher: &hex!("654567CF3E30D648287A165A032D1051"),
                reload_header: hex!("8424000114"),
                reload: hex!("AA5502CC"),
            },
            Branch {
                algorithm: Algorithm::TripleDes,
                level2: hex!("156FBB76723A1560CC47648DE61B2AE1"),
                level3: hex!("66B63CC20430AC81EB13FD522451F634"),
                card: hex!("426F9C0D2C2AED7FD31E46722C5A4F3C"),
                session: &hex!("1DF42963C7FC84D8"),
                authentication: hex!("48C4D6543CCCC331"),
                message: &hex!("475EA030FE4ACBD5"),
                unblock: hex!("6B4BAF14"),
                cipher: &hex!("39C06F17378ABDF1"),
                reload_header: hex!("842400010C"),
                reload: hex!("C505A08D"),
            },
        ];
        for b in branches {
            let root = Key::from(hex!("0123456789ABCDEFFEDCBA9876543210"));
            let level2 = diversify(b.algorithm, &root, &hex!("3635303030307368"));
            assert_eq!(level2.expose(), b.level2);
            let level3 = diversify(b.algorithm, &level2, &hex!("3635303130307378"));
            assert_eq!(level3.expose(), b.level3);
            let card = diversify(b.algorithm, &level3, &hex!("8697159900BF7C7A"));
            assert_eq!(card.expose(), b.card);

            let session = SessionKey::derive(b.algorithm, &card, &hex!("32D9E876ADB31BBF"));
            assert_eq!(session.key.expose(), b.session);
            assert_eq!(session.authenticate(&hex!("DBF7A936D0D18C9E")), b.authentication);

            let message = SessionKey::derive(b.algorithm, &card, &hex!("2AFD6A015D2D9BAC"));
            assert_eq!(message.key.expose(), b.message);
            assert_eq!(message.mac(&hex!("8424000004"), &[]), b.unblock);
            let cipher = message.encrypt(&hex!("123456"));
            assert_eq!(cipher, b.cipher);
            assert_eq!(message.mac(&b.reload_header, &cipher), b.reload);
            assert_eq!(message.decrypt(&cipher).as_deref(), Some(&hex!("123456")[..]));
        }
    }
}
