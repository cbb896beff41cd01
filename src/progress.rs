//! Progress at the terminal.

use crate::output::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use personalize::{CardResult, Estimate, Progress, Step, StepState};
use rust_i18n::t;

/// A bar on stderr; nothing where stderr is no terminal or talk is not wanted.
pub struct Bar {
    bar: ProgressBar,
    output: Output,
}

impl Bar {
    /// A bar for so many holders.
    pub fn new(holders: u64, output: Output) -> Self {
        Self {
            bar: bar(Some(holders), output),
            output,
        }
    }

    /// Says something without tearing the bar.
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| self.output.talk(text));
    }
}

/// Where bars are drawn: on stderr; nowhere where stderr is no terminal or talk is not wanted.
pub fn target(output: Output) -> ProgressDrawTarget {
    if output.quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    }
}

/// A bar for so many, if it is known how many, with rate and time left.
pub fn bar(length: Option<u64>, output: Output) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, target(output));
    // A template that does not parse leaves the plain bar.
    if let Ok(style) = ProgressStyle::with_template("{prefix}{wide_bar} {pos}/{len}  {per_sec}  {eta}  {msg}") {
        bar.set_style(style);
    }
    bar
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn card_begun(&mut self, _row: u64, name: &str, card_number: &str) {
        self.bar.set_message(format!("{card_number} {name}"));
        // The bar draws itself at most a few times a second; this makes it appear at once.
        self.bar.tick();
    }

    fn step(&mut self, step: Step, state: StepState) {
        if state == StepState::Begun {
            self.bar.set_prefix(step_name(step, self.output.lang) + " ");
        }
    }

    fn card_done(&mut self, result: &CardResult, _estimate: &Estimate) {
        self.bar.inc(1);
        if let Err(error) = &result.outcome {
            let words = error.one_line(self.output.lang);
            let locale = self.output.lang.locale();
            let line = t!("ssc.issue.failed_row", locale = locale, row = result.row, error = words);
            self.say(&line);
        }
    }

    fn skipped(&mut self, row: u64, card_number: &str) {
        self.bar.inc(1);
        let line = t!(
            "ssc.issue.skipped",
            locale = self.output.lang.locale(),
            row = row,
            number = card_number
        );
        self.say(&line);
    }
}

/// A step in words.
pub fn step_name(step: Step, lang: card_model::words::Lang) -> String {
    let locale = lang.locale();
    match step {
        Step::Structure => t!("ssc.step.structure", locale = locale),
        Step::Data => t!("ssc.step.data", locale = locale),
        Step::Verification => t!("ssc.step.verification", locale = locale),
    }
    .into_owned()
}
