//! How the driver is set up: a TOML file and the environment. A program that calls the 23 functions has no place for it, so
//! all of it stands outside.
//!
//! The file is named by `SSC_DRIVER_CONFIG`; without that it is `/etc/ssc/driver.toml`, if there is one (on Windows
//! `%ProgramData%\ssc\driver.toml`). A variable of the environment wins over the file.
//!
//! ```toml
//! contact = "Reader A"              # part of a PC/SC reader's name, or sim:FILE; nothing: any reader with such a card
//! contactless = "Reader B"          # the same for cards without contacts
//! psam = "Reader A SAM"             # nothing: the reader with SAM in its name, if there is one
//! keys = "keys.toml"                # a key file in the place of the PSAM, for tests
//! keypad = "terminal"               # terminal | value | program:/usr/bin/pinpad | pinpad | pinpad,terminal …
//! pinpad_digits = 6                 # digits of a PIN at a reader with a keypad of its own, 4 to 16
//! hsm = "http://127.0.0.1:8089/"    # service for the functions iXxx_HSM
//! encoding = "gbk"                  # gbk | utf-8
//! language = "zh"                   # of the text of errors: zh | en
//! log = "/var/log/ssc-driver.log"   # one line for each call and the commands; numbers, names and PINs are masked
//! unmasked = false                  # true: nothing is masked, for TEST cards
//! terminal = "000000000000"         # terminal number where no PSAM tells one
//! device = ""                       # serial number of the reader, item 11 of iReadCardBas
//! terminal_code = "…"               # ninth item of iReadCardBas_HSM_Step1, where the province wants one
//! key_version = 1                   # version of the keys, and index of the purchase key, where no PSAM decides
//! purchase_key = 1
//! card_timeout = 0                  # seconds to wait for a card, for a PIN, for the next step, for the HSM service
//! keypad_timeout = 30
//! step_timeout = 60
//! hsm_timeout = 15
//! ```
//!
//! Variables: `SSC_DRIVER_CONTACT`, `SSC_DRIVER_CONTACTLESS`, `SSC_DRIVER_PSAM`, `SSC_DRIVER_KEYS`, `SSC_DRIVER_KEYPAD`,
//! `SSC_DRIVER_HSM`, `SSC_DRIVER_ENCODING`, `SSC_DRIVER_LANGUAGE`, `SSC_DRIVER_LOG`; `SSC_PIN` and `SSC_NEW_PIN` for the
//! keypad `value`; `SSC_KEY_PASSPHRASE` for an encrypted key file.

use super::ReturnCode;
use super::failure::Failure;
use card_model::words::Lang;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names the settings file.
pub const CONFIG_VARIABLE: &str = "SSC_DRIVER_CONFIG";

/// Encoding of the strings of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Encoding {
    /// GBK with the rare characters of GB18030, as the card holds them.
    #[default]
    #[serde(rename = "gbk", alias = "gb18030")]
    Gbk,
    /// UTF-8.
    #[serde(rename = "utf-8", alias = "utf8")]
    Utf8,
}

impl Encoding {
    /// Text in this encoding.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Gbk => encoding_rs::GB18030.encode(text).0.into_owned(),
            Self::Utf8 => text.as_bytes().to_vec(),
        }
    }

    /// Text from this encoding.
    ///
    /// # Errors
    /// Bytes that are none (−41).
    pub fn decode(self, bytes: &[u8]) -> Result<String, Failure> {
        let text = match self {
            Self::Gbk => crate::decode::decode_text(bytes),
            Self::Utf8 => core::str::from_utf8(bytes).ok().map(str::to_owned),
        };
        text.ok_or_else(|| {
            Failure::because(
                ReturnCode::ILLEGAL_CHARACTER,
                "字符编码不对",
                "the bytes do not have the encoding of the interface",
            )
        })
    }
}

/// Who asks the person for the PIN.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KeypadChoice {
    /// The terminal the program runs in.
    #[default]
    Terminal,
    /// Nobody: the PIN and the new PIN are in `SSC_PIN` and `SSC_NEW_PIN`, or were set by the program.
    Value,
    /// A program that shows its first argument and prints the digits.
    Program(PathBuf),
    /// The keypad of the reader (PC/SC part 10), and behind a comma who is asked for what it cannot take: a new PIN that is
    /// set with PSAM or HSM (iReloadPIN and its second step), because it is encrypted outside of the reader; and everything
    /// where the reader has no keypad. Without another one such a call fails (−13). PINs of another length than
    /// [`Settings::pinpad_digits`] the reader refuses (−33): [`crate::pinpad`] tells why it must know the length.
    PinPad(Option<Box<Self>>),
}

/// The reader's keypad and another one.
const PINPAD: &str = "pinpad,";

impl KeypadChoice {
    fn parse(text: &str) -> Result<Self, SettingsError> {
        match text.trim() {
            "terminal" => Ok(Self::Terminal),
            "value" => Ok(Self::Value),
            "pinpad" => Ok(Self::PinPad(None)),
            other if other.starts_with(PINPAD) => match Self::parse(&other[PINPAD.len()..])? {
                Self::PinPad(_) => Err(SettingsError::Value {
                    name: "keypad",
                    value: other.to_owned(),
                }),
                behind => Ok(Self::PinPad(Some(Box::new(behind)))),
            },
            other => match other.strip_prefix("program:") {
                Some(path) if !path.is_empty() => Ok(Self::Program(PathBuf::from(path))),
                _ => Err(SettingsError::Value {
                    name: "keypad",
                    value: other.to_owned(),
                }),
            },
        }
    }
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("settings file {path}: {source}")]
    File {
        /// Its path.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The file is no such TOML.
    #[error("settings file {path}: {message}")]
    Syntax {
        /// Its path.
        path: String,
        /// What is wrong, with its line.
        message: String,
    },
    /// A value that a setting cannot have.
    #[error("{value:?} is no value of {name}")]
    Value {
        /// The setting.
        name: &'static str,
        /// The value.
        value: String,
    },
}

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Reader of contact cards.
    pub contact: Option<String>,
    /// Reader of contactless cards.
    pub contactless: Option<String>,
    /// Slot of the PSAM.
    pub psam: Option<String>,
    /// A key file in the place of the PSAM.
    pub keys: Option<PathBuf>,
    /// Terminal number where a key file stands in the place of the PSAM, packed digits.
    pub terminal: [u8; 6],
    /// Serial number of the reader, item 11 of iReadCardBas.
    pub device: String,
    /// Who asks for the PIN.
    pub keypad: KeypadChoice,
    /// How long a person may take for a PIN.
    pub keypad_timeout: Duration,
    /// Digits of a PIN that is typed at the reader's own keypad, 4–16: such a keypad must know it before.
    pub pinpad_digits: u8,
    /// How long to wait for a card.
    pub card_timeout: Duration,
    /// How long a card stays open between two steps.
    pub step_timeout: Duration,
    /// Version of the keys where no PSAM decides, 1–3.
    pub key_version: u8,
    /// Index of the purchase key where no PSAM decides, 1–3.
    pub purchase_key: u8,
    /// The ninth item that some provinces want behind iReadCardBas_HSM_Step1: 32 characters that name the terminal.
    pub terminal_code: Option<String>,
    /// URL of the service for the functions iXxx_HSM.
    pub hsm: Option<String>,
    /// How long to wait for that service.
    pub hsm_timeout: Duration,
    /// Encoding of strings.
    pub encoding: Encoding,
    /// Language of the text of errors.
    pub lang: Lang,
    /// Log file.
    pub log: Option<PathBuf>,
    /// Whether PINs, names and numbers stand in the log as they are. For TEST cards.
    pub unmasked: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contact: None,
            contactless: None,
            psam: None,
            keys: None,
            terminal: [0; 6],
            device: String::new(),
            keypad: KeypadChoice::default(),
            keypad_timeout: Duration::from_secs(30),
            pinpad_digits: 6,
            card_timeout: Duration::ZERO,
            step_timeout: Duration::from_secs(60),
            key_version: 1,
            purchase_key: 1,
            terminal_code: None,
            hsm: None,
            hsm_timeout: Duration::from_secs(15),
            encoding: Encoding::default(),
            lang: Lang::Zh,
            log: None,
            unmasked: false,
        }
    }
}

/// The settings file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    contact: Option<String>,
    contactless: Option<String>,
    psam: Option<String>,
    keys: Option<PathBuf>,
    terminal: Option<String>,
    device: Option<String>,
    keypad: Option<String>,
    keypad_timeout: Option<u64>,
    pinpad_digits: Option<u8>,
    card_timeout: Option<u64>,
    step_timeout: Option<u64>,
    key_version: Option<u8>,
    purchase_key: Option<u8>,
    terminal_code: Option<String>,
    hsm: Option<String>,
    hsm_timeout: Option<u64>,
    encoding: Option<Encoding>,
    language: Option<String>,
    log: Option<PathBuf>,
    unmasked: Option<bool>,
}

impl Settings {
    /// Reads the file and the environment of this process.
    ///
    /// # Errors
    /// A file that was named and cannot be read, or a wrong value.
    pub fn load() -> Result<Self, SettingsError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let named = variable(CONFIG_VARIABLE).map(PathBuf::from);
        let mut settings = match named.or_else(usual_place) {
            Some(path) => Self::read(&path)?,
            None => Self::default(),
        };
        settings.apply(variable)?;
        Ok(settings)
    }

    /// Reads a file alone.
    ///
    /// # Errors
    /// The file cannot be read, or has a wrong value.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::File {
            path: path.display().to_string(),
            source,
        })?;
        Self::from_toml(&text).map_err(|error| match error {
            SettingsError::Syntax { message, .. } => SettingsError::Syntax {
                path: path.display().to_string(),
                message,
            },
            other => other,
        })
    }

    /// Reads the text of a settings file.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        let raw: Raw = toml::from_str(text).map_err(|error| SettingsError::Syntax {
            path: String::new(),
            message: error.to_string(),
        })?;
        let seconds = |value: Option<u64>, default: Duration| value.map_or(default, Duration::from_secs);
        let usual = Self::default();
        let settings = Self {
            contact: raw.contact,
            contactless: raw.contactless,
            psam: raw.psam,
            keys: raw.keys,
            terminal: raw.terminal.as_deref().map_or(Ok(usual.terminal), terminal_number)?,
            device: raw.device.unwrap_or_default(),
            keypad: raw.keypad.as_deref().map_or(Ok(usual.keypad), KeypadChoice::parse)?,
            keypad_timeout: seconds(raw.keypad_timeout, usual.keypad_timeout),
            pinpad_digits: raw.pinpad_digits.unwrap_or(usual.pinpad_digits),
            card_timeout: seconds(raw.card_timeout, usual.card_timeout),
            step_timeout: seconds(raw.step_timeout, usual.step_timeout),
            key_version: raw.key_version.unwrap_or(usual.key_version),
            purchase_key: raw.purchase_key.unwrap_or(usual.purchase_key),
            terminal_code: raw.terminal_code,
            hsm: raw.hsm,
            hsm_timeout: seconds(raw.hsm_timeout, usual.hsm_timeout),
            encoding: raw.encoding.unwrap_or_default(),
            lang: raw.language.as_deref().map_or(Ok(usual.lang), language)?,
            log: raw.log,
            unmasked: raw.unmasked.unwrap_or(false),
        };
        settings.checked()
    }

    /// Puts variables of the environment over the settings.
    ///
    /// # Errors
    /// A wrong value.
    pub fn apply(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), SettingsError> {
        let over = |place: &mut Option<String>, name: &str| {
            if let Some(value) = variable(name) {
                *place = Some(value);
            }
        };
        over(&mut self.contact, "SSC_DRIVER_CONTACT");
        over(&mut self.contactless, "SSC_DRIVER_CONTACTLESS");
        over(&mut self.psam, "SSC_DRIVER_PSAM");
        over(&mut self.hsm, "SSC_DRIVER_HSM");
        if let Some(path) = variable("SSC_DRIVER_KEYS") {
            self.keys = Some(path.into());
        }
        if let Some(path) = variable("SSC_DRIVER_LOG") {
            self.log = Some(path.into());
        }
        if let Some(text) = variable("SSC_DRIVER_KEYPAD") {
            self.keypad = KeypadChoice::parse(&text)?;
        }
        if let Some(text) = variable("SSC_DRIVER_LANGUAGE") {
            self.lang = language(&text)?;
        }
        if let Some(text) = variable("SSC_DRIVER_ENCODING") {
            self.encoding = match text.to_ascii_lowercase().as_str() {
                "gbk" | "gb18030" => Encoding::Gbk,
                "utf-8" | "utf8" => Encoding::Utf8,
                _ => {
                    return Err(SettingsError::Value {
                        name: "encoding",
                        value: text,
                    });
                }
            };
        }
        Ok(())
    }

    fn checked(self) -> Result<Self, SettingsError> {
        for (name, value, allowed) in [
            ("key_version", self.key_version, 1..=3),
            ("purchase_key", self.purchase_key, 1..=3),
            ("pinpad_digits", self.pinpad_digits, 4..=16),
        ] {
            if !allowed.contains(&value) {
                return Err(SettingsError::Value {
                    name,
                    value: value.to_string(),
                });
            }
        }
        Ok(self)
    }
}

fn terminal_number(text: &str) -> Result<[u8; 6], SettingsError> {
    let mut packed = [0; 6];
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match hex::decode_to_slice(text, &mut packed) {
        Ok(()) if digits => Ok(packed),
        _ => Err(SettingsError::Value {
            name: "terminal",
            value: text.to_owned(),
        }),
    }
}

fn language(text: &str) -> Result<Lang, SettingsError> {
    match text {
        "zh" => Ok(Lang::Zh),
        "en" => Ok(Lang::En),
        _ => Err(SettingsError::Value {
            name: "language",
            value: text.to_owned(),
        }),
    }
}

/// The settings file of the machine, if there is one.
fn usual_place() -> Option<PathBuf> {
    let directory = if cfg!(windows) {
        PathBuf::from(std::env::var_os("ProgramData")?)
    } else {
        PathBuf::from("/etc")
    };
    let path = directory.join("ssc").join("driver.toml");
    path.is_file().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_whole_file() {
        let text = "contact = \"A\"\ncontactless = \"B\"\npsam = \"C\"\nterminal = \"410100813475\"\nkeypad = \"program:/bin/pad\"\n\
                    encoding = \"utf-8\"\nlanguage = \"en\"\nstep_timeout = 5\nkey_version = 2\nhsm = \"http://localhost:1/\"\n";
        let mut settings = Settings::from_toml(text).expect("right");
        assert_eq!(hex::encode(settings.terminal), "410100813475");
        assert_eq!(settings.keypad, KeypadChoice::Program("/bin/pad".into()));
        assert_eq!(
            (settings.encoding, settings.lang, settings.key_version),
            (Encoding::Utf8, Lang::En, 2)
        );
        let environment = |name: &str| match name {
            "SSC_DRIVER_PSAM" => Some("sim:psam".to_owned()),
            "SSC_DRIVER_ENCODING" => Some("GBK".to_owned()),
            "SSC_DRIVER_KEYPAD" => Some("value".to_owned()),
            _ => None,
        };
        settings.apply(environment).expect("right");
        assert_eq!(settings.psam.as_deref(), Some("sim:psam"));
        assert_eq!(
            (settings.contact.as_deref(), settings.encoding),
            (Some("A"), Encoding::Gbk)
        );
        assert_eq!(settings.keypad, KeypadChoice::Value);
    }

    #[test]
    fn wrong_values_are_named() {
        for (text, name) in [
            ("terminal = \"12\"", "terminal"),
            ("keypad = \"fingers\"", "keypad"),
            ("keypad = \"pinpad,pinpad\"", "keypad"),
            ("keypad = \"pinpad,\"", "keypad"),
            ("pinpad_digits = 3", "pinpad_digits"),
            ("language = \"fr\"", "language"),
            ("key_version = 4", "key_version"),
            ("purchase_key = 0", "purchase_key"),
            ("colour = 1", "colour"),
        ] {
            let words = Settings::from_toml(text).expect_err("wrong").to_string();
            assert!(words.contains(name), "{text}: {words}");
        }
        assert_eq!(Settings::from_toml("").expect("empty"), Settings::default());
    }

    #[test]
    fn keypads() {
        let program = || KeypadChoice::Program("/bin/pad".into());
        let behind = |other| KeypadChoice::PinPad(Some(Box::new(other)));
        for (text, choice) in [
            ("terminal", KeypadChoice::Terminal),
            ("value", KeypadChoice::Value),
            ("program:/bin/pad", program()),
            ("pinpad", KeypadChoice::PinPad(None)),
            ("pinpad,terminal", behind(KeypadChoice::Terminal)),
            ("pinpad,program:/bin/pad", behind(program())),
        ] {
            assert_eq!(KeypadChoice::parse(text).expect(text), choice);
        }
    }

    #[test]
    fn rare_characters_go_through() {
        for text in ["张三", "㐂䶮", "𠮷"] {
            for encoding in [Encoding::Gbk, Encoding::Utf8] {
                assert_eq!(encoding.decode(&encoding.encode(text)).expect("own"), text);
            }
        }
        assert_eq!(Encoding::Gbk.encode("张三"), [0xD5, 0xC5, 0xC8, 0xFD]);
        assert_eq!(
            Encoding::Utf8.decode(&[0xD5]).expect_err("none").code,
            ReturnCode::ILLEGAL_CHARACTER
        );
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,40}") {
            let _ = Settings::from_toml(&text);
        }
    }
}
