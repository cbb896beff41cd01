//! Values that a transcript computes: hexadecimal bytes, what was remembered, what the profile says, what keys give.

/// A value. What it needs of the profile is named, never typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Bytes as written.
    Bytes(Vec<u8>),
    /// Bytes remembered before.
    Recall(String),
    /// One after the other.
    Joined(Vec<Expression>),
    /// `[ … ]`: a length byte and what stands inside.
    Prefixed(Vec<Expression>),
    /// `{fid DF01}`, `{fid DF01/EF05}`: file identifier, two bytes.
    Fid(String),
    /// `{name SSSE}`: DF name.
    Name(String),
    /// `{sfi DF01/EF05 4}`: P2 of a record command: short file identifier and mode.
    Sfi {
        /// File.
        path: String,
        /// Bits 3–1.
        mode: u8,
    },
    /// `{sfi DF01/EF16}`: P1 of a binary command, or the plain identifier where a directory announces it.
    BinarySfi(String),
    /// `{directory SSSE}`: short file identifier of the directory file, as the FCI announces it.
    Directory(String),
    /// `{algorithm}`: identifier of the card's cipher as tag 9F0C gives it.
    Algorithm,
    /// `{tag DF01/EF05/21}`: tag of an element.
    Tag(String),
    /// `{len DF01/EF05/21}`: length of its value, one byte.
    Length(String),
    /// `{record DF01/EF05/21}` in a command: length of its whole record, one byte. Of a cyclic file: of one record.
    RecordLength(String),
    /// `{id RK1DF01}`: key identifier; `{id USERPIN}`: identifier of a certificate PIN.
    KeyId(String),
    /// `{pin}`, `{pin wrong}`, `{pin other}`: the packed PIN, one of the same length that is wrong, one to change to.
    Pin(PinKind),
    /// `{proof USERPIN R}`: what VERIFY of the certificate application sends for challenge R.
    CertificateProof {
        /// PIN of the profile.
        pin: String,
        /// Challenge.
        challenge: Box<Expression>,
    },
    /// `{pin USERPIN}`: a PIN of the certificate application, packed.
    CertificatePin(String),
    /// `{sealed ADMINPIN R HEADER [PLAIN]}`: a whole CHANGE PIN or PIN CHANGE/UNBLOCK of the certificate application.
    CertificateMessage {
        /// PIN under whose key it is.
        under: String,
        /// Challenge.
        challenge: Box<Expression>,
        /// CLA INS P1 P2.
        header: Box<Expression>,
        /// What is encrypted.
        plain: Option<Box<Expression>>,
    },
    /// `{auth KEY FACTOR SOURCE}`: authentication data (`spec/commands.md` §2.6).
    Authentication {
        /// Key.
        key: KeyName,
        /// Factor of the session key.
        factor: Box<Expression>,
        /// Original data, eight bytes.
        source: Box<Expression>,
    },
    /// `{secure KEY CHALLENGE HEADER [PLAIN]}`: a whole secured command (`spec/commands.md` §2.3, §2.4).
    Secure {
        /// Key.
        key: KeyName,
        /// Challenge.
        challenge: Box<Expression>,
        /// CLA INS P1 P2.
        header: Box<Expression>,
        /// What is encrypted.
        plain: Option<Box<Expression>>,
    },
    /// `{mac KEY FACTOR DATA}`: MAC of a transaction under a session key (`spec/commands.md` §5).
    Mac {
        /// Key.
        key: KeyName,
        /// Factor of the session key.
        factor: Box<Expression>,
        /// What the MAC covers.
        data: Box<Expression>,
    },
    /// `{tac KEY DATA}`: transaction authentication code.
    TransactionCode {
        /// Key.
        key: KeyName,
        /// What it covers.
        data: Box<Expression>,
    },
    /// `{code DATA}`: authentication code of the card identification code, MAC with the key of internal authentication.
    IdentificationCode {
        /// Key.
        key: KeyName,
        /// First twelve bytes.
        data: Box<Expression>,
    },
    /// `{sm3 X}`: digest.
    Sm3(Box<Expression>),
    /// `{sm2digest KEY X}`: digest of message X for SM2 under public key X ‖ Y, with the standard identifier.
    Sm2Digest {
        /// X ‖ Y.
        key: Box<Expression>,
        /// Message.
        message: Box<Expression>,
    },
    /// `{certkey V}`: public key X ‖ Y of the certificate in the contents of a file.
    CertificateKey(Box<Expression>),
    /// `{xor A B}`: B upon the end of A.
    Xor(Box<Expression>, Box<Expression>),
    /// `{slice X 4..8}`, `{slice X 4..}`: bytes from, to (not included).
    Slice {
        /// Of what.
        of: Box<Expression>,
        /// First byte.
        from: usize,
        /// Byte behind the last; nothing: to the end.
        to: Option<usize>,
    },
    /// `{add X 1}`: X as a number, big endian and of the same length, plus so much.
    Add(Box<Expression>, i64),
    /// `{repeat 4 X}`: so many times X.
    Repeat(usize, Box<Expression>),
    /// `{size X}`: number of bytes, as one byte.
    Size(Box<Expression>),
    /// `{tlv X 6F/A5/88}`: value under a path of tags.
    Tlv {
        /// BER-TLV data.
        of: Box<Expression>,
        /// Tags from outside to inside.
        path: Vec<u16>,
    },
    /// `{reset}`: answer to reset.
    Reset,
    /// `{historical}`: its historical bytes.
    Historical,
    /// `{identity}`: the historical bytes of the card identity that its keys are diversified with.
    Identity,
}

/// Which PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinKind {
    /// The card's.
    Right,
    /// One that differs from it in its first digit.
    Wrong,
    /// One to change to: differs in its last digits.
    Other,
}

/// A key as a transcript names it: `UK1DF01`, `UK1DF01@2` (version 2), `DPK#3` (key index 3), `DPK#3@2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// Name in the profile.
    pub name: String,
    /// Key index of a transaction key.
    pub index: Option<u8>,
    /// Version.
    pub version: u8,
}

impl KeyName {
    /// What a profile must have for it.
    fn reference(&self) -> Reference {
        match (self.index, self.version) {
            (Some(index), _) => Reference::TransactionKey(self.name.clone(), index),
            (None, 1) => Reference::Key(self.name.clone()),
            (None, version) => Reference::Version(self.name.clone(), version),
        }
    }

    /// Reads a key name.
    ///
    /// # Errors
    /// No name, or index or version is no number.
    pub fn parse(word: &str) -> Result<Self, String> {
        let fault = || format!("{word} is no key: NAME, NAME@VERSION or NAME#INDEX was expected");
        let (rest, version) = match word.split_once('@') {
            None => (word, 1),
            Some((rest, version)) => (rest, version.parse().map_err(|_| fault())?),
        };
        let (name, index) = match rest.split_once('#') {
            None => (rest, None),
            Some((name, index)) => (name, Some(index.parse().map_err(|_| fault())?)),
        };
        if !is_name(name) {
            return Err(fault());
        }
        Ok(Self {
            name: name.to_owned(),
            index,
            version,
        })
    }
}

/// A name of something remembered or of a key: a capital letter, then capital letters, digits and `_`.
pub(super) fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// What a value refers to in the profile or asks of whoever runs it; decides where a case applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A dedicated file (`SSSE`).
    DedicatedFile(String),
    /// A file or an element (`DF01/EF05`, `DF01/EF05/21`).
    Path(String),
    /// A key or a PIN of the certificate application.
    Key(String),
    /// A version of a key.
    Version(String, u8),
    /// A transaction key.
    TransactionKey(String, u8),
    /// The holder's PIN must be known.
    Pin,
}

impl Expression {
    /// Calls `visit` for this value and all within.
    pub fn walk(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        match self {
            Self::Joined(parts) | Self::Prefixed(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Self::CertificateProof { challenge: of, .. }
            | Self::TransactionCode { data: of, .. }
            | Self::IdentificationCode { data: of, .. }
            | Self::Sm3(of)
            | Self::CertificateKey(of)
            | Self::Slice { of, .. }
            | Self::Add(of, _)
            | Self::Repeat(_, of)
            | Self::Size(of)
            | Self::Tlv { of, .. } => of.walk(visit),
            Self::Authentication {
                factor: a, source: b, ..
            }
            | Self::Mac { factor: a, data: b, .. }
            | Self::Sm2Digest { key: a, message: b }
            | Self::Xor(a, b) => [a, b].into_iter().for_each(|part| part.walk(visit)),
            Self::Secure {
                challenge,
                header,
                plain,
                ..
            }
            | Self::CertificateMessage {
                challenge,
                header,
                plain,
                ..
            } => [Some(challenge), Some(header), plain.as_ref()]
                .into_iter()
                .flatten()
                .for_each(|part| part.walk(visit)),
            Self::Bytes(_)
            | Self::Recall(_)
            | Self::Fid(_)
            | Self::Name(_)
            | Self::Sfi { .. }
            | Self::BinarySfi(_)
            | Self::Directory(_)
            | Self::Algorithm
            | Self::Tag(_)
            | Self::Length(_)
            | Self::RecordLength(_)
            | Self::KeyId(_)
            | Self::Pin(_)
            | Self::CertificatePin(_)
            | Self::Reset
            | Self::Historical
            | Self::Identity => {}
        }
    }

    /// What this value itself refers to, without what is within.
    pub(super) fn reference(&self) -> Option<Reference> {
        let file = |path: &String| match path.contains('/') {
            true => Reference::Path(path.clone()),
            false => Reference::DedicatedFile(path.clone()),
        };
        match self {
            Self::Fid(path) | Self::Name(path) | Self::Directory(path) => Some(file(path)),
            Self::Sfi { path, .. }
            | Self::BinarySfi(path)
            | Self::Tag(path)
            | Self::Length(path)
            | Self::RecordLength(path) => Some(Reference::Path(path.clone())),
            Self::KeyId(name) => {
                Some(KeyName::parse(name).map_or_else(|_| Reference::Key(name.clone()), |key| key.reference()))
            }
            Self::CertificateProof { pin: name, .. }
            | Self::CertificatePin(name)
            | Self::CertificateMessage { under: name, .. } => Some(Reference::Key(name.clone())),
            Self::Authentication { key, .. }
            | Self::Secure { key, .. }
            | Self::Mac { key, .. }
            | Self::TransactionCode { key, .. }
            | Self::IdentificationCode { key, .. } => Some(key.reference()),
            Self::Pin(_) => Some(Reference::Pin),
            _ => None,
        }
    }
}
