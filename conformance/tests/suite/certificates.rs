//! CHECK_CERT on a card that went through a TEST certification authority, and what it says when something is wrong.

use super::support::Entropy;
use super::support::issued::Issued;
use card_model::card::Interface;
use card_model::profile::{KeyPair, PinRole};
use card_model::secret::Pin;
use conformance::run::{Options, Run, Verdict, run};
use conformance::suite::Suite;
use jiff::{Timestamp, ToSpan};
use personalize::ca::{Authority, Lifetime};
use reader::certificate::chain::{RevocationList, TrustStore};
use reader::certificate::request::name;
use reader::certificate::x509::Certificate;
use reader::certificate::{BlockSize, CertificateApplication};

/// A TEST root and an issuing authority under it.
struct Authorities {
    root: Authority,
    issuing: Authority,
    entropy: Entropy,
}

impl Authorities {
    fn new(seed: u64) -> Self {
        let mut entropy = Entropy(seed);
        let from = Timestamp::now() - 48.hours();
        let root = Authority::root(
            &name("CN=TEST root CA,O=ssc,C=CN").unwrap(),
            Lifetime::years(from, 20).unwrap(),
            &mut entropy,
        )
        .unwrap();
        let issuing = root
            .subordinate(
                &name("CN=TEST issuing CA,O=ssc,C=CN").unwrap(),
                Lifetime::years(from, 10).unwrap(),
                &mut entropy,
            )
            .unwrap();
        Self { root, issuing, entropy }
    }

    fn trust(&self) -> TrustStore {
        TrustStore {
            roots: vec![self.root.certificate().clone()],
            intermediates: vec![self.issuing.certificate().clone()],
            ..TrustStore::default()
        }
    }

    /// A list of this authority in which a certificate is revoked.
    fn revoking(&mut self, certificate: &Certificate) -> RevocationList {
        let now = Timestamp::now();
        let lifetime = Lifetime {
            from: now - 1.hour(),
            until: now + 24.hours(),
        };
        let revoked = personalize::ca::Revocation {
            serial: hex::decode(certificate.serial()).unwrap(),
            since: now - 2.hours(),
        };
        let der = self
            .issuing
            .revocation_list(&[revoked], 1, lifetime, &mut self.entropy)
            .unwrap();
        RevocationList::from_bytes(&der).unwrap()
    }
}

/// Key pairs and certificates of the sample card; `from` is when their period begins.
fn certify(issued: &mut Issued, authorities: &mut Authorities, from: Timestamp) -> [Certificate; 2] {
    let profile = issued.profile;
    let (user, administrator): (Pin, Pin) = (issued.pin.clone(), issued.administrator.clone());
    let mut application = CertificateApplication::open(&mut issued.channel, profile).unwrap();
    application.verify_pin(PinRole::User, &user, false).unwrap();
    application
        .verify_pin(PinRole::Administrator, &administrator, false)
        .unwrap();
    if application.public_key(KeyPair::Signing).unwrap().is_none() {
        application.generate().unwrap();
    }
    let request = application.request(&name("CN=张三,O=TEST,C=CN").unwrap()).unwrap();
    let lifetime = Lifetime::years(from, 1).unwrap();
    let issuing = &authorities.issuing;
    let signing = issuing.issue(&request, lifetime, &mut authorities.entropy).unwrap();
    let encryption = issuing
        .issue_encryption(&request, lifetime, &mut authorities.entropy)
        .unwrap();
    application.import_encryption_pair(&encryption.key).unwrap();
    for (pair, certificate) in [
        (KeyPair::Signing, &signing),
        (KeyPair::Encryption, &encryption.certificate),
    ] {
        application
            .write_certificate(pair, certificate.to_der(), BlockSize::Small)
            .unwrap();
    }
    [signing, encryption.certificate]
}

fn check(issued: &mut Issued, trust: Option<TrustStore>) -> Run {
    let options = Options {
        items: vec!["CHECK_CERT".to_owned()],
        trust,
        ..Options::default()
    };
    let (channel, keys, subject) = issued.parts();
    run(&Suite::load().unwrap(), channel, keys, subject, &options, &mut ()).unwrap()
}

/// Cases that failed, in order.
fn failed(run: &Run) -> Vec<&str> {
    let failed = run.results.iter().filter(|result| result.verdict == Verdict::Fail);
    failed.map(|result| result.id.as_str()).collect()
}

#[test]
fn certificates_are_checked_up_to_the_root() {
    let mut issued = Issued::new("3.0", Interface::Contact);
    let mut authorities = Authorities::new(1);
    let from = Timestamp::now() - 24.hours();
    let [signing, _] = certify(&mut issued, &mut authorities, from);

    let whole = check(&mut issued, Some(authorities.trust()));
    for result in &whole.results {
        assert_eq!(result.verdict, Verdict::Pass, "{} {:?}", result.id, result.failure);
    }
    assert_eq!(whole.passed, whole.cases);
    // Without a root nothing is said about the chain.
    let alone = check(&mut issued, None);
    assert!(alone.is_clean() && alone.not_applicable == 2);

    // Another root of the same name, an authority that is missing, a certificate that was revoked.
    let stranger = Authorities::new(2).trust();
    assert_eq!(
        failed(&check(&mut issued, Some(stranger))),
        ["CHECK_CERT-10:signing", "CHECK_CERT-10:encryption"]
    );
    let mut gap = authorities.trust();
    gap.intermediates.clear();
    assert_eq!(
        failed(&check(&mut issued, Some(gap))),
        ["CHECK_CERT-10:signing", "CHECK_CERT-10:encryption"]
    );
    let mut listed = authorities.trust();
    listed.revocation_lists = vec![authorities.revoking(&signing)];
    let run = check(&mut issued, Some(listed));
    assert_eq!(failed(&run), ["CHECK_CERT-10:signing"]);
    let detail = &run
        .results
        .iter()
        .find(|result| result.verdict == Verdict::Fail)
        .unwrap();
    assert!(detail.failure.as_ref().unwrap().detail.contains("revoked"));

    // A new key: the certificate is for the old one.
    let profile = issued.profile;
    let user = issued.pin.clone();
    let mut application = CertificateApplication::open(&mut issued.channel, profile).unwrap();
    application.verify_pin(PinRole::User, &user, false).unwrap();
    application.generate().unwrap();
    assert_eq!(
        failed(&check(&mut issued, Some(authorities.trust()))),
        ["CHECK_CERT-06:signing", "CHECK_CERT-07"]
    );
}

#[test]
fn certificates_out_of_date_are_found() {
    let mut issued = Issued::new("3.0", Interface::Contactless);
    let mut authorities = Authorities::new(3);
    let from = Timestamp::now() + 24.hours();
    certify(&mut issued, &mut authorities, from);
    assert_eq!(
        failed(&check(&mut issued, Some(authorities.trust()))),
        [
            "CHECK_CERT-04:signing",
            "CHECK_CERT-04:encryption",
            "CHECK_CERT-10:signing",
            "CHECK_CERT-10:encryption"
        ]
    );
}
