//! TLS: certificates made by OpenSSL, the service known by its root, callers by token or by certificate.

use crate::authority::{expired, issued, root};
use crate::place::{Place, token};
use jiff::{SignedDuration, Timestamp};
use personalize::ledger::{Credential, LedgerAccess, LedgerError, Rules};
use service::{
    Client, ClientSettings, Service, ServiceError, ServiceSettings, TlsClient, TlsServer, first_certificate,
};
use std::num::NonZeroU32;
use std::path::PathBuf;
use zeroize::Zeroizing;

#[test]
fn callers_and_the_service_know_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { dir.path().join(name) };
    for name in ["root", "outlets", "strangers"] {
        root(dir.path(), name);
    }
    for (root, name) in [
        ("root", "server"),
        ("outlets", "kiosk"),
        ("outlets", "other"),
        ("strangers", "stranger"),
    ] {
        issued(dir.path(), root, name, "IP:127.0.0.1");
    }
    expired(dir.path(), "outlets", "late", "IP:127.0.0.1");
    let tls = TlsServer {
        certificate: path("server.pem"),
        key: path("server.key"),
        client_ca: Some(path("outlets.pem")),
    };
    let place = Place::with(50, Some(tls));
    let rules = Rules::builtin().unwrap();
    for name in ["kiosk", "late"] {
        let shown = first_certificate(&path(&format!("{name}.pem"))).unwrap();
        let credential = Credential {
            id: Credential::digest(&shown),
            staff: "maker".to_owned(),
            kind: "certificate".to_owned(),
            expires: Timestamp::now() + SignedDuration::from_hours(1),
            active: true,
            revision: 0,
        };
        let admitted = place
            .ledger()
            .admit(&rules, "manager", Timestamp::now(), &credential, name);
        admitted.unwrap();
    }

    let connect = |token: Option<&str>, ca: Option<&str>, own: Option<&str>| {
        Client::connect(&ClientSettings {
            address: place.url(),
            token: token.map(|token| Zeroizing::new(token.to_owned())),
            tls: TlsClient {
                ca: ca.map(path),
                own: own.map(|name| (path(&format!("{name}.pem")), path(&format!("{name}.key")))),
            },
        })
    };
    assert!(place.url().starts_with("https://"));
    let mut clerk = connect(Some(&token("clerk")), Some("root.pem"), None).unwrap();
    assert_eq!(clerk.staff(), "clerk");
    assert_eq!(clerk.counts().unwrap().people, 0);
    assert_eq!(connect(None, Some("root.pem"), Some("kiosk")).unwrap().staff(), "maker");
    // A token decides where both are shown.
    assert_eq!(
        connect(Some(&token("clerk")), Some("root.pem"), Some("kiosk"))
            .unwrap()
            .staff(),
        "clerk"
    );
    let served = |result: Result<Client, ServiceError>| matches!(result, Err(ServiceError::Ledger(LedgerError::Served(served))) if served.name == "unauthorized");
    assert!(
        served(connect(None, Some("root.pem"), Some("other"))),
        "of the right root, and nobody's"
    );
    assert!(served(connect(None, Some("root.pem"), None)));
    let broken =
        |result: Result<Client, ServiceError>| matches!(result, Err(ServiceError::Ledger(LedgerError::Service { .. })));
    assert!(
        broken(connect(None, Some("root.pem"), Some("stranger"))),
        "of another root"
    );
    assert!(
        broken(connect(None, Some("root.pem"), Some("late"))),
        "admitted, and of last year"
    );
    assert!(
        broken(connect(Some(&token("clerk")), Some("outlets.pem"), None)),
        "the service is not the one"
    );
    assert!(
        broken(connect(Some(&token("clerk")), None, None)),
        "no root is trusted unless it is named"
    );
    assert!(matches!(
        connect(None, Some("nowhere.pem"), None),
        Err(ServiceError::Pem(_))
    ));
    assert!(matches!(
        connect(None, Some("root.key"), None),
        Err(ServiceError::Pem(_))
    ));
}

#[test]
fn other_machines_are_not_served_without_tls() {
    let place = Place::new();
    let settings = ServiceSettings {
        ledger: place.dir.path().join("ledger.db").display().to_string(),
        rules: Rules::builtin().unwrap(),
        listen: "0.0.0.0:0".parse().unwrap(),
        tls: None,
        rate: NonZeroU32::MIN,
        ledgers: 1,
        connections: 1,
    };
    let refused = Service::start(settings, Box::new(std::io::sink())).unwrap_err();
    assert!(matches!(refused, ServiceError::Plain { .. }));
}
