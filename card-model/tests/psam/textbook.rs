//! Textbook versions of what the PSAM computes, on the bare ciphers.

use super::support::{CARD, CITY, PROVINCE};
use card_model::crypto::Algorithm;
use des::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

/// Textbook ECB of whole blocks: 8-byte keys single DES.
pub fn ecb(algorithm: Algorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = data.to_vec();
    for block in out.chunks_exact_mut(algorithm.block()) {
        match (algorithm, key.len()) {
            (Algorithm::Sm4, _) => sm4::Sm4::new_from_slice(key)
                .unwrap()
                .encrypt_block(block.try_into().unwrap()),
            (Algorithm::TripleDes, 8) => des::Des::new_from_slice(key)
                .unwrap()
                .encrypt_block(block.try_into().unwrap()),
            (Algorithm::TripleDes, _) => {
                // E-D-E by hand: this is the textbook, not the library.
                let (left, right) = (des::Des::new_from_slice(&key[..8]), des::Des::new_from_slice(&key[8..]));
                let (left, right) = (left.unwrap(), right.unwrap());
                left.encrypt_block((&mut *block).try_into().unwrap());
                right.decrypt_block((&mut *block).try_into().unwrap());
                left.encrypt_block(block.try_into().unwrap());
            }
        }
    }
    out
}

/// Textbook diversification.
pub fn diversified(algorithm: Algorithm, key: &[u8], factor: &[u8; 8]) -> Vec<u8> {
    let inverse: Vec<u8> = factor.iter().map(|byte| !byte).collect();
    let mut key = ecb(algorithm, key, &[&factor[..], &inverse].concat());
    if algorithm == Algorithm::TripleDes && key.len() > 16 {
        key.truncate(16);
    }
    key
}

/// The card's key of a root under the number of levels.
pub fn card_key(algorithm: Algorithm, root: &[u8], levels: u8) -> Vec<u8> {
    let factors = [PROVINCE, CITY, CARD];
    let mut key = root.to_vec();
    for factor in &factors[3 - usize::from(levels)..] {
        key = diversified(algorithm, &key, factor);
    }
    key
}

/// Textbook session key over a factor that is filled with 00 to the block.
pub fn session_key(algorithm: Algorithm, key: &[u8], factor: &[u8]) -> Vec<u8> {
    let mut factor = factor.to_vec();
    factor.resize(algorithm.block(), 0);
    ecb(algorithm, key, &factor)
}

/// Textbook MAC: CBC with padding 80 00…; 16-byte keys of DES by ISO/IEC 9797-1 algorithm 3.
pub fn mac(algorithm: Algorithm, key: &[u8], initial: &[u8], data: &[u8]) -> Vec<u8> {
    let size = algorithm.block();
    let mut padded = [data, &[0x80]].concat();
    padded.resize(padded.len().next_multiple_of(size), 0);
    let mut chain = initial.to_vec();
    chain.resize(size, 0);
    let retail = algorithm == Algorithm::TripleDes && key.len() == 16;
    let chain_key = if retail { &key[..8] } else { key };
    for block in padded.chunks(size) {
        for (byte, data) in chain.iter_mut().zip(block) {
            *byte ^= data;
        }
        chain = ecb(algorithm, chain_key, &chain);
    }
    if retail {
        let block: &mut [u8; 8] = chain.as_mut_slice().try_into().unwrap();
        des::Des::new_from_slice(&key[8..]).unwrap().decrypt_block(block.into());
        des::Des::new_from_slice(&key[..8]).unwrap().encrypt_block(block.into());
    }
    match algorithm {
        Algorithm::TripleDes => chain[..4].to_vec(),
        Algorithm::Sm4 => (0..4)
            .map(|i| chain[i] ^ chain[i + 4] ^ chain[i + 8] ^ chain[i + 12])
            .collect(),
    }
}
