//! What a bystander knows about the small card of [`crate::support::Terminal`]: keys, PIN, conditions and contents of files as they
//! were given to it, and the states that its answers imply. Nothing is asked of the card itself.

use crate::support::{BK, PUK, RK, STK, TRANSPORT, UK};
use card_model::crypto::{Algorithm, SessionKey};
use card_model::secret::Key;
use std::collections::{BTreeMap, BTreeSet};

/// A dedicated file by its file identifier.
pub type Df = u16;

/// A read or update condition, written a second time for this card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Free,
    Never,
    Pin,
    Key(u8),
    PinOrKey(u8),
    PinAndKey(u8),
}

/// Contents of an elementary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    Transparent(Vec<u8>),
    /// Records in order of creation.
    Linear {
        records: Vec<Vec<u8>>,
        fixed: Option<usize>,
    },
    /// Newest first.
    Cyclic {
        records: Vec<Vec<u8>>,
        length: usize,
        capacity: usize,
    },
    Internal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub read: Rule,
    pub update: Rule,
    pub contents: Contents,
    /// 0 none, 1 MAC, 2 encryption and MAC.
    pub protection: u8,
}

/// The bystander.
#[derive(Debug, Clone)]
pub struct Oracle {
    pub algorithm: Algorithm,
    pub files: BTreeMap<(Df, u8), File>,
    keys: BTreeMap<(Df, u8, u8), [u8; 16]>,
    masters: BTreeMap<Df, [u8; 16]>,
    /// Secure-messaging keys in order of loading: version, identifier, value.
    stks: BTreeMap<Df, Vec<(u8, u8, [u8; 16])>>,
    pub pin: Vec<u8>,
    pub df: Df,
    pub ef: Option<u8>,
    pointer: Option<usize>,
    verified: bool,
    authenticated: BTreeSet<u8>,
    pub challenge: Option<Vec<u8>>,
    pub blocked_applications: BTreeSet<Df>,
    pub card_blocked: bool,
}

pub const MF: Df = 0x3F00;
pub const ENVIRONMENT: Df = 0xDDF1;
pub const NEIGHBOUR: Df = 0xDDF2;
pub const DFS: [Df; 5] = [MF, ENVIRONMENT, NEIGHBOUR, 0xDF01, 0xDF02];

impl Oracle {
    /// The card as [`crate::support::Terminal::issued`] leaves it.
    pub fn new(algorithm: Algorithm) -> Self {
        let linear = |records: &[&[u8]]| Contents::Linear {
            records: records.iter().map(|r| r.to_vec()).collect(),
            fixed: None,
        };
        let mut files = BTreeMap::new();
        let mut add = |df, ef, read, update, contents, protection| {
            let file = File {
                read,
                update,
                contents,
                protection,
            };
            files.insert((df, ef), file);
        };
        add(NEIGHBOUR, 5, Rule::Pin, Rule::Key(0x0B), linear(&[]), 0);
        let five = &[1, 5, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5][..];
        add(ENVIRONMENT, 5, Rule::Free, Rule::Key(UK), linear(&[five]), 0);
        let six = linear(&[&[8, 3, 0xB1, 0xB2, 0xB3], &[9, 2, 0xC1, 0xC2]]);
        add(ENVIRONMENT, 6, Rule::Key(RK), Rule::Key(UK), six, 0);
        add(
            ENVIRONMENT,
            7,
            Rule::Free,
            Rule::Free,
            Contents::Transparent(vec![0; 300]),
            0,
        );
        let cyclic = Contents::Cyclic {
            records: vec![],
            length: 3,
            capacity: 4,
        };
        add(ENVIRONMENT, 8, Rule::Free, Rule::Free, cyclic, 0);
        let fixed = Contents::Linear {
            records: vec![],
            fixed: Some(4),
        };
        add(ENVIRONMENT, 9, Rule::Free, Rule::Free, fixed, 0);
        add(ENVIRONMENT, 0x0A, Rule::Never, Rule::Never, Contents::Internal, 0);
        let mut stks = BTreeMap::from([(ENVIRONMENT, vec![(1, STK, [STK; 16])])]);
        let mut keys = BTreeMap::new();
        for (id, version) in [(UK, 1), (BK, 1), (PUK, 1), (RK, 1)] {
            keys.insert((ENVIRONMENT, id, version), [id; 16]);
        }
        keys.insert((ENVIRONMENT, UK, 2), [0x14; 16]);
        keys.insert((NEIGHBOUR, 0x0B, 1), [0x0B; 16]);
        for df in [0xDF01, 0xDF02] {
            add(df, 5, Rule::PinOrKey(0x84), Rule::Free, linear(&[]), 0);
            add(df, 6, Rule::PinAndKey(0x84), Rule::Free, linear(&[]), 0);
            add(df, 0x0C, Rule::Free, Rule::Free, linear(&[]), 1);
            add(df, 0x0D, Rule::Free, Rule::Free, linear(&[]), 2);
            stks.insert(df, vec![(1, 0x82, [0x82; 16])]);
            for id in [0x83, 0x84] {
                keys.insert((df, id, 1), [id; 16]);
            }
        }
        Self {
            algorithm,
            files,
            keys,
            stks,
            masters: BTreeMap::from([
                (MF, TRANSPORT),
                (ENVIRONMENT, [0xD1; 16]),
                (NEIGHBOUR, [0xD2; 16]),
                (0xDF01, [0xA1; 16]),
                (0xDF02, [0xA2; 16]),
            ]),
            pin: vec![0x12, 0x34, 0x56],
            df: MF,
            ef: None,
            pointer: None,
            verified: false,
            authenticated: BTreeSet::new(),
            challenge: None,
            blocked_applications: BTreeSet::new(),
            card_blocked: false,
        }
    }

    /// After any power-on.
    pub fn power_on(&mut self) {
        self.df = MF;
        self.ef = None;
        self.pointer = None;
        self.verified = false;
        self.authenticated.clear();
        self.challenge = None;
    }

    /// A DF became current.
    pub fn enter(&mut self, df: Df) {
        self.ef = None;
        self.pointer = None;
        if self.df != df {
            self.df = df;
            self.authenticated.clear();
            self.challenge = None;
        }
    }

    /// The environment whose global keys and PIN are in force.
    pub fn environment(&self) -> Df {
        if self.df & 0xFF00 == 0xDF00 {
            ENVIRONMENT
        } else {
            self.df
        }
    }

    /// Whether a rule of the current DF holds.
    pub fn holds(&self, rule: Rule) -> bool {
        let pin = self.environment() == ENVIRONMENT && (self.verified || self.pin.is_empty());
        let key = |id| self.authenticated.contains(&id);
        match rule {
            Rule::Free => true,
            Rule::Never => false,
            Rule::Pin => pin,
            Rule::Key(id) => key(id),
            Rule::PinOrKey(id) => pin || key(id),
            Rule::PinAndKey(id) => pin && key(id),
        }
    }

    /// The value of a key as the current DF sees it: bit 8 of the identifier says whose it is.
    pub fn key(&self, id: u8, version: u8) -> Option<[u8; 16]> {
        let df = if id & 0x80 == 0 { self.environment() } else { self.df };
        self.keys.get(&(df, id, version)).copied()
    }

    /// The value of a DF's secure-messaging key: of several the one with the lowest version, loaded first.
    pub fn stk(&self, df: Df) -> Option<[u8; 16]> {
        let keys = self.stks.get(&df)?.iter();
        keys.min_by_key(|(version, ..)| *version).map(|(.., value)| *value)
    }

    /// Whether the data of an EXTERNAL AUTHENTICATION proves the key with the challenge in force, which is then used up.
    pub fn proves(&mut self, id: u8, data: &[u8]) -> bool {
        let version = data.get(16).copied().unwrap_or(1);
        let (Some(key), Some(challenge)) = (self.key(id, version), self.challenge.take()) else {
            return false;
        };
        let session = SessionKey::derive(self.algorithm, &Key::from(key), &challenge);
        session.authenticate(&data[8..16].try_into().unwrap())[..] == data[..8]
    }

    pub fn authenticated(&mut self, id: u8, success: bool) {
        if success {
            self.authenticated.insert(id);
        } else {
            self.authenticated.remove(&id);
        }
    }

    pub fn has_authenticated(&self, id: u8) -> bool {
        self.authenticated.contains(&id)
    }

    pub fn verified(&mut self, success: bool) {
        self.verified = success;
    }

    /// The file a command works on: the current one for SFI 0. Naming it makes it current and resets the record pointer.
    pub fn file(&mut self, sfi: u8) -> Option<&File> {
        if sfi != 0 {
            self.files.get(&(self.df, sfi))?;
            self.ef = Some(sfi);
            self.pointer = None;
        }
        self.files.get(&(self.df, self.ef?))
    }

    /// An elementary file was selected.
    pub fn open(&mut self, ef: u8) {
        assert!(
            self.files.contains_key(&(self.df, ef)),
            "a file of another DF was selected"
        );
        self.ef = Some(ef);
        self.pointer = None;
    }

    fn records(&self) -> (&[Vec<u8>], bool) {
        match self
            .ef
            .and_then(|ef| self.files.get(&(self.df, ef)))
            .map(|file| &file.contents)
        {
            Some(Contents::Linear { records, .. }) => (records, true),
            Some(Contents::Cyclic { records, .. }) => (records, false),
            _ => (&[], false),
        }
    }

    /// Index of the record that P1 and mode 0–4 mean in the current file.
    fn locate(&self, p1: u8, mode: u8) -> Option<usize> {
        let (records, tagged) = self.records();
        let fits = |i: &usize| p1 == 0 || tagged && records[*i].first() == Some(&p1);
        match (mode, self.pointer) {
            (4, pointer) if p1 == 0 => pointer,
            (4, _) => Some(usize::from(p1) - 1).filter(|i| *i < records.len()),
            (0, _) | (2, None) => (0..records.len()).find(fits),
            (1, _) | (3, None) => (0..records.len()).rfind(fits),
            (2, Some(pointer)) => (pointer + 1..records.len()).find(fits),
            (3, Some(pointer)) => (0..pointer).rfind(fits),
            _ => None,
        }
    }

    /// What READ RECORD must give; a read by identifier that succeeds moves the pointer.
    pub fn read_record(&mut self, p1: u8, mode: u8) -> Option<Vec<u8>> {
        if mode < 5 {
            let place = self.locate(p1, mode)?;
            if mode < 4 {
                self.pointer = Some(place);
            }
            return self.records().0.get(place).cloned();
        }
        let first = self.locate(p1, 4)?;
        let records = self.records().0[first..].iter();
        Some(if mode == 5 {
            records.flatten().copied().collect()
        } else {
            records.rev().flatten().copied().collect()
        })
    }

    /// A successful UPDATE RECORD.
    pub fn update_record(&mut self, p1: u8, mode: u8, data: &[u8]) {
        let place = self.locate(p1, mode);
        self.pointer = None;
        let file = self.files.get_mut(&(self.df, self.ef.unwrap())).unwrap();
        match &mut file.contents {
            Contents::Cyclic {
                records,
                length,
                capacity,
            } => {
                assert_eq!(data.len(), *length);
                match (p1, mode) {
                    (0, 3) => {
                        records.insert(0, data.to_vec());
                        records.truncate(*capacity);
                    }
                    (_, 4) => records[place.unwrap()] = data.to_vec(),
                    other => panic!("cyclic file updated with {other:?}"),
                }
            }
            Contents::Linear { records, fixed } => {
                assert_eq!(data.len(), usize::from(data[1]) + 2, "a record that is no TLV");
                assert!(
                    fixed.is_none_or(|length| length == data.len()),
                    "a record of wrong length"
                );
                match place {
                    Some(place) => records[place] = data.to_vec(),
                    None => records.push(data.to_vec()),
                }
            }
            other => panic!("record written to {other:?}"),
        }
    }

    /// Low bytes of the files of the current DF.
    pub fn file_numbers(&self) -> Vec<u8> {
        self.files
            .keys()
            .filter(|(df, _)| *df == self.df)
            .map(|(_, ef)| *ef)
            .collect()
    }

    /// Low bytes of its transparent files.
    pub fn transparent_numbers(&self) -> Vec<u8> {
        let mut numbers = self.file_numbers();
        numbers.retain(|ef| matches!(self.files[&(self.df, *ef)].contents, Contents::Transparent(_)));
        numbers
    }

    /// Identifiers of the keys that the current DF can see.
    pub fn key_ids(&self) -> Vec<u8> {
        let seen = |df: &Df, id: &u8| *df == if id & 0x80 == 0 { self.environment() } else { self.df };
        self.keys
            .keys()
            .filter(|(df, id, _)| *id != 0 && seen(df, id))
            .map(|(_, id, _)| *id)
            .collect()
    }

    /// Values of P1 that name a record of the current file: tags for modes 0–3, else numbers.
    pub fn record_names(&self, mode: u8) -> Vec<u8> {
        let (records, tagged) = self.records();
        match mode {
            0..=3 if tagged => records.iter().filter_map(|record| record.first().copied()).collect(),
            0..=3 => vec![0],
            _ => (1..=records.len() as u8 + 1).collect(),
        }
    }

    /// A record that fits where it goes.
    pub fn fitting_record(&self, p1: u8, mode: u8, value: u8) -> Vec<u8> {
        let (records, _) = self.records();
        let mut record = match self
            .ef
            .and_then(|ef| self.files.get(&(self.df, ef)))
            .map(|file| &file.contents)
        {
            Some(Contents::Cyclic { length, .. }) => return vec![value; *length],
            Some(Contents::Linear {
                fixed: Some(length), ..
            }) => vec![1 + value % 9, *length as u8 - 2, value, value],
            _ => vec![1 + value % 9, 3, value, value, value],
        };
        if let Some(place) = self.locate(p1, mode) {
            record.clone_from(&records[place]);
            record[2..].fill(value);
        } else if mode < 4 && p1 != 0 {
            record[0] = p1;
        }
        record
    }

    /// A successful UPDATE BINARY of the current file.
    pub fn update_binary(&mut self, offset: usize, data: &[u8]) {
        self.pointer = None;
        match &mut self.files.get_mut(&(self.df, self.ef.unwrap())).unwrap().contents {
            Contents::Transparent(bytes) => bytes[offset..offset + data.len()].copy_from_slice(data),
            other => panic!("bytes written to {other:?}"),
        }
    }

    /// Master key of a DF.
    pub fn master(&self, df: Df) -> [u8; 16] {
        self.masters[&df]
    }

    /// A LOAD KEY or REPLACE KEY that succeeded, made by this test with known keys.
    pub fn replaced(&mut self, command: &[u8]) {
        use card_model::crypto::decrypt_data;
        let under = Key::from(self.masters[&self.df]);
        let plain =
            decrypt_data(self.algorithm, &under, &command[5..command.len() - 4]).expect("a key under its master");
        let (kind, id, version, value) = (plain[0], plain[1], plain[2], &plain[8..]);
        match kind {
            0 => drop(self.masters.insert(self.df, value.try_into().unwrap())),
            1 => self.pin = value[..usize::from(plain[7])].to_vec(),
            7 => {
                let keys = self.stks.entry(self.df).or_default();
                let value = value.try_into().unwrap();
                match keys.iter_mut().find(|(v, i, _)| (*v, *i) == (version, id)) {
                    Some(key) => key.2 = value,
                    None => keys.push((version, id, value)),
                }
            }
            0x0D | 0x10..=0x12 => drop(self.keys.insert((self.df, id, version), value.try_into().unwrap())),
            _ => {}
        }
    }

    /// A CREATE FILE that succeeded; the test makes free linear files only.
    pub fn created(&mut self, template: &[u8]) {
        let field = |tag: u8| {
            let mut rest = &template[2..];
            while let [t, length, tail @ ..] = rest {
                let (value, next) = tail.split_at(usize::from(*length));
                if *t == tag {
                    return value;
                }
                rest = next;
            }
            &[]
        };
        let rule = |value: &[u8]| match value {
            [] => Rule::Never,
            [0] => Rule::Free,
            [1] => Rule::Pin,
            other => panic!("a condition nobody made: {other:?}"),
        };
        let file = File {
            read: rule(field(0xC1)),
            update: rule(field(0xC2)),
            contents: Contents::Linear {
                records: Vec::new(),
                fixed: None,
            },
            protection: 0,
        };
        self.files.insert((self.df, field(0x83)[1]), file);
    }
}
