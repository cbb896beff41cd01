//! Counts commands, bytes and time of a channel.

use super::{Channel, Line, TransportError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Command APDUs, those of GET RESPONSE included.
    pub apdus: u64,
    /// Bytes of commands.
    pub sent: u64,
    /// Bytes of answers.
    pub received: u64,
    /// Time between command and answer, summed up.
    pub time: Duration,
    /// Estimated time on each line of [`Line::ALL`].
    lines: [Duration; Line::ALL.len()],
}

impl Figures {
    /// [`Figures::time`] in whole microseconds.
    pub fn micros(&self) -> u64 {
        u64::try_from(self.time.as_micros()).unwrap_or(u64::MAX)
    }

    /// Estimated time on a line, whatever the channel is.
    pub fn on(&self, line: Line) -> Duration {
        Line::ALL
            .iter()
            .position(|one| *one == line)
            .map_or(Duration::ZERO, |index| self.lines[index])
    }

    /// What came since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            apdus: self.apdus.saturating_sub(earlier.apdus),
            sent: self.sent.saturating_sub(earlier.sent),
            received: self.received.saturating_sub(earlier.received),
            time: self.time.saturating_sub(earlier.time),
            lines: std::array::from_fn(|index| self.lines[index].saturating_sub(earlier.lines[index])),
        }
    }
}

/// Reads the figures of a [`Counted`] channel, also while somebody else owns the channel.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<Cells>);

#[derive(Debug, Default)]
struct Cells {
    apdus: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    nanos: AtomicU64,
    lines: [AtomicU64; Line::ALL.len()],
}

impl Counter {
    /// The figures so far.
    pub fn figures(&self) -> Figures {
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Figures {
            apdus: read(&self.0.apdus),
            sent: read(&self.0.sent),
            received: read(&self.0.received),
            time: Duration::from_nanos(read(&self.0.nanos)),
            lines: std::array::from_fn(|index| Duration::from_nanos(read(&self.0.lines[index]))),
        }
    }

    fn add(&self, sent: usize, received: usize, time: Duration) {
        let add = |cell: &AtomicU64, amount: u64| cell.fetch_add(amount, Ordering::Relaxed);
        add(&self.0.apdus, 1);
        add(&self.0.sent, sent as u64);
        add(&self.0.received, received as u64);
        add(&self.0.nanos, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        for (cell, line) in self.0.lines.iter().zip(Line::ALL) {
            add(cell, line.nanos(sent, received));
        }
    }
}

/// A channel whose commands are counted.
#[derive(Debug)]
pub struct Counted<C> {
    channel: C,
    counter: Counter,
}

impl<C: Channel> Counted<C> {
    /// Counts the commands of `channel` from now on.
    pub fn new(channel: C) -> Self {
        Self {
            channel,
            counter: Counter::default(),
        }
    }

    /// Adds the commands of `channel` to what `counter` has counted before, for a batch of cards.
    pub fn into(channel: C, counter: &Counter) -> Self {
        Self {
            channel,
            counter: counter.clone(),
        }
    }

    /// A reader of the figures that lives on its own.
    pub fn counter(&self) -> Counter {
        self.counter.clone()
    }

    /// The figures so far.
    pub fn figures(&self) -> Figures {
        self.counter.figures()
    }

    /// The channel without the counting.
    pub fn into_inner(self) -> C {
        self.channel
    }
}

impl<C: Channel> Channel for Counted<C> {
    crate::pass_on!(
        self => self.channel;
        name reset_answer protocol reset control reason is_bench lose_power_after change_interface comment
    );

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let begin = Instant::now();
        let answer = self.channel.transmit(command);
        let received = answer.as_ref().map_or(0, Vec::len);
        self.counter.add(command.len(), received, begin.elapsed());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::TranscriptChannel;

    #[test]
    fn counts_commands_bytes_and_line_time() {
        let text = "> 0084000008\n< 0102030405060708 9000\n> 00840000\n< 6700\n> 00840000";
        let mut channel = Counted::new(TranscriptChannel::from_text("t", text).expect("a transcript"));
        let counter = channel.counter();
        channel.transmit(&[0, 0x84, 0, 0, 8]).expect("recorded");
        let first = counter.figures();
        assert_eq!((first.apdus, first.sent, first.received), (1, 5, 10));
        assert_eq!(first.on(Line::Contact9600), Duration::from_millis(20));
        channel.transmit(&[0, 0x84, 0, 0]).expect("recorded");
        assert!(channel.transmit(&[0, 0x84, 0, 0]).is_err(), "pulled");
        let rest = counter.figures().since(&first);
        assert_eq!((rest.apdus, rest.sent, rest.received), (2, 8, 2));
    }
}
