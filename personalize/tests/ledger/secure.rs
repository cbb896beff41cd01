//! The line to a server: as secure as the address asks, or none at all.

use crate::authority::{expired, issued, root};
use crate::scene::{at, rules};
use crate::server::Server;
use card_model::words::{Explain, Lang};
use personalize::ledger::{Ledger, LedgerAccess, LedgerError, TlsFault, UrlFault};
use personalize::numbers::Region;
use std::time::{Duration, Instant};

/// Never to be read in what is told.
const PASSWORD: &str = "TEST-geheim";

/// A server whose certificate is for `localhost`, and the addresses of its ledger.
struct Line {
    folder: tempfile::TempDir,
    server: Server,
    database: String,
}

impl Line {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["right", "wrong", "clients"] {
            root(folder.path(), name);
        }
        issued(folder.path(), "right", "server", "DNS:localhost");
        issued(folder.path(), "clients", "outlet", "DNS:outlet");
        issued(folder.path(), "wrong", "stranger", "DNS:outlet");
        expired(folder.path(), "right", "late", "DNS:localhost");
        expired(folder.path(), "clients", "lapsed", "DNS:outlet");
        let server = Server::secure(folder.path());
        let socket = server.database();
        let database = socket.rsplit('/').next().expect("a name").to_owned();
        let region = Region::parse("990000").expect("six digits");
        Ledger::init(&socket, &region, at(0)).expect("a ledger");
        Self {
            folder,
            server,
            database,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string().replace('/', "%2F")
    }

    /// Opens the ledger at a host with parameters, in which `{NAME.pem}` is a file of the folder.
    fn open(&self, host: &str, parameters: &str) -> Result<Ledger, LedgerError> {
        let mut parameters = parameters.to_owned();
        while let Some((before, (name, after))) = parameters
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            parameters = format!("{before}{}{after}", self.path(name));
        }
        let (port, database) = (self.server.port(), &self.database);
        Ledger::open(&format!(
            "postgres://ssc:{PASSWORD}@{host}:{port}/{database}?{parameters}"
        ))
    }

    /// What the server knows of the line of an open ledger: `encrypted` or `plain`, and the certificate it was shown.
    fn seen(&self, ledger: &mut Ledger) -> String {
        assert_eq!(ledger.counts().expect("an answer").people, 0);
        let sql = "SELECT CASE WHEN ssl THEN 'encrypted' ELSE 'plain' END || COALESCE(' ' || client_dn, '') FROM pg_stat_ssl \
                   JOIN pg_stat_activity USING (pid) WHERE application_name = 'ssc'";
        let mut all = self.server.ask(&self.database, sql);
        assert_eq!(all.len(), 1, "{all:?}");
        all.pop().expect("one")
    }

    fn line(&self, host: &str, parameters: &str) -> String {
        let mut ledger = self
            .open(host, parameters)
            .unwrap_or_else(|error| panic!("{host} {parameters}: {error} {:?}", error.explain(Lang::En).why));
        let seen = self.seen(&mut ledger);
        drop(ledger);
        // A closed connection is seen until its process has ended.
        let sql = "SELECT datname::TEXT FROM pg_stat_activity WHERE application_name = 'ssc'";
        let begun = Instant::now();
        while !self.server.ask(&self.database, sql).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the connection stays");
            std::thread::yield_now();
        }
        seen
    }

    fn refused(&self, host: &str, parameters: &str) -> TlsFault {
        match self.open(host, parameters) {
            Err(error) => {
                for lang in [Lang::En, Lang::Zh] {
                    let told = format!("{error} {error:?} {:?}", error.explain(lang));
                    assert!(!told.contains(PASSWORD), "{told}");
                    assert!(
                        error.explain(lang).next.is_some_and(|next| !next.contains("tls.")),
                        "{told}"
                    );
                }
                match error {
                    LedgerError::Tls(fault) => fault,
                    other => panic!("{host} {parameters}: {other:?}"),
                }
            }
            Ok(_) => panic!("{host} {parameters}: accepted"),
        }
    }
}

pub fn lines() {
    let line = Line::new();
    taken(&line);
    refusals(&line);
    own_certificates(&line);
    passwords(&line);
    back_after_a_crash(&line);
    last_year(&line);
    without_tls(&line);
}

fn taken(line: &Line) {
    for (parameters, seen) in [
        ("sslmode=disable", "plain"),
        ("", "encrypted"),
        ("sslmode=prefer", "encrypted"),
        ("sslmode=require", "encrypted"),
        ("sslmode=require&channel_binding=prefer", "encrypted"),
        ("sslmode=verify-full&sslrootcert={right.pem}", "encrypted"),
        ("sslrootcert={right.pem}", "encrypted"),
        ("sslmode=verify-ca&sslrootcert={right.pem}", "encrypted"),
    ] {
        assert_eq!(line.line("localhost", parameters), seen, "{parameters}");
    }
    // Of another name than the certificate's: without a check of names, or told where the name is.
    assert_eq!(line.line("127.0.0.1", "sslmode=require"), "encrypted");
    assert_eq!(
        line.line("127.0.0.1", "sslmode=verify-ca&sslrootcert={right.pem}"),
        "encrypted"
    );
    let elsewhere = "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={right.pem}";
    assert_eq!(line.line("localhost", elsewhere), "encrypted");
}

fn refusals(line: &Line) {
    for mode in ["verify-full", "verify-ca", "require", "prefer"] {
        let wrong = line.refused("localhost", &format!("sslmode={mode}&sslrootcert={{wrong.pem}}"));
        assert!(matches!(wrong, TlsFault::Issuer { .. }), "{mode}: {wrong:?}");
    }
    for mode in ["verify-full", "require", "prefer"] {
        let wrong = line.refused("127.0.0.1", &format!("sslmode={mode}&sslrootcert={{right.pem}}"));
        assert!(matches!(wrong, TlsFault::Name { .. }), "{mode}: {wrong:?}");
    }
    let port = line.server.port();
    let nameless = Ledger::open(&format!(
        "postgres:///{}?user=ssc&hostaddr=127.0.0.1&port={port}&sslmode=require",
        line.database
    ));
    assert!(
        matches!(&nameless, Err(LedgerError::Tls(TlsFault::Name { .. }))),
        "{nameless:?}"
    );
    // The roots of the system did not issue it, where there are any; they are those of everybody, so verify-ca is verify-full.
    for parameters in ["sslmode=verify-full", "sslmode=verify-ca", "sslrootcert=system"] {
        let wrong = line.refused("localhost", parameters);
        assert!(
            matches!(wrong, TlsFault::Issuer { .. } | TlsFault::NoRoots { .. }),
            "{wrong:?}"
        );
    }
    for parameters in [
        "sslrootcert={nowhere.pem}",
        "sslmode=require&sslrootcert={right.key}",
        "sslcert={outlet.pem}&sslkey={nowhere.key}",
    ] {
        let wrong = line.refused("localhost", parameters);
        assert!(
            matches!(&wrong, TlsFault::Pem(file) if file.file.contains(".")),
            "{wrong:?}"
        );
    }
    for parameters in ["sslmode=allow", "sslmode=verify_full", "sslcert={outlet.pem}"] {
        let wrong = line.open("localhost", parameters);
        assert!(
            matches!(wrong, Err(LedgerError::Address(UrlFault::Tls))),
            "{parameters}: {wrong:?}"
        );
    }
}

fn own_certificates(line: &Line) {
    let shown = "sslmode=verify-full&sslrootcert={right.pem}&sslcert={outlet.pem}&sslkey={outlet.key}";
    assert_eq!(line.line("localhost", shown), "encrypted /CN=TEST outlet");
    let stranger = line.refused(
        "localhost",
        "sslmode=require&sslcert={stranger.pem}&sslkey={stranger.key}",
    );
    assert!(matches!(stranger, TlsFault::Refused { .. }), "{stranger:?}");
    let mixed = line.refused(
        "localhost",
        "sslmode=require&sslcert={outlet.pem}&sslkey={stranger.key}",
    );
    assert!(matches!(mixed, TlsFault::Own { .. }), "{mixed:?}");
}

/// A password is proved to the very server whose certificate was seen.
fn passwords(line: &Line) {
    line.server.demand_passwords(PASSWORD);
    let bound = "sslmode=verify-full&sslrootcert={right.pem}&channel_binding=require";
    assert_eq!(line.line("localhost", bound), "encrypted");
    let unbound = line.open("localhost", "sslmode=disable&channel_binding=require");
    assert!(matches!(unbound, Err(LedgerError::Database { .. })), "{unbound:?}");
}

/// The connection that is made anew is as secure as the first.
fn back_after_a_crash(line: &Line) {
    let parameters = "sslmode=verify-full&sslrootcert={right.pem}";
    let mut ledger = line.open("localhost", parameters).expect("a ledger");
    line.server.crash_and_return();
    assert_eq!(line.seen(&mut ledger), "encrypted");
}

/// Certificates of last year: ours, and then the server's.
fn last_year(line: &Line) {
    let ours = line.refused("localhost", "sslmode=require&sslcert={lapsed.pem}&sslkey={lapsed.key}");
    assert!(matches!(ours, TlsFault::Refused { .. }), "{ours:?}");
    line.server.set("ssl_cert_file", "late.pem");
    line.server.set("ssl_key_file", "late.key");
    for mode in ["verify-full", "verify-ca", "require"] {
        let late = line.refused("localhost", &format!("sslmode={mode}&sslrootcert={{right.pem}}"));
        assert!(matches!(late, TlsFault::Time { .. }), "{mode}: {late:?}");
    }
}

fn without_tls(line: &Line) {
    line.server.set("ssl", "off");
    for parameters in ["", "sslmode=prefer", "sslmode=prefer&sslrootcert={right.pem}"] {
        assert_eq!(line.line("localhost", parameters), "plain", "{parameters}");
    }
    for parameters in ["sslmode=require", "sslmode=verify-ca", "sslrootcert={right.pem}"] {
        assert_eq!(
            line.refused("localhost", parameters),
            TlsFault::NotOffered,
            "{parameters}"
        );
    }
    // A socket in a folder has no TLS at any server, and needs none.
    let folder = line.server.address(&line.database);
    let mut local = Ledger::open(&format!("{folder}?sslmode=verify-full")).expect("a ledger");
    assert!(local.overdue(&rules(), at(0)).expect("an answer").is_empty());
}
