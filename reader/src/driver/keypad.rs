//! The keypad: who asks a person for the PIN, with the prompts of the standard (IF38 4–9).

use super::code::ReturnCode;
use super::failure::Failure;
use super::settings::{KeypadChoice, Settings};
use super::tty::TerminalKeypad;
use card_model::secret::{Pin, PinFormatError};
use card_model::words::Lang;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// What the person is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// 请输入密码.
    Enter,
    /// 请输入原密码.
    Old,
    /// 请输入新密码.
    New,
    /// 请再次输入新密码.
    Again,
}

impl Prompt {
    /// The words that are shown and spoken.
    pub const fn words(self, lang: Lang) -> &'static str {
        match self {
            Self::Enter => lang.pick("请输入密码", "please enter the PIN"),
            Self::Old => lang.pick("请输入原密码", "please enter the old PIN"),
            Self::New => lang.pick("请输入新密码", "please enter the new PIN"),
            Self::Again => lang.pick("请再次输入新密码", "please enter the new PIN again"),
        }
    }

    /// Its number in keypads that take one: 1 enter, 2 old, 3 new, 4 again (SDK-SS).
    pub const fn number(self) -> u8 {
        match self {
            Self::Enter => 1,
            Self::Old => 2,
            Self::New => 3,
            Self::Again => 4,
        }
    }
}

/// Why there is no PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeypadError {
    /// The person did not want to.
    Cancelled,
    /// The person did not type in time.
    Timeout,
    /// The keypad itself failed.
    Broken(String),
    /// There is none that could take these digits: the reader's own cannot, and the settings name no other.
    Missing,
}

impl From<KeypadError> for Failure {
    fn from(error: KeypadError) -> Self {
        match error {
            KeypadError::Cancelled => Self::new(ReturnCode::PIN_CANCELLED),
            KeypadError::Timeout => Self::new(ReturnCode::PIN_TIMEOUT),
            KeypadError::Missing => Self::because(
                ReturnCode::NOT_SUPPORTED,
                "读写器的密码键盘不能完成此操作，设置中也无其他键盘",
                "the reader's keypad cannot do this, and the settings name no other",
            ),
            KeypadError::Broken(message) => Self::because(
                ReturnCode::PIN_CANCELLED,
                format!("密码键盘：{message}"),
                format!("keypad: {message}"),
            ),
        }
    }
}

/// Digits as they were typed; wiped when dropped.
pub type Digits = Zeroizing<String>;

/// A keypad.
pub trait Keypad: Send {
    /// Asks, and gives what was typed.
    ///
    /// # Errors
    /// Nothing was typed.
    fn ask(&mut self, prompt: Prompt, lang: Lang) -> Result<Digits, KeypadError>;
}

/// The keypad that the settings choose.
pub(super) fn keypad(settings: &Settings) -> Box<dyn Keypad> {
    chosen(&settings.keypad, settings.keypad_timeout)
}

fn chosen(choice: &KeypadChoice, timeout: Duration) -> Box<dyn Keypad> {
    match choice {
        KeypadChoice::Terminal => Box::new(TerminalKeypad::new(timeout)),
        // The reader is asked before any keypad; this is what is left.
        KeypadChoice::PinPad(None) => Box::new(NoKeypad),
        KeypadChoice::PinPad(Some(other)) => chosen(other, timeout),
        KeypadChoice::Value => Box::new(ValueKeypad::from_environment()),
        KeypadChoice::Program(path) => Box::new(ProgramKeypad {
            path: path.clone(),
            timeout,
        }),
    }
}

/// Checks what was typed: 4 to 16 digits.
pub(super) fn checked(digits: &str) -> Result<Pin, Failure> {
    Pin::from_digits(digits).map_err(|error| {
        Failure::new(match error {
            PinFormatError::Length(_) => ReturnCode::PIN_LENGTH,
            PinFormatError::Character(_) => ReturnCode::ILLEGAL_CHARACTER,
        })
    })
}

/// A PIN that is known: kiosks whose keypad belongs to the program.
#[derive(Default)]
pub struct ValueKeypad {
    /// The PIN of the card.
    pub pin: Option<Digits>,
    /// The PIN it will get.
    pub new_pin: Option<Digits>,
}

impl ValueKeypad {
    /// The PINs in `SSC_PIN` and `SSC_NEW_PIN`.
    pub fn from_environment() -> Self {
        let variable = |name| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.is_empty())
                .map(Zeroizing::new)
        };
        Self {
            pin: variable("SSC_PIN"),
            new_pin: variable("SSC_NEW_PIN"),
        }
    }
}

impl Keypad for ValueKeypad {
    fn ask(&mut self, prompt: Prompt, _lang: Lang) -> Result<Digits, KeypadError> {
        let value = match prompt {
            Prompt::Enter | Prompt::Old => &self.pin,
            Prompt::New | Prompt::Again => &self.new_pin,
        };
        value.clone().ok_or(KeypadError::Cancelled)
    }
}

/// No keypad at all.
struct NoKeypad;

impl Keypad for NoKeypad {
    fn ask(&mut self, _prompt: Prompt, _lang: Lang) -> Result<Digits, KeypadError> {
        Err(KeypadError::Missing)
    }
}

/// A program that talks to the keypad: it gets the words and the number of the prompt as arguments and prints the digits.
/// Exit code 0: entered; 2: timeout; any other: cancelled.
struct ProgramKeypad {
    path: PathBuf,
    timeout: Duration,
}

/// More than any PIN, so that a chattering program does not fill memory.
const MOST_OUTPUT: u64 = 64;

impl Keypad for ProgramKeypad {
    fn ask(&mut self, prompt: Prompt, lang: Lang) -> Result<Digits, KeypadError> {
        let broken = |error: std::io::Error| KeypadError::Broken(format!("{}: {error}", self.path.display()));
        let mut child = Command::new(&self.path)
            .arg(prompt.words(lang))
            .arg(prompt.number().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(broken)?;
        let begin = Instant::now();
        let status = loop {
            match child.try_wait().map_err(broken)? {
                Some(status) => break status,
                None if begin.elapsed() >= self.timeout => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(KeypadError::Timeout);
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        match status.code() {
            Some(0) => {}
            Some(2) => return Err(KeypadError::Timeout),
            _ => return Err(KeypadError::Cancelled),
        }
        let mut typed = Zeroizing::new(String::new());
        if let Some(output) = child.stdout.take() {
            output.take(MOST_OUTPUT).read_to_string(&mut typed).map_err(broken)?;
        }
        let digits = Zeroizing::new(typed.trim().to_owned());
        if digits.is_empty() {
            Err(KeypadError::Cancelled)
        } else {
            Ok(digits)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed() {
        assert!(checked("123456").is_ok());
        let code = |digits| checked(digits).expect_err("refused").code;
        assert_eq!(code("123"), ReturnCode::PIN_LENGTH);
        assert_eq!(code("12345678901234567"), ReturnCode::PIN_LENGTH);
        assert_eq!(code(""), ReturnCode::PIN_LENGTH);
        assert_eq!(code("12a4"), ReturnCode::ILLEGAL_CHARACTER);
    }

    #[test]
    fn values() {
        let mut keypad = ValueKeypad {
            pin: Some(Zeroizing::new("1234".to_owned())),
            new_pin: None,
        };
        assert_eq!(keypad.ask(Prompt::Old, Lang::Zh).expect("set").as_str(), "1234");
        assert_eq!(keypad.ask(Prompt::Again, Lang::Zh), Err(KeypadError::Cancelled));
    }

    #[cfg(unix)]
    #[test]
    fn programs() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let mut number = 0;
        let mut ask = |script: &str, prompt, timeout| {
            number += 1;
            let path = directory.path().join(format!("pad{number}"));
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
            ProgramKeypad { path, timeout }.ask(prompt, Lang::Zh)
        };
        let (long, short) = (Duration::from_secs(30), Duration::from_millis(300));
        let typed = ask("[ \"$1\" = 请输入新密码 ] && echo 65432$2", Prompt::New, long);
        assert_eq!(typed.expect("typed").as_str(), "654323");
        assert_eq!(ask("exit 1", Prompt::Enter, long), Err(KeypadError::Cancelled));
        assert_eq!(ask("exit 2", Prompt::Enter, long), Err(KeypadError::Timeout));
        assert_eq!(ask("exec sleep 5", Prompt::Enter, short), Err(KeypadError::Timeout));
        assert_eq!(ask("", Prompt::Enter, long), Err(KeypadError::Cancelled));
        let missing = ProgramKeypad {
            path: directory.path().join("none"),
            timeout: long,
        }
        .ask(Prompt::Enter, Lang::En);
        assert!(matches!(missing, Err(KeypadError::Broken(_))));
    }
}
