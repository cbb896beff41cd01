//! Where a ledger lives: a file for one outlet, a server for a city or province.

use super::tls::{Tls, TlsWords};
use percent_encoding::percent_decode_str;
use postgres::config::Host;
use std::fmt;
use std::path::PathBuf;

/// A ledger's address.
#[derive(Clone)]
pub(in crate::ledger) enum Url {
    /// `sqlite:FILE`, or a path alone.
    Sqlite(PathBuf),
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`.
    Postgres(Box<ServerAddress>),
}

/// A server's address.
#[derive(Clone)]
pub(in crate::ledger) struct ServerAddress {
    /// Where and who.
    pub(super) config: postgres::Config,
    /// How the line to it is secured.
    pub(super) tls: Tls,
}

/// Why a text is no address of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlFault {
    /// Empty.
    Empty,
    /// A kind of database that is not known here.
    Scheme,
    /// A server's address that cannot be read. The text is not repeated: it may hold a password.
    Form,
    /// A server's address that asks for TLS in words that are not known, or names a certificate without its key.
    Tls,
}

impl Url {
    /// Reads an address.
    pub(in crate::ledger) fn parse(text: &str) -> Result<Self, UrlFault> {
        let text = text.trim();
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            Some("postgres" | "postgresql") => Ok(Self::Postgres(Box::new(ServerAddress::parse(text)?))),
            Some("sqlite") => file(text.trim_start_matches("sqlite://")),
            Some(_) => Err(UrlFault::Scheme),
            None => file(text.strip_prefix("sqlite:").unwrap_or(text)),
        }
    }
}

impl ServerAddress {
    fn parse(text: &str) -> Result<Self, UrlFault> {
        let (plain, words) = without_tls(text)?;
        let mut config: postgres::Config = plain.parse().map_err(|_| UrlFault::Form)?;
        if config.get_application_name().is_none() {
            config.application_name("ssc");
        }
        let tls = Tls::of(words).ok_or(UrlFault::Tls)?;
        // As libpq: a socket in a folder leaves the machine as little as the folder does, and servers have no TLS there.
        let local = config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_folder);
        Ok(Self {
            tls: if local { Tls::none() } else { tls },
            config,
        })
    }
}

fn is_folder(host: &Host) -> bool {
    !matches!(host, Host::Tcp(_))
}

/// The address without the parameters that say how the line is secured, and these: [`postgres::Config`] knows but a part of them.
fn without_tls(text: &str) -> Result<(String, TlsWords), UrlFault> {
    let mut words = TlsWords::default();
    let Some(question) = text.find('?') else {
        return Ok((text.to_owned(), words));
    };
    // `postgres` takes all before the first `@` for a user and a password; parameters in there would not be seen.
    if text.find('@').is_some_and(|at| at > question) {
        return Err(UrlFault::Form);
    }
    let (plain, query) = text.split_at(question);
    let mut left = Vec::new();
    for parameter in query[1..].split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| UrlFault::Form);
        match words.place(&decoded(name)?) {
            Some(place) => *place = Some(decoded(value)?.into_owned()),
            None => left.push(parameter),
        }
    }
    let plain = match left.is_empty() {
        true => plain.to_owned(),
        false => format!("{plain}?{}", left.join("&")),
    };
    Ok((plain, words))
}

fn file(path: &str) -> Result<Url, UrlFault> {
    match path {
        "" => Err(UrlFault::Empty),
        path => Ok(Url::Sqlite(PathBuf::from(path))),
    }
}

/// The address without a password.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(server) => {
                let config = &server.config;
                let host = match config.get_hosts().first() {
                    Some(Host::Tcp(name)) => name.clone(),
                    #[cfg(unix)]
                    Some(Host::Unix(path)) => path.display().to_string(),
                    None => String::new(),
                };
                let port = config.get_ports().first().copied().unwrap_or(5432);
                let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
                write!(f, "postgres://{host}:{port}/{database}")
            }
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses() {
        let told = |text: &str| Url::parse(text).unwrap().to_string();
        assert_eq!(told("outlet.db"), "sqlite:outlet.db");
        assert_eq!(told("sqlite:/var/lib/ssc/outlet.db"), "sqlite:/var/lib/ssc/outlet.db");
        assert_eq!(told("sqlite://outlet.db"), "sqlite:outlet.db");
        assert_eq!(
            told("postgres://clerk:TEST-secret@db.example:5433/province"),
            "postgres://db.example:5433/province"
        );
        assert_eq!(Url::parse("mysql://h/d").unwrap_err(), UrlFault::Scheme);
        assert_eq!(Url::parse("sqlite:").unwrap_err(), UrlFault::Empty);
        assert_eq!(Url::parse("postgres://h:port/").unwrap_err(), UrlFault::Form);
    }

    fn server(text: &str) -> Result<ServerAddress, UrlFault> {
        match Url::parse(text)? {
            Url::Postgres(server) => Ok(*server),
            Url::Sqlite(path) => panic!("a file: {}", path.display()),
        }
    }

    #[test]
    fn what_secures_the_line_is_taken_out() {
        let text = "postgres://u:p%3Fa@h/d?sslmode=verify-full&application_name=x&sslrootcert=%2Fetc%2Froot%20ca.pem&sslcert=&sslkey=";
        let address = server(text).unwrap();
        let words = TlsWords {
            mode: Some("verify-full".into()),
            root: Some("/etc/root ca.pem".into()),
            ..TlsWords::default()
        };
        assert_eq!(address.tls, Tls::of(words).unwrap());
        assert_eq!(address.config.get_password(), Some(b"p?a".as_slice()));
        assert_eq!(address.config.get_application_name(), Some("x"));
        assert_eq!(server("postgres://u@h/d?sslmode=verify").err(), Some(UrlFault::Tls));
        assert_eq!(server("postgres://u@h/d?sslcert=c.pem").err(), Some(UrlFault::Tls));
        assert_eq!(
            server("postgres://u@h/d?sslcrl=c.pem").err(),
            Some(UrlFault::Form),
            "nothing is left undone in silence"
        );
        for unclear in [
            "u@h/d?sslmode=%FF",
            "u:p?sslmode=require@h/d",
            "h/d?sslmode=verify-full&options=a@b",
        ] {
            assert_eq!(
                server(&format!("postgres://{unclear}")).err(),
                Some(UrlFault::Form),
                "{unclear}"
            );
        }
        assert_eq!(server("postgres://%2Ftmp/d?sslmode=require").unwrap().tls, Tls::none());
        assert_ne!(
            server("postgres://%2Ftmp,h/d?sslmode=require").unwrap().tls,
            Tls::none()
        );
    }

    proptest! {
        #[test]
        fn any_text(text in "(postgres://)?\\PC{0,60}(\\?(ssl(mode|rootcert|cert|key)=[a-z&%?@=-]{0,9}){0,3})?") {
            let _ = Url::parse(&text).map(|url| url.to_string());
        }
    }
}
