//! Non-volatile memory: every change is all-or-nothing, and power can be lost after any single write (STD-P7 §14).
//!
//! A change of more than one word goes through a redo journal: the new bytes are written aside, one word declares them
//! valid, they are copied home, the word is cleared. Whatever moment the power goes, [`Memory::recover`] finds either no
//! valid journal (the old state stands) or a valid one (the new state is completed). Words are the unit the chip writes
//! at once.

/// Bytes the chip writes at once; a power cut falls between words.
pub const WORD: usize = 4;

/// Bytes of the journal: marker word, then entries.
const JOURNAL_CAPACITY: usize = 2048;

/// Upper half of the marker of a valid journal; the lower half is its length in bytes.
const JOURNAL_VALID: u16 = 0xC35A;

/// Bytes before each entry's data: address (4) and length (2).
const ENTRY_HEADER: usize = 6;

/// First address of the journal; the image header stands before it.
const JOURNAL: usize = 16;

/// First address that belongs to the card's own data.
pub const DATA: usize = JOURNAL + WORD + JOURNAL_CAPACITY;

/// The power was taken away in the middle of a write, or the change is larger than the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    /// No power any more; the card is dead until the next power-on.
    PowerLost,
    /// More bytes than one change may have.
    TooLarge,
}

/// A step of the journal that a test can take away, to show that it would notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JournalStep {
    /// The new bytes are written aside.
    Aside,
    /// One word declares them valid.
    Declare,
    /// The word is cleared when all is home.
    Clear,
    /// A valid journal is completed at power-on.
    Recover,
}

impl JournalStep {
    /// All of them, in the order in which they happen.
    pub const ALL: [Self; 4] = [Self::Aside, Self::Declare, Self::Clear, Self::Recover];
}

/// The memory of one card. It holds keys, so it has no `Debug`.
#[derive(Clone)]
pub struct Memory {
    image: Vec<u8>,
    /// Raw writes since they were last taken, when somebody mirrors them to a file.
    mirror: Option<Vec<(usize, Vec<u8>)>>,
    /// Words that may still be written before the power goes; `None` for stable power.
    power: Option<u64>,
    /// Words written since the card was made, for wear and for choosing cut points.
    words: u64,
    /// Step of the journal that is left out: a broken chip, for tests of tests.
    broken: Option<JournalStep>,
}

impl Memory {
    /// Erased memory: `header` at address 0, `size` bytes of data behind header and journal.
    pub fn new(header: &[u8; JOURNAL], size: usize) -> Self {
        let mut image = vec![0; DATA + size];
        image[..JOURNAL].copy_from_slice(header);
        Self {
            image,
            mirror: None,
            power: None,
            words: 0,
            broken: None,
        }
    }

    /// Memory with the given contents, header and journal included.
    pub fn from_image(image: Vec<u8>) -> Self {
        Self {
            image,
            mirror: None,
            power: None,
            words: 0,
            broken: None,
        }
    }

    /// All bytes, header and journal included.
    pub fn image(&self) -> &[u8] {
        &self.image
    }

    /// Starts to keep raw writes for [`Memory::take_writes`].
    pub fn record_writes(&mut self) {
        self.mirror.get_or_insert_default();
    }

    /// Raw writes since the last call, in order.
    pub fn take_writes(&mut self) -> Vec<(usize, Vec<u8>)> {
        self.mirror.as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// Lets the power go after `words` more words; `None` makes it stable.
    pub fn limit_power(&mut self, words: Option<u64>) {
        self.power = words;
    }

    /// Leaves a step of the journal out from now on, so that power cuts tear; `None` mends the chip.
    pub fn break_journal(&mut self, step: Option<JournalStep>) {
        self.broken = step;
    }

    /// Words written so far.
    pub fn words_written(&self) -> u64 {
        self.words
    }

    /// Bytes at `range`; addresses outside the memory read as nothing.
    pub fn read(&self, address: usize, length: usize) -> &[u8] {
        self.image.get(address..address + length).unwrap_or_default()
    }

    /// One byte.
    pub fn byte(&self, address: usize) -> u8 {
        self.image.get(address).copied().unwrap_or(0)
    }

    /// Two bytes, big endian.
    pub fn half(&self, address: usize) -> u16 {
        u16::from_be_bytes([self.byte(address), self.byte(address + 1)])
    }

    /// Four bytes, big endian.
    pub fn word(&self, address: usize) -> u32 {
        u32::from(self.half(address)) << 16 | u32::from(self.half(address + 2))
    }

    /// Writes all of `changes` or none of them.
    ///
    /// # Errors
    /// Power lost (the change is then decided at the next [`Memory::recover`]) or more bytes than the journal holds.
    pub fn commit(&mut self, changes: &[(usize, &[u8])]) -> Result<(), WriteError> {
        if let [(address, bytes)] = changes
            && bytes.len() <= WORD
        {
            return self.write(*address, bytes);
        }
        let length: usize = changes.iter().map(|(_, bytes)| ENTRY_HEADER + bytes.len()).sum();
        if length > JOURNAL_CAPACITY {
            return Err(WriteError::TooLarge);
        }
        let mut journal = Vec::with_capacity(length);
        for (address, bytes) in changes {
            journal.extend_from_slice(&u32::try_from(*address).unwrap_or(u32::MAX).to_be_bytes());
            journal.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
            journal.extend_from_slice(bytes);
        }
        if self.broken != Some(JournalStep::Aside) {
            self.write(JOURNAL + WORD, &journal)?;
        }
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        let marker = u32::from(JOURNAL_VALID) << 16 | u32::from(length);
        if self.broken != Some(JournalStep::Declare) {
            self.write(JOURNAL, &marker.to_be_bytes())?;
        }
        for (address, bytes) in changes {
            self.write(*address, bytes)?;
        }
        if self.broken == Some(JournalStep::Clear) {
            return Ok(());
        }
        self.write(JOURNAL, &[0; WORD])
    }

    /// Erases bytes that no valid structure refers to yet; not protected by the journal.
    ///
    /// # Errors
    /// Power lost.
    pub fn erase(&mut self, address: usize, length: usize) -> Result<(), WriteError> {
        if self.read(address, length).iter().all(|b| *b == 0) {
            return Ok(());
        }
        self.write(address, &vec![0; length])
    }

    /// Completes a change that was declared valid before the power went. Runs at every power-on, before any command.
    ///
    /// # Errors
    /// The power went again; the next power-on tries again.
    pub fn recover(&mut self) -> Result<(), WriteError> {
        let marker = self.word(JOURNAL);
        if self.broken == Some(JournalStep::Recover) {
            return Ok(());
        }
        if marker >> 16 != u32::from(JOURNAL_VALID) {
            return Ok(());
        }
        let length = usize::from(self.half(JOURNAL + 2)).min(JOURNAL_CAPACITY);
        let journal = self.read(JOURNAL + WORD, length).to_vec();
        let mut rest = journal.as_slice();
        while let Some((header, tail)) = rest.split_at_checked(ENTRY_HEADER) {
            let address = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
            let Some((bytes, next)) = tail.split_at_checked(usize::from(u16::from_be_bytes([header[4], header[5]])))
            else {
                break;
            };
            self.write(address, bytes)?;
            rest = next;
        }
        self.write(JOURNAL, &[0; WORD])
    }

    /// The chip's write, word after word.
    fn write(&mut self, address: usize, bytes: &[u8]) -> Result<(), WriteError> {
        let words = bytes.len().div_ceil(WORD) as u64;
        let possible = self.power.map_or(words, |left| left.min(words));
        let length = if possible == words {
            bytes.len()
        } else {
            (possible as usize) * WORD
        };
        if let Some(target) = self.image.get_mut(address..address + length) {
            target.copy_from_slice(&bytes[..length]);
            if let Some(mirror) = &mut self.mirror
                && length > 0
            {
                mirror.push((address, bytes[..length].to_vec()));
            }
        }
        self.words += possible;
        if let Some(left) = &mut self.power {
            *left -= possible;
        }
        if possible == words {
            Ok(())
        } else {
            Err(WriteError::PowerLost)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state after a cut at any word is the old or the new one, also when recovery itself is cut.
    #[test]
    fn a_change_is_old_or_new_after_a_cut_at_any_word() {
        let old = Memory::new(&[0; JOURNAL], 64);
        let changes: [(usize, &[u8]); 2] = [(DATA + 3, &[1; 17]), (DATA + 40, &[2; 9])];
        let mut new = old.clone();
        new.commit(&changes).unwrap();
        let (mut seen_old, mut seen_new) = (0, 0);
        for cut in 0..new.words_written() {
            for second_cut in 0..12 {
                let mut torn = old.clone();
                torn.limit_power(Some(cut));
                assert_eq!(torn.commit(&changes), Err(WriteError::PowerLost));
                torn.limit_power(Some(second_cut));
                let _ = torn.recover();
                torn.limit_power(None);
                torn.recover().unwrap();
                match &torn.image[DATA..] {
                    data if data == &old.image[DATA..] => seen_old += 1,
                    data if data == &new.image[DATA..] => seen_new += 1,
                    _ => panic!("torn state after cut {cut}, {second_cut}"),
                }
            }
        }
        assert!(seen_old > 0 && seen_new > 0);
    }

    #[test]
    fn a_mirror_that_applies_the_writes_in_order_is_the_image() {
        let mut memory = Memory::new(&[0; JOURNAL], 64);
        let mut copy = memory.image().to_vec();
        memory.record_writes();
        memory.commit(&[(DATA, &[7; 30]), (DATA + 50, &[8; 3])]).unwrap();
        for (address, bytes) in memory.take_writes() {
            copy[address..address + bytes.len()].copy_from_slice(&bytes);
        }
        assert_eq!(copy, memory.image());
    }
}
