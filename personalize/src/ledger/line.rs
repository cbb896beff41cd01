//! Lines of the log and the chain of their digests.
//!
//! Each outlet has a chain of its own, so that outlets do not wait for each other. A line's digest is SM3 over the digest of the
//! line before it in the chain, all that the line says, and the images of all rows it changed. Fields go in with their length
//! in front, so that no two different lines read the same.

use super::engine::{Row, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};

/// Digest before the first line of a chain.
pub(super) const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line: who did what, where, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The outlet whose chain it is.
    pub chain: String,
    /// Number in the chain, from 1.
    pub seq: i64,
    /// When; UTC, RFC 3339.
    pub made_at: String,
    /// Who.
    pub who: String,
    /// In which role.
    pub role: String,
    /// At which outlet.
    pub place: String,
    /// What was done: an act of the rules, or one of the ledger itself.
    pub act: String,
    /// Why.
    pub reason: String,
    /// On what: application or card number, or the key of another row.
    pub subject: String,
    /// Number of the request; a request is done once.
    pub request: String,
    /// What came out of it.
    pub outcome: String,
    /// Digest of the line before, in hex.
    pub previous: String,
    /// Digest of this line, in hex.
    pub digest: String,
}

/// Columns of the table, in the order of [`Line`].
pub(super) const COLUMNS: &str =
    "chain, seq, made_at, who, role, place, act, reason, subject, request, outcome, previous, digest";

/// The image of a row after a line changed it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    /// Table.
    pub entity: String,
    /// Key.
    pub id: String,
    /// Revision of the row.
    pub revision: i64,
    /// The row as JSON.
    pub image: String,
}

impl Line {
    /// The digest that the line should have. `changes` may be in any order.
    pub(super) fn computed(&self, changes: &[Change]) -> String {
        let mut digest = Sm3::new_with_prefix("ssc ledger line 1");
        let mut field = |text: &str| {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        };
        let number = self.seq.to_string();
        let fields = [
            &self.previous,
            &self.chain,
            &number,
            &self.made_at,
            &self.who,
            &self.role,
            &self.place,
            &self.act,
            &self.reason,
            &self.subject,
            &self.request,
            &self.outcome,
        ];
        for text in fields {
            field(text);
        }
        let mut changes: Vec<&Change> = changes.iter().collect();
        changes.sort();
        for change in changes {
            field(&change.entity);
            field(&change.id);
            field(&change.revision.to_string());
            field(&change.image);
        }
        hex::encode(digest.finalize())
    }

    /// From a row of the columns [`COLUMNS`].
    pub(super) fn of(row: &Row) -> Self {
        let text = |index| row.text(index).to_owned();
        Self {
            chain: text(0),
            seq: row.number(1),
            made_at: text(2),
            who: text(3),
            role: text(4),
            place: text(5),
            act: text(6),
            reason: text(7),
            subject: text(8),
            request: text(9),
            outcome: text(10),
            previous: text(11),
            digest: text(12),
        }
    }

    /// The cells of the columns [`COLUMNS`].
    pub(super) fn cells(&self) -> Vec<Value> {
        let mut cells: Vec<Value> = vec![self.chain.as_str().into(), self.seq.into()];
        let texts = [
            &self.made_at,
            &self.who,
            &self.role,
            &self.place,
            &self.act,
            &self.reason,
            &self.subject,
            &self.request,
            &self.outcome,
            &self.previous,
            &self.digest,
        ];
        cells.extend(texts.map(|text| text.as_str().into()));
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let text = |text: &str| text.to_owned();
        Line {
            chain: text("A"),
            seq: 1,
            made_at: text("2026-01-02T03:04:05Z"),
            who: text("clerk"),
            role: text("clerk"),
            place: text("A"),
            act: text("apply"),
            reason: String::new(),
            subject: text("A-1"),
            request: text("r"),
            outcome: String::new(),
            previous: text(BEGINNING),
            digest: String::new(),
        }
    }

    #[test]
    fn a_digest_depends_on_every_field_and_not_on_the_order_of_changes() {
        let change = |id: &str| Change {
            entity: "card".into(),
            id: id.into(),
            revision: 1,
            image: "{}".into(),
        };
        let digest = line().computed(&[change("a"), change("b")]);
        assert_eq!(digest, line().computed(&[change("b"), change("a")]));
        assert_ne!(digest, line().computed(&[change("a")]));
        // A character that moves from one field to the next is a change too.
        let moved = Line {
            who: "clerkc".into(),
            role: "lerk".into(),
            ..line()
        };
        assert_ne!(line().computed(&[]), moved.computed(&[]));
        assert_ne!(line().computed(&[]), Line { seq: 2, ..line() }.computed(&[]));
    }
}
