//! A reader that, for every command that writes, takes the card back to the moment before it and cuts the power after each
//! single word of memory in turn.

use crate::support::Entropy;
use card_model::card::{Card, Interface, JournalStep};
use reader::channel::{Channel, Reset, TransportError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Header and journal of an image: what stands in the journal after a change has no meaning.
const JOURNAL_END: usize = 16 + 4 + 2048;

/// What was found, per kind of command.
#[derive(Debug, Default)]
pub struct Findings {
    /// What the commands are sent for at the moment.
    pub phase: String,
    /// Commands and cut points by phase and [`kind`].
    pub kinds: BTreeMap<(String, [u8; 3]), (u64, u64)>,
    /// Cut points at which the card came back with the old, the new, or the old state with a try spent.
    pub states: [u64; 3],
    /// Cut points whose recovery was cut too.
    pub twice: u64,
    /// Cut points of commands with a wrong secret.
    pub guesses: u64,
    /// Cut points at which MAC and TAC were asked for.
    pub proofs: u64,
    /// What is wrong.
    pub torn: Vec<String>,
}

impl Findings {
    /// Cut points of all commands.
    pub fn cuts(&self) -> u64 {
        self.kinds.values().map(|(_, cuts)| cuts).sum()
    }
}

/// The state a card came back with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Old,
    New,
    Spent,
}

/// How the money of a card can be looked at after a cut.
#[derive(Clone)]
pub struct Purse {
    /// Names of environment and application, and the PIN.
    pub environment: Vec<u8>,
    pub application: Vec<u8>,
    pub pin: Vec<u8>,
}

/// A reader with a card in it.
pub struct Sweep {
    card: Card,
    entropy: u64,
    reset: Reset,
    /// Answer of the last INITIALIZE FOR LOAD or PURCHASE.
    begun: Vec<u8>,
    begins: bool,
    purse: Option<Purse>,
    findings: Rc<RefCell<Findings>>,
}

impl Sweep {
    pub fn new(mut card: Card, interface: Interface, findings: Rc<RefCell<Findings>>) -> Self {
        let bytes = card.power_on(interface);
        Self {
            card,
            entropy: 0x7E57_5EED,
            reset: Reset { bytes, interface },
            begun: Vec::new(),
            begins: false,
            purse: None,
            findings,
        }
    }

    /// Leaves a step of the journal out of the card's memory.
    pub fn break_journal(&mut self, step: JournalStep) {
        self.card.break_journal(Some(step));
    }

    /// From now on the money is looked at after each cut of CREDIT and DEBIT.
    pub fn watch(&mut self, purse: Purse) {
        self.purse = Some(purse);
    }

    fn sweep(&mut self, before: &Card, entropy: u64, command: &[u8], words: u64) {
        let kind = kind(command);
        let proof = self.expected_proof(command);
        for cut in 0..words {
            let mut card = before.clone();
            card.lose_power_after(Some(cut));
            if card.transmit(command, &mut Entropy(entropy)).is_some() {
                self.fault(command, cut, "an answer before the last word was safe");
            }
            // Every third time the recovery is cut as well, and then the recovery from that.
            if cut % 3 == 0 {
                card.lose_power_after(Some(cut % 7));
                card.power_on(self.reset.interface);
                self.findings.borrow_mut().twice += 1;
            }
            card.lose_power_after(None);
            card.power_on(self.reset.interface);
            match state(before, &self.card, &card) {
                Some(state) => {
                    let index = match state {
                        State::Old => 0,
                        State::New => 1,
                        State::Spent => 2,
                    };
                    self.findings.borrow_mut().states[index] += 1;
                    if let Some((kind, sequence, codes)) = &proof {
                        self.check_proof(command, cut, &card, state, (*kind, *sequence), codes);
                    }
                }
                None => self.fault(command, cut, "neither the old nor the new state"),
            }
        }
        let mut findings = self.findings.borrow_mut();
        let phase = findings.phase.clone();
        let entry = findings.kinds.entry((phase, kind)).or_default();
        entry.0 += 1;
        entry.1 += words;
    }

    /// The same command with a wrong secret: the first word it writes takes the try, and up to that word the right secret
    /// does the same, so whoever pulls the card before it learns nothing, and whoever pulls it later has spent the try.
    fn guess(&self, before: &Card, entropy: u64, right: &[u8]) {
        let Some(wrong) = with_wrong_secret(right) else { return };
        let mut done = before.clone();
        let written = done.words_written();
        let answer = done
            .transmit(&wrong, &mut Entropy(entropy))
            .map_or(0, |answer| answer.sw);
        let words = done.words_written() - written;
        if !matches!(answer, 0x63C0..=0x63CF | 0x6988) {
            self.fault(&wrong, 0, &format!("a wrong secret was answered {answer:04X}"));
        }
        // Keys that are never locked have no counter.
        if words == 0 {
            return;
        }
        if state(before, before, &done) != Some(State::Spent) {
            self.fault(&wrong, words, "a wrong secret did not cost exactly one try");
        }
        let cuts = (0..words).map(|cut| (&wrong[..], cut)).chain([(right, 0), (right, 1)]);
        for (command, cut) in cuts {
            let mut card = before.clone();
            card.lose_power_after(Some(cut));
            let silent = card.transmit(command, &mut Entropy(entropy)).is_none();
            card.lose_power_after(None);
            card.power_on(self.reset.interface);
            let expected = if cut == 0 { State::Old } else { State::New };
            if !silent || state(before, &done, &card) != Some(expected) {
                self.fault(command, cut, "pulling saves a try");
            }
            self.findings.borrow_mut().guesses += 1;
        }
    }

    /// Type and sequence number of the transaction that CREDIT or DEBIT has just completed, and what GET TRANSACTION PROOF
    /// answers for it on the whole card.
    fn expected_proof(&self, command: &[u8]) -> Option<(u8, [u8; 2], Vec<u8>)> {
        let (kind, at) = match command[..2] {
            [0xB0, 0x2A] => (b'1', 4),
            [0xB0, 0x2C] => (b'2', 14),
            _ => return None,
        };
        let sequence = self.begun.get(at..at + 2)?.try_into().ok()?;
        let answer = self.ask_proof(&self.card, kind, sequence);
        if !answer.ends_with(&[0x90, 0]) {
            self.fault(command, 0, "no MAC and TAC although the money moved");
        }
        Some((kind, sequence, answer))
    }

    fn check_proof(
        &self,
        command: &[u8],
        cut: u64,
        card: &Card,
        state: State,
        (kind, sequence): (u8, [u8; 2]),
        codes: &[u8],
    ) {
        let answer = self.ask_proof(card, kind, sequence);
        let fine = match state {
            State::New => answer == codes,
            _ => answer == [0x94, 0x06],
        };
        if !fine {
            self.fault(
                command,
                cut,
                &format!("money {state:?}, but the proof is {answer:02X?}"),
            );
        }
        self.findings.borrow_mut().proofs += 1;
    }

    fn ask_proof(&self, card: &Card, kind: u8, sequence: [u8; 2]) -> Vec<u8> {
        let Some(purse) = &self.purse else { return Vec::new() };
        let mut card = card.clone();
        card.power_on(Interface::Contactless);
        if card.power_on(Interface::Contactless).is_empty() {
            card.power_on(Interface::Contact);
        }
        let mut send = |header: [u8; 4], data: &[u8]| {
            let command = [&header[..], &[data.len() as u8], data].concat();
            let answer = card.transmit(&command, &mut Entropy(1)).unwrap();
            match answer.sw >> 8 {
                0x61 => card
                    .transmit(&[0, 0xC0, 0, 0, answer.sw as u8], &mut Entropy(1))
                    .unwrap()
                    .to_bytes(),
                _ => answer.to_bytes(),
            }
        };
        send([0, 0xA4, 4, 0], &purse.environment);
        send([0, 0x20, 0, 0], &purse.pin);
        send([0, 0xA4, 4, 0], &purse.application);
        send([0xB0, 0x2E, 0, kind], &sequence)
    }

    fn fault(&self, command: &[u8], cut: u64, what: &str) {
        let mut findings = self.findings.borrow_mut();
        let phase = findings.phase.clone();
        let header: String = command.iter().take(5).map(|byte| format!("{byte:02X}")).collect();
        findings
            .torn
            .push(format!("{phase}, {header} cut after {cut} words: {what}"));
    }
}

impl Channel for Sweep {
    fn name(&self) -> &str {
        "power loss"
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let before = self.card.clone();
        let begin = self.entropy;
        let written = before.words_written();
        let mut entropy = Entropy(begin);
        let answer = self.card.transmit(command, &mut entropy).unwrap();
        self.entropy = entropy.0;
        let words = self.card.words_written() - written;
        if words > 0 {
            self.sweep(&before, begin, command, words);
            if answer.sw == 0x9000 {
                self.guess(&before, begin, command);
            }
        }
        match command[..2] {
            [0xB0, 0x28] => self.begins = true,
            [_, 0xC0] => {}
            _ => self.begins = false,
        }
        if self.begins && !answer.data.is_empty() {
            self.begun = answer.data.to_vec();
        }
        Ok(answer.to_bytes())
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.reset.bytes = self.card.power_on(self.reset.interface);
        Ok(())
    }
}

/// Which state a card came back with; `None` if it is another one than there may be.
fn state(old: &Card, new: &Card, card: &Card) -> Option<State> {
    let data = |card: &Card| card.image()[JOURNAL_END..].to_vec();
    let now = data(card);
    let (old_data, new_data) = (data(old), data(new));
    if now == new_data {
        return Some(State::New);
    }
    if now == old_data {
        return Some(State::Old);
    }
    let changed: Vec<usize> = (0..now.len()).filter(|i| now[*i] != old_data[*i]).collect();
    if let [place] = changed[..] {
        // One byte is less by one, and it is the counter of one key.
        let tries = |card: &Card| -> Vec<_> { card.inventory().keys.iter().map(|key| key.tries_left).collect() };
        let spent = tries(old)
            .iter()
            .zip(&tries(card))
            .filter(|(before, after)| before != after)
            .count();
        return (now[place] + 1 == old_data[place] && spent == 1).then_some(State::Spent);
    }
    // What lies behind the last object belongs to nobody: creating and erasing leave traces there.
    let used = |card: &Card| card.image().len() - JOURNAL_END - card.inventory().free;
    let same = |other: &Card, data: &[u8]| used(other) == used(card) && data[..used(card)] == now[..used(card)];
    if same(new, &new_data) {
        Some(State::New)
    } else if same(old, &old_data) {
        Some(State::Old)
    } else {
        None
    }
}

/// Class, instruction and P1; of UPDATE RECORD the way in which the record is named.
fn kind(command: &[u8]) -> [u8; 3] {
    let third = if command[1] == 0xDC { command[3] & 7 } else { command[2] };
    [command[0], command[1], third]
}

/// The command with one bit of its PIN, cryptogram or MAC changed; `None` if it has none.
fn with_wrong_secret(command: &[u8]) -> Option<Vec<u8>> {
    let mut wrong = command.to_vec();
    match command[..2] {
        [0x00, 0x20 | 0x82] | [0x80, 0x5E] if command.len() > 5 && command[5] != 0xFF => wrong[5] ^= 0x10,
        [0x84, 0xD4 | 0x24 | 0x5E] => *wrong.last_mut()? ^= 1,
        _ => return None,
    }
    Some(wrong)
}
