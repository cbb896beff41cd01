//! A command and its answer, explained.

use super::cause::{Cause, Effect};
use super::fields::Field;
use super::kind::Kind;
use card_model::profile::{Element, KeyDefinition, PinDefinition, Profile};
use card_model::status::StatusWord;
use card_model::words::Lang;
use rust_i18n::t;

/// A key or PIN by the profile's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// Name such as `RKSSSE`.
    pub name: String,
    /// Purpose in Chinese.
    pub zh: String,
    /// Purpose in English.
    pub en: String,
}

impl From<&KeyDefinition> for KeyName {
    fn from(key: &KeyDefinition) -> Self {
        Self {
            name: key.name.clone(),
            zh: key.zh.clone(),
            en: key.en.clone(),
        }
    }
}

impl From<&PinDefinition> for KeyName {
    fn from(pin: &PinDefinition) -> Self {
        Self {
            name: pin.name.clone(),
            zh: pin.zh.clone(),
            en: pin.en.clone(),
        }
    }
}

/// What a command is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// `SSSE`, `SSSE/EF06`, `SSSE/EF06/09`; empty where the profile does not know it.
    pub path: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Record number, where the command goes by number.
    pub record: Option<u8>,
}

impl Target {
    /// A dedicated file.
    pub(super) fn directory(profile: &Profile, df: usize) -> Option<Self> {
        let df = profile.dedicated_files.get(df)?;
        Some(Self {
            path: df.id.clone(),
            zh: df.zh.clone(),
            en: df.en.clone(),
            record: None,
        })
    }

    /// An elementary file.
    pub(super) fn file(profile: &Profile, (df, ef): (usize, usize)) -> Option<Self> {
        let df = profile.dedicated_files.get(df)?;
        let file = df.files.get(ef)?;
        Some(Self {
            path: format!("{}/{}", df.id, file.name()),
            zh: file.zh.clone(),
            en: file.en.clone(),
            record: None,
        })
    }

    /// The same, narrowed to an element.
    pub(super) fn element(mut self, element: &Element) -> Self {
        if let Some(tag) = element.tag {
            self.path.push_str(&format!("/{tag:02X}"));
        }
        self.zh.clone_from(&element.zh);
        self.en.clone_from(&element.en);
        self
    }

    /// Name in a language.
    pub fn name(&self, lang: Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }
}

/// A command and its answer, explained.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// Line of the log.
    pub line: usize,
    /// Which command; `None` for one that nobody described.
    pub kind: Option<Kind>,
    /// What it is about.
    pub target: Option<Target>,
    /// The key or PIN it uses, where its header names one.
    pub key: Option<KeyName>,
    /// Command in hex, hidden bytes as `**`.
    pub command: String,
    /// Data of the answer in hex; `None` where there was no answer.
    pub data: Option<String>,
    /// Status word; `None` where there was no answer, or the log had masked it.
    pub sw: Option<StatusWord>,
    /// Microseconds, where the log has them.
    pub micros: Option<u64>,
    /// Parts of the command's data.
    pub sent: Vec<Field>,
    /// Parts of the answer's data.
    pub received: Vec<Field>,
    /// What stands behind the status word.
    pub cause: Option<Cause>,
    /// What changed on the card.
    pub effects: Vec<Effect>,
}

impl Step {
    /// The command in one line: `READ RECORD SSSE/EF06/09 (name)`.
    pub fn title(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let mut title = match self.kind {
            Some(kind) => kind.text(lang),
            None => t!("explain.unknown_command", locale = locale).into_owned(),
        };
        let named = |path: &str, name: &str| match lang {
            Lang::Zh => format!(" {path}（{name}）"),
            Lang::En => format!(" {path} ({name})"),
        };
        if let Some(target) = &self.target {
            title.push_str(&named(&target.path, target.name(lang)));
            if let Some(number) = target.record {
                title.push_str(&t!("explain.record", locale = locale, number = number));
            }
        }
        if let Some(key) = &self.key {
            title.push_str(&named(&key.name, lang.pick(&key.zh, &key.en)));
        }
        title
    }

    /// What the status word means; `None` without an answer.
    pub fn meaning(&self, lang: Lang) -> Option<String> {
        Some(self.sw?.meaning(lang))
    }

    /// What a person does next about a refusal.
    pub fn next_step(&self, lang: Lang) -> Option<String> {
        let sw = self.sw.filter(|sw| !sw.is_ok())?;
        self.cause
            .as_ref()
            .and_then(|cause| cause.next_step(lang))
            .or_else(|| sw.next_step(lang))
    }
}
