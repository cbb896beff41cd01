//! The file behind `--trace`: one for the whole run, however many cards it takes.

use crate::failure::Failure;
use crate::output::Output;
use rust_i18n::t;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A handle of the trace file; all handles write to the one file, in order.
#[derive(Debug, Clone)]
pub struct TraceFile {
    shared: Arc<Mutex<Shared>>,
    output: Output,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    file: File,
    broken: bool,
}

impl TraceFile {
    /// Makes the file, or empties it.
    pub fn create(path: &Path, output: Output) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|e| Failure::file(output.lang, path, &e))?;
        let shared = Shared {
            path: path.to_owned(),
            file,
            broken: false,
        };
        Ok(Self {
            shared: Arc::new(Mutex::new(shared)),
            output,
        })
    }
}

impl TraceFile {
    /// Whoever broke off while writing left a whole file behind, short of a line at most.
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for TraceFile {
    /// A trace that breaks is told once and does not stop the card.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let shared = &mut *self.shared();
        let result = shared.file.write(bytes);
        if let Err(error) = &result
            && !shared.broken
        {
            shared.broken = true;
            let (path, locale) = (shared.path.display(), self.output.lang.locale());
            self.output.warn(&t!(
                "ssc.connect.trace_broken",
                locale = locale,
                path = path,
                error = error
            ));
        }
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        self.shared().file.flush()
    }
}
