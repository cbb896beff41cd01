//! The virtual reader of the vsmartcard project (vpcd), both of its ends.
//!
//! | end | item |
//! |---|---|
//! | card | [`serve`] and [`insert`]: connect to vpcd's port and answer for a [`VirtualCard`], such as the card model |
//! | reader | [`VpcdHost`]: listen like vpcd and use any card that connects, ours or `vicc`, without pcscd |
//!
//! Protocol: TCP; each message is a length of two bytes, most significant first, and as many bytes. A message of one byte to
//! the card is a control code, everything longer a command APDU.
//!
//! vpcd sends length and bytes in two writes. Without help the second write waits for the card's delayed acknowledgement,
//! which makes 44 ms of every command; hence one write per message on our side and `TCP_QUICKACK` after each read that
//! leaves a message unfinished.

mod card;
mod frame;
mod host;

pub use card::{End, Event, Inserted, ServeOptions, VirtualCard, insert, serve};
pub use frame::{Frames, Message, TooLong, encode};
pub use host::{VpcdChannel, VpcdHost};

use std::io::{ErrorKind, Read};
use std::net::TcpStream;

/// Where Debian's vpcd listens for a card in its first slot (35963, `0x8C7B`). The second slot is one port higher.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:35963";

/// What one read brought.
enum Arrival {
    /// Bytes, or nothing within the time of the socket.
    Some,
    /// Nothing within the time of the socket.
    Nothing,
    /// The other end closed.
    Closed,
}

/// Reads what is there into `frames`, and acknowledges at once if a message is unfinished.
fn receive(stream: &TcpStream, frames: &mut Frames) -> std::io::Result<Arrival> {
    let mut chunk = [0; 4096];
    let mut stream_ref = stream;
    match stream_ref.read(&mut chunk) {
        Ok(0) => Ok(Arrival::Closed),
        Ok(count) => {
            frames.feed(&chunk[..count]);
            if frames.is_unfinished() {
                acknowledge(stream);
            }
            Ok(Arrival::Some)
        }
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(Arrival::Nothing),
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => Ok(Arrival::Closed),
            _ => Err(error),
        },
    }
}

/// The flag does not last: the kernel takes it back whenever it likes, so it is set each time. Failing only costs time.
#[cfg(target_os = "linux")]
fn acknowledge(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_tcp_quickack(true);
}

#[cfg(not(target_os = "linux"))]
fn acknowledge(_stream: &TcpStream) {}
