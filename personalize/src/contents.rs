//! What is written into a card: every element of every file that can be written, those nobody gave a value for as empty items,
//! so that record numbers are right (`spec/files.md` §0.3, §9.1).

use crate::error::IssueError;
use crate::holders::{Holder, Value};
use crate::numbers::CardNumber;
use crate::settings::Settings;
use crate::standard::path;
use crate::target::{Part, Target};
use card_model::profile::{Element, ElementaryFile, FileClass, Profile, Structure};
use jiff::civil::Date;
use reader::decode::encode;

/// The empty contents of a card version, worked out once for a batch.
#[derive(Debug, Clone)]
pub struct Layout<'p> {
    profile: &'p Profile,
    files: Vec<FileContents>,
    elements: Roles,
}

/// Contents of one elementary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileContents {
    /// Index of the dedicated file.
    pub dedicated: usize,
    /// Index of the elementary file in it.
    pub file: usize,
    /// Whether it holds a value of this card, and not only empty items.
    pub given: bool,
    /// Contents.
    pub body: Body,
}

/// Contents by structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Records with tags, concatenated as the card answers them.
    Linear {
        /// Where each record is.
        records: Vec<Slot>,
        /// All of them.
        bytes: Vec<u8>,
    },
    /// A transparent file; `None` where nothing is to be written.
    Transparent(Option<Vec<u8>>),
    /// Records of a cyclic file, oldest first.
    Cyclic(Vec<Vec<u8>>),
}

/// A record inside [`Body::Linear`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Index of the element in the profile.
    pub element: usize,
    /// Which of the records with the tag, from 0.
    pub nth: u8,
    /// Tag.
    pub tag: u8,
    /// Record number from 1.
    pub number: u8,
    /// Whether the tag names this record and no other.
    pub unique: bool,
    /// Offset of the tag.
    pub start: usize,
    /// Length with tag and length.
    pub length: usize,
}

/// Elements that issuing fills by itself.
#[derive(Debug, Clone, Copy)]
struct Roles {
    card_id: Target,
    category: Target,
    version: Target,
    institution: Target,
    issue_date: Target,
    expiry_date: Target,
    card_number: Target,
}

/// Values of one card besides its holder's.
#[derive(Debug, Clone)]
pub struct CardValues<'a> {
    /// Settings of the office.
    pub settings: &'a Settings,
    /// Card number.
    pub card_number: &'a CardNumber,
    /// Card identification code.
    pub card_id: [u8; 16],
    /// Initialising institution that the card holds already, if any.
    pub institution: Option<[u8; 12]>,
    /// The day of issuing, where neither holder nor settings name one.
    pub today: Date,
}

/// The whole contents of one card.
#[derive(Clone)]
pub struct Contents {
    pub(crate) files: Vec<FileContents>,
}

impl core::fmt::Debug for Contents {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Contents")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

impl<'p> Layout<'p> {
    /// Works out the empty contents of a card version.
    ///
    /// # Errors
    /// The profile lacks an element that every card has, such as the card number.
    pub fn new(profile: &'p Profile) -> Result<Self, IssueError> {
        let find = |path: &str| {
            let found = Target::find(profile, path);
            found.ok_or_else(|| IssueError::Profile { path: path.to_owned() })
        };
        let elements = Roles {
            card_id: find(path::CARD_ID)?,
            category: find(path::CARD_CATEGORY)?,
            version: find(path::SPECIFICATION_VERSION)?,
            institution: find(path::INSTITUTION)?,
            issue_date: find(path::ISSUE_DATE)?,
            expiry_date: find(path::EXPIRY_DATE)?,
            card_number: find(path::CARD_NUMBER)?,
        };
        let mut files = Vec::new();
        for dedicated in profile.depth_first() {
            let Some(df) = profile.dedicated_files.get(dedicated) else {
                continue;
            };
            for (file, ef) in df.files.iter().enumerate() {
                if ef.class == FileClass::System || ef.update.is_never() {
                    continue;
                }
                if let Some(body) = empty_body(ef, &|_| false) {
                    files.push(FileContents {
                        dedicated,
                        file,
                        given: false,
                        body,
                    });
                }
            }
        }
        Ok(Self {
            profile,
            files,
            elements,
        })
    }

    /// The profile.
    pub fn profile(&self) -> &'p Profile {
        self.profile
    }

    /// Commands that writing and reading back takes, empty pictures and cyclic files left out.
    pub(crate) fn planned_commands(&self) -> u64 {
        let mut commands = 0;
        let mut keys: Vec<(usize, &str)> = Vec::new();
        let mut dedicated = Vec::new();
        for file in &self.files {
            let Body::Linear { records, bytes } = &file.body else {
                continue;
            };
            let Some(df) = self.profile.dedicated_files.get(file.dedicated) else {
                continue;
            };
            let Some(ef) = df.files.get(file.file) else { continue };
            dedicated.push(file.dedicated);
            for access in [&ef.update, &ef.read] {
                let term = access.terms.iter().min_by_key(|term| term.pin);
                keys.extend(
                    term.into_iter()
                        .flat_map(|term| &term.keys)
                        .map(|key| (file.dedicated, key.as_str())),
                );
            }
            commands += records.len() as u64 + if bytes.len() < 256 { 1 } else { records.len() as u64 };
        }
        keys.sort_unstable();
        keys.dedup();
        dedicated.dedup();
        // SELECT with its GET RESPONSE; challenge and authentication; internal authentication with two challenges.
        commands + 2 * (dedicated.len() + keys.len()) as u64 + 6
    }

    /// The contents of a card for a holder.
    ///
    /// # Errors
    /// A value has no place in this card version.
    pub fn fill(&self, holder: &Holder, card: &CardValues<'_>) -> Result<Contents, IssueError> {
        let mut contents = Contents {
            files: self.files.clone(),
        };
        let roles = &self.elements;
        let settings = card.settings;
        let issue = holder.issue_date.or(settings.issue_date).unwrap_or(card.today);
        let broken = |path: &str| IssueError::Profile { path: path.to_owned() };
        let expiry = holder
            .expiry_date
            .or_else(|| settings.expiry(issue))
            .ok_or_else(|| broken(path::EXPIRY_DATE))?;
        self.put(&mut contents, roles.card_id, &card.card_id)?;
        self.put_text(&mut contents, roles.category, &settings.card_category.to_string())?;
        self.put_text(&mut contents, roles.version, &self.profile.specification_version)?;
        let institution = card.institution.as_ref().unwrap_or(settings.institution.bytes());
        self.put(&mut contents, roles.institution, institution)?;
        self.put_text(&mut contents, roles.issue_date, &digits(issue))?;
        self.put_text(&mut contents, roles.expiry_date, &digits(expiry))?;
        self.put_text(&mut contents, roles.card_number, card.card_number.as_str())?;
        let number = Target::find(self.profile, path::SOCIAL_SECURITY_NUMBER);
        let number = number.ok_or_else(|| broken(path::SOCIAL_SECURITY_NUMBER))?;
        self.put_text(&mut contents, number, holder.number.as_str())?;
        self.add_optional(&mut contents, holder);
        for (target, value) in &holder.values {
            self.put_value(&mut contents, *target, value)?;
        }
        Ok(contents)
    }

    /// Optional records exist only where the holder has a value for them; the numbers of those behind them shift.
    fn add_optional(&self, contents: &mut Contents, holder: &Holder) {
        let given = |target: &Target| {
            let Part::Record { element, .. } = target.part else {
                return None;
            };
            let file = target.file(self.profile)?;
            file.elements
                .get(element)
                .filter(|e| e.optional)
                .map(|_| (target.dedicated, target.file, file))
        };
        for (dedicated, number, file) in holder.values.iter().filter_map(|(target, _)| given(target)) {
            let keep = |element: &Element| {
                let wanted = |target: &Target| target.dedicated == dedicated && target.file == number;
                let same = |target: &Target| target.element(self.profile).is_some_and(|e| core::ptr::eq(e, element));
                holder.values.iter().any(|(target, _)| wanted(target) && same(target))
            };
            let place = contents
                .files
                .iter_mut()
                .find(|f| f.dedicated == dedicated && f.file == number);
            if let (Some(place), Some(body)) = (place, empty_body(file, &keep)) {
                place.body = body;
            }
        }
    }

    fn put_text(&self, contents: &mut Contents, target: Target, text: &str) -> Result<(), IssueError> {
        let broken = || IssueError::Profile {
            path: target.path(self.profile),
        };
        let element = target.element(self.profile).ok_or_else(broken)?;
        let bytes = encode(element, text).map_err(|_| broken())?;
        self.put(contents, target, &bytes)
    }

    fn put_value(&self, contents: &mut Contents, target: Target, value: &Value) -> Result<(), IssueError> {
        match value {
            Value::Bytes(bytes) => self.put(contents, target, bytes),
            Value::Records(records) => {
                let place = contents.find(target).ok_or_else(|| self.no_place(target))?;
                *place = Body::Cyclic(records.clone());
                Ok(())
            }
        }
    }

    fn put(&self, contents: &mut Contents, target: Target, value: &[u8]) -> Result<(), IssueError> {
        let inner_offset = self.inner_offset(target);
        let no_place = || self.no_place(target);
        match (contents.find(target).ok_or_else(no_place)?, target.part) {
            (Body::Linear { records, bytes }, Part::Record { element, nth, .. }) => {
                let slot = records
                    .iter()
                    .find(|slot| slot.element == element && slot.nth == nth)
                    .ok_or_else(no_place)?;
                let start = slot.start + 2 + inner_offset;
                let room = bytes
                    .get_mut(start..start + value.len())
                    .filter(|_| start + value.len() <= slot.end());
                room.ok_or_else(no_place)?.copy_from_slice(value);
                Ok(())
            }
            (Body::Transparent(content), Part::Whole) => {
                *content = Some(value.to_vec());
                Ok(())
            }
            _ => Err(no_place()),
        }
    }

    /// Where the value of an inner element begins in its template.
    fn inner_offset(&self, target: Target) -> usize {
        let Part::Record {
            element,
            inner: Some(inner),
            ..
        } = target.part
        else {
            return 0;
        };
        let outer = target.file(self.profile).and_then(|file| file.elements.get(element));
        let before = outer.map(|outer| {
            outer
                .inner
                .iter()
                .take(inner)
                .map(|e| 2 + usize::from(e.length))
                .sum::<usize>()
        });
        before.unwrap_or(0) + 2
    }

    fn no_place(&self, target: Target) -> IssueError {
        IssueError::Profile {
            path: target.path(self.profile),
        }
    }
}

impl Contents {
    /// The body that a value goes to; the file is no longer an empty one.
    fn find(&mut self, target: Target) -> Option<&mut Body> {
        let mut files = self.files.iter_mut();
        files
            .find(|file| file.dedicated == target.dedicated && file.file == target.file)
            .map(|file| {
                file.given = true;
                &mut file.body
            })
    }
}

impl Slot {
    /// Offset behind the record.
    pub fn end(&self) -> usize {
        self.start + self.length
    }
}

fn digits(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// The file with empty items; `None` for files that are not written from outside.
fn empty_body(file: &ElementaryFile, keep: &dyn Fn(&Element) -> bool) -> Option<Body> {
    match file.structure {
        Structure::Internal { .. } => None,
        Structure::Transparent { .. } => Some(Body::Transparent(None)),
        Structure::Cyclic { .. } => Some(Body::Cyclic(Vec::new())),
        Structure::LinearVariable | Structure::LinearFixed => {
            let (mut records, mut bytes) = (Vec::new(), Vec::new());
            for record in file.records_with(keep) {
                let start = bytes.len();
                let tag = record.element.tag.unwrap_or(0);
                // An empty text is always allowed.
                let value = encode(record.element, "").unwrap_or_default();
                bytes.extend([tag, u8::try_from(value.len()).ok()?]);
                bytes.extend_from_slice(&value);
                records.push(Slot {
                    element: file.elements.iter().position(|e| core::ptr::eq(e, record.element))?,
                    nth: record.occurrence - 1,
                    tag,
                    number: record.number,
                    unique: record.element.repeat <= 1,
                    start,
                    length: bytes.len() - start,
                });
            }
            Some(Body::Linear { records, bytes })
        }
    }
}
