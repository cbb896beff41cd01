//! The one place that resolves `61xx` (GET RESPONSE) and `6Cxx` (wrong Le) of T=0 (STD-P2 §9.3).

use crate::channel::{Channel, TransportError};
use crate::command::Command;
use card_model::status::StatusWord;

/// GET RESPONSE commands after one command. A real answer has 256 bytes; the bound ends the talk with a broken card.
const MAX_ROUNDS: usize = 64;

/// The whole answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Data, collected over all GET RESPONSE commands.
    pub data: Vec<u8>,
    /// The last status word; never `61xx`.
    pub sw: StatusWord,
}

impl Response {
    /// Data and status word as one answer APDU.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.data.as_slice(), &self.sw.to_bytes()].concat()
    }
}

/// Sends a command and gives its whole answer: fetches waiting data after `61xx`, repeats with the right Le after `6Cxx`.
///
/// Under T=0 the Le of a command with data is left out, as that protocol demands.
///
/// # Errors
/// The transport failed, or the card announces more data without end.
pub fn exchange<C: Channel + ?Sized>(channel: &mut C, command: &Command) -> Result<Response, TransportError> {
    let protocol = channel.protocol();
    let bytes = command.to_bytes_for(protocol);
    let (mut data, mut sw) = send(channel, &bytes)?;
    if let Some(length) = sw.right_le() {
        let repeated = command.clone().with_le((length % 256) as u8).to_bytes_for(protocol);
        // A command with data has no Le to mend under T=0; asking the same again would give the same.
        if repeated != bytes {
            (data, sw) = send(channel, &repeated)?;
        }
    }
    let mut rounds = 0;
    while let Some(length) = sw.more_data_length() {
        rounds += 1;
        if rounds > MAX_ROUNDS {
            return Err(TransportError::Endless { rounds: MAX_ROUNDS });
        }
        let (mut part, mut next) = get_response(channel, length)?;
        if let Some(right) = next.right_le() {
            (part, next) = get_response(channel, right)?;
        }
        data.append(&mut part);
        sw = next;
    }
    Ok(Response { data, sw })
}

/// Like [`exchange`] for a command whose answer nobody needs, such as SELECT of a file that is known: only its status word. Data
/// that wait (`61xx`) are not fetched, which the card takes for success (STD-P2 §9.3).
///
/// # Errors
/// The transport failed.
pub fn exchange_status<C: Channel + ?Sized>(channel: &mut C, command: &Command) -> Result<StatusWord, TransportError> {
    let (_, sw) = send(channel, &command.to_bytes_for(channel.protocol()))?;
    if sw.right_le().is_some() {
        return Ok(exchange(channel, command)?.sw);
    }
    Ok(sw.more_data_length().map_or(sw, |_| StatusWord::OK))
}

/// Like [`exchange`] for the bytes of a command, such as a security module's secured command.
///
/// Bytes that are no command in short form go to the card as they are, and its answer comes back as it is: the way to try
/// wrong lengths on a card.
///
/// # Errors
/// As [`exchange`], and fewer than 4 bytes.
pub fn exchange_bytes<C: Channel + ?Sized>(channel: &mut C, command: &[u8]) -> Result<Response, TransportError> {
    match Command::from_bytes(command) {
        Ok(command) => exchange(channel, &command),
        Err(_) => {
            let (data, sw) = send(channel, command)?;
            Ok(Response { data, sw })
        }
    }
}

fn get_response<C: Channel + ?Sized>(channel: &mut C, length: usize) -> Result<(Vec<u8>, StatusWord), TransportError> {
    let command = Command::new(0x00, 0xC0, 0x00, 0x00).with_le((length % 256) as u8);
    send(channel, &command.to_bytes())
}

fn send<C: Channel + ?Sized>(channel: &mut C, command: &[u8]) -> Result<(Vec<u8>, StatusWord), TransportError> {
    let mut answer = channel.transmit(command)?;
    let length = answer.len();
    let Some(&sw) = answer.last_chunk::<2>() else {
        return Err(TransportError::AnswerTooShort { length });
    };
    answer.truncate(length - 2);
    Ok((answer, StatusWord::from(sw)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Reset;
    use card_model::card::Interface;
    use proptest::prelude::*;

    /// Answers in turn, and keeps what it was asked.
    struct Script {
        reset: Reset,
        answers: Vec<Vec<u8>>,
        asked: Vec<String>,
    }

    impl Script {
        fn new(interface: Interface, answers: &[&str]) -> Self {
            let answers = answers
                .iter()
                .rev()
                .map(|text| hex::decode(text).expect("hex"))
                .collect();
            Self {
                reset: Reset {
                    bytes: vec![],
                    interface,
                },
                answers,
                asked: vec![],
            }
        }
    }

    impl Channel for Script {
        fn name(&self) -> &str {
            "script"
        }
        fn reset_answer(&self) -> &Reset {
            &self.reset
        }
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
            self.asked.push(hex::encode_upper(command));
            Ok(self.answers.pop().unwrap_or_else(|| vec![0x6F, 0x00]))
        }
        fn reset(&mut self) -> Result<(), TransportError> {
            Ok(())
        }
    }

    fn run(interface: Interface, command: &str, answers: &[&str]) -> (String, Vec<String>) {
        let mut script = Script::new(interface, answers);
        let response = exchange(&mut script, &Command::from_hex(command).expect("command")).expect("answer");
        (hex::encode_upper(response.to_bytes()), script.asked)
    }

    #[test]
    fn waiting_data_is_fetched() {
        let (answer, asked) = run(Interface::Contact, "00A4040002AABB00", &["6103", "0102039000"]);
        assert_eq!(answer, "0102039000");
        assert_eq!(asked, ["00A4040002AABB", "00C0000003"]);
    }

    #[test]
    fn waiting_data_may_be_left() {
        let status = |answers: &[&str]| {
            let mut script = Script::new(Interface::Contact, answers);
            let command = Command::from_hex("00A4040002AABB00").expect("command");
            let sw = exchange_status(&mut script, &command).expect("answer");
            (sw, script.asked.len())
        };
        assert_eq!(status(&["6103"]), (StatusWord::OK, 1));
        assert_eq!(status(&["9000"]), (StatusWord::OK, 1));
        assert_eq!(status(&["6A82"]), (StatusWord::FILE_NOT_FOUND, 1));
    }

    #[test]
    fn data_in_parts_is_joined() {
        let (answer, asked) = run(Interface::Contact, "00B2010500", &["AA6102", "BBCC6101", "DD9000"]);
        assert_eq!(answer, "AABBCCDD9000");
        assert_eq!(asked, ["00B2010500", "00C0000002", "00C0000001"]);
    }

    #[test]
    fn wrong_le_is_repeated_once() {
        let (answer, asked) = run(Interface::Contact, "00B2010000", &["6C04", "010255559000"]);
        assert_eq!(answer, "010255559000");
        assert_eq!(asked, ["00B2010000", "00B2010004"]);
        let (answer, asked) = run(Interface::Contact, "00B2010000", &["6C04", "6C05", "9000"]);
        assert_eq!(answer, "6C05");
        assert_eq!(asked.len(), 2);
        let (_, asked) = run(Interface::Contact, "00A4040002AABB", &["6100", "6C10", "9000"]);
        assert_eq!(asked, ["00A4040002AABB", "00C0000000", "00C0000010"]);
        let (answer, asked) = run(
            Interface::Contact,
            "008800000201020000".get(..16).expect("16"),
            &["6C08"],
        );
        assert_eq!((answer.as_str(), asked.len()), ("6C08", 1), "nothing to mend under T=0");
    }

    #[test]
    fn contactless_keeps_le() {
        let (_, asked) = run(Interface::Contactless, "00880000020102FF", &["6C08", "9000"]);
        assert_eq!(asked, ["00880000020102FF", "0088000002010208"]);
    }

    #[test]
    fn a_card_without_end_is_told() {
        let mut script = Script::new(Interface::Contact, &["6101"; 200]);
        let result = exchange(&mut script, &Command::new(0, 0x84, 0, 0));
        assert!(matches!(result, Err(TransportError::Endless { .. })));
    }

    #[test]
    fn odd_commands_go_through_as_they_are() {
        let mut script = Script::new(Interface::Contact, &["6700"]);
        let response = exchange_bytes(&mut script, &[0, 0xA4, 2, 0, 5, 1]).expect("answer");
        assert_eq!(response.sw, StatusWord::WRONG_LENGTH);
        assert_eq!(script.asked, ["00A402000501"]);
    }

    proptest! {
        #[test]
        fn any_answers_end(answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..90)) {
            let mut script = Script { answers, ..Script::new(Interface::Contact, &[]) };
            let _ = exchange(&mut script, &Command::new(0, 0xB2, 1, 4).with_le(0));
        }
    }
}
