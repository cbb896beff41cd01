//! A stand with real readers: the card is the one that is in the reader, and stays as it is.

use super::facts::Facts;
use super::situation::{CardState, PsamState, Situation};
use super::stand::{DriverUnderTest, Entry, Stand};
use crate::ConformanceError;
use crate::suite::Text;
use card_model::card::Interface;
use reader::channel::{OpenOptions, TransportError, open};
use reader::hsm::StringHsm;

/// Who tells a person what to do at the keypad, in both languages; gives false where there is nobody.
pub type Attendant = Box<dyn FnMut(&Text) -> bool>;

/// The card in a real reader.
pub struct ReaderStand {
    facts: Facts,
    reader: String,
    hsm: Option<StringHsm>,
    /// Whether the tester has put a PSAM with all keys into the terminal.
    psam: bool,
    attendant: Option<Attendant>,
    driver: Box<dyn DriverUnderTest>,
}

impl ReaderStand {
    /// The card of `facts` is in `reader`. `psam` says that the terminal has a PSAM with all keys; `attendant` tells a person what
    /// to type, without one nothing is typed.
    pub fn new(
        facts: Facts,
        reader: &str,
        hsm: Option<StringHsm>,
        psam: bool,
        attendant: Option<Attendant>,
        driver: Box<dyn DriverUnderTest>,
    ) -> Self {
        Self {
            facts,
            reader: reader.to_owned(),
            hsm,
            psam,
            attendant,
            driver,
        }
    }
}

impl Stand for ReaderStand {
    fn driver(&mut self) -> &mut dyn DriverUnderTest {
        &mut *self.driver
    }

    fn set_up(&mut self, situation: &Situation) -> Result<Result<(), Text>, ConformanceError> {
        self.driver.forget();
        let simulated = Text::new(
            "此状态只能用模拟卡建立（--reader sim:FILE）",
            "this state is only there with simulated cards: --reader sim:FILE",
        );
        if situation.card != CardState::Present || !situation.prepare.is_empty() {
            return Ok(Err(simulated));
        }
        Ok(match situation.psam {
            PsamState::Any => Ok(()),
            PsamState::Present if self.psam => Ok(()),
            PsamState::Present => Err(Text::new("未指定 PSAM（--psam）", "no PSAM named: --psam")),
            _ => Err(simulated),
        })
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn hsm(&self) -> Option<&StringHsm> {
        self.hsm.as_ref()
    }

    fn keypad(&mut self, entries: Vec<Entry>) -> Result<(), Text> {
        let nobody = || Text::new("无人操作密码键盘（--attended）", "nobody is at the keypad: --attended");
        let attendant = self.attendant.as_mut().ok_or_else(nobody)?;
        if attendant(&told(&entries)) {
            Ok(())
        } else {
            Err(nobody())
        }
    }

    fn not_asked(&mut self) -> usize {
        // Nobody counts what a person was asked.
        0
    }

    fn is_closed(&mut self) -> Option<bool> {
        let options = OpenOptions {
            interface: match self.facts.slot {
                2 => Interface::Contactless,
                _ => Interface::Contact,
            },
            exclusive: true,
        };
        match open(Some(&self.reader), options) {
            Ok(_) => Some(true),
            Err(TransportError::HeldByOther { .. }) => Some(false),
            // The reader is one that this program does not see.
            Err(_) => None,
        }
    }

    fn is_disposable(&self) -> bool {
        false
    }
}

/// What a person is to do.
fn told(entries: &[Entry]) -> Text {
    let zh = |entry: &Entry| match entry {
        Entry::Typed(digits) => format!("输入 {digits}"),
        Entry::Cancel => "按取消".to_owned(),
        Entry::Timeout => "等待超时".to_owned(),
    };
    let en = |entry: &Entry| match entry {
        Entry::Typed(digits) => format!("type {digits}"),
        Entry::Cancel => "cancel".to_owned(),
        Entry::Timeout => "wait until the time is over".to_owned(),
    };
    let zh: Vec<String> = entries.iter().map(zh).collect();
    let en: Vec<String> = entries.iter().map(en).collect();
    Text::new(zh.join("，然后"), en.join(", then "))
}
