//! The card's end of the virtual reader: a card of this program in a reader of pcscd.

use super::frame::{Frames, Message, encode};
use super::{Arrival, receive};
use crate::channel::{Channel, ModelChannel, TransportError};
use crate::reset::{historical, pcsc_contactless_atr};
use card_model::Chip;
use card_model::card::Interface;
use std::io::Write;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a read or a wait lasts before the stop flag is looked at.
const STEP: Duration = Duration::from_millis(100);
/// How long one try to connect may take, and a write to a daemon that does not read.
const PATIENCE: Duration = Duration::from_secs(5);
/// SW for what is neither control code nor command: 6700, wrong length.
const WRONG_LENGTH: [u8; 2] = [0x67, 0x00];

/// What a virtual reader needs of a card.
pub trait VirtualCard {
    /// The ATR, also without power: the reader asks for it to see whether a card is there.
    fn atr(&self) -> Vec<u8>;

    /// Power comes; volatile state is dropped.
    ///
    /// # Errors
    /// The card cannot go on.
    fn power_on(&mut self) -> Result<(), TransportError>;

    /// Power goes; volatile state is dropped.
    ///
    /// # Errors
    /// The card cannot go on.
    fn power_off(&mut self) -> Result<(), TransportError>;

    /// Warm reset; volatile state is dropped.
    ///
    /// # Errors
    /// The card cannot go on.
    fn reset(&mut self) -> Result<(), TransportError>;

    /// A command of at least four bytes; the answer ends with a status word.
    ///
    /// # Errors
    /// The card cannot go on: it leaves the reader without an answer, as a card that is pulled.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError>;
}

impl<M: Chip> VirtualCard for ModelChannel<M> {
    fn atr(&self) -> Vec<u8> {
        let answer = self.reset_answer();
        match (answer.interface, historical(&answer.bytes)) {
            // A PC/SC reader shows no ATS but an ATR that it makes of the historical bytes.
            (Interface::Contactless, Some(bytes)) => pcsc_contactless_atr(&bytes),
            _ => answer.bytes.clone(),
        }
    }

    fn power_on(&mut self) -> Result<(), TransportError> {
        Channel::reset(self)
    }

    fn power_off(&mut self) -> Result<(), TransportError> {
        ModelChannel::power_off(self)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        Channel::reset(self)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        Channel::transmit(self, command)
    }
}

/// How a card is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServeOptions {
    /// Connect again when the daemon goes away, and wait for it when it is not there yet, until told to stop.
    pub reconnect: bool,
}

/// What happened at the virtual reader; presence polls are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The card is in the reader.
    Connected,
    /// The daemon closed the connection.
    Disconnected,
    /// Power came.
    PowerOn,
    /// Power went.
    PowerOff,
    /// Warm reset.
    Reset,
    /// A command and its answer, unmasked.
    Exchange {
        /// Command APDU.
        command: &'a [u8],
        /// Response APDU.
        response: &'a [u8],
    },
}

/// Why serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The stop flag was set.
    Stopped,
    /// The daemon went away, and connecting again was not asked for.
    DaemonGone,
}

/// Puts a card into the virtual reader at `address` (`HOST:PORT`, see [`super::DEFAULT_ADDRESS`]) and answers for it until
/// `stop` is set, which takes the card out within 200 ms.
///
/// # Errors
/// Nobody listens at the address, the socket failed, or the card cannot go on.
pub fn serve<V: VirtualCard + ?Sized>(
    card: &mut V,
    address: &str,
    options: ServeOptions,
    stop: &AtomicBool,
    mut event: impl FnMut(Event<'_>),
) -> Result<End, TransportError> {
    loop {
        let stream = match connect(address) {
            Ok(stream) => stream,
            Err(_) if options.reconnect && !stop.load(Ordering::Relaxed) => {
                std::thread::sleep(STEP);
                continue;
            }
            Err(_) if stop.load(Ordering::Relaxed) => return Ok(End::Stopped),
            Err(source) => {
                return Err(TransportError::Socket {
                    address: address.to_owned(),
                    source,
                });
            }
        };
        event(Event::Connected);
        let end = talk(card, &stream, address, stop, &mut event);
        // Whatever ended the talk, the card is out of the reader now and has no power.
        card.power_off()?;
        match end? {
            End::Stopped => return Ok(End::Stopped),
            End::DaemonGone => {
                event(Event::Disconnected);
                if !options.reconnect {
                    return Ok(End::DaemonGone);
                }
            }
        }
    }
}

fn connect(address: &str) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for socket in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&socket, PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(STEP))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn talk<V: VirtualCard + ?Sized>(
    card: &mut V,
    stream: &TcpStream,
    address: &str,
    stop: &AtomicBool,
    event: &mut impl FnMut(Event<'_>),
) -> Result<End, TransportError> {
    let failed = |source| TransportError::Socket {
        address: address.to_owned(),
        source,
    };
    let mut frames = Frames::default();
    loop {
        if stop.load(Ordering::Relaxed) {
            return Ok(End::Stopped);
        }
        while let Some(body) = frames.next_message() {
            let Some(answer) = answer(card, &body, event)? else {
                continue;
            };
            let frame = encode(&answer).map_err(|error| TransportError::Protocol {
                address: address.to_owned(),
                message: error.to_string(),
            })?;
            let mut writer = stream;
            match writer.write_all(&frame) {
                Ok(()) => {}
                Err(error) if is_gone(&error) => return Ok(End::DaemonGone),
                Err(error) => return Err(failed(error)),
            }
        }
        match receive(stream, &mut frames).map_err(failed)? {
            Arrival::Some | Arrival::Nothing => {}
            Arrival::Closed => return Ok(End::DaemonGone),
        }
    }
}

fn is_gone(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

/// What the card answers to a message, if anything.
fn answer<V: VirtualCard + ?Sized>(
    card: &mut V,
    body: &[u8],
    event: &mut impl FnMut(Event<'_>),
) -> Result<Option<Vec<u8>>, TransportError> {
    match Message::parse(body) {
        Message::Empty => {}
        Message::PowerOff => {
            card.power_off()?;
            event(Event::PowerOff);
        }
        Message::PowerOn => {
            card.power_on()?;
            event(Event::PowerOn);
        }
        Message::Reset => {
            card.reset()?;
            event(Event::Reset);
        }
        Message::GetAtr => return Ok(Some(card.atr())),
        Message::Malformed => return Ok(Some(WRONG_LENGTH.to_vec())),
        Message::Command(command) => {
            let response = card.transmit(command)?;
            event(Event::Exchange {
                command,
                response: &response,
            });
            return Ok(Some(response));
        }
    }
    Ok(None)
}

/// A card that a thread of this process serves; dropping it takes the card out.
#[derive(Debug)]
pub struct Inserted<V> {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<(V, Result<End, TransportError>)>>,
}

/// Puts a card into the virtual reader at `address` and serves it in a thread of its own. Returns when the daemon has
/// accepted the card (with `reconnect`, however long that takes); pcscd sees it within its next poll, 400 ms later at most.
///
/// # Errors
/// Nobody listens at the address.
pub fn insert<V: VirtualCard + Send + 'static>(
    mut card: V,
    address: &str,
    options: ServeOptions,
) -> Result<Inserted<V>, TransportError> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let target = address.to_owned();
    let (connected, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let result = serve(&mut card, &target, options, &flag, |event| {
            if event == Event::Connected {
                // Nobody waits any more after the first time.
                let _ = connected.send(());
            }
        });
        drop(connected);
        (card, result)
    });
    let inserted = Inserted {
        stop,
        thread: Some(thread),
    };
    match wait.recv() {
        Ok(()) => Ok(inserted),
        Err(_) => {
            let (_, result) = inserted.finish(address)?;
            result.and(Err(TransportError::Cancelled))
        }
    }
}

impl<V> Inserted<V> {
    /// Takes the card out of the reader and gives it back.
    ///
    /// # Errors
    /// The card could not go on, or the socket failed, while it was in the reader.
    pub fn remove(self) -> Result<V, TransportError> {
        let (card, result) = self.finish("virtual reader")?;
        result.map(|_| card)
    }

    /// Whether the card is still being served.
    pub fn is_served(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    fn finish(mut self, address: &str) -> Result<(V, Result<End, TransportError>), TransportError> {
        self.stop.store(true, Ordering::Relaxed);
        let lost = || TransportError::Protocol {
            address: address.to_owned(),
            message: "the card's thread died".into(),
        };
        self.thread.take().ok_or_else(lost)?.join().map_err(|_| lost())
    }
}

impl<V> Drop for Inserted<V> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What the card met with is told by `remove`, not here.
            let _ = thread.join();
        }
    }
}
