//! The client of an HSM service.

use super::HsmService;
use super::error::ServiceError;
use super::http::{self, Kind};
use serde_json::{Value, json};
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A service behind HTTP, as [`super::Server`] is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHsm {
    /// `HOST:PORT`.
    authority: String,
    path: String,
    timeout: Duration,
}

impl HttpHsm {
    /// The service at `http://HOST:PORT/PATH`.
    ///
    /// # Errors
    /// No such URL.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, ServiceError> {
        let wrong = || ServiceError::Url { url: url.to_owned() };
        let rest = url.trim().strip_prefix("http://").ok_or_else(wrong)?;
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) => (host, format!("/{path}")),
            None => (rest, "/".to_owned()),
        };
        let plain = |c: char| c.is_ascii_graphic();
        if host.is_empty() || host.contains('@') || !host.chars().all(plain) || !path.chars().all(plain) {
            return Err(wrong());
        }
        // A colon in brackets belongs to an address of version 6.
        let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
        Ok(Self {
            authority: if has_port {
                host.to_owned()
            } else {
                format!("{host}:80")
            },
            path,
            timeout,
        })
    }

    fn exchange(&self, body: &str) -> io::Result<http::Message> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in self.authority.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(mut stream) => {
                    stream.set_read_timeout(Some(self.timeout))?;
                    stream.set_write_timeout(Some(self.timeout))?;
                    http::request(&mut stream, &self.authority, &self.path, true, body)?;
                    return http::read(&mut stream, Kind::Answer);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl HsmService for HttpHsm {
    fn ask(&mut self, request: &str) -> Result<String, ServiceError> {
        let body = json!({ "request": request }).to_string();
        let message = self.exchange(&body).map_err(|source| ServiceError::Unreachable {
            address: self.authority.clone(),
            source,
        })?;
        let odd = || ServiceError::Answer {
            address: self.authority.clone(),
        };
        let value: Value = serde_json::from_slice(&message.body).map_err(|_| odd())?;
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        match (message.status, text("answer"), text("error")) {
            (200, Some(answer), _) => Ok(answer),
            (_, _, Some(message)) => Err(ServiceError::Refused { message }),
            _ => Err(odd()),
        }
    }
}

/// A service that refuses everything because its address is wrong.
struct Misnamed(String);

impl HsmService for Misnamed {
    fn ask(&mut self, _request: &str) -> Result<String, ServiceError> {
        Err(ServiceError::Url { url: self.0.clone() })
    }
}

/// The service at a URL, if there is one. A wrong URL is told when the service is asked.
pub fn client(url: Option<&str>, timeout: Duration) -> Option<Box<dyn HsmService>> {
    let url = url?;
    Some(match HttpHsm::new(url, timeout) {
        Ok(service) => Box::new(service),
        Err(_) => Box::new(Misnamed(url.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let at = |url| HttpHsm::new(url, Duration::from_secs(1)).map(|hsm| (hsm.authority, hsm.path));
        let pair = |authority: &str, path: &str| (authority.to_owned(), path.to_owned());
        assert_eq!(
            at("http://127.0.0.1:8089/").expect("a URL"),
            pair("127.0.0.1:8089", "/")
        );
        assert_eq!(at("http://hsm/a/b").expect("a URL"), pair("hsm:80", "/a/b"));
        assert_eq!(at("http://[::1]:1").expect("a URL"), pair("[::1]:1", "/"));
        assert_eq!(at("http://[::1]").expect("a URL"), pair("[::1]:80", "/"));
        for url in [
            "https://hsm/",
            "hsm",
            "http://",
            "http://a b/",
            "http://x@y/",
            "http://h/a\r\nX: y",
        ] {
            assert!(matches!(at(url), Err(ServiceError::Url { .. })), "{url}");
        }
    }
}
