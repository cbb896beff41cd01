//! A simulated card as slow as a real one: every command and answer takes the time that a line would take.

use super::{Channel, Interface, Line, Reset, TransportError};
use crate::reset::explain;
use crate::reset::speed::{Offer, offer};
use std::time::Duration;

/// A channel that waits out the time of a [`Line`]. The work of the simulated card comes on top.
pub struct Slow<C> {
    channel: C,
    line: Line,
    guard: u8,
}

impl<C: Channel> Slow<C> {
    /// Slows `channel` down, whose card was reset already.
    pub fn new(channel: C, line: Line) -> Self {
        let guard = guard(channel.reset_answer());
        Self { channel, line, guard }
    }

    /// The channel at its own speed.
    pub fn into_inner(self) -> C {
        self.channel
    }
}

/// Whether the card's answer to reset offers the speed of a line. An ATR that a reader made up offers nothing faster.
pub fn is_offered(reset: &Reset, line: Line) -> bool {
    match (offer(&explain(&reset.bytes)), line) {
        (_, Line::Contact9600 | Line::Contactless106) => true,
        (Some(Offer::Contact { best, .. }), Line::Contact115200) => best >= 115_200,
        (Some(Offer::Contactless { down, up }), Line::Contactless424) => down.contains(&424) && up.contains(&424),
        (Some(Offer::Contactless { down, up }), Line::Contactless848) => down.contains(&848) && up.contains(&848),
        _ => false,
    }
}

/// Waits as long as a command and its answer take.
pub fn wait_exchange(line: Line, sent: usize, received: usize, guard: u8) {
    std::thread::sleep(Duration::from_nanos(line.nanos_guarded(sent, received, guard)));
}

/// Waits as long as a reset takes whose answer has `answer` bytes.
pub fn wait_reset(line: Line, answer: usize) {
    std::thread::sleep(Duration::from_nanos(line.reset_nanos(answer)));
}

/// Extra guard time that a card asks for, in etu.
pub fn guard(reset: &Reset) -> u8 {
    match offer(&explain(&reset.bytes)) {
        Some(Offer::Contact { extra_guard, .. }) => extra_guard,
        _ => 0,
    }
}

impl<C: Channel> Channel for Slow<C> {
    crate::pass_on!(self => self.channel; name reset_answer protocol control reason is_bench lose_power_after comment);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.channel.transmit(command)?;
        wait_exchange(self.line, command.len(), answer.len(), self.guard);
        Ok(answer)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.channel.reset()?;
        wait_reset(self.line, self.channel.reset_answer().bytes.len());
        Ok(())
    }

    fn change_interface(&mut self, interface: Interface) -> Result<(), TransportError> {
        self.channel.change_interface(interface)?;
        wait_reset(self.line, self.channel.reset_answer().bytes.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::TranscriptChannel;
    use crate::reset::pcsc_contactless_atr;
    use std::time::Instant;

    #[test]
    fn a_slow_card_takes_the_time_of_its_line() {
        let text = "> 0084000008\n< 0102030405060708 9000\n> 0084000008\n< 0102030405060708 9000";
        let fast = TranscriptChannel::from_text("t", text).expect("a transcript");
        let mut card = Slow::new(fast, Line::Contact9600);
        let begin = Instant::now();
        card.transmit(&[0, 0x84, 0, 0, 8]).expect("recorded");
        // GET CHALLENGE takes 20 ms by hand; a busy machine only adds to it.
        assert!(begin.elapsed() >= Duration::from_millis(20));
        assert!(begin.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn only_what_the_answer_to_reset_offers() {
        let reset = |text: &str, interface| Reset {
            bytes: crate::command::parse_hex(text).expect("hex"),
            interface,
        };
        let plain = reset("3B 65 00 00 44 45 4D 4F 31", Interface::Contact);
        let fast = reset("3B 75 18 00 00 44 45 4D 4F 31", Interface::Contact);
        assert!(is_offered(&plain, Line::Contact9600) && !is_offered(&plain, Line::Contact115200));
        assert!(is_offered(&fast, Line::Contact115200));
        let this = reset("05 78 80 A0 02", Interface::Contactless);
        let all = reset("05 78 77 A0 02", Interface::Contactless);
        assert!(is_offered(&this, Line::Contactless106) && !is_offered(&this, Line::Contactless424));
        assert!(is_offered(&all, Line::Contactless848));
        let made_up = Reset {
            bytes: pcsc_contactless_atr(&[1, 2, 3]),
            interface: Interface::Contactless,
        };
        assert!(!is_offered(&made_up, Line::Contactless424));
    }
}
