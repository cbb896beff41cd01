//! `--line`: a simulated card as slow as a real one, and what a call would take on the line to a real card.

use crate::args::LineName;
use crate::connect::Desk;
use crate::failure::Failure;
use card_model::card::Interface;
use reader::channel::slow::is_offered;
use reader::channel::{Channel, Counted, Figures, Line, Reset, Slow};
use rust_i18n::t;
use serde_json::{Map, Value, json};

impl From<LineName> for Line {
    fn from(name: LineName) -> Self {
        match name {
            LineName::Contact9600 => Self::Contact9600,
            LineName::Contact115200 => Self::Contact115200,
            LineName::Contactless106 => Self::Contactless106,
            LineName::Contactless424 => Self::Contactless424,
            LineName::Contactless848 => Self::Contactless848,
        }
    }
}

impl Desk<'_> {
    /// The line of `--line`.
    pub fn line(&self) -> Option<Line> {
        self.common.line.map(Line::from)
    }

    /// Refuses a line of the other interface than that of `--interface`.
    pub fn check_line(&self) -> Result<(), Failure> {
        let Some(line) = self.line() else { return Ok(()) };
        let locale = self.output.lang.locale();
        if self.common.interface.is_some() && self.interface() != line.interface() {
            let what = t!("ssc.line.other_interface", locale = locale, line = line.short());
            return Err(Failure::input(what).next(t!("ssc.line.other_interface_next", locale = locale)));
        }
        Ok(())
    }

    /// Refuses `--line` for a real reader, which has a line of its own; for a simulated card, says so if its answer to reset
    /// does not offer that speed.
    pub fn judge_line(&self, simulated: bool, reset: &Reset) -> Result<(), Failure> {
        let Some(line) = self.line() else { return Ok(()) };
        let locale = self.output.lang.locale();
        if !simulated {
            let what = t!("ssc.line.real", locale = locale);
            return Err(Failure::input(what).next(t!("ssc.line.real_next", locale = locale)));
        }
        if is_offered(reset, line) {
            return Ok(());
        }
        let slow = Line::of(line.interface()).next().unwrap_or(line);
        self.output.talk(&t!(
            "ssc.line.not_offered",
            locale = locale,
            line = line.name(),
            slow = slow.name()
        ));
        Ok(())
    }

    /// A simulated card's channel at the speed of `--line`.
    pub fn slowed<'c>(&self, channel: Box<dyn Channel + Send + 'c>) -> Box<dyn Channel + Send + 'c> {
        match self.line() {
            Some(line) => Box::new(Slow::new(channel, line)),
            None => channel,
        }
    }

    /// A channel whose commands are counted for [`Desk::figures`].
    pub fn counted<'c>(&self, channel: Box<dyn Channel + Send + 'c>) -> Box<dyn Channel + Send + 'c> {
        Box::new(Counted::into(channel, &self.counter))
    }

    /// What all counted channels have sent and received so far.
    pub fn figures(&self) -> Figures {
        self.counter.figures()
    }

    /// "Line time of these commands: …" for the lines of the interface.
    pub fn line_text(&self, figures: &Figures) -> String {
        let seconds = |line: Line| format!("{:.1} s ({})", figures.on(line).as_secs_f64(), line.name());
        let lines: Vec<String> = Line::of(self.interface()).map(seconds).collect();
        let locale = self.output.lang.locale();
        t!("ssc.line.estimate", locale = locale, lines = lines.join(", ")).into_owned()
    }

    /// The same as `{"9600": seconds, …}`.
    pub fn line_json(&self, figures: &Figures) -> Value {
        let seconds = |line: Line| (line.short().to_owned(), json!(figures.on(line).as_secs_f64()));
        Value::Object(Line::of(self.interface()).map(seconds).collect::<Map<_, _>>())
    }

    /// The interface that `--line` asks for.
    pub(crate) fn line_interface(&self) -> Option<Interface> {
        self.line().map(Line::interface)
    }
}
