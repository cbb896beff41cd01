//! Questions to a profile: files by name and path, keys by name, sizes, records in order.

use crate::profile::{
    Access, DedicatedFile, DedicatedFileKind, Element, ElementaryFile, KeyDefinition, KeyPair, KeyRole, PinDefinition,
    PinRole, Profile, Structure,
};

/// A record of a linear file: which element it holds, and which of its repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Record number from 1, optional elements left out.
    pub number: u8,
    /// Element.
    pub element: &'a Element,
    /// Which of the records with this tag, from 1.
    pub occurrence: u8,
}

/// A condition that names a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse<'a> {
    /// Dedicated file.
    pub dedicated_file: &'a DedicatedFile,
    /// Elementary file.
    pub file: &'a ElementaryFile,
    /// In the read condition.
    pub read: bool,
    /// In the update condition.
    pub update: bool,
}

impl Profile {
    /// A dedicated file by its id, such as `SSSE` or `DF01`.
    pub fn dedicated_file(&self, id: &str) -> Option<&DedicatedFile> {
        self.dedicated_files.iter().find(|df| df.id == id)
    }

    /// Index of a dedicated file in [`Profile::dedicated_files`] by its id.
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.dedicated_files.iter().position(|df| df.id == id)
    }

    /// A dedicated file by its DF name, whole.
    pub fn dedicated_file_named(&self, name: &[u8]) -> Option<&DedicatedFile> {
        self.dedicated_files
            .iter()
            .find(|df| !df.name.is_empty() && df.name == name)
    }

    /// Indexes of the dedicated files directly below one, in table order.
    pub fn children(&self, index: usize) -> impl Iterator<Item = usize> {
        self.dedicated_files
            .iter()
            .enumerate()
            .filter(move |(_, df)| df.parent == Some(index))
            .map(|(i, _)| i)
    }

    /// Indexes of all dedicated files, each parent followed by its children: the order in which a card is built.
    pub fn depth_first(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.dedicated_files.len());
        let mut rest: Vec<usize> = self.dedicated_files.first().map(|_| 0).into_iter().collect();
        while let Some(index) = rest.pop() {
            order.push(index);
            let children: Vec<usize> = self.children(index).collect();
            rest.extend(children.into_iter().rev());
        }
        order
    }

    /// All elementary files with their dedicated files, depth first.
    pub fn files(&self) -> impl Iterator<Item = (&DedicatedFile, &ElementaryFile)> {
        self.depth_first()
            .into_iter()
            .map(|index| &self.dedicated_files[index])
            .flat_map(|df| df.files.iter().map(move |file| (df, file)))
    }

    /// All keys with their dedicated files, depth first.
    pub fn keys(&self) -> impl Iterator<Item = (&DedicatedFile, &KeyDefinition)> {
        self.depth_first()
            .into_iter()
            .map(|index| &self.dedicated_files[index])
            .flat_map(|df| df.keys.iter().map(move |key| (df, key)))
    }

    /// Index of the environment that a dedicated file belongs to: the DDF above an ADF, else the file itself.
    pub fn environment(&self, index: usize) -> usize {
        match self.dedicated_files.get(index) {
            Some(df) if df.kind == DedicatedFileKind::Adf => df.parent.unwrap_or(index),
            _ => index,
        }
    }

    /// A key by its name, such as `UK1DF01`. Of purchase keys the one with the lowest index.
    pub fn key(&self, name: &str) -> Option<(&DedicatedFile, &KeyDefinition)> {
        self.dedicated_files
            .iter()
            .find_map(|df| df.keys.iter().find(|key| key.name == name).map(|key| (df, key)))
    }

    /// A transaction key by its name and index, such as `DPK` 2.
    pub fn transaction_key(&self, name: &str, index: u8) -> Option<(&DedicatedFile, &KeyDefinition)> {
        self.dedicated_files.iter().find_map(|df| {
            df.keys
                .iter()
                .find(|key| key.name == name && key.index == Some(index))
                .map(|key| (df, key))
        })
    }

    /// The file conditions that name a key.
    pub fn uses_of(&self, key: &str) -> Vec<KeyUse<'_>> {
        let names = |access: &Access| access.keys().contains(&key);
        self.files()
            .map(|(dedicated_file, file)| KeyUse {
                dedicated_file,
                file,
                read: names(&file.read),
                update: names(&file.update),
            })
            .filter(|found| found.read || found.update)
            .collect()
    }

    /// Records of the directory file of a DDF, one for each application below it: `61 L { 4F name, 50 label }`
    /// (`spec/files.md` §1.3). The label is in GB18030 and has 1–16 bytes; without one there is no tag 50.
    pub fn directory_entries(&self, index: usize) -> Vec<Vec<u8>> {
        let tlv = |tag: u8, value: &[u8]| {
            let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
            [&[tag, length], value].concat()
        };
        self.children(index)
            .filter_map(|child| self.dedicated_files.get(child))
            .map(|df| {
                let label = df
                    .label
                    .as_deref()
                    .map(|label| encoding_rs::GB18030.encode(label).0.into_owned());
                let label = label
                    .filter(|bytes| (1..=16).contains(&bytes.len()))
                    .map(|bytes| tlv(0x50, &bytes));
                tlv(0x61, &[tlv(0x4F, &df.name), label.unwrap_or_default()].concat())
            })
            .collect()
    }

    /// The dedicated file of a certificate application, which holds the key pairs; `None` on cards without one.
    pub fn certificate_application(&self) -> Option<&DedicatedFile> {
        self.dedicated_files
            .iter()
            .find(|df| df.files.iter().any(|file| file.key_pair.is_some()))
    }

    /// A PIN of a certificate application that is in force in a dedicated file: its own, or its environment's.
    pub fn pin_with_role(&self, index: usize, role: PinRole) -> Option<&PinDefinition> {
        [index, self.environment(index)]
            .into_iter()
            .filter_map(|df| self.dedicated_files.get(df))
            .find_map(|df| df.pins.iter().find(|pin| pin.role == role))
    }

    /// A PIN of a certificate application by the name that conditions give it.
    pub fn certificate_pin(&self, name: &str) -> Option<&PinDefinition> {
        let pins = self.dedicated_files.iter().flat_map(|df| &df.pins);
        pins.into_iter().find(|pin| pin.name == name)
    }

    /// Memory in bytes that the values of all elementary files and keys of the card take, without any overhead of the
    /// operating system.
    pub fn memory_needed(&self) -> u32 {
        let files: u32 = self.files().map(|(_, file)| file.size()).sum();
        let keys: u32 = self
            .keys()
            .map(|(_, key)| u32::from(key.versions) * (8 + u32::from(key.length)))
            .sum();
        files + keys
    }
}

impl DedicatedFile {
    /// An elementary file by its identifier.
    pub fn file(&self, fid: u16) -> Option<&ElementaryFile> {
        self.files.iter().find(|file| file.fid == fid)
    }

    /// An elementary file by its short identifier.
    pub fn file_by_sfi(&self, sfi: u8) -> Option<&ElementaryFile> {
        self.files.iter().find(|file| file.sfi == sfi && sfi != 0)
    }

    /// A key of this file by its name; of purchase keys the one with the lowest index.
    pub fn key(&self, name: &str) -> Option<&KeyDefinition> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The file with the public key (`false`) or the private key (`true`) of a pair.
    pub fn key_file(&self, pair: KeyPair, private: bool) -> Option<&ElementaryFile> {
        self.files
            .iter()
            .find(|file| file.key_pair == Some(pair) && matches!(file.structure, Structure::Internal { .. }) == private)
    }

    /// The file with the certificate of a key pair.
    pub fn certificate_file(&self, pair: KeyPair) -> Option<&ElementaryFile> {
        self.files.iter().find(|file| file.certificate_of == Some(pair))
    }

    /// The first key of this file that has a role, such as the STK or the IRK.
    pub fn key_with_role(&self, role: KeyRole) -> Option<&KeyDefinition> {
        self.keys.iter().find(|key| key.role == role)
    }
}

impl KeyDefinition {
    /// HSM logical address of a version from 1; `None` without an address or above the number of versions.
    pub fn hsm_address(&self, version: u8) -> Option<u16> {
        let step = version.checked_sub(1).filter(|step| *step < self.versions)?;
        self.hsm?.checked_add(step.into())
    }
}

impl ElementaryFile {
    /// Name in paths, such as `EF05`.
    pub fn name(&self) -> String {
        format!("{:04X}", self.fid)
    }

    /// Whether records carry a tag and a length: linear fixed and linear variable files.
    pub fn is_linear(&self) -> bool {
        matches!(self.structure, Structure::LinearVariable | Structure::LinearFixed)
    }

    /// Size in bytes as the model's operating system counts it (`COS.md`): value length + 3 for every record of a linear
    /// variable file; record length × records for fixed and cyclic files; the bytes of transparent and internal files.
    /// Optional records are not counted.
    pub fn size(&self) -> u32 {
        match self.structure {
            Structure::LinearVariable => self.records().map(|record| u32::from(record.element.length) + 3).sum(),
            Structure::LinearFixed | Structure::Cyclic { .. } => {
                u32::from(self.record_length().unwrap_or(0)) * u32::from(self.record_count())
            }
            Structure::Transparent { size } | Structure::Internal { size } => size.into(),
        }
    }

    /// Length of a record in bytes, with tag and length where it has them; `None` where records differ or there are none.
    pub fn record_length(&self) -> Option<u16> {
        match self.structure {
            Structure::LinearFixed => self.elements.first().map(|element| element.length + 2),
            Structure::Cyclic { .. } => Some(self.elements.iter().map(|element| element.length).sum()),
            Structure::LinearVariable | Structure::Transparent { .. } | Structure::Internal { .. } => None,
        }
    }

    /// Number of records, optional ones left out; 0 for transparent and internal files.
    pub fn record_count(&self) -> u8 {
        match self.structure {
            Structure::Cyclic { records } => records,
            _ => u8::try_from(self.records().count()).unwrap_or(u8::MAX),
        }
    }

    /// Records of a linear file in record order, repeats expanded, optional elements left out. Nothing for other files:
    /// the records of a cyclic file all have the fields [`ElementaryFile::elements`].
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.records_with(|_| false)
    }

    /// As [`ElementaryFile::records`], with the optional elements for which `keep` answers true.
    pub fn records_with(&self, keep: impl Fn(&Element) -> bool) -> impl Iterator<Item = Record<'_>> {
        let elements = if self.is_linear() { &self.elements[..] } else { &[] };
        elements
            .iter()
            .filter(move |element| !element.optional || keep(element))
            .flat_map(|element| (1..=element.repeat).map(move |occurrence| (element, occurrence)))
            .zip(1..)
            .map(|((element, occurrence), number)| Record {
                number,
                element,
                occurrence,
            })
    }

    /// An element by its tag.
    pub fn element(&self, tag: u8) -> Option<&Element> {
        self.elements.iter().find(|element| element.tag == Some(tag))
    }

    /// Number of the first record that holds a tag, optional elements left out.
    pub fn record_number(&self, tag: u8) -> Option<u8> {
        self.records()
            .find(|record| record.element.tag == Some(tag))
            .map(|record| record.number)
    }
}

impl Element {
    /// An inner element of a B-TLV by its tag.
    pub fn inner(&self, tag: u8) -> Option<&Element> {
        self.inner.iter().find(|element| element.tag == Some(tag))
    }

    /// Whether the value identifies a person and is masked in traces.
    pub fn is_personal(&self) -> bool {
        use crate::profile::Meaning;
        let here = matches!(self.meaning, Meaning::PersonName | Meaning::PersonNumber);
        here || self.inner.iter().any(Self::is_personal)
    }
}
