//! Words for what a profile is made of, as its own files write them.

use card_model::profile::{
    DedicatedFileKind, Element, ElementaryFile, FileClass, Format, KeyLevel, KeyRole, Structure,
};

/// As `kind` is written.
pub fn kind(kind: DedicatedFileKind) -> &'static str {
    match kind {
        DedicatedFileKind::Mf => "MF",
        DedicatedFileKind::Ddf => "DDF",
        DedicatedFileKind::Adf => "ADF",
    }
}

/// As `role` is written.
pub fn role(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Master => "master",
        KeyRole::InternalAuthentication => "internal authentication",
        KeyRole::SecureMessaging => "secure messaging",
        KeyRole::ExternalAuthentication => "external authentication",
        KeyRole::PinUnblock => "PIN unblock",
        KeyRole::CardBlock => "card block",
        KeyRole::ApplicationBlock => "application block",
        KeyRole::StartingDay => "starting day",
        KeyRole::Purchase => "purchase",
        KeyRole::Load => "load",
        KeyRole::Tac => "TAC",
    }
}

/// As `level` is written.
pub fn level(level: KeyLevel) -> &'static str {
    match level {
        KeyLevel::Ministry => "ministry",
        KeyLevel::Province => "province",
        KeyLevel::Issuer => "issuer",
    }
}

/// As `class` is written.
pub fn class(class: FileClass) -> &'static str {
    match class {
        FileClass::Active => "active",
        FileClass::Predefined => "predefined",
        FileClass::Reserved => "reserved",
        FileClass::Optional => "optional",
        FileClass::System => "system",
    }
}

/// As `structure` is written, with the records of cyclic and the size of transparent files.
pub fn structure(file: &ElementaryFile) -> String {
    match file.structure {
        Structure::LinearVariable => "linear variable".to_owned(),
        Structure::LinearFixed => "linear fixed".to_owned(),
        Structure::Cyclic { records } => format!("cyclic {records} × {:02X}", file.record_length().unwrap_or(0)),
        Structure::Transparent { size } => format!("transparent {size:04X}"),
        Structure::Internal { size } => format!("internal {size:04X}"),
    }
}

/// Format and length as the sheets write them: `cn 04`.
pub fn format(element: &Element) -> String {
    let format = match element.format {
        Format::An => "an",
        Format::Cn => "cn",
        Format::B => "b",
        Format::Tlv => "B-TLV",
    };
    format!("{format} {:02X}", element.length)
}

/// Two numbers in hexadecimal: `48/12`; nothing for keys without.
pub fn psam(psam: Option<(u8, u8)>) -> String {
    psam.map(|(usage, id)| format!("{usage:02X}/{id:02X}"))
        .unwrap_or_default()
}

/// Four hexadecimal digits, or nothing.
pub fn hsm(address: Option<u16>) -> String {
    address.map(|address| format!("{address:04X}")).unwrap_or_default()
}
