//! The service `ssc hsm serve`: an HSM behind HTTP, for tests and small installations.
//!
//! `POST /` with the request as text answers with text; with `Content-Type: application/json` and `{"request":"…"}` it answers
//! `{"ok":true,"answer":"…"}` or `{"ok":false,"error":"…"}`. Who can reach the port can use the keys: it listens on this
//! machine only, unless told otherwise.

use super::error::ServiceError;
use super::http::{self, Kind};
use super::strings::StringHsm;
use card_model::words::{Explain, Lang};
use serde_json::{Value, json};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Connections at the same time.
const MOST_CONNECTIONS: usize = 32;
/// How often the server looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// How the server behaves.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// How long a connection may be silent.
    pub timeout: Duration,
    /// Language of errors.
    pub lang: Lang,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            lang: Lang::Zh,
        }
    }
}

/// A listening service.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    hsm: Arc<StringHsm>,
    options: ServerOptions,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Listens at an address such as `127.0.0.1:8089`; port 0 takes a free one.
    ///
    /// # Errors
    /// The address cannot be listened at.
    pub fn bind(address: impl ToSocketAddrs, hsm: StringHsm, options: ServerOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            hsm: Arc::new(hsm),
            options,
            connections: Arc::default(),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is set.
    ///
    /// # Errors
    /// The listener failed.
    pub fn run(&self, stop: &AtomicBool) -> io::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            match self.listener.accept() {
                Ok((stream, _)) => self.connection(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(LOOK),
                // A connection that was broken off before it was taken.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn connection(&self, mut stream: TcpStream) {
        let (hsm, options, connections) = (Arc::clone(&self.hsm), self.options, Arc::clone(&self.connections));
        let ready = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_read_timeout(Some(options.timeout)))
            .and_then(|()| stream.set_write_timeout(Some(options.timeout)));
        if ready.is_err() {
            return;
        }
        if connections.fetch_add(1, Ordering::SeqCst) >= MOST_CONNECTIONS {
            connections.fetch_sub(1, Ordering::SeqCst);
            let _ = http::answer(&mut stream, 503, false, "busy");
            return;
        }
        let counted = Arc::clone(&connections);
        let work = move || {
            let _ = serve(&mut stream, &hsm, options);
            counted.fetch_sub(1, Ordering::SeqCst);
        };
        if std::thread::Builder::new()
            .name("ssc-hsm".to_owned())
            .spawn(work)
            .is_err()
        {
            connections.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// One request and its answer.
fn serve(stream: &mut TcpStream, hsm: &StringHsm, options: ServerOptions) -> io::Result<()> {
    let message = match http::read(stream, Kind::Request) {
        Ok(message) => message,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return http::answer(stream, 400, false, &error.to_string());
        }
        Err(error) => return Err(error),
    };
    if message.method != "POST" {
        return http::answer(stream, 405, false, "POST only");
    }
    let outcome = request_of(&message.body, message.json).and_then(|request| hsm.answer(&request));
    let words = |error: &ServiceError| {
        let explanation = error.explain(options.lang);
        [Some(explanation.what), explanation.why]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(options.lang.pick("：", ": "))
    };
    match (outcome, message.json) {
        (Ok(answer), true) => http::answer(stream, 200, true, &json!({ "ok": true, "answer": answer }).to_string()),
        (Ok(answer), false) => http::answer(stream, 200, false, &answer),
        (Err(error), true) => {
            let body = json!({ "ok": false, "error": words(&error) });
            http::answer(stream, 400, true, &body.to_string())
        }
        (Err(error), false) => http::answer(stream, 400, false, &words(&error)),
    }
}

fn request_of(body: &[u8], json: bool) -> Result<String, ServiceError> {
    let wrong = || ServiceError::Form { item: "request" };
    if !json {
        return core::str::from_utf8(body).map(str::to_owned).map_err(|_| wrong());
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    value
        .get("request")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(wrong)
}
