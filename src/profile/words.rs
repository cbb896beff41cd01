//! Words for what a profile is made of, as its own files write them.

use card_model::profile::{Element, ElementaryFile, Format, Structure};

/// As `structure` is written, with the records of cyclic and the size of transparent files.
pub fn structure(file: &ElementaryFile) -> String {
    let name = file.structure.name();
    match file.structure {
        Structure::LinearVariable | Structure::LinearFixed => name.to_owned(),
        Structure::Cyclic { records } => format!("{name} {records} × {:02X}", file.record_length().unwrap_or(0)),
        Structure::Transparent { size } | Structure::Internal { size } => format!("{name} {size:04X}"),
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
