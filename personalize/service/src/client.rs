//! A ledger behind a service.

use crate::endpoints::{
    AllOverdue, Done, Entrances, Lines, Me, OfBatch, PersonNumber, Receipts, RulesText, Since, Subject, Upload,
};
use crate::error::ServiceError;
use crate::problem::Problem;
use crate::tls::TlsClient;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use card_model::words::Lang;
use jiff::Timestamp;
use personalize::ledger::{
    Audit, BatchFile, BatchReport, Counts, Entrance, Head, LedgerAccess, LedgerError, Line, Order, Overdue, Progress,
    Receipt, Returned, Rules, Standing, Target,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a service that is away is asked again.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one answer may take: a large batch is long.
const ANSWER: Duration = Duration::from_secs(300);
/// Longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(2);
/// Largest answer.
const LARGEST: u64 = 256 << 20;

/// How a service is reached.
#[derive(Debug, Default)]
pub struct ClientSettings {
    /// `https://HOST:PORT`, or `http://` on the same machine.
    pub address: String,
    /// The token, where no certificate is shown.
    pub token: Option<Zeroizing<String>>,
    /// Roots and certificate.
    pub tls: TlsClient,
}

/// A ledger behind a service.
pub struct Client {
    address: String,
    authorization: Option<Zeroizing<String>>,
    agent: ureq::Agent,
    patience: Duration,
    me: Me,
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Whether an address is that of a service and not of a database.
    pub fn is_service(address: &str) -> bool {
        address.starts_with("https://") || address.starts_with("http://")
    }

    /// Connects, and asks who the service takes the caller for.
    ///
    /// # Errors
    /// The address is none, the certificates cannot be used, the service does not answer, or it does not know the caller.
    pub fn connect(settings: &ClientSettings) -> Result<Self, ServiceError> {
        let address = settings.address.trim_end_matches('/').to_owned();
        let wrong = || ServiceError::Address { given: address.clone() };
        let secure = address.starts_with("https://");
        let host = address.split_once("://").map(|(_, rest)| rest).ok_or_else(wrong)?;
        if host.is_empty() || host.contains(['/', '@', '?', '#']) {
            return Err(wrong());
        }
        if !secure && !is_this_machine(host) {
            return Err(ServiceError::Plain { address });
        }
        let config = ureq::Agent::config_builder()
            .tls_config(settings.tls.config()?)
            .https_only(secure)
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(ANSWER))
            .build();
        let authorization = settings.token.as_ref();
        let mut client = Self {
            address,
            authorization: authorization.map(|token| Zeroizing::new(format!("Bearer {}", token.trim()))),
            agent: config.into(),
            // A service that is not there at all is said at once.
            patience: Duration::from_secs(5),
            me: Me {
                staff: String::new(),
                role: String::new(),
                outlet: String::new(),
                region: String::new(),
            },
        };
        client.me = client.ask("/v1/me")?;
        client.patience = PATIENCE;
        Ok(client)
    }

    /// Name of the caller in the log.
    pub fn staff(&self) -> &str {
        &self.me.staff
    }

    /// The rules by which the service judges.
    ///
    /// # Errors
    /// The service does not answer, or its rules are of another version of this program.
    pub fn rules(&mut self) -> Result<Rules, LedgerError> {
        let text: RulesText = self.ask("/v1/rules")?;
        Ok(Rules::parse(&text.toml, &self.address)?)
    }

    fn ask<O: DeserializeOwned>(&self, path: &str) -> Result<O, LedgerError> {
        self.exchange(path, &|url| {
            let mut request = self.agent.get(url);
            if let Some(authorization) = &self.authorization {
                request = request.header("Authorization", authorization.as_str());
            }
            request.call()
        })
    }

    fn tell<O: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<O, LedgerError> {
        let body = serde_json::to_vec(body).map_err(|error| self.failed(error.to_string()))?;
        self.exchange(path, &|url| {
            let mut request = self.agent.post(url).content_type("application/json");
            if let Some(authorization) = &self.authorization {
                request = request.header("Authorization", authorization.as_str());
            }
            request.send(&body[..])
        })
    }

    /// Asks until there is an answer. What was asked may have been done already when the line broke: all that changes anything
    /// has a request number, and asked again gives what came out.
    fn exchange<O: DeserializeOwned>(
        &self,
        path: &str,
        send: &dyn Fn(&str) -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<O, LedgerError> {
        let url = format!("{}{path}", self.address);
        let begun = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let (words, wait) = match send(&url) {
                Ok(mut response) if response.status() == 200 => {
                    let read = response.body_mut().with_config().limit(LARGEST).read_to_vec();
                    match read {
                        Ok(body) => {
                            return serde_json::from_slice(&body).map_err(|error| self.failed(error.to_string()));
                        }
                        Err(error) => (error.to_string(), pause),
                    }
                }
                Ok(mut response) => {
                    let status = response.status();
                    let body = response.body_mut().read_to_vec().unwrap_or_default();
                    let problem: Problem =
                        serde_json::from_slice(&body).map_err(|_| self.failed(format!("HTTP {status}")))?;
                    match problem.retry_after {
                        Some(seconds) => (problem.title, Duration::from_secs(seconds)),
                        None => return Err(LedgerError::Served(Box::new(problem.served()))),
                    }
                }
                Err(error) if is_passing(&error) => (error.to_string(), pause),
                Err(error) => return Err(self.failed(error.to_string())),
            };
            if begun.elapsed() + wait > self.patience {
                return Err(self.failed(words));
            }
            std::thread::sleep(wait);
            pause = (pause * 2).min(PAUSE);
        }
    }

    fn failed(&self, words: String) -> LedgerError {
        LedgerError::Service {
            address: self.address.clone(),
            words,
        }
    }
}

/// Whether the same may go well in a moment. A certificate that is not believed will not be believed then either.
fn is_passing(error: &ureq::Error) -> bool {
    use ureq::Error;
    match error {
        Error::Io(error) => !error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()),
        Error::Timeout(_) | Error::ConnectionFailed | Error::HostNotFound | Error::Protocol(_) => true,
        _ => false,
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl LedgerAccess for Client {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn region(&self) -> &str {
        &self.me.region
    }

    fn perform(&mut self, _: &Rules, _: &str, _: Timestamp, order: &Order) -> Result<Receipt, LedgerError> {
        self.tell("/v1/orders", order)
    }

    fn permit(&mut self, _: &Rules, _: &str, _: Timestamp, order: &Order) -> Result<Receipt, LedgerError> {
        self.tell("/v1/permits", order)
    }

    fn enter(
        &mut self,
        _: &Rules,
        _: Option<&str>,
        _: Timestamp,
        entrances: &[Entrance],
        request: &str,
    ) -> Result<(), LedgerError> {
        let body = Entrances {
            request: request.to_owned(),
            entrances: entrances.to_vec(),
        };
        self.tell("/v1/entrances", &body).map(|Done { .. }| ())
    }

    fn feed(
        &mut self,
        _: &Rules,
        _: &str,
        _: Timestamp,
        file: &BatchFile,
        lang: Lang,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BatchReport, LedgerError> {
        let body = Upload {
            name: file.name().to_owned(),
            channel: file.channel().to_owned(),
            content: STANDARD.encode(file.content()),
            lang: Some(lang.locale().to_owned()),
        };
        let report = self.tell("/v1/batches", &body)?;
        progress(file.rows());
        Ok(report)
    }

    fn receipts(&mut self, _: &str, _: Timestamp, batch: Option<&str>) -> Result<Vec<Returned>, LedgerError> {
        let body = OfBatch {
            batch: batch.map(str::to_owned),
        };
        self.tell("/v1/receipts", &body).map(|it: Receipts| it.receipts)
    }

    fn progress(&mut self, target: &Target, _: Timestamp) -> Result<Progress, LedgerError> {
        self.tell("/v1/progress", target)
    }

    fn standing(&mut self, number: &str) -> Result<Standing, LedgerError> {
        self.tell(
            "/v1/standing",
            &PersonNumber {
                number: number.to_owned(),
            },
        )
    }

    fn overdue(&mut self, _: &Rules, _: Timestamp) -> Result<Vec<Overdue>, LedgerError> {
        self.ask("/v1/overdue").map(|it: AllOverdue| it.overdue)
    }

    fn counts(&mut self) -> Result<Counts, LedgerError> {
        self.ask("/v1/counts")
    }

    fn history(&mut self, _: &Rules, _: &str, _: Timestamp, subject: &str) -> Result<Vec<Line>, LedgerError> {
        let body = Subject {
            subject: subject.to_owned(),
        };
        self.tell("/v1/history", &body).map(|it: Lines| it.lines)
    }

    fn audit(&mut self, _: &Rules, _: &str, _: Timestamp, earlier: &[Head]) -> Result<Audit, LedgerError> {
        self.tell(
            "/v1/audit",
            &Since {
                heads: earlier.to_vec(),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for host in ["127.0.0.1:8080", "localhost", "[::1]:80", "127.1.2.3"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["192.0.2.1:8080", "localhost.example", "[2001:db8::1]:80", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
        let connect = |address: &str| {
            Client::connect(&ClientSettings {
                address: address.to_owned(),
                ..ClientSettings::default()
            })
        };
        assert!(matches!(connect("http://192.0.2.1:1"), Err(ServiceError::Plain { .. })));
        assert!(matches!(connect("https://a@b"), Err(ServiceError::Address { .. })));
        assert!(matches!(connect("https://"), Err(ServiceError::Address { .. })));
        assert!(matches!(
            connect("http://127.0.0.1:1/v1"),
            Err(ServiceError::Address { .. })
        ));
    }
}
