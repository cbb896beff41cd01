//! A decorator that counts.

use reader::channel::{Channel, Protocol, Reason, Reset, TransportError};

/// Counts the commands that reach a card.
pub(super) struct Counted<'c> {
    channel: &'c mut dyn Channel,
    /// Commands so far.
    pub commands: u64,
}

impl<'c> Counted<'c> {
    pub fn new(channel: &'c mut dyn Channel) -> Self {
        Self { channel, commands: 0 }
    }
}

impl Channel for Counted<'_> {
    fn name(&self) -> &str {
        self.channel.name()
    }
    fn reset_answer(&self) -> &Reset {
        self.channel.reset_answer()
    }
    fn protocol(&self) -> Protocol {
        self.channel.protocol()
    }
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.commands += 1;
        self.channel.transmit(command)
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        self.channel.reset()
    }
    fn reason(&self) -> Option<Reason> {
        self.channel.reason()
    }
    fn comment(&mut self, text: &str) {
        self.channel.comment(text);
    }
}
