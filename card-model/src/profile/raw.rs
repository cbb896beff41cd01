//! What a profile file may contain: the TOML grammar, each value with its place in the text.
//!
//! Every field is optional, because an overlay names only what differs. What a whole profile must have is checked in
//! `resolve.rs`.

use serde::Deserialize;
use toml::Spanned;

/// An optional value with its place.
pub(super) type Opt<T> = Option<Spanned<T>>;

/// A profile file.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProfile {
    pub extends: Opt<Extends>,
    pub name: Opt<String>,
    pub zh: Opt<String>,
    pub en: Opt<String>,
    pub generation: Opt<u8>,
    pub specification_version: Opt<String>,
    pub algorithm: Opt<String>,
    #[serde(default)]
    pub reset: RawReset,
    #[serde(default)]
    pub pin: RawPin,
    #[serde(default)]
    pub os: RawOs,
    /// Dedicated files of the base that this version does not have.
    #[serde(default)]
    pub remove: Vec<Spanned<String>>,
    #[serde(default)]
    pub df: Vec<Spanned<RawDedicatedFile>>,
}

/// One base, or several that an extension fits alike.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Extends {
    One(String),
    Several(Vec<String>),
}

/// `[reset]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReset {
    pub contact: Opt<String>,
    /// Hex, or empty for a card without an antenna.
    pub contactless: Opt<String>,
    pub maker: Opt<String>,
}

/// `[pin]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPin {
    pub min_digits: Opt<u8>,
    pub max_digits: Opt<u8>,
    pub tries: Opt<u8>,
}

/// `[os]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOs {
    pub key_tries: Opt<u8>,
    pub memory: Opt<u32>,
    pub test_transport_key: Opt<String>,
}

/// `[[df]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDedicatedFile {
    pub id: Spanned<String>,
    pub kind: Opt<String>,
    pub parent: Opt<String>,
    pub fid: Opt<u16>,
    pub name: Opt<String>,
    pub label: Opt<String>,
    pub zh: Opt<String>,
    pub en: Opt<String>,
    pub directory_sfi: Opt<u8>,
    pub announces_algorithm: Opt<bool>,
    pub has_pin: Opt<bool>,
    #[serde(default)]
    pub remove_keys: Vec<Spanned<String>>,
    #[serde(default)]
    pub keys: Vec<Spanned<RawKey>>,
    #[serde(default)]
    pub pins: Vec<Spanned<RawPinDefinition>>,
    #[serde(default)]
    pub remove_files: Vec<Spanned<u16>>,
    #[serde(default)]
    pub ef: Vec<Spanned<RawElementaryFile>>,
}

/// A line of `keys`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKey {
    pub name: Spanned<String>,
    pub id: Opt<u8>,
    pub index: Opt<u8>,
    pub role: Opt<String>,
    pub psam: Opt<[u8; 2]>,
    pub hsm: Opt<u16>,
    pub level: Opt<String>,
    pub versions: Opt<u8>,
    pub length: Opt<u8>,
    /// 0: failures never lock the key.
    pub tries: Opt<u8>,
    pub zh: Opt<String>,
    pub en: Opt<String>,
}

/// A line of `pins`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPinDefinition {
    pub name: Spanned<String>,
    pub role: Opt<String>,
    pub id: Opt<u8>,
    pub tries: Opt<u8>,
    pub zh: Opt<String>,
    pub en: Opt<String>,
}

/// `[[df.ef]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawElementaryFile {
    pub fid: Spanned<u16>,
    pub sfi: Opt<u8>,
    pub zh: Opt<String>,
    pub en: Opt<String>,
    pub class: Opt<String>,
    pub structure: Opt<String>,
    /// Records of a cyclic file.
    pub records: Opt<u8>,
    /// Bytes of a transparent or internal file.
    pub size: Opt<u16>,
    pub read: Opt<String>,
    pub update: Opt<String>,
    /// Key pair whose key the file holds.
    pub key_pair: Opt<String>,
    /// Key pair whose certificate the file holds.
    pub certificate_of: Opt<String>,
    /// Replaces all elements of the base.
    pub elements: Option<Vec<Spanned<RawElement>>>,
    #[serde(default)]
    pub remove_elements: Vec<Spanned<u8>>,
    /// Fields that differ, element by element; a tag that the base does not have is appended.
    #[serde(default)]
    pub change_elements: Vec<Spanned<RawElement>>,
}

/// A line of `elements`. Exactly one of `an`, `cn`, `b`, `tlv` gives format and length.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawElement {
    pub tag: Opt<u8>,
    pub an: Opt<u16>,
    pub cn: Opt<u16>,
    pub b: Opt<u16>,
    pub tlv: Opt<u16>,
    pub zh: Opt<String>,
    pub en: Opt<String>,
    pub is: Opt<String>,
    pub codes: Opt<String>,
    pub parts: Option<Vec<Spanned<RawPart>>>,
    pub repeat: Opt<u8>,
    pub optional: Opt<bool>,
    pub example: Opt<String>,
    pub reused: Opt<RawReused>,
    pub inner: Option<Vec<Spanned<RawElement>>>,
}

/// `reused`: how a record of version 1 takes a value of version 2.
#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReused {
    pub with: Option<u8>,
    pub an: Option<u16>,
    pub cn: Option<u16>,
    pub b: Option<u16>,
}

/// A line of `parts`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPart {
    pub zh: Spanned<String>,
    pub en: Spanned<String>,
    pub length: Spanned<u8>,
    pub codes: Spanned<String>,
}
