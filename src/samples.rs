//! Sample holders and settings, built into the program so that the demonstration works from any folder.

use crate::failure::Failure;
use card_model::words::Lang;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Fifty invented people of the region 99, which does not exist.
pub const HOLDERS: &str = include_str!("../personalize/samples/holders.csv");
/// Name of their file.
pub const HOLDERS_NAME: &str = "holders.csv";
/// Settings of the invented issuer.
pub const SETTINGS: &str = include_str!("../personalize/samples/settings.toml");
/// Name of its file.
pub const SETTINGS_NAME: &str = "settings.toml";
/// All samples.
pub const FILES: [(&str, &str); 2] = [(HOLDERS_NAME, HOLDERS), (SETTINGS_NAME, SETTINGS)];

/// Writes a result into a new file; one that is there already is never overwritten.
pub fn write_once(path: &Path, content: impl AsRef<[u8]>, lang: Lang) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    opened
        .and_then(|mut file| file.write_all(content.as_ref()))
        .map_err(|error| Failure::file(lang, path, &error))
}

/// Writes a sample into a new file; a file that is there already stays as it is.
pub fn write_new(path: &Path, text: &str, lang: Lang) -> Result<(), Failure> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file
            .write_all(text.as_bytes())
            .map_err(|e| Failure::file(lang, path, &e)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Failure::file(lang, path, &error)),
    }
}
