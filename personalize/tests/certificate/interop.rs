//! OpenSSL verifies what card and test authority make, and both take what OpenSSL makes.

use crate::bench::*;
use crate::openssl::{ID, OpenSsl};
use card_model::card::Interface;
use card_model::profile::KeyPair;
use card_model::sm2::{PrivateKey, PublicKey, Signature};
use personalize::ca::{CaFolder, Lifetime};
use reader::certificate::chain::{Purpose, RevocationList, TrustStore};
use reader::certificate::request::{Request, name};
use reader::certificate::x509::{Certificate, public_key, public_key_info};
use reader::certificate::{BlockSize, cipher};

fn public_pem(key: &PublicKey) -> String {
    use der::EncodePem;
    public_key_info(key).unwrap().to_pem(der::pem::LineEnding::LF).unwrap()
}

/// Key made by OpenSSL: its public key, from the PEM that OpenSSL prints.
fn openssl_key(openssl: &OpenSsl) -> PublicKey {
    use der::DecodePem;
    openssl.run(&["genpkey", "-algorithm", "SM2", "-out", "own.key"]);
    openssl.run(&["pkey", "-in", "own.key", "-pubout", "-out", "own.pub"]);
    let text = openssl.get("own.pub");
    public_key(&x509_cert::SubjectPublicKeyInfo::from_pem(text).unwrap()).unwrap()
}

#[test]
fn requests_and_certificates() {
    let openssl = OpenSsl::new();
    let mut channel = card(Interface::Contact);
    let mut application = opened(&mut channel);
    application.generate().unwrap();
    let request = application.request(&name("CN=张三,O=TEST,C=CN").unwrap()).unwrap();
    openssl.put("card.csr", request.to_pem().unwrap());
    let text = openssl.run(&["req", "-in", "card.csr", "-verify", "-noout", "-vfyopt", ID]);
    assert!(text.contains("verify OK"), "{text}");
    // The same request under another identifier is another signature. OpenSSL's exit code does not tell.
    let other = "distid:ALICE123@YAHOO.COM";
    let text = openssl.run(&["req", "-in", "card.csr", "-verify", "-noout", "-vfyopt", other]);
    assert!(text.contains("verify failure"), "{text}");

    let place = tempfile::tempdir().unwrap();
    let mut entropy = Counted(31);
    let ca = CaFolder::create(&place.path().join("ca"), "ssc", now(), &mut entropy).unwrap();
    // OpenSSL looks at its own clock, so these certificates are valid from a year ago for five.
    let lifetime = Lifetime::years(moment("2025-11-21T00:00:00Z"), 20).unwrap();
    let signing = ca.issuing().issue(&request, lifetime, &mut entropy).unwrap();
    let encryption = ca
        .issuing()
        .issue_encryption(&request, lifetime, &mut entropy)
        .unwrap()
        .certificate;
    for file in ["root.crt", "issuing.crt", "root.key", "issuing.crl"] {
        openssl.put(file, std::fs::read(ca.path().join(file)).unwrap());
    }
    let attime = now().as_second().to_string();
    openssl.run(&OpenSsl::under("root.crt", "issuing.crt", &attime));
    for (file, certificate) in [("signing.crt", &signing), ("encryption.crt", &encryption)] {
        openssl.put(file, certificate.to_pem().unwrap());
        openssl.run(&OpenSsl::under("issuing.crt", file, &attime));
        openssl.fails(&OpenSsl::under("root.crt", file, &attime));
        let text = openssl.run(&["x509", "-in", file, "-noout", "-text"]);
        assert!(text.contains("SM2-with-SM3") && text.contains("CA:FALSE"), "{text}");
    }
    // A certificate that the authority did not sign: one byte of the signature differs.
    let mut forged = signing.to_der().to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    openssl.put("forged.der", &forged);
    openssl.run(&["x509", "-inform", "DER", "-in", "forged.der", "-out", "forged.crt"]);
    openssl.fails(&OpenSsl::under("issuing.crt", "forged.crt", &attime));
    // The root signs itself, which OpenSSL never checks: over the bytes that were signed.
    check_self_signature(&openssl, ca.root().certificate());
    let text = openssl.run(&["crl", "-in", "issuing.crl", "-noout", "-text"]);
    assert!(text.contains("CRL Number"), "{text}");
    openssl.run(&["pkey", "-in", "root.key", "-noout", "-check"]);

    application
        .write_certificate(KeyPair::Signing, signing.to_der(), BlockSize::Large)
        .unwrap();
    openssl.put(
        "read.der",
        application.read_certificate(KeyPair::Signing).unwrap().unwrap(),
    );
    openssl.run(&["x509", "-inform", "DER", "-in", "read.der", "-out", "read.crt"]);
    openssl.run(&OpenSsl::under("issuing.crt", "read.crt", &attime));
}

/// The signature of a self-signed certificate by `pkeyutl`, because `verify` does not look at it.
fn check_self_signature(openssl: &OpenSsl, certificate: &Certificate) {
    use der::Encode;
    openssl.put("tbs", certificate.inner().tbs_certificate().to_der().unwrap());
    openssl.put("tbs.sig", certificate.inner().signature().as_bytes().unwrap());
    openssl.put("root.pub", public_pem(&certificate.public_key().unwrap()));
    verify(openssl, "root.pub", "tbs", "tbs.sig");
}

fn verify(openssl: &OpenSsl, key: &str, message: &str, signature: &str) {
    openssl.run(&[
        "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-digest", "sm3", "-pkeyopt", ID, "-in", message,
        "-sigfile", signature,
    ]);
}

#[test]
fn signatures_both_ways() {
    let openssl = OpenSsl::new();
    let mut channel = card(Interface::Contactless);
    let mut application = opened(&mut channel);
    let key = application.generate().unwrap();
    openssl.put("card.pub", public_pem(&key));
    for length in [0usize, 1, 64, 3000] {
        openssl.put("message", vec![0xC3; length]);
        let signature = application.sign(&vec![0xC3; length]).unwrap();
        openssl.put("message.sig", signature.to_der());
        // OpenSSL cannot verify an empty message through pkeyutl.
        if length > 0 {
            verify(&openssl, "card.pub", "message", "message.sig");
        }
    }
    let own = openssl_key(&openssl);
    openssl.put("message", b"signed by OpenSSL");
    openssl.run(&[
        "pkeyutl", "-sign", "-inkey", "own.key", "-rawin", "-digest", "sm3", "-pkeyopt", ID, "-in", "message", "-out",
        "own.sig",
    ]);
    let signature = Signature::from_der(&openssl.get("own.sig")).unwrap();
    assert!(
        application
            .verify_signature(&own, b"signed by OpenSSL", &signature)
            .unwrap()
    );
    assert!(
        !application
            .verify_signature(&own, b"signed by 0penSSL", &signature)
            .unwrap()
    );
    assert!(
        !application
            .verify_signature(&key, b"signed by OpenSSL", &signature)
            .unwrap()
    );
}

#[test]
fn envelopes_both_ways() {
    let openssl = OpenSsl::new();
    let mut channel = card(Interface::Contact);
    let mut application = opened(&mut channel);
    let key = application.generate().unwrap();
    openssl.put("card.pub", public_pem(&key));
    let own = openssl_key(&openssl);
    for length in [1usize, 16, 100] {
        let plain: Vec<u8> = (0..length).map(|i| i as u8 + 1).collect();
        openssl.put("plain", &plain);
        openssl.run(&[
            "pkeyutl",
            "-encrypt",
            "-pubin",
            "-inkey",
            "card.pub",
            "-in",
            "plain",
            "-out",
            "cipher.der",
        ]);
        let raw = cipher::from_bytes(&openssl.get("cipher.der")).unwrap();
        assert_eq!(application.decrypt(KeyPair::Signing, &raw).unwrap().as_slice(), plain);
        let raw = application.encrypt(&own, &plain).unwrap();
        openssl.put("from-card.der", cipher::to_der(&raw).unwrap());
        openssl.run(&[
            "pkeyutl",
            "-decrypt",
            "-inkey",
            "own.key",
            "-in",
            "from-card.der",
            "-out",
            "opened",
        ]);
        assert_eq!(openssl.get("opened"), plain);
    }
}

/// OpenSSL as the authority: it certifies the card's request, we check the chain and the list it signs.
#[test]
fn an_authority_of_openssl() {
    let openssl = OpenSsl::new();
    let mut channel = card(Interface::Contact);
    let mut application = opened(&mut channel);
    application.generate().unwrap();
    let request = application.request(&name("CN=TEST holder,C=CN").unwrap()).unwrap();
    openssl.put("card.csr", request.to_pem().unwrap());
    openssl.run(&["genpkey", "-algorithm", "SM2", "-out", "ca.key"]);
    openssl.run(&[
        "req",
        "-x509",
        "-new",
        "-key",
        "ca.key",
        "-sm3",
        "-sigopt",
        ID,
        "-subj",
        "/CN=TEST OpenSSL CA",
        "-days",
        "3650",
        "-out",
        "ca.crt",
    ]);
    openssl.put(
        "ext",
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n",
    );
    openssl.run(&[
        "x509",
        "-req",
        "-in",
        "card.csr",
        "-vfyopt",
        ID,
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-sm3",
        "-sigopt",
        ID,
        "-set_serial",
        "5",
        "-days",
        "365",
        "-extfile",
        "ext",
        "-out",
        "leaf.crt",
    ]);
    let leaf = Certificate::from_bytes(&openssl.get("leaf.crt")).unwrap();
    let root = Certificate::from_bytes(&openssl.get("ca.crt")).unwrap();
    let store = TrustStore {
        roots: vec![root],
        ..TrustStore::default()
    };
    let present = leaf.not_before() + jiff::SignedDuration::from_hours(1);
    let chain = store.check(&leaf, Purpose::Signature, present).unwrap();
    assert_eq!(chain.subjects.len(), 2);
    application
        .write_certificate(KeyPair::Signing, leaf.to_der(), BlockSize::Small)
        .unwrap();
    assert_eq!(leaf.serial(), "05");
    // A request by OpenSSL, read by us.
    openssl.run(&[
        "req", "-new", "-key", "ca.key", "-sm3", "-sigopt", ID, "-subj", "/CN=TEST", "-out", "own.csr",
    ]);
    assert!(Request::from_bytes(&openssl.get("own.csr")).is_ok());
    openssl.run(&[
        "req",
        "-new",
        "-key",
        "ca.key",
        "-sm3",
        "-subj",
        "/CN=TEST",
        "-out",
        "empty-id.csr",
    ]);
    assert!(
        Request::from_bytes(&openssl.get("empty-id.csr")).is_err(),
        "signed with an empty identifier"
    );
    assert!(RevocationList::from_bytes(&openssl.get("own.csr")).is_err());
}

/// What the envelope of GM/T 0016 brings into the card is the pair that the certificate names: OpenSSL encrypts for the
/// certificate, the card opens.
#[test]
fn the_imported_pair_opens_what_openssl_encrypts_for_its_certificate() {
    let openssl = OpenSsl::new();
    let mut channel = card(Interface::Contact);
    let mut authorities = Authorities::new();
    let mut application = opened(&mut channel);
    application.generate().unwrap();
    let request = application.request(&name("CN=TEST holder").unwrap()).unwrap();
    let lifetime = authorities.lifetime();
    let issued = authorities
        .issuing
        .issue_encryption(&request, lifetime, &mut authorities.entropy)
        .unwrap();
    application.import_encryption_pair(&issued.key).unwrap();
    openssl.put("encryption.crt", issued.certificate.to_pem().unwrap());
    openssl.put("plain", b"for the holder");
    openssl.run(&[
        "x509",
        "-in",
        "encryption.crt",
        "-noout",
        "-pubkey",
        "-out",
        "encryption.pub",
    ]);
    openssl.run(&[
        "pkeyutl",
        "-encrypt",
        "-pubin",
        "-inkey",
        "encryption.pub",
        "-in",
        "plain",
        "-out",
        "cipher",
    ]);
    let raw = cipher::from_bytes(&openssl.get("cipher")).unwrap();
    assert_eq!(
        application.decrypt(KeyPair::Encryption, &raw).unwrap().as_slice(),
        b"for the holder"
    );
    let wrong = PrivateKey::generate(&mut Counted(6)).unwrap();
    assert!(wrong.decrypt(&raw).is_err());
}
