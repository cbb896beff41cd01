//! SM2 as the standards print it, over big integers and affine coordinates, for any curve: slow, not constant in time,
//! for tests only. It runs the examples of both curves, so the older Fp-256 curve is not left as dead data.

use num_bigint::{BigInt, BigUint, Sign};
use serde_json::Value;
use sm3::{Digest, Sm3};

/// A point that is not at infinity; `None` is the point at infinity.
pub type Point = Option<(BigUint, BigUint)>;

/// Domain parameters: y² = x³ + ax + b over the prime p, base point G of order n, cofactor 1.
pub struct Curve {
    p: BigUint,
    a: BigUint,
    b: BigUint,
    g: Point,
    /// Order of the base point.
    pub n: BigUint,
}

/// A number from hexadecimal text.
pub fn number(value: &Value, field: &str) -> BigUint {
    BigUint::from_bytes_be(&super::bytes(value, field))
}

/// A point from the fields x and y.
pub fn point(value: &Value) -> Point {
    Some((number(value, "x"), number(value, "y")))
}

/// 32 bytes, big endian.
pub fn octets(number: &BigUint) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; 32 - bytes.len()], bytes].concat()
}

/// Coordinates of a point as 64 bytes.
pub fn point_octets(point: &Point) -> Vec<u8> {
    let (x, y) = point.as_ref().unwrap();
    [octets(x), octets(y)].concat()
}

fn inverse(value: &BigUint, modulus: &BigUint) -> BigUint {
    let (mut r, mut next) = (
        BigInt::from_biguint(Sign::Plus, modulus.clone()),
        BigInt::from_biguint(Sign::Plus, value % modulus),
    );
    let (mut t, mut next_t) = (BigInt::from(0), BigInt::from(1));
    while next != BigInt::from(0) {
        let quotient = &r / &next;
        (r, next) = (next.clone(), r - &quotient * next);
        (t, next_t) = (next_t.clone(), t - quotient * next_t);
    }
    let modulus = BigInt::from_biguint(Sign::Plus, modulus.clone());
    ((t % &modulus + &modulus) % modulus).to_biguint().unwrap()
}

impl Curve {
    /// From the parameters of a group in `vectors/sm2.json`.
    pub fn new(value: &Value) -> Self {
        let read = |name| number(value, name);
        Self {
            p: read("p"),
            a: read("a"),
            b: read("b"),
            g: Some((read("Gx"), read("Gy"))),
            n: read("n"),
        }
    }

    /// Whether a point satisfies the curve equation.
    pub fn contains(&self, point: &Point) -> bool {
        let Some((x, y)) = point else { return true };
        (y * y) % &self.p == (x * x * x + &self.a * x + &self.b) % &self.p
    }

    /// The base point.
    pub fn g(&self) -> &Point {
        &self.g
    }

    /// P + Q.
    pub fn add(&self, left: &Point, right: &Point) -> Point {
        let (Some((x1, y1)), Some((x2, y2))) = (left, right) else {
            return left.clone().or(right.clone());
        };
        let p = &self.p;
        let slope = if x1 == x2 {
            if (y1 + y2) % p == BigUint::ZERO {
                return None;
            }
            (3u8 * x1 * x1 + &self.a) * inverse(&(2u8 * y1), p) % p
        } else {
            (p + y2 - y1) * inverse(&(p + x2 - x1), p) % p
        };
        let x3 = (&slope * &slope + 2u8 * p - x1 - x2) % p;
        let y3 = (&slope * (p + x1 - &x3) + p - y1) % p;
        Some((x3, y3))
    }

    /// `[k]P`.
    pub fn multiply(&self, k: &BigUint, point: &Point) -> Point {
        (0..k.bits()).rev().fold(None, |sum, i| {
            let doubled = self.add(&sum, &sum);
            if k.bit(i) { self.add(&doubled, point) } else { doubled }
        })
    }

    /// Z of a user: GB/T 32918.2 §5.5.
    pub fn z(&self, id: &str, public: &Point) -> Vec<u8> {
        let mut hash = Sm3::new();
        hash.update(u16::try_from(id.len() * 8).unwrap().to_be_bytes());
        hash.update(id);
        for number in [&self.a, &self.b] {
            hash.update(octets(number));
        }
        hash.update(point_octets(&self.g));
        hash.update(point_octets(public));
        hash.finalize().to_vec()
    }

    /// Signature with a given k over e: GB/T 32918.2 §6.1.
    pub fn sign(&self, d: &BigUint, k: &BigUint, e: &BigUint) -> (BigUint, BigUint) {
        let n = &self.n;
        let (x1, _) = self.multiply(k, &self.g).unwrap();
        let r = (e + x1) % n;
        let s = inverse(&(d + 1u8), n) * (k + n * n - &r * d) % n;
        (r, s)
    }

    /// Verification of a signature: GB/T 32918.2 §7.1.
    pub fn verify(&self, public: &Point, e: &BigUint, r: &BigUint, s: &BigUint) -> bool {
        let t = (r + s) % &self.n;
        let (x1, _) = self
            .add(&self.multiply(s, &self.g), &self.multiply(&t, public))
            .unwrap();
        (e + x1) % &self.n == *r
    }

    /// Encryption with a given k: C1, C2, C3 of GB/T 32918.4 §6.1.
    pub fn encrypt(&self, public: &Point, k: &BigUint, message: &[u8]) -> (Point, Vec<u8>, Vec<u8>) {
        let shared = self.multiply(k, public);
        let mask = kdf(&[&point_octets(&shared)], message.len());
        let c2 = message.iter().zip(mask).map(|(m, t)| m ^ t).collect();
        let (x2, y2) = shared.unwrap();
        let c3 = Sm3::digest([&octets(&x2)[..], message, &octets(&y2)].concat()).to_vec();
        (self.multiply(k, &self.g), c2, c3)
    }

    /// The shared point of the key exchange: GB/T 32918.3 §6.1, steps A5–A7.
    pub fn exchange(&self, d: &BigUint, r: &BigUint, own: &Point, other: &Point, other_public: &Point) -> Point {
        let reduce = |point: &Point| {
            let (x, _) = point.as_ref().unwrap();
            let w = BigUint::from(1u8) << 127u8;
            &w + (x & (&w - 1u8))
        };
        let t = (d + reduce(own) * r) % &self.n;
        let sum = self.add(other_public, &self.multiply(&reduce(other), other));
        self.multiply(&t, &sum)
    }
}

/// Key derivation: GB/T 32918.3 §5.4.3.
pub fn kdf(parts: &[&[u8]], length: usize) -> Vec<u8> {
    let input = parts.concat();
    let mut out = Vec::new();
    for counter in 1u32.. {
        if out.len() >= length {
            break;
        }
        out.extend_from_slice(&Sm3::digest([&input[..], &counter.to_be_bytes()].concat()));
    }
    out.truncate(length);
    out
}

/// Confirmation value of the key exchange: first byte 02 or 03, then y, then the inner hash (GB/T 32918.3 §6.1).
pub fn confirmation(first: u8, shared: &Point, z_a: &[u8], z_b: &[u8], r_a: &Point, r_b: &Point) -> Vec<u8> {
    let (x, y) = shared.as_ref().unwrap();
    let inner = Sm3::digest([&octets(x)[..], z_a, z_b, &point_octets(r_a), &point_octets(r_b)].concat());
    Sm3::digest([&[first][..], &octets(y), &inner].concat()).to_vec()
}
