//! Messages of the virtual reader's protocol, cut out of a stream of bytes.

/// Collects bytes and gives out whole messages.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were given out.
    taken: usize,
}

/// A message longer than its two bytes of length can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message has at most 65535 bytes, not {0}")]
pub struct TooLong(pub usize);

impl Frames {
    /// Takes bytes as they arrive, in pieces of any size.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message without its length, if it is there.
    pub fn next_message(&mut self) -> Option<Vec<u8>> {
        let rest = self.buffer.get(self.taken..)?;
        let (length, body) = rest.split_first_chunk::<2>()?;
        let message = body.get(..usize::from(u16::from_be_bytes(*length)))?.to_vec();
        self.taken += 2 + message.len();
        Some(message)
    }

    /// Whether bytes are there that are no whole message yet.
    pub fn is_unfinished(&self) -> bool {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        match rest.split_first_chunk::<2>() {
            Some((length, body)) => body.len() < usize::from(u16::from_be_bytes(*length)),
            None => !rest.is_empty(),
        }
    }
}

/// A message with its length in front, to be sent in one write.
///
/// # Errors
/// More than 65535 bytes.
pub fn encode(body: &[u8]) -> Result<Vec<u8>, TooLong> {
    let length = u16::try_from(body.len()).map_err(|_| TooLong(body.len()))?;
    let mut frame = Vec::with_capacity(body.len() + 2);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(body);
    Ok(frame)
}

/// What the reader's end says to the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// 0: take the power away. No answer.
    PowerOff,
    /// 1: give power. No answer.
    PowerOn,
    /// 2: warm reset. No answer.
    Reset,
    /// 4: answer with the ATR; also asked every 400 ms to see whether a card is there.
    GetAtr,
    /// Nothing at all. No answer.
    Empty,
    /// One to three bytes that are neither control code nor command; an answer is due, or the reader hangs.
    Malformed,
    /// A command APDU.
    Command(&'a [u8]),
}

impl Message<'_> {
    /// Control code of the power-off message.
    pub const POWER_OFF: u8 = 0;
    /// Control code of the power-on message.
    pub const POWER_ON: u8 = 1;
    /// Control code of the reset message.
    pub const RESET: u8 = 2;
    /// Control code that asks for the ATR.
    pub const GET_ATR: u8 = 4;

    /// Reads the body of a message to the card.
    pub fn parse(body: &[u8]) -> Message<'_> {
        match body {
            [] => Message::Empty,
            [Self::POWER_OFF] => Message::PowerOff,
            [Self::POWER_ON] => Message::PowerOn,
            [Self::RESET] => Message::Reset,
            [Self::GET_ATR] => Message::GetAtr,
            [_] | [_, _] | [_, _, _] => Message::Malformed,
            command => Message::Command(command),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_codes() {
        assert_eq!(Message::parse(&[]), Message::Empty);
        assert_eq!(Message::parse(&[0]), Message::PowerOff);
        assert_eq!(Message::parse(&[1]), Message::PowerOn);
        assert_eq!(Message::parse(&[2]), Message::Reset);
        assert_eq!(Message::parse(&[3]), Message::Malformed);
        assert_eq!(Message::parse(&[4]), Message::GetAtr);
        assert_eq!(Message::parse(&[0, 0x84, 0]), Message::Malformed);
        assert_eq!(Message::parse(&[0, 0x84, 0, 0]), Message::Command(&[0, 0x84, 0, 0]));
    }

    #[test]
    fn too_long_is_refused() {
        assert!(encode(&[0; 65535]).is_ok());
        assert_eq!(encode(&[0; 65536]), Err(TooLong(65536)));
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..8),
            cut in 1usize..50,
        ) {
            let stream: Vec<u8> = bodies.iter().flat_map(|body| encode(body).expect("short")).collect();
            let mut frames = Frames::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(cut) {
                frames.feed(piece);
                while let Some(message) = frames.next_message() {
                    seen.push(message);
                }
            }
            prop_assert!(!frames.is_unfinished());
            prop_assert_eq!(seen, bodies);
        }

        #[test]
        fn any_bytes_are_cut_or_kept(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
            let mut frames = Frames::default();
            let (mut fed, mut given) = (0, 0);
            for piece in &pieces {
                frames.feed(piece);
                fed += piece.len();
                while let Some(message) = frames.next_message() {
                    given += message.len() + 2;
                    Message::parse(&message);
                }
            }
            prop_assert!(given <= fed);
            prop_assert_eq!(frames.is_unfinished(), given < fed);
        }
    }
}
