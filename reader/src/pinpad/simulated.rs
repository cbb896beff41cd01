//! A reader with keypad that stands around another channel: it understands the control codes, and somebody types.

use super::block::{Answer, PinModify, PinVerify};
use super::features::{Features, GET_FEATURE_REQUEST, MODIFY_PIN_DIRECT, VERIFY_PIN_DIRECT, control_code};
use crate::channel::{Channel, TransportError};
use card_model::status::StatusWord;
use zeroize::{Zeroize, Zeroizing};

/// What the display asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadPrompt {
    /// The PIN.
    Enter,
    /// The present PIN, to be changed.
    Old,
    /// The new PIN.
    New,
    /// The new PIN again.
    Again,
}

/// What the person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typing {
    /// Digits, and the green key.
    Digits(String),
    /// The red key.
    Cancel,
    /// Nothing, until the time is over.
    Nothing,
}

/// Control codes of the CCID driver of Linux for the two functions.
const VERIFY: u32 = control_code(0x33_0000 + VERIFY_PIN_DIRECT as u32);
const MODIFY: u32 = control_code(0x33_0000 + MODIFY_PIN_DIRECT as u32);

/// bmFormatString: bit 8 bytes, bits 7–4 position, bit 3 right, bits 2–1 type of the PIN.
const BYTES: u8 = 0x80;
const RIGHT: u8 = 0x04;
const TYPE: u8 = 0x03;
const BCD: u8 = 0x01;

/// Offset of the data in a command.
const DATA: usize = 5;

/// A channel whose reader has a keypad, at which `typing` types.
pub struct SimulatedPinPad<C, F> {
    channel: C,
    features: Features,
    typing: F,
}

impl<C: std::fmt::Debug, F> std::fmt::Debug for SimulatedPinPad<C, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatedPinPad")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl<C: Channel, F: FnMut(PadPrompt) -> Typing> SimulatedPinPad<C, F> {
    /// A reader that can verify and change PINs.
    pub fn new(channel: C, typing: F) -> Self {
        let features = Features::default()
            .with(VERIFY_PIN_DIRECT, VERIFY)
            .with(MODIFY_PIN_DIRECT, MODIFY);
        Self {
            channel,
            features,
            typing,
        }
    }

    /// A reader that can only verify.
    pub fn without_modify(channel: C, typing: F) -> Self {
        let features = Features::default().with(VERIFY_PIN_DIRECT, VERIFY);
        Self {
            features,
            ..Self::new(channel, typing)
        }
    }

    fn verify(&mut self, bytes: &[u8]) -> Result<Answer, TransportError> {
        let Some(wanted) = PinVerify::parse(bytes).filter(understood) else {
            return Ok(Answer::NotUnderstood);
        };
        let digits = match self.entry(PadPrompt::Enter, &wanted) {
            Ok(digits) => digits,
            Err(answer) => return Ok(answer),
        };
        let mut command = Zeroizing::new(wanted.command.clone());
        if !insert(&mut command, &wanted, 0, &digits) {
            return Ok(Answer::NotUnderstood);
        }
        self.send(&command)
    }

    fn modify(&mut self, bytes: &[u8]) -> Result<Answer, TransportError> {
        let Some(wanted) = PinModify::parse(bytes).filter(|wanted| understood(&wanted.entry)) else {
            return Ok(Answer::NotUnderstood);
        };
        let mut command = Zeroizing::new(wanted.entry.command.clone());
        if wanted.asks_old() {
            match self.entry(PadPrompt::Old, &wanted.entry) {
                Ok(old) if insert(&mut command, &wanted.entry, wanted.old_at, &old) => {}
                Ok(_) => return Ok(Answer::NotUnderstood),
                Err(answer) => return Ok(answer),
            }
        }
        let new = match self.entry(PadPrompt::New, &wanted.entry) {
            Ok(new) => new,
            Err(answer) => return Ok(answer),
        };
        if wanted.asks_twice() {
            match self.entry(PadPrompt::Again, &wanted.entry) {
                Ok(again) if *again == *new => {}
                Ok(_) => return Ok(Answer::Differs),
                Err(answer) => return Ok(answer),
            }
        }
        if !insert(&mut command, &wanted.entry, wanted.new_at, &new) {
            return Ok(Answer::NotUnderstood);
        }
        self.send(&command)
    }

    /// What was typed, as digits; or what the reader says about it.
    fn entry(&mut self, prompt: PadPrompt, wanted: &PinVerify) -> Result<Zeroizing<Vec<u8>>, Answer> {
        let mut text = match (self.typing)(prompt) {
            Typing::Digits(text) => text,
            Typing::Cancel => return Err(Answer::Cancelled),
            Typing::Nothing => return Err(Answer::Timeout),
        };
        let digits: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().map(|b| b.wrapping_sub(b'0')).collect());
        text.zeroize();
        let length = usize::from(wanted.least)..=usize::from(wanted.most);
        if length.contains(&digits.len()) && digits.iter().all(|digit| *digit < 10) {
            Ok(digits)
        } else {
            Err(Answer::Length)
        }
    }

    fn send(&mut self, command: &[u8]) -> Result<Answer, TransportError> {
        let answer = self.channel.transmit(command)?;
        Ok(Answer::parse(&answer).unwrap_or(Answer::Card(StatusWord::NO_DATA)))
    }
}

/// Whether this reader can do that: digits in BCD, left, in a block of fixed length, confirmed by a key.
fn understood(wanted: &PinVerify) -> bool {
    let block = wanted.block & 0x0F;
    wanted.format & BYTES != 0
        && wanted.format & RIGHT == 0
        && wanted.format & TYPE == BCD
        && wanted.block >> 4 == 0
        && wanted.length_format == 0
        && block > 0
        && wanted.least <= wanted.most
        && usize::from(wanted.most) <= 2 * usize::from(block)
        && wanted.condition & 0x02 != 0
        && wanted.command.len() >= DATA
        && usize::from(wanted.command[4]) + DATA == wanted.command.len()
}

/// Writes digits over the template, which keeps its filling behind them; `false` if the block does not fit.
fn insert(command: &mut [u8], wanted: &PinVerify, offset: u8, digits: &[u8]) -> bool {
    let position = usize::from((wanted.format & !BYTES) >> 3) + usize::from(offset);
    let block = command
        .get_mut(DATA + position..)
        .and_then(|data| data.get_mut(..usize::from(wanted.block & 0x0F)));
    let Some(block) = block else { return false };
    for (byte, pair) in block.iter_mut().zip(digits.chunks(2)) {
        *byte = match pair {
            [high, low] => high << 4 | low,
            [high, ..] => high << 4 | (*byte & 0x0F),
            [] => *byte,
        };
    }
    true
}

impl<C: Channel, F: FnMut(PadPrompt) -> Typing> Channel for SimulatedPinPad<C, F> {
    crate::pass_on!(
        self => self.channel;
        name reset_answer protocol transmit reset reason is_bench lose_power_after change_interface comment
    );

    fn control(&mut self, code: u32, data: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        let known = |tag| self.features.code(tag) == Some(code);
        if code == GET_FEATURE_REQUEST {
            Ok(Some(self.features.to_bytes()))
        } else if known(VERIFY_PIN_DIRECT) {
            self.verify(data).map(|answer| Some(answer.to_bytes().to_vec()))
        } else if known(MODIFY_PIN_DIRECT) {
            self.modify(data).map(|answer| Some(answer.to_bytes().to_vec()))
        } else {
            self.channel.control(code, data)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::TranscriptChannel;
    use crate::pinpad::Language;
    use proptest::prelude::*;

    /// A reader around a card that knows one exchange.
    fn exchange(talk: &str, typed: &[&str], code: u32, data: &[u8]) -> Answer {
        let card = TranscriptChannel::from_text("card", talk).expect("a transcript");
        let mut typed = typed.iter().map(|text| Typing::Digits((*text).to_owned()));
        let mut pad = SimulatedPinPad::new(card, |_| typed.next().unwrap_or(Typing::Cancel));
        let answer = pad.control(code, data).expect("answers").expect("a function it has");
        Answer::parse(&answer).expect("a status word")
    }

    fn verify(talk: &str, digits: u8, typed: &[&str]) -> Answer {
        let wanted = PinVerify::of_card(digits, 0, Language(0x0409)).expect("fits");
        exchange(talk, typed, VERIFY, &wanted.to_bytes())
    }

    fn modify(talk: &str, digits: u8, has_old: bool, typed: &[&str]) -> Answer {
        let wanted = PinModify::of_card(digits, has_old, 0, Language(0x0409)).expect("fits");
        exchange(talk, typed, MODIFY, &wanted.to_bytes())
    }

    /// The commands that the card gets are those of `spec/commands.md`: packed digits, F behind an odd one.
    #[test]
    fn digits_stand_where_the_card_wants_them() {
        let ok = Answer::Card(StatusWord::OK);
        assert_eq!(verify("> 0020000003123456\n< 9000\n", 6, &["123456"]), ok);
        assert_eq!(verify("> 002000000312345F\n< 9000\n", 5, &["12345"]), ok);
        assert_eq!(
            verify("> 00200000081234567890123456\n< 9000\n", 16, &["1234567890123456"]),
            ok
        );
        let change = "> 805E010007123456FF654321\n< 9000\n";
        assert_eq!(modify(change, 6, true, &["123456", "654321", "654321"]), ok);
        let odd = "> 805E01000712345FFF54321F\n< 9000\n";
        assert_eq!(modify(odd, 5, true, &["12345", "54321", "54321"]), ok);
        assert_eq!(
            modify("> 805E010004FF654321\n< 9000\n", 6, false, &["654321", "654321"]),
            ok
        );
        assert_eq!(
            verify("> 0020000003000000\n< 63C2\n", 6, &["000000"]),
            Answer::Card(StatusWord(0x63C2))
        );
    }

    #[test]
    fn what_the_reader_says() {
        assert_eq!(verify("", 6, &[]), Answer::Cancelled);
        assert_eq!(verify("", 6, &["1234"]), Answer::Length);
        assert_eq!(verify("", 6, &["12345a"]), Answer::Length);
        assert_eq!(modify("", 6, true, &["123456", "654321", "654322"]), Answer::Differs);
        assert_eq!(exchange("", &["123456"], VERIFY, &[]), Answer::NotUnderstood);
        let mut wrong = PinVerify::of_card(6, 0, Language(0)).expect("fits");
        wrong.block = 9;
        assert_eq!(
            exchange("", &["123456"], VERIFY, &wrong.to_bytes()),
            Answer::NotUnderstood
        );
    }

    proptest! {
        #[test]
        fn any_structure_is_understood_or_not(data in prop::collection::vec(any::<u8>(), 0..40), modify: bool) {
            let code = if modify { MODIFY } else { VERIFY };
            let card = TranscriptChannel::from_text("card", "").expect("a transcript");
            let mut pad = SimulatedPinPad::new(card, |_| Typing::Digits("123456".to_owned()));
            let _ = pad.control(code, &data);
        }
    }
}
