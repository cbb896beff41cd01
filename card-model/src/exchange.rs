//! How card and PSAM answer: success with data, refusal, loss of power; and on T=0 the data that wait for GET RESPONSE.

use crate::memory::WriteError;
use crate::status::StatusWord as Sw;
use arrayvec::ArrayVec;
use rand_core::Rng;
use zeroize::Zeroize;

/// What a command gives back when it succeeds.
pub type Reply = ArrayVec<u8, 256>;

/// A challenge of 4, 8 or 16 bytes.
pub type Challenge = ArrayVec<u8, 16>;

/// Why a command ends without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Refused with a status word.
    Refused(Sw),
    /// The power went in the middle of a write: there is no answer.
    PowerLost,
}

impl From<Sw> for Stop {
    fn from(sw: Sw) -> Self {
        Self::Refused(sw)
    }
}

impl From<WriteError> for Stop {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::PowerLost => Self::PowerLost,
            WriteError::TooLarge => Self::Refused(Sw::MEMORY_FAILURE),
        }
    }
}

/// Response data on T=0, until GET RESPONSE fetches them. They are wiped when nobody does: it may be a decrypted key.
#[derive(Clone, Default)]
pub struct Waiting(Reply);

impl Waiting {
    /// Keeps a reply for GET RESPONSE and gives the 61xx that announces it.
    pub fn keep(&mut self, reply: Reply) -> Sw {
        self.clear();
        let sw = Sw::more_data(reply.len());
        self.0 = reply;
        sw
    }

    /// GET RESPONSE: Le 00 or more than waits is answered 6Cxx, less leaves the rest waiting (STD-P5 §6.6).
    pub fn fetch(&mut self, le: Option<u16>) -> Result<(Reply, Sw), Stop> {
        let waiting = self.0.len();
        let wanted = usize::from(le.unwrap_or(256));
        if waiting == 0 {
            return Err(Sw::NO_DATA.into());
        }
        if wanted > waiting {
            // A matter of transport: it ends nothing that was begun.
            return Ok((Reply::new(), Sw::wrong_le(waiting)));
        }
        let reply = self.0.drain(..wanted).collect();
        let rest = self.0.len();
        Ok((reply, if rest == 0 { Sw::OK } else { Sw::more_data(rest) }))
    }

    /// Wipes what nobody fetched.
    pub fn clear(&mut self) {
        self.0.as_mut_slice().zeroize();
        self.0.clear();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.clear();
    }
}

/// GET CHALLENGE: draws one; the newest value is the valid one.
pub fn draw_challenge(kept: &mut Option<Challenge>, length: usize, entropy: &mut dyn Rng) -> Reply {
    let mut challenge = Challenge::from([0; 16]);
    challenge.truncate(length);
    entropy.fill_bytes(&mut challenge);
    let reply = challenge.iter().copied().collect();
    *kept = Some(challenge);
    reply
}
