//! Codes checked on line: beside signature and age, the ledger says whether card and electronic card are in use, and remembers
//! which codes moved money, for all tills together.

use super::code::{Accepted, Code, CodeKind, Occasion, Refusal, SpentCodes, Verdict, Verifier};
use crate::ledger::{Details, LedgerAccess, LedgerError, Order, PresentedCode, Receipt, Rules, Target};
use jiff::Timestamp;

/// How the ledger calls it that a code has moved money.
const SPENT: &str = "code_spent";

/// A till with a line to the ledger, wherever that is.
pub struct Till<'l> {
    /// The ledger.
    pub ledger: &'l mut dyn LedgerAccess,
    /// Its rules.
    pub rules: &'l Rules,
    /// The member of the staff that the till is.
    pub who: &'l str,
    /// Now.
    pub at: Timestamp,
    /// Number of the request: the same code, taken again in the same request, is the same payment.
    pub request: String,
    /// What is paid, in fen.
    pub amount_fen: Option<i64>,
}

/// What a till answers.
#[derive(Debug)]
pub enum Answer<'a> {
    /// The code is good, and so are card and electronic card.
    Good(Accepted<'a>, Box<Receipt>),
    /// The code is not good.
    Code(Refusal),
    /// The code is, but the ledger does not allow it.
    Ledger(LedgerError),
    /// The ledger knows no such electronic card.
    UnknownCard,
}

/// The memory of used codes that the ledger is; keeps what came out of the use.
struct Memory<'t, 'l> {
    till: &'t mut Till<'l>,
    receipt: Option<Receipt>,
}

impl SpentCodes for Memory<'_, '_> {
    type Error = LedgerError;

    fn spend(&mut self, code: &Code, _until: Timestamp) -> Result<bool, LedgerError> {
        let order = self.till.order("accept_payment", code);
        let till = &mut *self.till;
        match till.ledger.perform(till.rules, till.who, till.at, &order) {
            Ok(receipt) => {
                self.receipt = Some(receipt);
                Ok(true)
            }
            Err(error) if error.refusal() == Some(SPENT) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Till<'_> {
    /// Whether a scanned text is a good code here and now, of a card that is in use. A payment code that is good is used up.
    ///
    /// # Errors
    /// The ledger cannot be asked, or the till may not take codes; the code must not be taken then.
    pub fn take<'a>(
        &mut self,
        verifier: &Verifier<'a>,
        scanned: &str,
        occasion: &Occasion,
    ) -> Result<Answer<'a>, LedgerError> {
        let mut memory = Memory {
            till: self,
            receipt: None,
        };
        let accepted = match verifier.verify(scanned, occasion, &mut memory) {
            Ok(Verdict::Accepted(accepted)) => accepted,
            Ok(Verdict::Refused(refusal)) => return Ok(Answer::Code(refusal)),
            Err(error) => return answered(error),
        };
        if let Some(receipt) = memory.receipt {
            return Ok(Answer::Good(accepted, Box::new(receipt)));
        }
        debug_assert_eq!(accepted.code.kind, CodeKind::Identity);
        let order = self.order("accept_identity", &accepted.code);
        match self.ledger.permit(self.rules, self.who, self.at, &order) {
            Ok(receipt) => Ok(Answer::Good(accepted, Box::new(receipt))),
            Err(error) => answered(error),
        }
    }

    fn order(&self, act: &str, code: &Code) -> Order {
        let channel = self.rules.electronic_channel_numbered(code.channel);
        let details = Details {
            channel: Some(channel.map_or_else(|| code.channel.to_string(), |channel| channel.name.clone())),
            code: Some(PresentedCode {
                issuer: code.issuer,
                number: hex::encode_upper(code.number),
                scene: code.scene,
            }),
            amount_fen: self.amount_fen,
            ..Details::default()
        };
        let target = Target::Ecard(code.card.to_string());
        Order::new(self.request.clone(), act, Some(target)).with(details)
    }
}

/// What the ledger refuses is an answer, if it is about the card and not about the till.
fn answered<'a>(error: LedgerError) -> Result<Answer<'a>, LedgerError> {
    match (error.refusal(), &error) {
        (Some("role" | "request"), _) => Err(error),
        (Some(_), _) => Ok(Answer::Ledger(error)),
        (None, LedgerError::Unknown { what: "ecard", .. }) => Ok(Answer::UnknownCard),
        (None, _) => Err(error),
    }
}
