//! The security mechanism of part 4: the worked example and random keys, `card_model::crypto` against OpenSSL 3 alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use card_model::crypto::{self, Algorithm, SessionKey};
use card_model::secret::Key;
use support::openssl::{self, Way};
use support::{Seeded, bytes, list, load, text};

const BOTH: [Algorithm; 2] = [Algorithm::Sm4, Algorithm::TripleDes];

fn key(bytes: &[u8]) -> Key {
    Key::new(bytes).unwrap()
}

/// `spec/conformance.md` §4.3.1: every value of both branches, by both implementations.
#[test]
fn worked_example() {
    let data = load("mechanism.json");
    let inputs = &data["inputs"];
    let input = |name| bytes(inputs, name);
    let eight = |name| -> [u8; 8] { input(name).try_into().unwrap() };
    let branches = list(&data, "branches");
    assert_eq!(branches.len(), 2);
    for branch in branches {
        let algorithm = *BOTH.iter().find(|a| a.name() == text(branch, "algorithm")).unwrap();
        let expect = |name| bytes(branch, name);

        let mut level = (key(&input("root")), input("root"));
        for (factor, name) in [
            ("factor_province", "level2"),
            ("factor_city", "level3"),
            ("factor_card", "card_key"),
        ] {
            level.0 = crypto::diversify(algorithm, &level.0, &eight(factor));
            level.1 = openssl::diversify(algorithm, &level.1, &eight(factor));
            assert_eq!(level.0.expose(), expect(name), "{name}");
            assert_eq!(level.1, expect(name), "{name} by OpenSSL");
        }
        let (card, card_bytes) = level;

        let session = SessionKey::derive(algorithm, &card, &eight("factor"));
        let by_openssl = openssl::session(algorithm, &card_bytes, &eight("factor"));
        assert_eq!(by_openssl, expect("session_key_factor"));
        assert_same_session(algorithm, &session, &by_openssl);
        assert_eq!(
            session.authenticate(&eight("source")).to_vec(),
            expect("authentication_data")
        );
        assert_eq!(
            openssl::authenticate(algorithm, &by_openssl, &eight("source")),
            expect("authentication_data")
        );

        let session = SessionKey::derive(algorithm, &card, &eight("random"));
        let by_openssl = openssl::session(algorithm, &card_bytes, &eight("random"));
        assert_eq!(by_openssl, expect("session_key_random"));
        assert_same_session(algorithm, &session, &by_openssl);

        let header = [0x84, 0x24, 0x00, 0x00, 0x04];
        assert_eq!(session.mac(&header, &[]).to_vec(), expect("unblock_mac"));
        assert_eq!(
            openssl::mac(algorithm, &by_openssl, &[], &header),
            expect("unblock_mac")
        );

        let cipher = session.encrypt(&input("pin"));
        assert_eq!(cipher, expect("reload_cipher"));
        assert_eq!(
            openssl::encrypt(algorithm, &by_openssl, &input("pin")),
            expect("reload_cipher")
        );
        assert_eq!(session.decrypt(&cipher).unwrap(), input("pin"));

        let lc = u8::try_from(cipher.len() + crypto::MAC_LENGTH).unwrap();
        let header = [0x84, 0x24, 0x00, 0x01, lc];
        let mac = session.mac(&header, &cipher);
        assert_eq!(mac.to_vec(), expect("reload_mac"));
        let message = [&header[..], &cipher].concat();
        assert_eq!(
            openssl::mac(algorithm, &by_openssl, &[], &message),
            expect("reload_mac")
        );
        assert_eq!([message, mac.to_vec()].concat(), expect("reload_command"));
    }
}

/// The session key itself does not leave [`SessionKey`]; two keys are the same if they encrypt alike.
fn assert_same_session(algorithm: Algorithm, session: &SessionKey, expected: &[u8]) {
    let probe = b"session key probe, 31 bytes....";
    assert_eq!(
        session.encrypt(probe),
        crypto::encrypt_data(algorithm, &key(expected), probe)
    );
}

/// Random keys, factors, challenges of all three lengths and messages of every padding case.
#[test]
fn random_keys_agree_with_openssl() {
    let mut random = Seeded::new("mechanism");
    for algorithm in BOTH {
        for round in 0..8 {
            let root = random.bytes(16);
            let factor = random.array::<8>();
            let derived = crypto::diversify(algorithm, &key(&root), &factor);
            assert_eq!(
                derived.expose(),
                openssl::diversify(algorithm, &root, &factor),
                "{algorithm:?} {round}"
            );
            assert_eq!(
                crypto::key_check_value(algorithm, &key(&root)).to_vec(),
                openssl::key_check_value(algorithm, &root)
            );

            let challenge = random.bytes([4, 8, algorithm.block()][round % 3]);
            let session = SessionKey::derive(algorithm, &key(&root), &challenge);
            let session_bytes = openssl::session(algorithm, &root, &challenge);
            assert_same_session(algorithm, &session, &session_bytes);
            let source = random.array::<8>();
            assert_eq!(
                session.authenticate(&source).to_vec(),
                openssl::authenticate(algorithm, &session_bytes, &source)
            );

            let plain = random.bytes(5 * round + 3);
            let cipher = session.encrypt(&plain);
            assert_eq!(cipher, openssl::encrypt(algorithm, &session_bytes, &plain));
            assert_eq!(session.decrypt(&cipher).unwrap(), plain);

            let header = random.bytes(5);
            let message = [&header[..], &cipher].concat();
            assert_eq!(
                session.mac(&header, &cipher).to_vec(),
                openssl::mac(algorithm, &session_bytes, &[], &message)
            );
            // Without header, as in transactions, of a length that is and one that is not a multiple of the block.
            let data = random.bytes(round * 4);
            assert_eq!(
                session.mac(&[], &data).to_vec(),
                openssl::mac(algorithm, &session_bytes, &[], &data)
            );
            // The key itself, with a challenge as initial value: with 3DES this is the retail MAC.
            assert_eq!(
                crypto::key_loading_mac(algorithm, &key(&root), &challenge, &header, &data).to_vec(),
                openssl::mac(algorithm, &root, &challenge, &[&header[..], &data].concat())
            );
            let first = random.array::<12>();
            assert_eq!(
                crypto::plain_mac(algorithm, &key(&root), &first).to_vec(),
                openssl::mac(algorithm, &root, &[], &first)
            );

            let mut block = challenge.clone();
            block.resize(algorithm.block(), 0);
            assert_eq!(
                crypto::master_cryptogram(algorithm, &key(&root), &challenge),
                openssl::ecb(algorithm, Way::Encrypt, &root, &block)
            );
        }
    }
}

/// Single-length DES keys, as the STK of an 8-byte cipher has (`spec/files.md` §6.3).
#[test]
fn single_des_agrees_with_openssl() {
    let mut random = Seeded::new("single DES");
    let algorithm = Algorithm::TripleDes;
    for round in 0..6 {
        let root = random.bytes(8);
        let factor = random.array::<8>();
        let derived = crypto::diversify(algorithm, &key(&root), &factor);
        assert_eq!(derived.length(), 8);
        assert_eq!(derived.expose(), openssl::diversify(algorithm, &root, &factor));
        assert_eq!(
            crypto::key_check_value(algorithm, &key(&root)).to_vec(),
            openssl::key_check_value(algorithm, &root)
        );
        let challenge = random.bytes(8);
        let session = SessionKey::derive(algorithm, &key(&root), &challenge);
        let session_bytes = openssl::session(algorithm, &root, &challenge);
        assert_same_session(algorithm, &session, &session_bytes);
        let message = random.bytes(round * 3);
        assert_eq!(
            session.mac(&message, &[]).to_vec(),
            openssl::mac(algorithm, &session_bytes, &[], &message)
        );
        assert_eq!(
            crypto::plain_mac(algorithm, &key(&root), &message).to_vec(),
            openssl::mac(algorithm, &root, &[], &message)
        );
    }
}

/// A well-known retail MAC: ISO/IEC 9797-1 algorithm 3 over the example of ICAO Doc 9303 part 11 appendix D.4.
#[test]
fn retail_mac_of_icao_9303() {
    let mac_key = hex::decode("7962D9ECE03D1ACD4C76089DCE131543").unwrap();
    let message = hex::decode("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2").unwrap();
    assert_eq!(
        crypto::plain_mac(Algorithm::TripleDes, &key(&mac_key), &message),
        [0x5F, 0x14, 0x48, 0xEE]
    );
    assert_eq!(
        openssl::mac(Algorithm::TripleDes, &mac_key, &[], &message),
        [0x5F, 0x14, 0x48, 0xEE]
    );
}
