//! Every official vector of `vectors/`, against RustCrypto, a textbook implementation and OpenSSL 3.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use num_bigint::BigUint;
use sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use sm3::{Digest, Sm3};
use sm4::cipher::{BlockCipherEncrypt, KeyInit};
use support::openssl::{self, Way};
use support::textbook_sm2::{self as textbook, Curve, number, point};
use support::{bytes, list, load, text};

#[test]
fn sm3_vectors() {
    for test in list(&load("sm3.json"), "tests") {
        let repeat = usize::try_from(test["repeat"].as_u64().unwrap()).unwrap();
        let message = bytes(test, "message").repeat(repeat);
        let digest = bytes(test, "digest");
        assert_eq!(Sm3::digest(&message).to_vec(), digest, "RustCrypto, {}", test["id"]);
        assert_eq!(openssl::sm3(&message), digest, "OpenSSL, {}", test["id"]);
    }
}

#[test]
fn sm4_vectors() {
    for test in list(&load("sm4.json"), "tests") {
        let key: [u8; 16] = bytes(test, "key").try_into().unwrap();
        let plain: [u8; 16] = bytes(test, "plain").try_into().unwrap();
        let expected = bytes(test, "cipher");
        let iterations = test["iterations"].as_u64().unwrap();

        let cipher = sm4::Sm4::new(&key.into());
        let mut block = plain.into();
        for _ in 0..iterations {
            cipher.encrypt_block(&mut block);
        }
        assert_eq!(block.to_vec(), expected, "RustCrypto, {}", test["id"]);

        // OpenSSL's command line cannot iterate a block. CBC over zero blocks with the plain text as initial value can:
        // C1 = E(IV), C2 = E(C1), …
        let count = usize::try_from(iterations).unwrap();
        let chain = openssl::cipher("sm4-cbc", Way::Encrypt, &key, Some(&plain), &vec![0; 16 * count]);
        assert_eq!(chain[16 * (count - 1)..], expected, "OpenSSL, {}", test["id"]);
    }
}

/// The round keys are not to be had from RustCrypto or OpenSSL: the key schedule is written out here from GB/T 32907
/// §7.3 over the S-box, and a whole encryption with these keys shows that they are the ones in use.
#[test]
fn sm4_round_keys() {
    let (box_, fk) = (sbox(), [0xA3B1_BAC6_u32, 0x56AA_3350, 0x677D_9197, 0xB270_22DC]);
    let substitute = |word: u32| u32::from_be_bytes(word.to_be_bytes().map(|b| box_[usize::from(b)]));
    let words = |block: &[u8]| -> Vec<u32> {
        block
            .chunks_exact(4)
            .map(|c| u32::from_be_bytes(c.try_into().unwrap()))
            .collect()
    };
    for test in list(&load("sm4.json"), "round_keys") {
        let key = bytes(test, "key");
        let mut k: Vec<u32> = words(&key).iter().zip(fk).map(|(a, b)| a ^ b).collect();
        for i in 0..32u32 {
            let ck = u32::from_be_bytes(core::array::from_fn(|j| ((4 * i + j as u32) * 7 % 256) as u8));
            let n = k.len();
            let t = substitute(k[n - 3] ^ k[n - 2] ^ k[n - 1] ^ ck);
            k.push(k[n - 4] ^ t ^ t.rotate_left(13) ^ t.rotate_left(23));
        }
        let round_keys = &k[4..];
        assert_eq!(round_keys[0].to_be_bytes().to_vec(), bytes(test, "first"));
        assert_eq!(round_keys[31].to_be_bytes().to_vec(), bytes(test, "last"));

        let mut x = words(&key);
        for rk in round_keys {
            let n = x.len();
            let t = substitute(x[n - 3] ^ x[n - 2] ^ x[n - 1] ^ rk);
            let l = t ^ t.rotate_left(2) ^ t.rotate_left(10) ^ t.rotate_left(18) ^ t.rotate_left(24);
            x.push(x[n - 4] ^ l);
        }
        let cipher: Vec<u8> = x[32..].iter().rev().flat_map(|w| w.to_be_bytes()).collect();
        let key: [u8; 16] = key.try_into().unwrap();
        let mut block = key.into();
        sm4::Sm4::new(&key.into()).encrypt_block(&mut block);
        assert_eq!(cipher, block.to_vec());
    }
}

/// The S-box by its algebra: affine map, inversion modulo x⁸+x⁷+x⁶+x⁵+x⁴+x²+1, affine map.
fn sbox() -> [u8; 256] {
    let multiply = |mut a: u16, mut b: u16| {
        let mut product = 0;
        while b > 0 {
            product ^= if b & 1 == 1 { a } else { 0 };
            a = if a & 0x80 == 0 { a << 1 } else { a << 1 ^ 0x1F5 };
            b >>= 1;
        }
        product
    };
    let affine = |x: u8| {
        (0..8).fold(0xD3u8, |out, i| {
            let row = 0xA7u8.rotate_left(i);
            out ^ (u8::from((x & row).count_ones() % 2 == 1) << i)
        })
    };
    core::array::from_fn(|x| {
        let y = u16::from(affine(x as u8));
        let inverse = (1..256).find(|z| multiply(y, *z) == 1).unwrap_or(0);
        affine(inverse as u8)
    })
}

#[test]
fn sm2_textbook_on_both_curves() {
    let data = load("sm2.json");
    let groups = list(&data, "groups");
    assert_eq!(groups.len(), 2);
    for group in groups {
        let id = text(group, "id");
        let curve = Curve::new(&group["curve"]);
        assert!(curve.contains(curve.g()), "{id}: G is not on the curve");
        assert_eq!(
            curve.multiply(&curve.n, curve.g()),
            None,
            "{id}: n is not the order of G"
        );

        let s = &group["signature"];
        let (d, k, e) = (number(s, "d"), number(s, "k"), number(s, "e"));
        let public = point(&s["public"]);
        assert_eq!(curve.multiply(&d, curve.g()), public, "{id}: public key");
        let z = curve.z(text(s, "id_a"), &public);
        assert_eq!(z, bytes(s, "z_a"), "{id}: ZA");
        let hash = Sm3::digest([&z[..], text(s, "message").as_bytes()].concat());
        assert_eq!(hash.to_vec(), bytes(s, "e"), "{id}: e");
        assert_eq!(
            curve.sign(&d, &k, &e),
            (number(s, "r"), number(s, "s")),
            "{id}: signature"
        );
        assert!(
            curve.verify(&public, &e, &number(s, "r"), &number(s, "s")),
            "{id}: verification"
        );
        assert!(
            !curve.verify(&public, &(e + 1u8), &number(s, "r"), &number(s, "s")),
            "{id}: wrong e verifies"
        );

        let c = &group["encryption"];
        let public = point(&c["public"]);
        assert_eq!(
            curve.multiply(&number(c, "d"), curve.g()),
            public,
            "{id}: public key of encryption"
        );
        let (c1, c2, c3) = curve.encrypt(&public, &number(c, "k"), text(c, "message").as_bytes());
        assert_eq!(c1, point(&c["c1"]), "{id}: C1");
        assert_eq!((c2, c3), (bytes(c, "c2"), bytes(c, "c3")), "{id}: C2 and C3");

        key_exchange(id, &curve, &group["key_exchange"]);
    }
}

fn key_exchange(id: &str, curve: &Curve, x: &serde_json::Value) {
    let (public_a, public_b) = (point(&x["public_a"]), point(&x["public_b"]));
    assert_eq!(curve.multiply(&number(x, "d_a"), curve.g()), public_a, "{id}: PA");
    assert_eq!(curve.multiply(&number(x, "d_b"), curve.g()), public_b, "{id}: PB");
    let (z_a, z_b) = (curve.z(text(x, "id_a"), &public_a), curve.z(text(x, "id_b"), &public_b));
    assert_eq!(
        (z_a.clone(), z_b.clone()),
        (bytes(x, "z_a"), bytes(x, "z_b")),
        "{id}: Z"
    );
    let (r_a, r_b) = (point(&x["ephemeral_a"]), point(&x["ephemeral_b"]));
    assert_eq!(curve.multiply(&number(x, "r_a"), curve.g()), r_a, "{id}: RA");
    assert_eq!(curve.multiply(&number(x, "r_b"), curve.g()), r_b, "{id}: RB");

    let u = curve.exchange(&number(x, "d_a"), &number(x, "r_a"), &r_a, &r_b, &public_b);
    let v = curve.exchange(&number(x, "d_b"), &number(x, "r_b"), &r_b, &r_a, &public_a);
    assert_eq!(u, v, "{id}: both sides have the same point");
    assert_eq!(u, point(&x["shared_point"]), "{id}: V");
    let length = usize::try_from(x["klen_bits"].as_u64().unwrap()).unwrap() / 8;
    let key = textbook::kdf(&[&textbook::point_octets(&u), &z_a, &z_b], length);
    assert_eq!(key, bytes(x, "key"), "{id}: K");
    assert_eq!(
        textbook::confirmation(2, &u, &z_a, &z_b, &r_a, &r_b),
        bytes(x, "s1"),
        "{id}: S1"
    );
    assert_eq!(
        textbook::confirmation(3, &u, &z_a, &z_b, &r_a, &r_b),
        bytes(x, "s2"),
        "{id}: S2"
    );
}

/// Entropy that gives one number for ever, to reproduce encryption with the k of the standard.
struct Fixed(Vec<u8>);

impl TryRng for Fixed {
    type Error = core::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!("a scalar is drawn as bytes")
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!("a scalar is drawn as bytes")
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

#[test]
fn sm2_rustcrypto() {
    use sm2::dsa::signature::Verifier;
    let data = load("sm2.json");
    let group = &list(&data, "groups")[0];

    let s = &group["signature"];
    let public = [vec![4], bytes(&s["public"], "x"), bytes(&s["public"], "y")].concat();
    let key = sm2::dsa::VerifyingKey::from_sec1_bytes(text(s, "id_a"), &public).unwrap();
    let signature = sm2::dsa::Signature::from_slice(&[bytes(s, "r"), bytes(s, "s")].concat()).unwrap();
    key.verify(text(s, "message").as_bytes(), &signature).unwrap();
    key.verify(b"another digest", &signature).unwrap_err();
    let secret = sm2::SecretKey::from_slice(&bytes(s, "d")).unwrap();
    assert_eq!(secret.public_key().to_sec1_bytes().to_vec(), public);

    let c = &group["encryption"];
    let raw = [
        vec![4],
        bytes(&c["c1"], "x"),
        bytes(&c["c1"], "y"),
        bytes(c, "c3"),
        bytes(c, "c2"),
    ]
    .concat();
    let secret = sm2::SecretKey::from_slice(&bytes(c, "d")).unwrap();
    let message = text(c, "message").as_bytes();
    let decrypting = sm2::pke::DecryptingKey::new(secret.clone());
    assert_eq!(decrypting.decrypt(&raw).unwrap(), message);
    let encrypting = sm2::pke::EncryptingKey::new(secret.public_key());
    assert_eq!(encrypting.encrypt(&mut Fixed(bytes(c, "k")), message).unwrap(), raw);

    let old_order = [
        vec![4],
        bytes(&c["c1"], "x"),
        bytes(&c["c1"], "y"),
        bytes(c, "c2"),
        bytes(c, "c3"),
    ]
    .concat();
    let mode = sm2::pke::Mode::C1C2C3;
    let decrypting = sm2::pke::DecryptingKey::new_with_mode(secret.to_nonzero_scalar(), mode);
    assert_eq!(decrypting.decrypt(&old_order).unwrap(), message);
}

#[test]
fn sm2_openssl() {
    use sm2::pkcs8::{EncodePrivateKey, LineEnding};
    let data = load("sm2.json");
    let group = &list(&data, "groups")[0];
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let s = &group["signature"];
    let secret = sm2::SecretKey::from_slice(&bytes(s, "d")).unwrap();
    let key = file("key.pem", secret.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes());

    let signature = file(
        "signature.der",
        &sequence(&[integer(&bytes(s, "r")), integer(&bytes(s, "s"))]),
    );
    let message = file("message", text(s, "message").as_bytes());
    let id = format!("distid:{}", text(s, "id_a"));
    let said = openssl::run(
        &[
            "pkeyutl", "-verify", "-inkey", &key, "-rawin", "-digest", "sm3", "-pkeyopt", &id, "-sigfile", &signature,
            "-in", &message,
        ],
        &[],
    );
    assert!(
        String::from_utf8_lossy(&said).contains("Verified Successfully"),
        "{}",
        String::from_utf8_lossy(&said)
    );

    let c = &group["encryption"];
    let octet_string = |content: Vec<u8>| element(4, &content);
    let cipher = sequence(&[
        integer(&bytes(&c["c1"], "x")),
        integer(&bytes(&c["c1"], "y")),
        octet_string(bytes(c, "c3")),
        octet_string(bytes(c, "c2")),
    ]);
    let cipher = file("cipher.der", &cipher);
    let plain = openssl::run(&["pkeyutl", "-decrypt", "-inkey", &key, "-in", &cipher], &[]);
    assert_eq!(plain, text(c, "message").as_bytes());
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let length = if length < 0x80 {
        vec![length]
    } else {
        vec![0x81, length]
    };
    [vec![tag], length, content.to_vec()].concat()
}

fn integer(number: &[u8]) -> Vec<u8> {
    let mut bytes = BigUint::from_bytes_be(number).to_bytes_be();
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    element(2, &bytes)
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}
