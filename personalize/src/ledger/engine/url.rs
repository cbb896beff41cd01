//! Where a ledger lives: a file for one outlet, a server for a city or province.

use std::fmt;
use std::path::PathBuf;

/// A ledger's address.
#[derive(Clone)]
pub(in crate::ledger) enum Url {
    /// `sqlite:FILE`, or a path alone.
    Sqlite(PathBuf),
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    Postgres(Box<postgres::Config>),
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
}

impl Url {
    /// Reads an address.
    pub(in crate::ledger) fn parse(text: &str) -> Result<Self, UrlFault> {
        let text = text.trim();
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            Some("postgres" | "postgresql") => {
                let mut config: postgres::Config = text.parse().map_err(|_| UrlFault::Form)?;
                if config.get_application_name().is_none() {
                    config.application_name("ssc");
                }
                Ok(Self::Postgres(Box::new(config)))
            }
            Some("sqlite") => file(text.trim_start_matches("sqlite://")),
            Some(_) => Err(UrlFault::Scheme),
            None => file(text.strip_prefix("sqlite:").unwrap_or(text)),
        }
    }
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
            Self::Postgres(config) => {
                let host = match config.get_hosts().first() {
                    Some(postgres::config::Host::Tcp(name)) => name.clone(),
                    #[cfg(unix)]
                    Some(postgres::config::Host::Unix(path)) => path.display().to_string(),
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

    proptest! {
        #[test]
        fn any_text(text in "(postgres://)?\\PC{0,60}") {
            let _ = Url::parse(&text).map(|url| url.to_string());
        }
    }
}
