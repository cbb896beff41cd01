//! OpenSSL 3 as the second opinion, called as the command line it is. A missing program fails the test: it is never
//! skipped. The mechanism of part 4 is written here a second time over OpenSSL's ciphers alone, straight from
//! `spec/commands.md` §2, so that nothing of `card_model::crypto` takes part.

use card_model::crypto::Algorithm;
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs `openssl` with `arguments` and `input` on its standard input.
pub fn run(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("these tests need the program openssl (package openssl, version 3): {e}"));
    // Written from a thread of its own: with a long input both pipes fill, and each side would wait for the other.
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(
        output.status.success(),
        "openssl {} failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// SM3.
pub fn sm3(message: &[u8]) -> Vec<u8> {
    run(&["dgst", "-sm3", "-binary"], message)
}

/// Which way a cipher runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Encryption.
    Encrypt,
    /// Decryption.
    Decrypt,
}

/// One of `sm4-ecb`, `sm4-cbc`, `des-ede-ecb` …, without padding. Single DES lives in the legacy provider.
pub fn cipher(name: &str, way: Way, key: &[u8], initial: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
    let (option, key) = (format!("-{name}"), hex::encode(key));
    let way = if way == Way::Encrypt { "-e" } else { "-d" };
    let mut arguments = vec![
        "enc",
        way,
        &option,
        "-nopad",
        "-K",
        &key,
        "-provider",
        "legacy",
        "-provider",
        "default",
    ];
    let initial = initial.map(hex::encode);
    if let Some(initial) = &initial {
        arguments.extend(["-iv", initial]);
    }
    let out = run(&arguments, data);
    assert_eq!(out.len(), data.len(), "openssl {name} changed the length");
    out
}

/// ECB encryption of whole blocks under an 8- or 16-byte key.
pub fn ecb(algorithm: Algorithm, way: Way, key: &[u8], data: &[u8]) -> Vec<u8> {
    let name = match (algorithm, key.len()) {
        (Algorithm::Sm4, 16) => "sm4-ecb",
        (Algorithm::TripleDes, 16) => "des-ede",
        (Algorithm::TripleDes, 8) => "des-ecb",
        other => panic!("no such cipher: {other:?}"),
    };
    cipher(name, way, key, None, data)
}

/// Diversification: STD-P9 §7.1.1, §7.2.1.
pub fn diversify(algorithm: Algorithm, key: &[u8], factor: &[u8]) -> Vec<u8> {
    let inverse: Vec<u8> = factor.iter().map(|b| !b).collect();
    let mut derived = ecb(algorithm, Way::Encrypt, key, &[factor, &inverse].concat());
    derived.truncate(key.len());
    derived
}

/// Session key: STD-P4 §8.4.
pub fn session(algorithm: Algorithm, key: &[u8], factor: &[u8]) -> Vec<u8> {
    let mut block = factor.to_vec();
    block.resize(algorithm.block(), 0);
    ecb(algorithm, Way::Encrypt, key, &block)
}

/// Authentication data: STD-P4 §9.3.
pub fn authenticate(algorithm: Algorithm, session: &[u8], source: &[u8]) -> Vec<u8> {
    let mut block = source.to_vec();
    block.resize(algorithm.block(), 0);
    let out = ecb(algorithm, Way::Encrypt, session, &block);
    match algorithm {
        Algorithm::TripleDes => out,
        Algorithm::Sm4 => (0..8).map(|i| out[i] ^ out[i + 8]).collect(),
    }
}

/// Data encryption: STD-P4 §8.3.3.
pub fn encrypt(algorithm: Algorithm, key: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut data = vec![u8::try_from(plain.len()).unwrap()];
    data.extend_from_slice(plain);
    if data.len() % algorithm.block() != 0 {
        pad(&mut data, algorithm.block());
    }
    ecb(algorithm, Way::Encrypt, key, &data)
}

/// MAC: STD-P4 §8.2.4; a 16-byte key of the 8-byte cipher makes it ISO/IEC 9797-1 algorithm 3.
pub fn mac(algorithm: Algorithm, key: &[u8], initial: &[u8], message: &[u8]) -> Vec<u8> {
    let block = algorithm.block();
    let mut data = message.to_vec();
    pad(&mut data, block);
    let mut initial = initial.to_vec();
    initial.resize(block, 0);
    let last = |out: Vec<u8>| out[out.len() - block..].to_vec();
    match algorithm {
        Algorithm::Sm4 => {
            let out = last(cipher("sm4-cbc", Way::Encrypt, key, Some(&initial), &data));
            (0..4).map(|i| out[i] ^ out[i + 4] ^ out[i + 8] ^ out[i + 12]).collect()
        }
        Algorithm::TripleDes => {
            let mut out = last(cipher("des-cbc", Way::Encrypt, &key[..8], Some(&initial), &data));
            if key.len() == 16 {
                out = cipher("des-ecb", Way::Decrypt, &key[8..], None, &out);
                out = cipher("des-ecb", Way::Encrypt, &key[..8], None, &out);
            }
            out.truncate(4);
            out
        }
    }
}

/// First three bytes of an encrypted zero block.
pub fn key_check_value(algorithm: Algorithm, key: &[u8]) -> Vec<u8> {
    let mut out = ecb(algorithm, Way::Encrypt, key, &vec![0; algorithm.block()]);
    out.truncate(3);
    out
}

fn pad(data: &mut Vec<u8>, block: usize) {
    data.push(0x80);
    data.resize(data.len().next_multiple_of(block), 0);
}
