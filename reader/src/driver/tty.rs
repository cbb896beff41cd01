//! The keypad of a terminal window: nothing is echoed, and who takes too long is not waited for.

use super::keypad::{Digits, Keypad, KeypadError, Prompt};
use card_model::words::Lang;
use std::time::Duration;
#[cfg(unix)]
use std::{
    fs::File,
    io::{Read, Write},
    path::PathBuf,
    time::Instant,
};
#[cfg(unix)]
use zeroize::Zeroizing;

/// A terminal at which a person types. Enter ends, Esc, Ctrl-C and Ctrl-D cancel, backspace takes a digit back.
#[derive(Debug, Clone)]
pub struct TerminalKeypad {
    #[cfg(unix)]
    path: PathBuf,
    timeout: Duration,
}

impl TerminalKeypad {
    /// The terminal that the program runs in. `timeout` is for each PIN.
    pub fn new(timeout: Duration) -> Self {
        Self {
            #[cfg(unix)]
            path: PathBuf::from("/dev/tty"),
            timeout,
        }
    }

    /// Another terminal than the program's own.
    #[cfg(unix)]
    pub fn at(path: impl Into<PathBuf>, timeout: Duration) -> Self {
        Self {
            path: path.into(),
            timeout,
        }
    }
}

/// The question as it is shown.
fn question(prompt: Prompt, lang: Lang) -> String {
    format!("{}{}", prompt.words(lang), lang.pick("：", ": "))
}

#[cfg(unix)]
impl Keypad for TerminalKeypad {
    fn ask(&mut self, prompt: Prompt, lang: Lang) -> Result<Digits, KeypadError> {
        use rustix::fs::{Mode, OFlags};
        let broken = |error: std::io::Error| KeypadError::Broken(format!("{}: {error}", self.path.display()));
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open(&self.path, flags, Mode::empty()).map_err(|error| broken(error.into()))?;
        let terminal = File::from(terminal);
        let quiet = Quiet::begin(&terminal).map_err(broken)?;
        let mut shown = &terminal;
        shown.write_all(question(prompt, lang).as_bytes()).map_err(broken)?;
        let typed = typed(&terminal, Instant::now() + self.timeout);
        drop(quiet);
        // The person's own Enter was not shown.
        let _ = shown.write_all(b"\r\n");
        typed.map_err(broken)?
    }
}

/// A terminal that echoes nothing and hands over every key at once; as it was when dropped.
#[cfg(unix)]
struct Quiet<'t> {
    terminal: &'t File,
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl<'t> Quiet<'t> {
    fn begin(terminal: &'t File) -> std::io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        // Without ISIG, Ctrl-C is a key as any other: it cancels, and the terminal is put right again.
        quiet.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What was typed before the question is no answer to it.
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

#[cfg(unix)]
impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(self.terminal, rustix::termios::OptionalActions::Flush, &self.before);
    }
}

/// More than any PIN, so that a stuck key does not fill memory.
#[cfg(unix)]
const MOST: usize = 64;

/// Keys until Enter, or what ended the typing before.
#[cfg(unix)]
fn typed(mut terminal: &File, deadline: Instant) -> std::io::Result<Result<Digits, KeypadError>> {
    let mut digits = Zeroizing::new(String::with_capacity(MOST));
    let mut keys = Zeroizing::new([0; 16]);
    loop {
        if !wait(terminal, deadline)? {
            return Ok(Err(KeypadError::Timeout));
        }
        let count = terminal.read(&mut *keys)?;
        if count == 0 {
            return Ok(Err(KeypadError::Cancelled));
        }
        for key in &keys[..count] {
            match key {
                b'\r' | b'\n' if digits.is_empty() => return Ok(Err(KeypadError::Cancelled)),
                b'\r' | b'\n' => return Ok(Ok(digits)),
                // Ctrl-C, Ctrl-D, Esc.
                0x03 | 0x04 | 0x1B => return Ok(Err(KeypadError::Cancelled)),
                // Backspace, whatever the terminal sends for it.
                0x08 | 0x7F => drop(digits.pop()),
                // Ctrl-U.
                0x15 => digits.clear(),
                b' '..=b'~' if digits.len() < MOST => digits.push(char::from(*key)),
                _ => {}
            }
        }
    }
}

/// Waits for a key; `false` if the time is over.
#[cfg(unix)]
fn wait(terminal: &File, deadline: Instant) -> std::io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(terminal, PollFlags::IN)], left.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Elsewhere a thread waits for the person. When the time is over it is left behind and takes what is typed next.
#[cfg(not(unix))]
impl Keypad for TerminalKeypad {
    fn ask(&mut self, prompt: Prompt, lang: Lang) -> Result<Digits, KeypadError> {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(rpassword::prompt_password(question(prompt, lang))));
        match receiver.recv_timeout(self.timeout) {
            Ok(Ok(digits)) if digits.is_empty() => Err(KeypadError::Cancelled),
            Ok(Ok(digits)) => Ok(Digits::new(digits)),
            Ok(Err(error)) => Err(KeypadError::Broken(error.to_string())),
            Err(_) => Err(KeypadError::Timeout),
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    /// A terminal window: its other end, and the path under which programs see it.
    fn window() -> (File, PathBuf) {
        let other_end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&other_end).expect("granted");
        unlockpt(&other_end).expect("unlocked");
        let name = ptsname(&other_end, Vec::new()).expect("a name");
        (File::from(other_end), PathBuf::from(name.into_string().expect("text")))
    }

    /// Asks, types the keys when the question stands there, and gives the answer and all that was shown.
    fn ask(keys: &[u8], timeout: Duration) -> (Result<Digits, KeypadError>, String) {
        let (mut other_end, path) = window();
        // Somebody else holds the terminal open, as a shell does; otherwise closing it would throw away what was shown.
        let shell = File::open(&path).expect("opens");
        let before = tcgetattr(&shell).expect("a terminal");
        let mut keypad = TerminalKeypad::at(&path, timeout);
        let asking = std::thread::spawn(move || keypad.ask(Prompt::Enter, Lang::Zh));
        let mut shown = Vec::new();
        let question = question(Prompt::Enter, Lang::Zh);
        let mut buffer = [0; 64];
        while shown.len() < question.len() {
            let count = other_end.read(&mut buffer).expect("shown");
            shown.extend(&buffer[..count]);
        }
        other_end.write_all(keys).expect("typed");
        let answer = asking.join().expect("ended");
        let after = tcgetattr(&shell).expect("a terminal");
        assert_eq!(after.local_modes, before.local_modes, "the terminal is as it was");
        assert!(after.local_modes.contains(LocalModes::ECHO));
        while !shown.ends_with(b"\n") {
            let count = other_end.read(&mut buffer).expect("shown");
            shown.extend(&buffer[..count]);
        }
        let shown = String::from_utf8(shown).expect("text");
        assert_eq!(shown.trim_end(), question, "and nothing of the PIN");
        (answer, shown)
    }

    #[test]
    fn what_is_typed() {
        let long = Duration::from_secs(20);
        let digits = |keys: &[u8]| ask(keys, long).0.expect("typed").to_string();
        assert_eq!(digits(b"123456\r"), "123456");
        assert_eq!(digits(b"99\x7f\x08123\x7f4\n"), "124");
        assert_eq!(digits(b"9999\x15123456\r"), "123456");
        assert_eq!(
            digits("1张2\r".as_bytes()),
            "12",
            "what is no key of a keypad is passed over"
        );
        assert_eq!(digits(&[&[b'1'; 80][..], b"\r"].concat()).len(), MOST);
        for keys in [&b"123\x1b"[..], b"\x03", b"12\x04", b"\r"] {
            assert_eq!(ask(keys, long).0, Err(KeypadError::Cancelled), "{keys:?}");
        }
    }

    #[test]
    fn who_takes_too_long() {
        let begin = Instant::now();
        let short = Duration::from_millis(150);
        assert_eq!(ask(b"", short).0, Err(KeypadError::Timeout));
        assert_eq!(ask(b"1234", short).0, Err(KeypadError::Timeout), "without Enter");
        assert!(begin.elapsed() >= 2 * short && begin.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn no_terminal() {
        let mut keypad = TerminalKeypad::at("/dev/null", Duration::from_secs(1));
        assert!(matches!(
            keypad.ask(Prompt::Enter, Lang::En),
            Err(KeypadError::Broken(_))
        ));
        let mut keypad = TerminalKeypad::at("/nonexistent", Duration::from_secs(1));
        assert!(matches!(
            keypad.ask(Prompt::Enter, Lang::En),
            Err(KeypadError::Broken(_))
        ));
    }
}
