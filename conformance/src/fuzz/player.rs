//! Plays steps on a card: asks the limits before anything goes out, follows what the card says to the end, judges it.

use super::judge::{Fault, Judge, Kind};
use super::limits::{Cost, Limits, cost};
use super::step::Step;
use super::target::Target;
use crate::run::{Transcript, without_serial};
use card_model::profile::{KeyDefinition, KeyRole};
use card_model::status::StatusWord;
use reader::channel::{Channel, Masking, Trace, TransportError};
use reader::command::Command;
use reader::security::KeyReference;
use std::collections::{BTreeMap, BTreeSet};

/// GET RESPONSE commands after one command; the longest answer of a card needs two.
const ROUNDS: usize = 8;
/// Longest data of one answer in bytes.
const LONGEST: usize = 256;
/// Longest data of one command in bytes that are written back.
const LONGEST_WRITE: usize = 240;
/// Original data of EXTERNAL AUTHENTICATION: the terminal's, any will do.
const SOURCE: [u8; 8] = [0x5A; 8];
/// VERIFY without data.
const QUERY: [u8; 4] = [0x00, 0x20, 0x00, 0x00];
const GET_CHALLENGE: [u8; 5] = [0x00, 0x84, 0x00, 0x00, 0x08];

/// A fault and the command that showed it.
#[derive(Debug)]
pub(super) struct Shown {
    pub command: Vec<u8>,
    pub fault: Fault,
}

/// Why a step ended early.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The card did something that the tables do not have.
    Shown(Shown),
    /// The card does not come back.
    Gone(Box<(TransportError, Shown)>),
}

/// A whole answer.
struct Answer {
    sw: StatusWord,
    data: Vec<u8>,
}

/// Plays steps.
pub(super) struct Player<'r, 't> {
    channel: Trace<&'r mut dyn Channel, Transcript>,
    transcript: Transcript,
    target: Target<'t>,
    limits: Limits,
    judge: &'r Judge,
    /// The dedicated file that is current for sure.
    at: Option<usize>,
    /// The answer to reset that all others are held against.
    reset: Option<Vec<u8>>,
    /// Keys whose right proof the card has refused: never tried again.
    refused: BTreeSet<(usize, usize)>,
    pin_refused: bool,
    /// Tries left of PINs and keys, by instruction and P2, as the card has told.
    left: BTreeMap<(u8, u8), u8>,
    /// Wrong PINs and proofs that were sent.
    pub spent: u64,
    /// Commands sent.
    pub commands: u64,
    /// Commands that the limits kept back.
    pub withheld: u64,
    /// Status words of each command, and how often they came.
    pub words: BTreeMap<String, BTreeMap<String, u64>>,
}

impl<'r, 't> Player<'r, 't> {
    pub fn new(
        channel: &'r mut dyn Channel,
        target: Target<'t>,
        limits: Limits,
        judge: &'r Judge,
        masking: Masking,
    ) -> Self {
        let transcript = Transcript::default();
        Self {
            channel: Trace::new(channel, transcript.clone(), masking),
            transcript,
            target,
            limits,
            judge,
            at: None,
            reset: None,
            refused: BTreeSet::new(),
            pin_refused: false,
            left: BTreeMap::new(),
            spent: 0,
            commands: 0,
            withheld: 0,
            words: BTreeMap::new(),
        }
    }

    /// Begins a round: the transcript is empty, the card reset.
    pub fn begin(&mut self) -> Result<(), Trouble> {
        self.transcript.clear();
        self.reset()
    }

    /// What has gone over the channel since the round began.
    pub fn lines(&self) -> Vec<String> {
        self.transcript.lines()
    }

    /// Plays one step. What cannot be played now (no such state, not allowed) is left out.
    pub fn play(&mut self, step: &Step) -> Result<(), Trouble> {
        if let Some(remark) = step.remark(self.target.profile) {
            self.channel.comment(&remark);
        }
        match step {
            Step::Reset => self.reset(),
            Step::Enter(df) => self.enter(*df),
            Step::Prove { df, key, version } => self.prove(*df, *key, *version),
            Step::ProveWrongly { df, key } => self.prove_wrongly(*df, *key),
            Step::Verify => self.verify(),
            Step::VerifyWrongly => self.verify_wrongly(),
            Step::KeepPin => self.keep_pin(),
            Step::WriteBack { read, update } => self.write_back(*read, *update),
            Step::Command(bytes) => self.offer(bytes, true),
            Step::Unfollowed(bytes) => self.offer(bytes, false),
        }
    }

    /// What [`Player::tries`] does, as steps.
    pub fn query_steps(&self) -> Vec<Step> {
        let df = self.target.profile.dedicated_files.iter().position(|df| df.has_pin);
        df.map(|df| vec![Step::Enter(df), Step::Command(QUERY.to_vec())])
            .unwrap_or_default()
    }

    /// Tries left of the holder's PIN, asked for without using one (STD-P5 §6.14); `None` where the card does not tell.
    pub fn tries(&mut self) -> Result<Option<u8>, Trouble> {
        let Some(df) = self.target.profile.dedicated_files.iter().position(|df| df.has_pin) else {
            return Ok(None);
        };
        self.begin()?;
        self.enter(df)?;
        if self.at != Some(df) {
            return Ok(None);
        }
        Ok(self.exchange(&QUERY, true)?.sw.tries_left())
    }

    fn reset(&mut self) -> Result<(), Trouble> {
        self.at = None;
        let shown = |expected: String, got: String, kind: Kind| Shown {
            command: Vec::new(),
            fault: Fault { kind, expected, got },
        };
        if let Err(error) = self.channel.reset() {
            let got = error.to_string();
            return Err(Trouble::Gone(Box::new((
                error,
                shown("ATR".to_owned(), got, Kind::Mute),
            ))));
        }
        let now = self.channel.reset_answer().bytes.clone();
        let before = self.reset.get_or_insert_with(|| now.clone());
        if *before == now {
            return Ok(());
        }
        let shown = shown(without_serial(before), without_serial(&now), Kind::Reset);
        Err(Trouble::Shown(shown))
    }

    /// A command of the generator: sent if the limits allow it.
    fn offer(&mut self, bytes: &[u8], follow: bool) -> Result<(), Trouble> {
        // Bytes that are no command stay out: readers refuse them in their own ways.
        let cost = match Command::from_bytes(bytes) {
            Ok(_) => cost(bytes),
            Err(_) => Cost::NoCommand,
        };
        if cost == Cost::Tries {
            return self.spend(bytes);
        }
        if !self.limits.allow(cost) {
            self.withheld += 1;
            return Ok(());
        }
        self.exchange(bytes, follow).map(drop)
    }

    /// Sends what costs a try, if more than one is left.
    fn spend(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let &[_, instruction, _, reference, ..] = bytes else {
            return Ok(());
        };
        let place = (instruction, reference);
        let last = self.left.get(&place).is_some_and(|left| *left <= 1);
        if !self.limits.allow(Cost::Tries) || last && !self.limits.destructive {
            self.withheld += 1;
            return Ok(());
        }
        self.spent += 1;
        // Until the card tells, this may have been the last but one.
        self.left.insert(place, 1);
        let answer = self.exchange(bytes, true)?;
        if let Some(left) = answer.sw.tries_left() {
            self.left.insert(place, left);
        }
        Ok(())
    }

    fn enter(&mut self, df: usize) -> Result<(), Trouble> {
        let profile = self.target.profile;
        let environment = profile.environment(df);
        let path = [environment, df];
        for index in &path[usize::from(environment == df)..] {
            let file = &profile.dedicated_files[*index];
            let select = match file.name.len() {
                0..5 => [&[0x00, 0xA4, 0x00, 0x00, 0x02][..], &file.fid.to_be_bytes()].concat(),
                length => [&[0x00, 0xA4, 0x04, 0x00, length as u8], &file.name[..]].concat(),
            };
            if self.exchange(&select, true)?.sw != StatusWord::OK {
                return Ok(());
            }
        }
        self.at = Some(df);
        Ok(())
    }

    /// The key, if a proof with it means this key to the card now.
    fn provable(&self, df: usize, key: usize) -> Option<&'t KeyDefinition> {
        let profile = self.target.profile;
        let here = self.at.is_some_and(|at| at == df || profile.environment(at) == df);
        let key = profile.dedicated_files.get(df)?.keys.get(key)?;
        let role = matches!(
            key.role,
            KeyRole::ExternalAuthentication
                | KeyRole::PinUnblock
                | KeyRole::CardBlock
                | KeyRole::ApplicationBlock
                | KeyRole::StartingDay
        );
        (here && role).then_some(key)
    }

    fn prove(&mut self, df: usize, index: usize, version: Option<u8>) -> Result<(), Trouble> {
        let Some(definition) = self.provable(df, index) else {
            return Ok(());
        };
        if self.refused.contains(&(df, index)) || version.is_some_and(|version| version > definition.versions) {
            return Ok(());
        }
        let Some((_, identity)) = &self.target.keys else {
            return Ok(());
        };
        let identity = *identity;
        let challenge = self.exchange(&GET_CHALLENGE, true)?;
        if challenge.sw != StatusWord::OK || challenge.data.len() != 8 {
            return Ok(());
        }
        let Some((module, _)) = &mut self.target.keys else {
            return Ok(());
        };
        let key = KeyReference {
            definition,
            version: version.unwrap_or(1),
        };
        let Ok(proof) = module.authentication_data(key, identity, &challenge.data, &SOURCE) else {
            return Ok(());
        };
        let data = [&proof[..], &SOURCE, version.as_slice()].concat();
        let command = [&[0x00, 0x82, 0x00, definition.id, data.len() as u8], &data[..]].concat();
        // Until the card has taken it, it counts as refused: a card that dies of it is not asked a second time.
        self.refused.insert((df, index));
        if self.exchange(&command, true)?.sw == StatusWord::OK {
            self.refused.remove(&(df, index));
        }
        Ok(())
    }

    fn prove_wrongly(&mut self, df: usize, key: usize) -> Result<(), Trouble> {
        let Some(definition) = self.provable(df, key) else {
            return Ok(());
        };
        self.exchange(&GET_CHALLENGE, true)?;
        let data = [0x99; 16];
        let command = [&[0x00, 0x82, 0x00, definition.id, 0x10], &data[..]].concat();
        self.spend(&command)
    }

    /// The PIN, if VERIFY is about it now and the card has not refused it.
    fn pin_here(&self) -> Option<&'t [u8]> {
        let profile = self.target.profile;
        let environment = profile.environment(self.at?);
        let pin = self.target.pin?;
        (profile.dedicated_files[environment].has_pin && !self.pin_refused).then(|| pin.expose())
    }

    fn verify(&mut self) -> Result<(), Trouble> {
        let Some(pin) = self.pin_here() else { return Ok(()) };
        let command = [&[0x00, 0x20, 0x00, 0x00, pin.len() as u8], pin].concat();
        self.with_right_pin(&command)
    }

    fn keep_pin(&mut self) -> Result<(), Trouble> {
        let Some(pin) = self.pin_here() else { return Ok(()) };
        let data = [pin, &[0xFF], pin].concat();
        let command = [&[0x80, 0x5E, 0x01, 0x00, data.len() as u8], &data[..]].concat();
        self.with_right_pin(&command)
    }

    fn with_right_pin(&mut self, command: &[u8]) -> Result<(), Trouble> {
        self.pin_refused = true;
        self.pin_refused = self.exchange(command, true)?.sw != StatusWord::OK;
        Ok(())
    }

    fn verify_wrongly(&mut self) -> Result<(), Trouble> {
        let right = self.target.pin.map(|pin| pin.expose().to_vec());
        let mut wrong = right.unwrap_or_else(|| vec![0x99, 0x99, 0x98]);
        if let Some(first) = wrong.first_mut().filter(|_| self.target.pin.is_some()) {
            *first ^= 0x11;
        }
        self.spend(&[&[0x00, 0x20, 0x00, 0x00, wrong.len() as u8], &wrong[..]].concat())
    }

    fn write_back(&mut self, read: [u8; 4], update: [u8; 4]) -> Result<(), Trouble> {
        if self.target.keys.is_none() {
            // Without its keys nobody knows that what was read is what stands there.
            return Ok(());
        }
        let mut answer = self.exchange(&[&read[..], &[0]].concat(), true)?;
        let binary = read[1] == 0xB0;
        if binary {
            answer.data.truncate(LONGEST_WRITE);
        }
        if answer.sw != StatusWord::OK || !(1..=LONGEST_WRITE).contains(&answer.data.len()) {
            return Ok(());
        }
        let command = [&update[..], &[answer.data.len() as u8], &answer.data].concat();
        self.exchange(&command, true).map(drop)
    }

    /// Sends a command, follows 61xx and 6Cxx, judges the answer.
    fn exchange(&mut self, command: &[u8], follow: bool) -> Result<Answer, Trouble> {
        let protocol = self.channel.protocol();
        let bytes = match Command::from_bytes(command) {
            Ok(parsed) => parsed.to_bytes_for(protocol).to_vec(),
            Err(_) => command.to_vec(),
        };
        if bytes.get(1) == Some(&0xA4) {
            self.at = None;
        }
        let (first, data) = self.transmit(&bytes)?;
        let mut answer = Answer { sw: first, data };
        if follow && let (Some(length), true) = (first.right_le(), bytes.len() <= 5) {
            let again = [&bytes[..4], &[(length % 256) as u8]].concat();
            if cost(&again) > cost(&bytes) {
                // Five bytes of VERIFY begin a command with data.
                return Err(chain(&again, "9000", &answer));
            }
            let (sw, data) = self.transmit(&again)?;
            answer = Answer { sw, data };
            // A length that the card has named must do.
            if sw != StatusWord::OK && sw.more_data_length().is_none() {
                return Err(chain(&again, &format!("{length} + 9000"), &answer));
            }
        }
        let mut rounds = 0;
        while follow && let Some(length) = answer.sw.more_data_length() {
            rounds += 1;
            let get = [0x00, 0xC0, 0x00, 0x00, (length % 256) as u8];
            if rounds > ROUNDS {
                return Err(chain(&get, "9000", &answer));
            }
            let (sw, mut data) = self.transmit(&get)?;
            let right = data.len() == length && (sw == StatusWord::OK || sw.more_data_length().is_some());
            answer.data.append(&mut data);
            answer.sw = sw;
            if !right {
                return Err(chain(&get, &format!("{length} + 9000"), &answer));
            }
        }
        match self.judge.judge(&bytes, first, answer.sw, &answer.data) {
            Ok(()) => Ok(answer),
            Err(fault) => Err(Trouble::Shown(Shown { command: bytes, fault })),
        }
    }

    fn transmit(&mut self, bytes: &[u8]) -> Result<(StatusWord, Vec<u8>), Trouble> {
        self.commands += 1;
        let sent = self.channel.transmit(bytes).and_then(|mut answer| {
            let sw = answer.split_off(answer.len().saturating_sub(2));
            let sw = <[u8; 2]>::try_from(sw).map_err(|short| TransportError::AnswerTooShort { length: short.len() })?;
            Ok((StatusWord::from(sw), answer))
        });
        let (sw, data) = match sent {
            Ok(answer) => answer,
            Err(error) => return Err(self.no_answer(bytes, error)),
        };
        let (name, _) = self.judge.name(bytes);
        *self.words.entry(name).or_default().entry(family(sw)).or_default() += 1;
        if data.len() > LONGEST {
            return Err(Trouble::Shown(Shown {
                command: bytes.to_vec(),
                fault: Fault {
                    kind: Kind::Length,
                    expected: format!("0–{LONGEST}"),
                    got: data.len().to_string(),
                },
            }));
        }
        Ok((sw, data))
    }

    /// The card has not answered: whether it is there after a reset decides what that means.
    fn no_answer(&mut self, bytes: &[u8], error: TransportError) -> Trouble {
        self.at = None;
        let shown = Shown {
            command: bytes.to_vec(),
            fault: Fault {
                kind: Kind::Mute,
                expected: "SW1 SW2".to_owned(),
                got: error.to_string(),
            },
        };
        if error.is_usage() {
            return Trouble::Gone(Box::new((error, shown)));
        }
        match self.channel.reset() {
            Ok(()) => Trouble::Shown(shown),
            Err(error) => Trouble::Gone(Box::new((error, shown))),
        }
    }
}

fn chain(command: &[u8], expected: &str, answer: &Answer) -> Trouble {
    Trouble::Shown(Shown {
        command: command.to_vec(),
        fault: Fault {
            kind: Kind::Chain,
            expected: expected.to_owned(),
            got: format!("{} + {}", answer.data.len(), answer.sw),
        },
    })
}

/// A status word without what differs from time to time: `61xx`, `6Cxx`, `63Cx`.
pub(super) fn family(sw: StatusWord) -> String {
    match sw {
        sw if sw.more_data_length().is_some() => "61xx".to_owned(),
        sw if sw.right_le().is_some() => "6Cxx".to_owned(),
        sw if sw.tries_left().is_some() => "63Cx".to_owned(),
        sw => sw.to_string(),
    }
}
