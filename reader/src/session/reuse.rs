//! Old records with a new meaning: records of a version 1 card that hold, or shall hold, values of version 2.

use super::Session;
use super::file::Reach;
use super::write::Write;
use crate::decode::{EncodeError, Record, encode_reused, is_reused, marking_element};
use crate::error::{Operation, ReaderError};
use card_model::profile::{Element, ElementaryFile, Profile};

/// Behind a path: the value is meant as version 2, in a record of version 1.
const AS_VERSION_2: &str = "@2.0";

/// A path without the remark that its value is meant as version 2, and whether it had one.
pub(super) fn split_remark(path: &str) -> (&str, bool) {
    match path.strip_suffix(AS_VERSION_2) {
        Some(path) => (path, true),
        None => (path, false),
    }
}

/// The same file in the next version, whose values a rewritten version 1 record may hold.
pub(super) fn later_version(profile: &Profile, path: &str) -> Option<&'static ElementaryFile> {
    if profile.generation != 1 {
        return None;
    }
    let later = Profile::BUILTIN.iter().filter_map(|name| Profile::builtin(name).ok());
    let second = later.into_iter().find(|later| later.generation == 2)?;
    second.locate(path).ok().map(|located| located.file)
}

impl Session<'_> {
    /// The value of the record whose mark counts for an element, if it is another record than the element's own.
    pub(super) fn marking_record(
        &mut self,
        reach: &Reach<'_>,
        element: &Element,
    ) -> Result<Option<(u8, Vec<u8>)>, ReaderError> {
        let Some(marking) = marking_element(reach.file, element).filter(|marking| marking.tag != element.tag) else {
            return Ok(None);
        };
        let Some(tag) = marking.tag else { return Ok(None) };
        let value = self.read_tagged(reach, tag, 1, marking.length)?;
        Ok(value.map(|value| (tag, value)))
    }

    /// The write of a value that version 2 means, into a record of version 1: asked for by `@2.0` behind the path, or
    /// because the card says that the record is reused already. `None` for all other writes.
    ///
    /// # Errors
    /// The record cannot take the value, or would follow a mark that is not there and not among `paths`.
    pub(super) fn reused_write(
        &mut self,
        path: &str,
        text: &str,
        paths: &[&str],
    ) -> Result<Option<Write>, ReaderError> {
        let (path, asked) = split_remark(path);
        let profile = self.profile;
        let located = profile.locate(path)?;
        let reach = Reach::of(profile, &located);
        let Some(element) = located.element.filter(|_| located.inner.is_none()) else {
            return Ok(None);
        };
        let later = later_version(profile, &reach.path);
        let wrong = |cause| ReaderError::Value {
            path: located.path(),
            cause,
        };
        if element.reused.is_none() {
            return if asked {
                Err(wrong(EncodeError::NotReused))
            } else {
                Ok(None)
            };
        }
        let follows = marking_element(reach.file, element)
            .and_then(|marking| marking.tag)
            .filter(|tag| Some(*tag) != element.tag);
        // Marked in this very call: the companion's path, with the remark.
        let with = follows.is_some_and(|tag| {
            paths.iter().any(|other| {
                let (other, asked) = split_remark(other);
                let other = profile.locate(other).ok();
                asked
                    && other.is_some_and(|o| {
                        core::ptr::eq(o.file, located.file) && o.element.and_then(|element| element.tag) == Some(tag)
                    })
            })
        });
        let wanted = match follows {
            None if asked => true,
            _ if with => true,
            _ => {
                let marked = self.is_marked(&reach, element)?;
                if let (Some(tag), true, false) = (follows, asked, marked) {
                    return Err(wrong(EncodeError::NotMarked { tag }));
                }
                marked
            }
        };
        if !wanted {
            return Ok(None);
        }
        let bytes = encode_reused(element, later, text).map_err(wrong)?;
        Ok(Some(Write {
            path: located.path(),
            bytes,
        }))
    }

    /// Whether the card says that the record of an element is reused. Where the file cannot be read with what is there, it
    /// is taken as what version 1 made it.
    fn is_marked(&mut self, reach: &Reach<'_>, element: &Element) -> Result<bool, ReaderError> {
        match self.meet(reach, Operation::Read) {
            Ok(true) => {}
            Err(error @ ReaderError::Transport(_)) => return Err(error),
            _ => return Ok(false),
        }
        let Some(marking) = marking_element(reach.file, element) else {
            return Ok(false);
        };
        let tag = marking.tag.unwrap_or(0);
        let value = match self.read_tagged(reach, tag, 1, marking.length) {
            Ok(value) => value,
            Err(error @ ReaderError::Transport(_)) => return Err(error),
            Err(_) => None,
        };
        let later = later_version(self.profile, &reach.path);
        Ok(is_reused(reach.file, later, element, |_| value.as_deref()))
    }
}

/// The records that decide about one element: its own, and the one whose mark it follows.
pub(super) fn with_marking<'b>(own: Record<'b>, marking: Option<&'b (u8, Vec<u8>)>) -> Vec<Record<'b>> {
    let other = marking.map(|(tag, value)| Record { tag: *tag, value });
    std::iter::once(own).chain(other).collect()
}
