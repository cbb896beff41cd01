//! A simulated card or PSAM in this process, in memory or in a file.

use super::{Channel, Reason, Reset, TransportError, check_command};
use crate::locked_file::LockedFile;
use card_model::Chip;
use card_model::card::{Card, Interface};
use card_model::psam::Psam;
use rand_core::{Rng, TryRng, UnwrapErr};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Entropy of the operating system for [`ModelChannel`].
///
/// # Errors
/// The operating system gives none; it is asked once here, after which it does not fail any more.
pub fn system_entropy() -> Result<Box<dyn Rng + Send>, TransportError> {
    let mut source = getrandom::SysRng;
    source.try_next_u32().map_err(|error| TransportError::Entropy {
        message: error.to_string(),
    })?;
    Ok(Box::new(UnwrapErr(source)))
}

/// A simulated card (or PSAM) in this process.
///
/// With a file behind it the card is held under an exclusive lock, and after every command the card's writes go to the
/// file in their order and at their places. Because each prefix of these writes is an image from which a card recovers, a
/// killed process leaves a card as real cards are left by pulling them. The file is synchronised to the disk on reset and
/// when the channel is dropped.
pub struct ModelChannel<M: Chip = Card> {
    name: String,
    card: M,
    reset: Reset,
    entropy: Box<dyn Rng + Send>,
    file: Option<LockedFile>,
}

impl<M: Chip> std::fmt::Debug for ModelChannel<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelChannel")
            .field("name", &self.name)
            .field("reset", &self.reset)
            .finish_non_exhaustive()
    }
}

impl ModelChannel {
    /// Opens and powers the simulated card of a file, and holds the file alone until dropped.
    ///
    /// # Errors
    /// The file is missing, held by another program, no card image, or cannot be read or written.
    pub fn open(path: impl AsRef<Path>, interface: Interface) -> Result<Self, TransportError> {
        Self::open_chip(path, interface)
    }
}

/// Opens and powers what the file holds, a card or a PSAM, and holds the file alone until dropped.
///
/// # Errors
/// As [`ModelChannel::open`].
pub(super) fn open_any(path: &Path, interface: Interface) -> Result<Box<dyn Channel + Send>, TransportError> {
    let (file, image) = open_file(path)?;
    Ok(if Psam::is_image(&image) {
        Box::new(ModelChannel::<Psam>::from_file(file, &image, interface, path)?)
    } else {
        Box::new(ModelChannel::<Card>::from_file(file, &image, interface, path)?)
    })
}

impl<M: Chip> ModelChannel<M> {
    /// Powers a card in memory. `entropy` feeds its challenges, so a run with a seeded source can be repeated.
    pub fn new(card: M, interface: Interface, entropy: Box<dyn Rng + Send>) -> Self {
        let mut channel = Self {
            name: "simulated card".to_owned(),
            card,
            reset: Reset {
                bytes: Vec::new(),
                interface,
            },
            entropy,
            file: None,
        };
        channel.reset.bytes = channel.card.power_on(interface);
        channel
    }

    /// As [`ModelChannel::open`], for one kind of chip: `ModelChannel::<Psam>::open_chip(…)`.
    ///
    /// # Errors
    /// As [`ModelChannel::open`]; the file of another kind of chip is no image.
    pub fn open_chip(path: impl AsRef<Path>, interface: Interface) -> Result<Self, TransportError> {
        let path = path.as_ref();
        let (file, image) = open_file(path)?;
        Self::from_file(file, &image, interface, path)
    }

    fn from_file(file: LockedFile, image: &[u8], interface: Interface, path: &Path) -> Result<Self, TransportError> {
        let card = M::from_image(image).map_err(|source| TransportError::Image {
            path: path.display().to_string(),
            source,
        })?;
        Self::with_file(card, interface, file, path)
    }

    /// Writes a card into a new file and powers it. An existing file is left alone.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub fn create(path: impl AsRef<Path>, card: M, interface: Interface) -> Result<Self, TransportError> {
        let path = path.as_ref();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|source| match source.kind() {
                ErrorKind::AlreadyExists => TransportError::FileExists {
                    path: path.display().to_string(),
                },
                _ => file_error(path, source),
            })?;
        let mut file = lock(file, path)?;
        file.write_all(card.image())
            .map_err(|source| file_error(path, source))?;
        file.sync_all().map_err(|source| file_error(path, source))?;
        Self::with_file(card, interface, file, path)
    }

    fn with_file(mut card: M, interface: Interface, file: LockedFile, path: &Path) -> Result<Self, TransportError> {
        card.record_writes();
        let mut channel = Self::new(card, interface, system_entropy()?);
        channel.name = path.display().to_string();
        channel.file = Some(file);
        channel.check_interface()?;
        // Power-on may have finished or undone a write that was torn.
        channel.save()?;
        Ok(channel)
    }

    /// The card itself, to look at it without a command.
    pub fn card(&self) -> &M {
        &self.card
    }

    /// The card itself, to prepare a fault such as a power cut.
    pub fn card_mut(&mut self) -> &mut M {
        &mut self.card
    }

    /// A card without an antenna gives no answer to a contactless reset.
    fn check_interface(&self) -> Result<(), TransportError> {
        if self.reset.bytes.is_empty() {
            return Err(TransportError::Mute {
                reader: self.name.clone(),
            });
        }
        Ok(())
    }

    /// Changes the interface and resets the card.
    ///
    /// # Errors
    /// The file behind the card cannot be written.
    pub fn change_interface(&mut self, interface: Interface) -> Result<(), TransportError> {
        self.reset.interface = interface;
        self.reset()
    }

    /// Gives the card back, for instance to put it into another reader.
    ///
    /// # Errors
    /// The file behind the card cannot be written.
    pub fn into_card(mut self) -> Result<M, TransportError> {
        self.card.power_off();
        self.save()?;
        let image = M::from_image(self.card.image());
        image.map_err(|source| TransportError::Image {
            path: self.name.clone(),
            source,
        })
    }

    /// Takes the power away; [`Channel::reset`] gives it back. Commands in between get no answer.
    ///
    /// # Errors
    /// The file behind the card cannot be written.
    pub fn power_off(&mut self) -> Result<(), TransportError> {
        self.card.power_off();
        self.save()?;
        self.synchronise()
    }

    /// Applies what the card wrote since the last call to the file, in order.
    fn save(&mut self) -> Result<(), TransportError> {
        let writes = self.card.take_writes();
        let Some(file) = &mut self.file else { return Ok(()) };
        for (offset, bytes) in writes {
            file.seek(SeekFrom::Start(offset as u64))
                .and_then(|_| file.write_all(&bytes))
                .map_err(|source| TransportError::File {
                    path: self.name.clone(),
                    source,
                })?;
        }
        Ok(())
    }

    fn synchronise(&self) -> Result<(), TransportError> {
        match &self.file {
            Some(file) => file.sync_data().map_err(|source| TransportError::File {
                path: self.name.clone(),
                source,
            }),
            None => Ok(()),
        }
    }
}

impl<M: Chip> Drop for ModelChannel<M> {
    fn drop(&mut self) {
        // An error here has nobody to go to; every command before reported its own.
        let _ = self.power_off();
    }
}

impl<M: Chip> Channel for ModelChannel<M> {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        check_command(command)?;
        let response = self.card.transmit(command, &mut *self.entropy);
        // The answer leaves only after the file has what it promises.
        self.save()?;
        response
            .map(|response| response.to_bytes())
            .ok_or_else(|| TransportError::CardRemoved {
                reader: self.name.clone(),
            })
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.reset.bytes = self.card.power_on(self.reset.interface);
        self.save()?;
        self.synchronise()?;
        self.check_interface()
    }

    fn reason(&self) -> Option<Reason> {
        self.card.refusal().cloned()
    }

    fn is_bench(&self) -> bool {
        true
    }

    fn lose_power_after(&mut self, words: Option<u64>) {
        self.card.lose_power_after(words);
    }

    fn change_interface(&mut self, interface: Interface) -> Result<(), TransportError> {
        Self::change_interface(self, interface)
    }
}

/// The file under its lock, and what it holds.
fn open_file(path: &Path) -> Result<(LockedFile, Vec<u8>), TransportError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|source| match source.kind() {
            ErrorKind::NotFound => TransportError::FileMissing {
                path: path.display().to_string(),
            },
            _ => file_error(path, source),
        })?;
    let mut file = lock(file, path)?;
    let mut image = Vec::new();
    file.read_to_end(&mut image)
        .map_err(|source| file_error(path, source))?;
    Ok((file, image))
}

fn lock(file: File, path: &Path) -> Result<LockedFile, TransportError> {
    LockedFile::new(file).map_err(|error| match error {
        TryLockError::WouldBlock => TransportError::FileLocked {
            path: path.display().to_string(),
        },
        TryLockError::Error(source) => file_error(path, source),
    })
}

fn file_error(path: &Path, source: std::io::Error) -> TransportError {
    TransportError::File {
        path: path.display().to_string(),
        source,
    }
}
