//! Reading and writing bytes as they stand on the card, for interfaces that give values a form of their own.
//!
//! Nothing is authenticated here: who asks has met the condition before, or gets the card's refusal.

use super::Session;
use super::file::Reach;
use crate::error::ReaderError;
use card_model::profile::{Located, Structure};

impl Session<'_> {
    /// Value of an element, without tag and length; `None` where the record was never written.
    pub(crate) fn raw_element(&mut self, located: &Located<'_>) -> Result<Option<Vec<u8>>, ReaderError> {
        let reach = Reach::of(self.profile, located);
        let Some(element) = located.element else {
            return Err(ReaderError::NoElement { path: located.path() });
        };
        self.read_tagged(&reach, element.tag.unwrap_or(0), located.occurrence, element.length)
    }

    /// Records of a cyclic file, newest first: all, or the one with a number.
    pub(crate) fn raw_records(
        &mut self,
        located: &Located<'_>,
        number: Option<u8>,
    ) -> Result<Vec<Vec<u8>>, ReaderError> {
        let reach = Reach::of(self.profile, located);
        let Some(number) = number else {
            return self.read_numbered(&reach);
        };
        let length = located.file.record_length().map_or(256, usize::from);
        let bytes = self.read_record_number(&reach, number, length)?;
        Ok(if bytes.is_empty() { Vec::new() } else { vec![bytes] })
    }

    /// Contents of a transparent file.
    pub(crate) fn raw_contents(&mut self, located: &Located<'_>) -> Result<Vec<u8>, ReaderError> {
        let reach = Reach::of(self.profile, located);
        match located.file.structure {
            Structure::Transparent { size } => self.read_transparent(&reach, size),
            _ => Err(ReaderError::NoElement { path: located.path() }),
        }
    }
}
