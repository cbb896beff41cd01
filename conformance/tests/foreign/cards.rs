//! Cards that are none of ours.

use card_model::card::Interface;
use conformance::explore::Random;
use reader::channel::{Channel, Reset, TransportError};

/// How a card answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// This status word to everything.
    Always(u16),
    /// Anything.
    Random(u64),
    /// More and more data.
    Endless,
    /// Le is never right.
    WrongLength,
    /// Nothing, after so many commands; whether it comes back after a reset.
    Mute(u64, bool),
    /// 6A82, and another answer to reset each time.
    Changing,
    /// 300 bytes.
    TooLong,
}

/// All of them.
pub const ALL: [Manner; 12] = [
    Manner::Always(0x6D00),
    Manner::Always(0x6E00),
    Manner::Always(0x6A82),
    Manner::Always(0x9000),
    Manner::Random(1),
    Manner::Random(2),
    Manner::Endless,
    Manner::WrongLength,
    Manner::Mute(0, true),
    Manner::Mute(20, false),
    Manner::Changing,
    Manner::TooLong,
];

/// A card that keeps what it was sent.
pub struct Foreign {
    manner: Manner,
    random: Random,
    reset: Reset,
    commands: u64,
    pub sent: Vec<Vec<u8>>,
}

impl Foreign {
    pub fn new(manner: Manner, interface: Interface) -> Self {
        let seed = if let Manner::Random(seed) = manner { seed } else { 0 };
        Self {
            manner,
            random: Random::new(seed),
            reset: Reset {
                bytes: vec![0x3B, 0x02, 0x14, 0x50],
                interface,
            },
            commands: 0,
            sent: Vec::new(),
        }
    }

    fn mute(&self) -> TransportError {
        let reader = self.name().to_owned();
        TransportError::Mute { reader }
    }
}

impl Channel for Foreign {
    fn name(&self) -> &str {
        "foreign card"
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.sent.push(command.to_vec());
        self.commands += 1;
        Ok(match self.manner {
            Manner::Always(sw) => sw.to_be_bytes().to_vec(),
            Manner::Changing => vec![0x6A, 0x82],
            Manner::Endless => vec![0xAA, 0x61, 0x10],
            Manner::WrongLength => vec![0x6C, self.random.byte()],
            Manner::TooLong => [vec![0x6F; 300], vec![0x90, 0x00]].concat(),
            Manner::Mute(after, _) if self.commands > after => return Err(self.mute()),
            Manner::Mute(..) => vec![0x90, 0x00],
            Manner::Random(_) => {
                let length = self.random.of(&[0, 0, 1, 2, 8, 16, 24, 255]).unwrap();
                let mut answer: Vec<u8> = (0..length).map(|_| self.random.byte()).collect();
                let words = [
                    [0x90, 0x00],
                    [0x90, 0x00],
                    [0x61, 0x08],
                    [0x6C, 0x08],
                    [0x69, 0x82],
                    [0x63, 0xC1],
                ];
                answer.extend(match self.random.once_in(4) {
                    true => self.random.bytes(),
                    false => self.random.of(&words).unwrap(),
                });
                answer
            }
        })
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        match self.manner {
            Manner::Mute(after, false) if self.commands > after => return Err(self.mute()),
            Manner::Mute(_, true) => self.commands = 0,
            Manner::Changing => self.reset.bytes[3] = self.reset.bytes[3].wrapping_add(1),
            _ => {}
        }
        Ok(())
    }
}
