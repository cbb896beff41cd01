//! What came out of a batch.

use crate::error::IssueError;
use crate::issuer::IssuedCard;
use card_model::words::{Explain, Lang};
use serde::Serialize;
use std::time::Duration;

/// One card of a batch.
#[derive(Debug)]
pub struct CardResult {
    /// Row of the holders file.
    pub row: u64,
    /// Card number.
    pub card_number: String,
    /// The card, or why there is none.
    pub outcome: Result<IssuedCard, IssueError>,
    /// Commands sent to it.
    pub commands: u64,
    /// Time it took.
    pub time: Duration,
}

impl CardResult {
    pub(super) fn issued(row: u64, card_number: String, card: IssuedCard) -> Self {
        Self {
            row,
            card_number,
            outcome: Ok(card),
            commands: 0,
            time: Duration::ZERO,
        }
    }

    pub(super) fn failed(row: u64, card_number: String, error: IssueError) -> Self {
        Self {
            row,
            card_number,
            outcome: Err(error),
            commands: 0,
            time: Duration::ZERO,
        }
    }

    /// Whether the card stopped answering: put back, it will be completed.
    pub fn is_interrupted(&self) -> bool {
        matches!(self.outcome, Err(IssueError::Transport(_)))
    }

    /// The result as `ssc issue --json` prints it.
    pub fn view(&self, lang: Lang) -> CardView {
        let error = self.outcome.as_ref().err();
        CardView {
            row: self.row,
            card_number: self.card_number.clone(),
            card_id: self.outcome.as_ref().ok().map(|card| hex::encode_upper(card.card_id)),
            ok: error.is_none(),
            error: error.map(|error| error.one_line(lang)),
            next: error.and_then(|error| error.explain(lang).next),
            commands: self.commands,
            micros: u64::try_from(self.time.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

/// What was done in a batch.
#[derive(Debug, Default)]
pub struct IssueReport {
    /// Cards issued.
    pub issued: u64,
    /// Cards not issued.
    pub failed: u64,
    /// Holders who had a card already.
    pub skipped: u64,
    /// All cards that were begun, in order.
    pub cards: Vec<CardResult>,
}

impl IssueReport {
    /// The report as `ssc issue --json` prints it.
    pub fn view(&self, lang: Lang) -> ReportView {
        ReportView {
            issued: self.issued,
            failed: self.failed,
            skipped: self.skipped,
            cards: self.cards.iter().map(|card| card.view(lang)).collect(),
        }
    }

    pub(super) fn add(&mut self, result: CardResult) -> &CardResult {
        match result.outcome {
            Ok(_) => self.issued += 1,
            Err(_) => self.failed += 1,
        }
        let last = self.cards.len();
        self.cards.push(result);
        &self.cards[last]
    }
}

/// JSON of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportView {
    /// Cards issued.
    pub issued: u64,
    /// Cards not issued.
    pub failed: u64,
    /// Holders who had a card already.
    pub skipped: u64,
    /// All cards that were begun, in order.
    pub cards: Vec<CardView>,
}

/// JSON of one card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardView {
    /// Row of the holders file; the header is row 1.
    pub row: u64,
    /// Card number.
    pub card_number: String,
    /// Card identification code in hex.
    pub card_id: Option<String>,
    /// Whether it was issued.
    pub ok: bool,
    /// Why not.
    pub error: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Commands sent to the card.
    pub commands: u64,
    /// Time it took in microseconds.
    pub micros: u64,
}
