//! Where connections come in: with or without TLS, not more than so many, none silent for long.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// Pause when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

type Timed = Pin<Box<TimeoutStream<TcpStream>>>;

/// Who is at the other end.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The certificate it showed, in DER; TLS has checked its chain.
    pub certificate: Option<Vec<u8>>,
}

/// One connection.
pub(crate) struct Connection {
    stream: Stream,
    certificate: Option<Vec<u8>>,
    _permit: OwnedSemaphorePermit,
}

enum Stream {
    Plain(Timed),
    Tls(Box<TlsStream<Timed>>),
}

/// The door.
pub(crate) struct Door {
    incoming: mpsc::Receiver<(Connection, SocketAddr)>,
    address: SocketAddr,
}

impl Door {
    /// Opens it. Handshakes go on beside each other, so that a slow one delays nobody.
    pub(crate) fn open(listener: TcpListener, tls: Option<TlsAcceptor>, most: usize) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, incoming) = mpsc::channel(1);
        tokio::spawn(accept(listener, tls, Arc::new(Semaphore::new(most.max(1))), sender));
        Ok(Self { incoming, address })
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    room: Arc<Semaphore>,
    sender: mpsc::Sender<(Connection, SocketAddr)>,
) {
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = sender.closed() => return,
        };
        let Ok((tcp, address)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (tls, sender) = (tls.clone(), sender.clone());
        tokio::spawn(async move {
            if let Ok(connection) = tokio::time::timeout(HANDSHAKE, begin(tcp, tls, permit))
                .await
                .unwrap_or_else(|late| Err(late.into()))
            {
                // Closed: the service stops.
                let _ = sender.send((connection, address)).await;
            }
        });
    }
}

async fn begin(tcp: TcpStream, tls: Option<TlsAcceptor>, permit: OwnedSemaphorePermit) -> io::Result<Connection> {
    tcp.set_nodelay(true)?;
    let mut timed = TimeoutStream::new(tcp);
    timed.set_read_timeout(Some(SILENCE));
    timed.set_write_timeout(Some(SILENCE));
    let timed = Box::pin(timed);
    let (stream, certificate) = match tls {
        None => (Stream::Plain(timed), None),
        Some(tls) => {
            let stream = tls.accept(timed).await?;
            let chain = stream.get_ref().1.peer_certificates();
            let certificate = chain.and_then(|chain| chain.first()).map(|first| first.to_vec());
            (Stream::Tls(Box::new(stream)), certificate)
        }
    };
    Ok(Connection {
        stream,
        certificate,
        _permit: permit,
    })
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.incoming.recv().await {
            Some(came) => came,
            // The task that accepts ends only with the door itself.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self {
            address: *stream.remote_addr(),
            certificate: stream.io().certificate.clone(),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
