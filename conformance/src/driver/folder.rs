//! A stand for a library that knows simulated cards (`sim:FILE`): card and PSAM are files in a folder, and so is what the keypad is told.

use super::facts::Facts;
use super::situation::{CardState, Situation};
use super::stand::{DriverUnderTest, Entry, Stand};
use super::workshop::Workshop;
use crate::ConformanceError;
use crate::suite::Text;
use card_model::card::Interface;
use reader::channel::TransportError;
use reader::hsm::StringHsm;
use reader::locked_file::LockedFile;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Card and PSAM in a folder.
pub struct FolderStand {
    workshop: Workshop,
    folder: PathBuf,
    driver: Box<dyn DriverUnderTest>,
}

const CONTACT: &str = "contact";
const CONTACTLESS: &str = "contactless";
const PSAM: &str = "psam";
const TYPING: &str = "typing";
const SETTINGS: &str = "driver.toml";
const KEYPAD: &str = "keypad";

/// Types the first line of `typing`, and takes it away.
const KEYPAD_PROGRAM: &str = "#!/bin/sh\n\
cd \"$(dirname \"$0\")\" || exit 1\n\
read -r line < typing || exit 1\n\
sed 1d typing > typed && mv typed typing\n\
case \"$line\" in cancel) exit 1 ;; timeout) exit 2 ;; esac\n\
printf '%s\\n' \"$line\"\n";

impl FolderStand {
    /// Writes settings and keypad into an empty folder of this run. The driver must take its settings from
    /// [`FolderStand::settings`].
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn new(workshop: Workshop, folder: &Path, driver: Box<dyn DriverUnderTest>) -> Result<Self, ConformanceError> {
        let stand = Self {
            workshop,
            folder: folder.to_owned(),
            driver,
        };
        let sim = |name: &str| toml::Value::String(format!("sim:{}", folder.join(name).display()));
        let keypad = folder.join(KEYPAD);
        let mut settings = toml::Table::new();
        settings.insert("contact".to_owned(), sim(CONTACT));
        settings.insert("contactless".to_owned(), sim(CONTACTLESS));
        settings.insert("psam".to_owned(), sim(PSAM));
        settings.insert("keypad".to_owned(), format!("program:{}", keypad.display()).into());
        stand.write(SETTINGS, settings.to_string().as_bytes())?;
        stand.write(KEYPAD, KEYPAD_PROGRAM.as_bytes())?;
        stand.write(TYPING, b"")?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let executable = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(&keypad, executable).map_err(|source| file_error(&keypad, source))?;
        }
        Ok(stand)
    }

    /// The settings file that a driver in this folder takes (`SSC_DRIVER_CONFIG`).
    pub fn settings(folder: &Path) -> PathBuf {
        folder.join(SETTINGS)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ConformanceError> {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).map_err(|source| file_error(&path, source))
    }

    /// Puts a chip into a slot, or takes it out.
    fn put(&self, name: &str, image: Option<Vec<u8>>) -> Result<(), ConformanceError> {
        match image {
            Some(image) => self.write(name, &image),
            None => {
                let path = self.folder.join(name);
                match std::fs::remove_file(&path) {
                    Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(file_error(&path, source)),
                    _ => Ok(()),
                }
            }
        }
    }
}

impl Stand for FolderStand {
    fn driver(&mut self) -> &mut dyn DriverUnderTest {
        &mut *self.driver
    }

    fn set_up(&mut self, situation: &Situation) -> Result<Result<(), Text>, ConformanceError> {
        self.driver.forget();
        let made = (self.workshop.card(situation), self.workshop.psam(&situation.psam));
        let (card, psam) = match made {
            (Ok(card), Ok(psam)) => (card, psam),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err(reason)),
        };
        let interface = match situation.card {
            CardState::Mute => Interface::Contactless,
            _ => self.workshop.interface(),
        };
        let (contact, contactless) = match interface {
            Interface::Contact => (card, None),
            Interface::Contactless => (None, card),
        };
        self.put(CONTACT, contact)?;
        self.put(CONTACTLESS, contactless)?;
        self.put(PSAM, psam)?;
        Ok(Ok(()))
    }

    fn facts(&self) -> &Facts {
        self.workshop.facts()
    }

    fn hsm(&self) -> Option<&StringHsm> {
        self.workshop.hsm()
    }

    fn keypad(&mut self, entries: Vec<Entry>) -> Result<(), Text> {
        if !cfg!(unix) {
            return Err(Text::new(
                "此系统上不能模拟密码键盘",
                "the keypad cannot be simulated on this system",
            ));
        }
        let line = |entry: &Entry| match entry {
            Entry::Typed(digits) => format!("{digits}\n"),
            Entry::Cancel => "cancel\n".to_owned(),
            Entry::Timeout => "timeout\n".to_owned(),
        };
        let lines: String = entries.iter().map(line).collect();
        self.write(TYPING, lines.as_bytes())
            .map_err(|error| Text::new(error.to_string(), error.to_string()))
    }

    fn not_asked(&mut self) -> usize {
        let text = std::fs::read_to_string(self.folder.join(TYPING)).unwrap_or_default();
        if !text.is_empty() {
            // What cannot be emptied is told by the next call of the keypad.
            let _ = self.write(TYPING, b"");
        }
        text.lines().count()
    }

    fn is_closed(&mut self) -> Option<bool> {
        let held = |name: &&str| {
            let file = File::open(self.folder.join(name));
            file.is_ok_and(|file| matches!(LockedFile::new(file), Err(TryLockError::WouldBlock)))
        };
        Some(![CONTACT, CONTACTLESS, PSAM].iter().any(held))
    }

    fn is_disposable(&self) -> bool {
        true
    }
}

fn file_error(path: &Path, source: std::io::Error) -> ConformanceError {
    TransportError::File {
        path: path.display().to_string(),
        source,
    }
    .into()
}
