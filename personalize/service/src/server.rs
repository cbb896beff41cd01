//! The service: from its settings to its end.

use crate::door::{Door, Peer};
use crate::endpoints::endpoints;
use crate::error::ServiceError;
use crate::limit::Limit;
use crate::log::{self, Log};
use crate::pool::Pool;
use crate::tls::TlsServer;
use axum::Router;
use axum::middleware;
use axum::response::Json;
use axum::routing::get;
use personalize::ledger::Rules;
use serde_json::json;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How long requests under way may take after a stop.
const ENDING: Duration = Duration::from_secs(30);
/// Wrong tokens from one address in a second.
const GUESSES: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// How a service works.
#[derive(Debug)]
pub struct ServiceSettings {
    /// Address of the ledger.
    pub ledger: String,
    /// The rules.
    pub rules: Rules,
    /// Where to listen; port 0 is any that is free.
    pub listen: SocketAddr,
    /// TLS; without it only callers on the same machine are served.
    pub tls: Option<TlsServer>,
    /// Requests of one caller in a second; twice as many at once.
    pub rate: NonZeroU32,
    /// Connections to the ledger.
    pub ledgers: usize,
    /// Connections of callers.
    pub connections: usize,
}

/// What all requests share.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub pool: Pool,
    pub rules: Arc<Rules>,
    pub callers: Arc<Limit<String>>,
    pub strangers: Arc<Limit<IpAddr>>,
    pub log: Log,
}

/// A service at work.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    secure: bool,
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    runtime: Runtime,
    // Connections to a server have runtimes of their own, which must not end inside this one: the last holder is here.
    pool: Pool,
}

impl Service {
    /// Starts it; it answers when this returns. Lines of its log go to `log`.
    ///
    /// # Errors
    /// The ledger cannot be opened, the certificates cannot be used, the address cannot be listened at, or it can be reached by
    /// other machines without TLS.
    pub fn start(settings: ServiceSettings, log: Box<dyn Write + Send>) -> Result<Self, ServiceError> {
        let system = |error: std::io::Error| ServiceError::System {
            words: error.to_string(),
        };
        if settings.tls.is_none() && !settings.listen.ip().is_loopback() {
            return Err(ServiceError::Plain {
                address: settings.listen.to_string(),
            });
        }
        let tls = settings.tls.as_ref().map(TlsServer::config).transpose()?;
        let secure = tls.is_some();
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let pool = Pool::open(&settings.ledger, settings.ledgers)?;
        let app = App {
            pool: pool.clone(),
            rules: Arc::new(settings.rules),
            callers: Arc::new(Limit::per_second(settings.rate)),
            strangers: Arc::new(Limit::per_second(GUESSES)),
            log: Log::new(log),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(system)?;
        let _entered = runtime.enter();
        let listener = runtime
            .block_on(TcpListener::bind(settings.listen))
            .map_err(|error| ServiceError::Listen {
                address: settings.listen.to_string(),
                words: error.to_string(),
            })?;
        let address = listener.local_addr().map_err(system)?;
        let door = Door::open(listener, acceptor, settings.connections).map_err(system)?;
        let (stop, mut stopped) = watch::channel(false);
        let router = router(app).into_make_service_with_connect_info::<Peer>();
        let ended = async move {
            // The other end is dropped only with the service itself.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let serving = runtime.spawn(axum::serve(door, router).with_graceful_shutdown(ended).into_future());
        drop(_entered);
        Ok(Self {
            address,
            secure,
            stop,
            serving,
            runtime,
            pool,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a client writes it.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.address)
    }

    /// Takes no more connections, finishes what was begun, and ends.
    ///
    /// # Errors
    /// Requests were still under way after 30 seconds. What they had committed is there; the others asked for nothing yet.
    pub fn stop(self) -> Result<(), ServiceError> {
        let _ = self.stop.send(true);
        let serving = self.serving;
        let ended = self
            .runtime
            .block_on(async move { tokio::time::timeout(ENDING, serving).await });
        self.runtime.shutdown_timeout(ENDING);
        drop(self.pool);
        match ended {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(ServiceError::System {
                words: error.to_string(),
            }),
            Ok(Err(error)) => Err(ServiceError::System {
                words: error.to_string(),
            }),
            Err(late) => Err(ServiceError::System {
                words: late.to_string(),
            }),
        }
    }
}

fn router(app: App) -> Router {
    let (router, description) = endpoints();
    let description = Arc::new(description);
    router
        .route(
            "/v1/openapi.json",
            get(move || async move { Json(description.as_ref().clone()) }),
        )
        .route("/health", get(|| async { Json(json!({ "ok": true })) }))
        .layer(middleware::from_fn_with_state(app.clone(), log::request))
        .with_state(app)
}
