//! A file that belongs to one program at a time: simulated cards, journals.

use std::fs::{File, TryLockError};
use std::ops::{Deref, DerefMut};

/// A file under its exclusive lock, which is given up when this is dropped.
///
/// Closing the file would not do: a program that another thread is just starting holds every open file from `fork` to `exec`,
/// and with the file its lock (`flock(2)`). So the lock is taken off before the file is closed.
#[derive(Debug)]
pub struct LockedFile(File);

impl LockedFile {
    /// Locks a file, without waiting.
    ///
    /// # Errors
    /// It is held elsewhere, also through another opening of this program; or it cannot be locked.
    pub fn new(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Deref for LockedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for LockedFile {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked by closing it, a moment later.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_as_soon_as_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let open = || File::options().create(true).append(true).open(&path).expect("a file");
        let locked = LockedFile::new(open()).expect("free");
        assert!(matches!(LockedFile::new(open()), Err(TryLockError::WouldBlock)));
        // What a child has between fork and exec.
        let inherited = locked.try_clone().expect("a second descriptor");
        drop(locked);
        LockedFile::new(open()).expect("free, whoever still has it open");
        drop(inherited);
    }
}
