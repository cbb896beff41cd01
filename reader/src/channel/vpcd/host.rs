//! The reader's end of the virtual reader: we play vpcd, and any card that connects is a channel. No pcscd is needed, and a
//! command takes a third of the time.

use super::frame::{Frames, Message, encode};
use super::{Arrival, receive};
use crate::channel::{Channel, Reset, TransportError, check_answer, check_command};
use crate::reset;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(100);
/// How long a card may think about one command: real key generation takes seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A port at which cards may connect.
#[derive(Debug)]
pub struct VpcdHost {
    listener: TcpListener,
    address: SocketAddr,
}

impl VpcdHost {
    /// Listens at `address` (`HOST:PORT`; port 0 takes a free one). Unlike vpcd, which listens on all interfaces, this is
    /// best done on the loopback only: whoever connects is the card.
    ///
    /// # Errors
    /// The port is taken or not allowed.
    pub fn bind(address: &str) -> Result<Self, TransportError> {
        let failed = |source| TransportError::Socket {
            address: address.to_owned(),
            source,
        };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where cards connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for a card, gives it power and reads its ATR.
    ///
    /// # Errors
    /// [`TransportError::NoCard`] after `timeout`, [`TransportError::Cancelled`] when `stop` is set, or the socket failed.
    pub fn accept(&self, timeout: Option<Duration>, stop: &AtomicBool) -> Result<VpcdChannel, TransportError> {
        let begin = Instant::now();
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => return VpcdChannel::new(stream, self.address),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(source) => {
                    return Err(TransportError::Socket {
                        address: self.address.to_string(),
                        source,
                    });
                }
            }
            if stop.load(Ordering::Relaxed) {
                return Err(TransportError::Cancelled);
            }
            if timeout.is_some_and(|timeout| begin.elapsed() >= timeout) {
                return Err(TransportError::NoCard {
                    reader: format!("vpcd {}", self.address),
                });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A card that connected to a [`VpcdHost`]; dropping it takes the card's power and closes the connection.
#[derive(Debug)]
pub struct VpcdChannel {
    name: String,
    stream: TcpStream,
    frames: Frames,
    reset: Reset,
}

impl VpcdChannel {
    fn new(stream: TcpStream, host: SocketAddr) -> Result<Self, TransportError> {
        let name = format!("vpcd {host}");
        let prepare = || {
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(STEP))?;
            stream.set_write_timeout(Some(PATIENCE))
        };
        prepare().map_err(|source| TransportError::Socket {
            address: name.clone(),
            source,
        })?;
        let empty = Reset {
            bytes: Vec::new(),
            interface: card_model::card::Interface::Contact,
        };
        let mut channel = Self {
            name,
            stream,
            frames: Frames::default(),
            reset: empty,
        };
        channel.power(Message::POWER_ON)?;
        Ok(channel)
    }

    /// Sends a control code that changes the power, and reads the ATR anew.
    fn power(&mut self, code: u8) -> Result<(), TransportError> {
        self.send(&[code])?;
        self.send(&[Message::GET_ATR])?;
        let bytes = self.receive()?;
        if bytes.is_empty() {
            return Err(TransportError::Mute {
                reader: self.name.clone(),
            });
        }
        self.reset = Reset {
            interface: reset::interface(&bytes),
            bytes,
        };
        Ok(())
    }

    fn send(&mut self, body: &[u8]) -> Result<(), TransportError> {
        let frame = encode(body).map_err(|error| TransportError::Protocol {
            address: self.name.clone(),
            message: error.to_string(),
        })?;
        (&self.stream)
            .write_all(&frame)
            .map_err(|_| TransportError::CardRemoved {
                reader: self.name.clone(),
            })
    }

    fn receive(&mut self) -> Result<Vec<u8>, TransportError> {
        let begin = Instant::now();
        loop {
            if let Some(message) = self.frames.next_message() {
                return Ok(message);
            }
            match receive(&self.stream, &mut self.frames) {
                Ok(Arrival::Some) => {}
                Ok(Arrival::Nothing) if begin.elapsed() < PATIENCE => {}
                Ok(Arrival::Nothing) => {
                    return Err(TransportError::Timeout {
                        reader: self.name.clone(),
                    });
                }
                Ok(Arrival::Closed) => {
                    return Err(TransportError::CardRemoved {
                        reader: self.name.clone(),
                    });
                }
                Err(source) => {
                    return Err(TransportError::Socket {
                        address: self.name.clone(),
                        source,
                    });
                }
            }
        }
    }
}

impl Drop for VpcdChannel {
    fn drop(&mut self) {
        // The card may be gone already.
        let _ = self.send(&[Message::POWER_OFF]);
    }
}

impl Channel for VpcdChannel {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        check_command(command)?;
        self.send(command)?;
        check_answer(self.receive()?)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.power(Message::RESET)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ServeOptions, VirtualCard, insert};
    use super::*;

    /// Counts its volatile state up with each command, drops it without power, and leaves without an answer on FF.
    struct Counter(u8);

    impl VirtualCard for Counter {
        fn atr(&self) -> Vec<u8> {
            vec![0x3B, 0x65, 0x00, 0x00, b'C', b'O', b'U', b'N', b'T']
        }
        fn power_on(&mut self) -> Result<(), TransportError> {
            self.0 = 0;
            Ok(())
        }
        fn power_off(&mut self) -> Result<(), TransportError> {
            self.0 = 0;
            Ok(())
        }
        fn reset(&mut self) -> Result<(), TransportError> {
            self.0 = 0;
            Ok(())
        }
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
            if command.first() == Some(&0xFF) {
                return Err(TransportError::Cancelled);
            }
            self.0 += 1;
            Ok(vec![self.0, 0x90, 0x00])
        }
    }

    fn pair() -> (super::super::Inserted<Counter>, VpcdChannel, VpcdHost) {
        let host = VpcdHost::bind("127.0.0.1:0").expect("a free port");
        let card = insert(Counter(0), &host.address().to_string(), ServeOptions::default()).expect("listens");
        let channel = host
            .accept(Some(Duration::from_secs(5)), &AtomicBool::new(false))
            .expect("a card");
        (card, channel, host)
    }

    #[test]
    fn both_ends_talk() {
        let (card, mut channel, _host) = pair();
        assert_eq!(channel.reset_answer().bytes, card_atr());
        assert_eq!(channel.transmit(&[0, 0x84, 0, 0]).expect("answer"), [1, 0x90, 0]);
        assert_eq!(channel.transmit(&[0, 0x84, 0, 0]).expect("answer"), [2, 0x90, 0]);
        channel.reset().expect("still there");
        assert_eq!(channel.transmit(&[0, 0x84, 0, 0]).expect("answer"), [1, 0x90, 0]);
        assert!(matches!(
            channel.transmit(&[0]),
            Err(TransportError::CommandTooShort { length: 1 })
        ));
        card.remove().expect("no failure");
        assert!(matches!(
            channel.transmit(&[0, 0x84, 0, 0]),
            Err(TransportError::CardRemoved { .. })
        ));
    }

    fn card_atr() -> Vec<u8> {
        Counter(0).atr()
    }

    #[test]
    fn odd_bytes_are_answered_and_do_not_hang() {
        let (_card, mut channel, _host) = pair();
        for odd in [&[3u8][..], &[9], &[0xFF], &[0, 1], &[0, 1, 2]] {
            channel.send(odd).expect("sent");
            assert_eq!(channel.receive().expect("answered"), [0x67, 0x00]);
        }
        channel.send(&[]).expect("sent");
        assert_eq!(channel.transmit(&[0, 0x84, 0, 0]).expect("answer"), [1, 0x90, 0]);
    }

    #[test]
    fn a_card_that_dies_in_mid_command_is_removed() {
        let (card, mut channel, _host) = pair();
        assert!(matches!(
            channel.transmit(&[0xFF, 0, 0, 0]),
            Err(TransportError::CardRemoved { .. })
        ));
        assert!(card.remove().is_err());
    }

    #[test]
    fn stop_takes_the_card_out_quickly() {
        let (card, _channel, _host) = pair();
        let begin = Instant::now();
        card.remove().expect("no failure");
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    }

    #[test]
    fn nobody_there_is_told() {
        assert!(matches!(
            insert(Counter(0), "127.0.0.1:1", ServeOptions::default()),
            Err(TransportError::Socket { .. })
        ));
        let host = VpcdHost::bind("127.0.0.1:0").expect("a free port");
        let none = host.accept(Some(Duration::from_millis(20)), &AtomicBool::new(false));
        assert!(matches!(none, Err(TransportError::NoCard { .. })));
        assert!(matches!(
            host.accept(None, &AtomicBool::new(true)),
            Err(TransportError::Cancelled)
        ));
    }

    #[test]
    fn the_card_comes_back_when_the_reader_does() {
        let host = VpcdHost::bind("127.0.0.1:0").expect("a free port");
        let card = insert(
            Counter(0),
            &host.address().to_string(),
            ServeOptions { reconnect: true },
        )
        .expect("listens");
        let never = AtomicBool::new(false);
        let patience = Some(Duration::from_secs(5));
        drop(host.accept(patience, &never).expect("a card"));
        let mut again = host.accept(patience, &never).expect("the same card");
        assert_eq!(again.transmit(&[0, 0x84, 0, 0]).expect("answer"), [1, 0x90, 0]);
        card.remove().expect("no failure");
    }
}
