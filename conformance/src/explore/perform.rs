//! How a step becomes a command.

use super::plan::{Guess, Step, with_data};
use super::tester::{Event, Tester};
use card_model::profile::{KeyDefinition, KeyRole};

/// Some time on a terminal, BCD; years far enough apart for another pay year.
const TIMES: [[u8; 7]; 4] = [
    [0x20, 0x26, 0x11, 0x22, 0x10, 0x00, 0x00],
    [0x20, 0x26, 0x11, 0x22, 0x10, 0x00, 0x01],
    [0x20, 0x27, 0x03, 0x01, 0x09, 0x30, 0x00],
    [0x20, 0x28, 0x12, 0x31, 0x23, 0x59, 0x59],
];

impl Tester<'_> {
    /// The bytes of a step; `None` where what it needs is not there.
    pub(super) fn perform(&mut self, step: Step) -> Option<Event> {
        let command = match step {
            Step::Reset(interface) => return Some(Event::Reset(interface)),
            // An empty step asks again with the Le that the card named.
            Step::Raw(bytes) if bytes.is_empty() => return self.ask_again(),
            Step::Raw(bytes) => bytes,
            Step::Select(df) => {
                let file = &self.profile.dedicated_files[df];
                match file.name.len() {
                    0..=4 => with_data([0x00, 0xA4, 0x00, 0x00], &file.fid.to_be_bytes()),
                    _ => with_data([0x00, 0xA4, 0x04, 0x00], &file.name),
                }
            }
            Step::Authenticate(df, key, version, wrong) => {
                let key = self.profile.dedicated_files[df].keys.get(key)?;
                let source = self.random.bytes();
                let known = version.unwrap_or(1).clamp(1, key.versions.max(1));
                let mut proof = self.keys.authentication(key, known, &self.challenge, &source)?;
                if wrong {
                    proof[self.random.below(8)] ^= 0x10;
                }
                with_data(
                    [0x00, 0x82, 0x00, key.id],
                    &[&proof[..], &source, version.as_slice()].concat(),
                )
            }
            Step::Internal(version) => {
                let both: [u8; 16] = self.random.bytes();
                with_data([0x00, 0x88, 0x00, 0x00], &[&both[..], version.as_slice()].concat())
            }
            Step::Verify(guess) => with_data([0x00, 0x20, 0x00, 0x00], &self.guess(guess)),
            Step::ChangePin(old, new) => {
                let (old, new) = (self.guess(old), self.guess(new));
                let command = with_data([0x80, 0x5E, 0x01, 0x00], &[&old[..], &[0xFF], &new].concat());
                self.pin_to_be = Some(new);
                command
            }
            Step::Secured(header, new, wrong) => {
                let stk = self.secure_messaging_key(header[1] != 0x1E)?;
                let new = new.map(|guess| self.guess(guess));
                let mut command = self.keys.secured(stk, &self.challenge, header, new.as_deref())?;
                if wrong {
                    *command.last_mut()? ^= 1;
                }
                self.pin_to_be = new;
                command
            }
            Step::SecuredUpdate(header, data, wrong) => {
                let stk = self.secure_messaging_key(false)?;
                // The module makes the MAC of a header without data; that of plain data comes from the session key of it.
                let mut command = with_data(header, &[&data[..], &[0; 4]].concat());
                let end = command.len() - 4;
                let mac = self.keys.session_mac(stk, &self.challenge, command.get(..end)?)?;
                command.get_mut(end..)?.copy_from_slice(&mac);
                if wrong {
                    *command.last_mut()? ^= 1;
                }
                command
            }
            Step::Credit(wrong) => self.credit(wrong)?,
            Step::Debit(wrong) => self.debit(wrong)?,
            Step::Proof(kind, offset) => {
                let sequence = self.initialized.as_ref().and_then(|(answer, command)| {
                    let at = if command[2] == 0 { 4 } else { 14 };
                    let bytes = answer.get(at..at + 2)?;
                    Some(i16::from_be_bytes([bytes[0], bytes[1]]))
                });
                let sequence = sequence.unwrap_or(0).wrapping_add(offset);
                with_data([0xB0, 0x2E, 0x00, kind], &sequence.to_be_bytes())
            }
            Step::Certificate(what) => self.certificate_command(what)?,
        };
        Some(Event::Command(command))
    }

    pub(super) fn ask_again(&mut self) -> Option<Event> {
        let (length, command) = self.named_length.take()?;
        let mut again = command;
        *again.last_mut()? = length;
        Some(Event::Command(again))
    }

    pub(super) fn guess(&mut self, guess: Guess) -> Vec<u8> {
        match guess {
            Guess::Right => self.pin.clone(),
            Guess::Wrong => vec![0x99, 0x99, 0x98],
            Guess::Begin => match self.pin.len() {
                3.. => self.pin[..self.pin.len() - 1].to_vec(),
                _ => [&self.pin[..], &[0x00]].concat(),
            },
            Guess::Other => [[0x12, 0x34, 0x56], [0x65, 0x43, 0x21], [0x11, 0x22, 0x3F]][self.random.below(3)].to_vec(),
            Guess::Empty => Vec::new(),
            Guess::NoPin => vec![0x1A, 0x2B],
        }
    }

    pub(super) fn credit(&mut self, wrong: bool) -> Option<Vec<u8>> {
        let (answer, command) = self.initialized.clone()?;
        let (random, sequence) = (answer.get(8..12)?, answer.get(4..6)?);
        let time = self.random.of(&TIMES)?;
        let (amount, terminal) = (command.get(6..10)?, command.get(10..16)?);
        let key = self.key_of_index(KeyRole::Load, *command.get(5)?)?;
        let factor = [random, sequence, &[0x80, 0x00]].concat();
        let data = [amount, b"1", terminal, &time].concat();
        let mut mac = self.keys.session_mac(key, &factor, &data)?;
        mac[0] ^= u8::from(wrong);
        Some(with_data([0xB0, 0x2A, 0x00, 0x00], &[&time[..], &mac].concat()))
    }

    pub(super) fn debit(&mut self, wrong: bool) -> Option<Vec<u8>> {
        let (answer, command) = self.initialized.clone()?;
        let (random, sequence) = (answer.get(18..22)?, answer.get(14..16)?);
        let time = self.random.of(&TIMES)?;
        let terminal_sequence: [u8; 4] = self.random.bytes();
        let (amounts, terminal) = (command.get(6..18)?, command.get(18..24)?);
        let key = self.key_of_index(KeyRole::Purchase, *command.get(5)?)?;
        let factor = [random, sequence, &terminal_sequence[2..]].concat();
        let data = [amounts, b"2", terminal, &time].concat();
        let mut mac = self.keys.session_mac(key, &factor, &data)?;
        mac[0] ^= u8::from(wrong);
        let data = [&terminal_sequence[..], &time, &mac].concat();
        Some(with_data([0xB0, 0x2C, 0x01, 0x00], &data))
    }

    pub(super) fn key_of_index(&self, role: KeyRole, index: u8) -> Option<&KeyDefinition> {
        let keys = self.profile.dedicated_files.iter().flat_map(|df| &df.keys);
        let mut keys = keys.filter(|key| key.role == role);
        keys.find(|key| key.index == Some(index))
    }
}
