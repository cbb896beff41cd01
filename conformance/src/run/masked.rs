//! The transcript of one case, secrets masked.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

/// What a [`reader::channel::Trace`] writes, kept for one case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transcript(Rc<RefCell<Vec<u8>>>);

impl Transcript {
    /// Forgets what was written, such as the head of a trace file.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// The lines.
    pub fn lines(&self) -> Vec<String> {
        let text = self.0.borrow();
        String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
    }

    /// The last answer, masked, without its time.
    pub fn last_answer(&self) -> Option<String> {
        let answer = |line: &String| {
            let answer = line.strip_prefix("< ")?;
            Some(answer.split(" #").next().unwrap_or_default().to_owned())
        };
        self.lines().iter().rev().find_map(answer)
    }
}

impl Write for Transcript {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
