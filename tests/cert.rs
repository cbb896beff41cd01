//! Certificates through the command: key, request, authority, card, verification, signature, decryption – and OpenSSL.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{PINS, Place, has_keys};
use jiff::{SignedDuration, Timestamp};
use personalize::ca::{CaFolder, Lifetime};
use reader::certificate::request::Request;
use serde_json::Value;
use std::process::Command;

const CARD: [&str; 2] = ["--reader", "sim:card.sim"];
const ID: &str = "distid:1234567812345678";

fn ssc(place: &Place, code: i32, words: &[&str]) -> Value {
    let words = [words, &["--json"]].concat();
    place.run_with(&PINS, &words).expect(code).json()
}

fn on_card(place: &Place, code: i32, words: &[&str]) -> Value {
    ssc(place, code, &[words, &CARD].concat())
}

/// OpenSSL must be there and agree.
fn openssl(place: &Place, words: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(words)
        .current_dir(place.dir())
        .output()
        .expect("openssl must be installed");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "openssl {}: {text}", words.join(" "));
    text
}

fn certified() -> Place {
    let place = Place::with_card();
    ssc(&place, 0, &["ca", "new", "testca"]);
    on_card(
        &place,
        0,
        &[
            "cert",
            "request",
            "--subject",
            "CN=张三,O=TEST,C=CN",
            "--out",
            "card.csr",
        ],
    );
    ssc(&place, 0, &["ca", "issue", "testca", "card.csr"]);
    let files = ["cert", "write", "card.key", "card.encryption.crt", "card.signing.crt"];
    on_card(&place, 0, &files);
    place
}

#[test]
fn the_whole_way() {
    let place = Place::with_card();
    let made = ssc(&place, 0, &["ca", "new", "testca", "--organisation", "Branch 12"]);
    has_keys(&made, &["folder", "test", "root", "issuing"]);
    assert_eq!(made["test"], true);
    ssc(&place, 2, &["ca", "new", "testca"]);

    let none = on_card(&place, 0, &["cert", "read"]);
    assert_eq!(none["certificates"], serde_json::json!([]));
    on_card(&place, 1, &["cert", "verify"]);

    let request = on_card(&place, 0, &["cert", "request", "--out", "card.csr"]);
    has_keys(&request, &["request", "subject", "public_key", "generated", "file"]);
    assert_eq!(request["generated"], true);
    let text = openssl(&place, &["req", "-in", "card.csr", "-verify", "-noout", "-vfyopt", ID]);
    assert!(text.contains("verify OK"), "{text}");
    let again = on_card(&place, 0, &["cert", "request"]);
    assert_eq!(
        (&again["generated"], &again["public_key"]),
        (&Value::from(false), &request["public_key"])
    );

    let issued = ssc(&place, 0, &["ca", "issue", "testca", "card.csr"]);
    has_keys(&issued, &["subject", "signing", "encryption", "key"]);
    // One step at a time: OpenSSL 3.0 tells the identifier to the last certificate only.
    for (issuer, file) in [
        ("testca/root.crt", "testca/issuing.crt"),
        ("testca/issuing.crt", "card.signing.crt"),
        ("testca/issuing.crt", "card.encryption.crt"),
    ] {
        let step = ["verify", "-vfyopt", ID, "-partial_chain", "-trusted", issuer, file];
        assert!(openssl(&place, &step).contains("OK"));
    }

    let written = on_card(
        &place,
        0,
        &["cert", "write", "card.signing.crt", "card.encryption.crt", "card.key"],
    );
    let what: Vec<&str> = written["written"]
        .as_array()
        .expect("list")
        .iter()
        .filter_map(|w| w["what"].as_str())
        .collect();
    assert_eq!(what, ["key", "signing", "encryption"], "the key before its certificate");

    let read = on_card(&place, 0, &["cert", "read", "--out", "from-card"]);
    let pairs = read["certificates"].as_array().expect("list");
    assert_eq!(pairs.len(), 2);
    has_keys(
        &pairs[0],
        &[
            "pair",
            "subject",
            "issuer",
            "serial",
            "not_before",
            "not_after",
            "public_key",
            "der",
        ],
    );
    assert_eq!(pairs[0]["serial"], issued["signing"]["serial"]);
    let same = std::fs::read(place.path("from-card/signing.crt")).expect("saved");
    assert_eq!(same, std::fs::read(place.path("card.signing.crt")).expect("issued"));

    let checked = on_card(&place, 0, &["cert", "verify", "--ca", "testca"]);
    assert_eq!(checked["ok"], true);
    let checks = checked["checks"].as_array().expect("list");
    assert_eq!(checks.len(), 6);
    assert!(
        checks.iter().all(|check| check["ok"] == true && check["note"] == false),
        "{checked}"
    );

    let whole = on_card(&place, 0, &["verify", "--keys", "TEST.keys", "--ca", "testca"]);
    assert_eq!(whole["genuine"], true);
    let names: Vec<&str> = whole["checks"]
        .as_array()
        .expect("list")
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    for name in [
        "signing_certificate",
        "signing_chain",
        "signing_challenge",
        "encryption_challenge",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }

    // Revoked.
    let serial = issued["signing"]["serial"].as_str().expect("serial");
    let lists = ssc(&place, 0, &["ca", "crl", "testca", "--revoke", serial]);
    assert_eq!(lists["revoked"].as_array().map(Vec::len), Some(1));
    let revoked = on_card(&place, 1, &["cert", "verify", "--ca", "testca"]);
    assert_eq!(revoked["ok"], false);
    assert_eq!(
        on_card(&place, 1, &["verify", "--keys", "TEST.keys", "--ca", "testca"])["genuine"],
        false
    );
    ssc(&place, 2, &["ca", "crl", "testca", "--revoke", "0123"]);
}

#[test]
fn signatures_and_cipher_texts() {
    let place = certified();
    place.write("letter.txt", "a letter\n".repeat(200));
    let signed = on_card(&place, 0, &["sign", "letter.txt", "--out", "letter.sig"]);
    has_keys(&signed, &["signature", "der", "public_key", "file"]);
    openssl(
        &place,
        &[
            "x509",
            "-in",
            "card.signing.crt",
            "-noout",
            "-pubkey",
            "-out",
            "card.pub",
        ],
    );
    openssl(
        &place,
        &[
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            "card.pub",
            "-rawin",
            "-digest",
            "sm3",
            "-pkeyopt",
            ID,
            "-in",
            "letter.txt",
            "-sigfile",
            "letter.sig",
        ],
    );
    place.write("secret.txt", "for the holder");
    openssl(
        &place,
        &[
            "x509",
            "-in",
            "card.encryption.crt",
            "-noout",
            "-pubkey",
            "-out",
            "enc.pub",
        ],
    );
    openssl(
        &place,
        &[
            "pkeyutl",
            "-encrypt",
            "-pubin",
            "-inkey",
            "enc.pub",
            "-in",
            "secret.txt",
            "-out",
            "secret.sm2",
        ],
    );
    let opened = on_card(&place, 0, &["decrypt", "secret.sm2", "--out", "opened.txt"]);
    assert_eq!(opened["plain"], hex::encode_upper("for the holder"));
    assert_eq!(
        std::fs::read(place.path("opened.txt")).expect("written"),
        b"for the holder"
    );
    let words = place.line("decrypt secret.sm2 --reader sim:card.sim").expect(0);
    assert_eq!(words.stdout.trim(), "for the holder");
    on_card(&place, 4, &["decrypt", "secret.sm2", "--signing"]);
    on_card(&place, 2, &["decrypt", "secret.txt"]);
}

#[test]
fn refusals_have_their_exit_codes() {
    let place = certified();
    let wrong = [("SSC_PIN", "999999"), ("SSC_ADMIN_PIN", "12345678")];
    let run = place
        .run_with(&wrong, &["sign", "card.csr", "--reader", "sim:card.sim", "--json"])
        .expect(5);
    assert_eq!(run.json()["error"]["sw"], "63C2");
    let wrong = [("SSC_PIN", "123456"), ("SSC_ADMIN_PIN", "999999")];
    place
        .run_with(
            &wrong,
            &["cert", "write", "card.signing.crt", "--reader", "sim:card.sim"],
        )
        .expect(5);
    // Nobody to ask.
    place.run(&["sign", "card.csr", "--reader", "sim:card.sim"]).expect(2);
    // A certificate for another card's key.
    on_card(
        &place,
        0,
        &["cert", "request", "--new-key", "--yes", "--out", "new.csr"],
    );
    on_card(&place, 2, &["cert", "write", "card.signing.crt"]);
    let mismatch = on_card(&place, 1, &["cert", "verify", "--ca", "testca"]);
    assert_eq!(mismatch["checks"][0]["ok"], false, "{mismatch}");
    // A card of another generation.
    place.run(&["card", "new", "old.sim", "--profile", "2.0"]).expect(0);
    place.write("nothing.crt", "no certificate");
    on_card(&place, 2, &["cert", "write", "nothing.crt"]);
    ssc(&place, 2, &["ca", "issue", "testca", "nothing.crt"]);
    ssc(&place, 2, &["ca", "issue", "nowhere", "card.csr"]);
    let long = ssc(&place, 2, &["ca", "issue", "testca", "card.csr", "--years", "10"]);
    assert!(
        long["error"]["next"].as_str().expect("advice").contains("--years"),
        "{long}"
    );
}

/// A verification that is repeated with another PIN in SSC_PIN blocks nothing.
#[test]
fn verification_spends_at_most_one_try() {
    let place = certified();
    let change = [("SSC_PIN", "123456"), ("SSC_NEW_PIN", "24681357")];
    place
        .run_with(&change, &["pin", "change", "--reader", "sim:card.sim"])
        .expect(0);
    let other = [("SSC_PIN", "24681357")];
    let verify = ["verify", "--keys", "TEST.keys", "--reader", "sim:card.sim", "--json"];
    for _ in 0..4 {
        let run = place.run_with(&other, &verify).expect(0);
        let checks = run.json();
        let challenge = checks["checks"]
            .as_array()
            .expect("list")
            .iter()
            .find(|c| c["name"] == "signing_challenge");
        assert_eq!(challenge.expect("listed")["note"], true);
    }
    let right = [("SSC_PIN", "24681357"), ("SSC_CERT_PIN", "123456")];
    let run = place.run_with(&right, &verify).expect(0).json();
    let challenge = run["checks"]
        .as_array()
        .expect("list")
        .iter()
        .find(|c| c["name"] == "signing_challenge")
        .cloned();
    assert_eq!(challenge.expect("listed")["note"], false);
}

/// Neither PINs nor names nor keys are in a trace.
#[test]
fn traces_of_the_certificate_application_are_masked() {
    let place = certified();
    place.write("letter.txt", "a letter");
    on_card(&place, 0, &["sign", "letter.txt", "--trace", "sign.trace"]);
    on_card(&place, 0, &["cert", "read", "--trace", "read.trace"]);
    let name = hex::encode_upper("张三");
    for file in ["sign.trace", "read.trace"] {
        let trace = std::fs::read_to_string(place.path(file)).expect("trace");
        assert!(!trace.contains(&name) && !trace.contains("123456"), "{file}");
    }
    let sign = std::fs::read_to_string(place.path("sign.trace"))
        .expect("trace")
        .replace(' ', "");
    assert!(sign.contains("0020018110********"), "{sign}");
}

/// PINs: asked for, changed, blocked, unblocked, given again by the issuer; and the master keys of a successor.
#[test]
fn pins_and_master_keys() {
    let place = Place::with_card();
    let pin = |code: i32, variables: &[(&str, &str)], words: &[&str]| {
        let words = [&["cert", "pin"], words, &CARD, &["--json"]].concat();
        place.run_with(variables, &words).expect(code).json()
    };
    let tries = |of: &str| pin(0, &[], &["status"])[of]["tries_left"].clone();
    assert_eq!((tries("user"), tries("administrator")), (3.into(), 6.into()));
    let right = pin(0, &PINS, &["verify"]);
    has_keys(&right, &["pin", "set", "tries_left", "ok"]);
    assert_eq!(pin(5, &[("SSC_CERT_PIN", "9999")], &["verify"])["tries_left"], 2);
    let alone = pin(2, &[("SSC_CERT_PIN", "9999")], &["change"]);
    assert_eq!(
        alone["tries_left"], 2,
        "nobody to ask for the new PIN, so no try is spent"
    );
    let change = [("SSC_CERT_PIN", "123456"), ("SSC_NEW_PIN", "2468")];
    assert_eq!(pin(0, &change, &["change"])["ok"], true);
    let change = [("SSC_ADMIN_PIN", "12345678"), ("SSC_NEW_PIN", "11223344")];
    pin(0, &change, &["change", "--administrator"]);
    for left in [2, 1] {
        assert_eq!(pin(5, &[("SSC_CERT_PIN", "9999")], &["verify"])["tries_left"], left);
    }
    assert_eq!(
        pin(5, &[("SSC_CERT_PIN", "9999")], &["verify"])["tries_left"],
        1,
        "the last try is kept"
    );
    pin(5, &[("SSC_CERT_PIN", "9999")], &["verify", "--last-try"]);
    pin(5, &[("SSC_CERT_PIN", "2468")], &["verify"]);
    pin(5, &[("SSC_ADMIN_PIN", "12345678")], &["unblock"]);
    pin(0, &[("SSC_ADMIN_PIN", "11223344")], &["unblock"]);
    pin(0, &[("SSC_CERT_PIN", "2468")], &["verify"]);
    pin(0, &[("SSC_ADMIN_PIN", "11223344"), ("SSC_NEW_PIN", "1357")], &["reset"]);
    pin(0, &[("SSC_CERT_PIN", "1357")], &["verify"]);

    // The issuer's master key gives the administrator's PIN anew; a successor's takes its place.
    place
        .run(&["keys", "generate", "--test", "--out", "NEXT.keys"])
        .expect(0);
    let reset = |code, keys| {
        let words = ["reset", "--administrator", "--keys", keys, "--yes"];
        pin(code, &[("SSC_NEW_PIN", "87654321")], &words)
    };
    reset(4, "NEXT.keys");
    reset(0, "TEST.keys");
    pin(0, &[("SSC_ADMIN_PIN", "87654321")], &["verify", "--administrator"]);
    let rekey = [
        "cert",
        "rekey",
        "--keys",
        "TEST.keys",
        "--new-keys",
        "NEXT.keys",
        "--yes",
    ];
    let replaced = on_card(&place, 0, &rekey);
    assert_eq!(replaced["replaced"], serde_json::json!(["PKI", "CERT"]));
    assert_eq!(on_card(&place, 0, &rekey)["replaced"], serde_json::json!([]));
    reset(4, "TEST.keys");
    reset(0, "NEXT.keys");
}

/// Expired, not yet valid, of an authority that is not known, revoked by a list of its own: each is told by `ssc verify`.
#[test]
fn certificates_that_are_not_trusted() {
    let place = certified();
    let verify = |code: i32, trust: &[&str]| {
        let words = [&["verify", "--keys", "TEST.keys"], trust].concat();
        let said = on_card(&place, code, &words);
        let checks = said["checks"].as_array().expect("list");
        let chain = checks.iter().find(|check| check["name"] == "signing_chain");
        chain.expect("checked")["detail"].as_str().expect("words").to_owned()
    };
    let files = ["--ca", "testca/root.crt", "--ca", "testca/issuing.crt"];
    verify(0, &files);
    verify(0, &["--ca", "testca/chain.pem"]);
    ssc(&place, 0, &["ca", "new", "otherca", "--organisation", "another"]);
    assert!(verify(1, &["--ca", "otherca"]).contains("issuing CA"));
    assert!(
        verify(1, &["--ca", "testca/issuing.crt"]).contains("root CA"),
        "no root"
    );

    let ca = CaFolder::open(&place.path("testca")).expect("made");
    let request = Request::from_bytes(&std::fs::read(place.path("card.csr")).expect("there")).expect("signed");
    let now = Timestamp::now();
    let days = |days: i64| now.checked_add(SignedDuration::from_hours(24 * days)).expect("a day");
    for (from, until, word) in [(-400, -35, "was valid until"), (35, 400, "valid only from")] {
        let lifetime = Lifetime {
            from: days(from),
            until: days(until),
        };
        let mut entropy = reader::channel::system_entropy().expect("entropy");
        let certificate = ca.issuing().issue(&request, lifetime, &mut *entropy).expect("issued");
        place.write("other.crt", certificate.to_pem().expect("PEM"));
        on_card(&place, 0, &["cert", "write", "other.crt"]);
        let said = verify(1, &["--ca", "testca"]);
        assert!(said.contains(word), "{said}");
    }

    on_card(&place, 0, &["cert", "write", "card.signing.crt"]);
    let read = on_card(&place, 0, &["cert", "read"]);
    let serial = read["certificates"][0]["serial"].as_str().expect("serial").to_owned();
    ssc(&place, 0, &["ca", "crl", "testca", "--revoke", &serial]);
    verify(0, &files);
    let listed = [&files[..], &["--crl", "testca/issuing.crl"]].concat();
    assert!(verify(1, &listed).contains("revoked"));
}

/// The sequence of the READMEs, word for word, in a checkout of its own; OpenSSL has the last word.
#[test]
fn the_readmes_do_what_they_say() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, heading) in [("README.md", "## Certificates"), ("README.zh.md", "## 数字证书")] {
        let place = Place::new();
        let samples = place.path("personalize/samples");
        std::fs::create_dir_all(&samples).expect("a folder");
        for sample in ["holders.csv", "settings.toml"] {
            std::fs::copy(root.join("personalize/samples").join(sample), samples.join(sample)).expect("a sample");
        }
        let run = place.readme(file, heading);
        let said = run.stdout + &run.stderr;
        assert!(
            said.contains("card.signing.crt: OK") && said.contains("Signature Verified Successfully"),
            "{file}: {said}"
        );
    }
}
