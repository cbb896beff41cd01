//! COS: CREATE FILE, ACTIVATE, ERASE STRUCTURE, GET CARD DATA (`card-model/COS.md`).

use super::certificate_key::{PRIVATE_FILE, PUBLIC_FILE};
use super::condition::Condition;
use super::file_system::FileSystem;
use super::identity;
use super::object::{DfKind, EfStructure, NewDf, NewEf, UpdateProtection};
use super::session::Session;
use super::{Card, Reply, Stop};
use crate::profile::KeyPair;
use crate::status::StatusWord as Sw;

/// Version of the COS commands.
const COS_VERSION: [u8; 2] = [1, 0];

/// Values of the tags of template 62, each at most once.
#[derive(Default)]
struct Template<'a> {
    descriptor: Option<&'a [u8]>,
    fid: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
    sfi: Option<&'a [u8]>,
    size: Option<&'a [u8]>,
    read: Option<&'a [u8]>,
    update: Option<&'a [u8]>,
    protection: Option<&'a [u8]>,
    key_pair: Option<&'a [u8]>,
    fci: Option<&'a [u8]>,
}

impl Card {
    pub(super) fn create_file(&mut self, session: &mut Session, template: &[u8]) -> Result<Reply, Stop> {
        self.need_master(session)?;
        let df = session.df;
        if self.files.is_activated(&self.memory, df) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        let template = Template::parse(template).ok_or(Sw::WRONG_DATA)?;
        let descriptor = template.descriptor.ok_or(Sw::WRONG_DATA)?;
        match descriptor.first() {
            Some(0x38) => self.create_df(df, DfKind::Ddf, &template)?,
            Some(0x39) => self.create_df(df, DfKind::Adf, &template)?,
            _ => self.create_ef(df, &template, descriptor)?,
        }
        Ok(Reply::new())
    }

    fn create_df(&mut self, parent: usize, kind: DfKind, template: &Template<'_>) -> Result<(), Stop> {
        let fid = template.fid().ok_or(Sw::WRONG_DATA)?;
        let name = template
            .name
            .filter(|name| (5..=16).contains(&name.len()))
            .ok_or(Sw::WRONG_DATA)?;
        let fci = template.fci.unwrap_or_default();
        // DDFs stand under the MF, ADFs under a DDF or, where the environment is the MF itself, under the MF.
        let fitting = match kind {
            DfKind::Mf => false,
            DfKind::Ddf => parent == 0,
            DfKind::Adf => self.files.dfs[parent].kind != DfKind::Adf,
        };
        if !fitting || !template.has_only_df_tags() || fci.len() > 64 || fid == 0x3F00 {
            return Err(Sw::WRONG_DATA.into());
        }
        let siblings = self
            .files
            .dfs
            .iter()
            .skip(1)
            .any(|df| df.parent == parent && df.fid == fid);
        if siblings || fid == self.files.dfs[parent].fid {
            return Err(Sw::FILE_EXISTS.into());
        }
        if self.files.dfs.iter().any(|df| df.name.as_slice() == name) {
            return Err(Sw::NAME_EXISTS.into());
        }
        Ok(self
            .files
            .create_df(&mut self.memory, parent, &NewDf { kind, fid, name, fci })?)
    }

    fn create_ef(&mut self, df: usize, template: &Template<'_>, descriptor: &[u8]) -> Result<(), Stop> {
        let fid = template.fid().ok_or(Sw::WRONG_DATA)?;
        let sfi = match template.sfi {
            None => 0,
            Some([sfi @ 1..=30]) => *sfi,
            Some(_) => return Err(Sw::WRONG_DATA.into()),
        };
        let size = template
            .size
            .and_then(|size| <[u8; 2]>::try_from(size).ok())
            .map(u16::from_be_bytes);
        let (structure, record_length, record_capacity, size) = match (descriptor, size) {
            ([0x01], Some(size)) => (EfStructure::Transparent, 0, 0, size),
            ([0x09], Some(size)) => (EfStructure::Internal, 0, 0, size),
            ([0x04], Some(size)) => (EfStructure::LinearVariable, 0, 0, size),
            ([0x02, length @ 1..=255, records @ 1..=254], None) => (
                EfStructure::LinearFixed,
                *length,
                *records,
                u16::from(*length) * u16::from(*records),
            ),
            ([0x06, length @ 1..=255, records @ 1..=254], None) => (
                EfStructure::Cyclic,
                *length,
                *records,
                u16::from(*length) * u16::from(*records),
            ),
            _ => return Err(Sw::WRONG_DATA.into()),
        };
        let protection = match template.protection {
            None | Some([0]) => UpdateProtection::None,
            Some([1]) => UpdateProtection::Mac,
            Some([2]) => UpdateProtection::EncryptionAndMac,
            Some(_) => return Err(Sw::WRONG_DATA.into()),
        };
        let condition = |value: Option<&'_ [u8]>| value.is_some_and(|value| Condition::decode(value).is_some());
        if !condition(template.read)
            || !condition(template.update)
            || template.name.is_some()
            || template.fci.is_some()
            || size == 0
        {
            return Err(Sw::WRONG_DATA.into());
        }
        let key_pair = match template.key_pair {
            None => None,
            Some([pair]) => Some(KeyPair::from_byte(*pair).ok_or(Sw::WRONG_DATA)?),
            Some(_) => return Err(Sw::WRONG_DATA.into()),
        };
        let key_size = match structure {
            EfStructure::Transparent => PUBLIC_FILE,
            EfStructure::Internal => PRIVATE_FILE,
            _ => 0,
        };
        if key_pair.is_some() && usize::from(size) != key_size {
            return Err(Sw::WRONG_DATA.into());
        }
        // One DF has at most one pair of each kind, so its files find each other.
        let clash = |ef: &usize| {
            let ef = &self.files.efs[*ef];
            let same_key = key_pair.is_some() && ef.key_pair == key_pair && ef.structure == structure;
            ef.fid == fid || sfi != 0 && ef.sfi == sfi || same_key
        };
        if self.files.dfs[df].files.iter().any(clash) {
            return Err(Sw::FILE_EXISTS.into());
        }
        let ef = NewEf {
            structure,
            fid,
            sfi,
            record_length,
            record_capacity,
            protection,
            read: template.read.unwrap_or_default(),
            update: template.update.unwrap_or_default(),
            size,
            key_pair,
        };
        Ok(self.files.create_ef(&mut self.memory, df, &ef)?)
    }

    pub(super) fn activate(&mut self, session: &mut Session) -> Result<Reply, Stop> {
        self.need_master(session)?;
        if self.files.is_activated(&self.memory, session.df) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        self.files.activate(&mut self.memory, session.df)?;
        Ok(Reply::new())
    }

    pub(super) fn erase(&mut self, session: &mut Session) -> Result<Reply, Stop> {
        self.need_master(session)?;
        let activated = (0..self.files.dfs.len()).any(|df| self.files.is_activated(&self.memory, df));
        if session.df != 0 || activated {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        self.files.erase(&mut self.memory)?;
        // Whatever was selected or found before is gone; the MF stays current with its state.
        session.ef = None;
        session.search = None;
        Ok(Reply::new())
    }

    pub(super) fn card_data(&self) -> Reply {
        let label = identity::label(&self.memory);
        let free = u32::try_from(FileSystem::free(&self.memory))
            .unwrap_or(u32::MAX)
            .to_be_bytes();
        let fields: [(u8, &[u8]); 5] = [
            (0x80, &[self.life_cycle() as u8]),
            (0x81, label.as_bytes()),
            (0x82, &[identity::algorithm(&self.memory).identifier()]),
            (0x83, &free),
            (0x84, &COS_VERSION),
        ];
        let mut inner = Reply::new();
        for (tag, value) in fields {
            inner.extend([tag, u8::try_from(value.len()).unwrap_or(0)]);
            inner.extend(value.iter().copied());
        }
        let mut reply = Reply::new();
        reply.extend([0xE0, u8::try_from(inner.len()).unwrap_or(0)]);
        reply.extend(inner);
        reply
    }

    fn need_master(&mut self, session: &Session) -> Result<(), Stop> {
        if session.master {
            return Ok(());
        }
        let condition = Some("MK".to_owned());
        self.refusal = Some(super::Refusal {
            file: Some(self.path(session.df, None)),
            condition,
            missing: vec!["MK".to_owned()],
        });
        Err(Sw::SECURITY_NOT_SATISFIED.into())
    }
}

impl<'a> Template<'a> {
    /// Parses `62 L { tag length value … }` with lengths up to 255.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (tag, inner, rest) = tlv(bytes)?;
        if tag != 0x62 || !rest.is_empty() {
            return None;
        }
        let mut template = Self::default();
        let mut inner = inner;
        while !inner.is_empty() {
            let (tag, value, rest) = tlv(inner)?;
            let field = match tag {
                0x80 => &mut template.size,
                0x82 => &mut template.descriptor,
                0x83 => &mut template.fid,
                0x84 => &mut template.name,
                0x88 => &mut template.sfi,
                0xA5 => &mut template.fci,
                0xC1 => &mut template.read,
                0xC2 => &mut template.update,
                0xC3 => &mut template.protection,
                0xC4 => &mut template.key_pair,
                _ => return None,
            };
            if field.replace(value).is_some() {
                return None;
            }
            inner = rest;
        }
        Some(template)
    }

    fn fid(&self) -> Option<u16> {
        self.fid
            .and_then(|fid| <[u8; 2]>::try_from(fid).ok())
            .map(u16::from_be_bytes)
    }

    fn has_only_df_tags(&self) -> bool {
        let ef_tags = [
            self.sfi,
            self.size,
            self.read,
            self.update,
            self.protection,
            self.key_pair,
        ];
        ef_tags.iter().all(Option::is_none) && self.descriptor.is_some_and(|descriptor| descriptor.len() == 1)
    }
}

/// One-byte tag, length in one byte or `81 xx`.
fn tlv(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = match rest {
        [0x81, length, rest @ ..] => (length, rest),
        [length @ 0..=0x7F, rest @ ..] => (length, rest),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((*tag, value, rest))
}
