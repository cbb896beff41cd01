//! Reading back what was written, and comparing it.

use super::Session;
use super::file::Reach;
use super::write::{Write, Written, settle};
use crate::decode::split_records;
use crate::error::{Operation, ReaderError};
use card_model::profile::{Located, Structure};

impl Session<'_> {
    /// Reads back what was written in one dedicated file and compares, file by file. Where the read condition cannot be
    /// met nothing is compared, and nobody is asked for a PIN for it.
    pub(super) fn compare(
        &mut self,
        indexes: &[usize],
        located: &[Located<'_>],
        writes: &[Write],
        results: &mut [Written],
    ) -> Result<(), ReaderError> {
        let mut appended = std::collections::HashMap::<u16, u8>::new();
        for at in indexes.iter().rev() {
            if !results[*at].ok {
                continue;
            }
            let reach = Reach::of(self.profile, &located[*at]);
            // Of several writes to one place only the last one is there to be compared.
            let cyclic = matches!(reach.file.structure, Structure::Cyclic { .. });
            let later =
                |other: &&usize| **other > *at && results[**other].path == results[*at].path && results[**other].ok;
            if !cyclic && indexes.iter().find(later).is_some() {
                continue;
            }
            let pins = self.pins.take();
            let met = self.meet(&reach, Operation::Read);
            self.pins = pins;
            if !matches!(met, Ok(true)) {
                settle(met.map(|_| ()), &mut None)?;
                continue;
            }
            let number = appended.entry(reach.file.fid).or_insert(0);
            *number += u8::from(cyclic);
            let back = self.read_back(&reach, &located[*at], *number, writes[*at].bytes.len());
            let Some(back) = settle(back, &mut results[*at].error)? else {
                results[*at].ok = false;
                continue;
            };
            results[*at].compared = true;
            if back != writes[*at].bytes {
                results[*at].ok = false;
                results[*at].error = Some(ReaderError::ReadBack {
                    path: results[*at].path.clone(),
                });
            }
        }
        Ok(())
    }

    /// Bytes as the card holds them now; `number` is the record of a cyclic file.
    fn read_back(
        &mut self,
        reach: &Reach<'_>,
        located: &Located<'_>,
        number: u8,
        length: usize,
    ) -> Result<Vec<u8>, ReaderError> {
        match (located.element, located.inner) {
            (Some(element), inner) => {
                let tag = element.tag.unwrap_or(0);
                let value = self
                    .read_tagged(reach, tag, located.occurrence, element.length)?
                    .unwrap_or_default();
                let Some(inner) = inner else { return Ok(value) };
                let fields = split_records(&value).unwrap_or_default();
                Ok(fields
                    .iter()
                    .find(|field| Some(field.tag) == inner.tag)
                    .map(|field| field.value.to_vec())
                    .unwrap_or_default())
            }
            (None, _) => match reach.file.structure {
                Structure::Cyclic { .. } => self.read_record_number(reach, number, length),
                _ => self.read_transparent(reach, u16::try_from(length).unwrap_or(u16::MAX)),
            },
        }
    }
}
