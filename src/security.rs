//! Who computes with keys: the PSAM of `--psam` or the key file of `--keys`.

use crate::connect::Desk;
use crate::failure::{Class, Failure};
use card_model::card::Interface;
use reader::channel::{Channel, OpenOptions, SIMULATED, TransportError};
use reader::error::ReaderError;
use reader::security::{AccountHost, AccountTerminal, PsamModule, PurchaseModule, SecurityModule};
use rust_i18n::t;

/// What loads and settlements need: a terminal's module that answers as the insurance's host does too.
pub trait Cashier: PurchaseModule + AccountHost {}

impl<M: PurchaseModule + AccountHost> Cashier for M {}

/// A terminal where no PSAM is one.
#[derive(Debug, Clone, Copy)]
pub struct Counter {
    /// Terminal number.
    pub terminal: [u8; 6],
    /// Transaction number of the next settlement.
    pub sequence: u32,
}

impl Desk<'_> {
    /// The security module that was given, if one was.
    pub fn security(&self) -> Result<Option<Box<dyn SecurityModule + Send>>, Failure> {
        self.one_module()?;
        match &self.common.psam {
            Some(reader) => Ok(Some(Box::new(self.psam(reader)?))),
            None => Ok(self
                .keys()?
                .map(|keys| Box::new(keys) as Box<dyn SecurityModule + Send>)),
        }
    }

    /// The security module for the account, if one was given. A PSAM has terminal number and transaction number of its own;
    /// `counter` is for a key file.
    pub fn cashier(&self, counter: Counter) -> Result<Option<Box<dyn Cashier>>, Failure> {
        self.one_module()?;
        match &self.common.psam {
            Some(reader) => Ok(Some(Box::new(self.psam(reader)?))),
            None => Ok(self.keys()?.map(|keys| {
                let before = counter.sequence.wrapping_sub(1);
                Box::new(AccountTerminal::new(keys, counter.terminal, before)) as Box<dyn Cashier>
            })),
        }
    }

    /// Nobody computes with two modules at once.
    fn one_module(&self) -> Result<(), Failure> {
        if self.common.psam.is_none() || self.common.keys.is_none() {
            return Ok(());
        }
        let locale = self.output.lang.locale();
        Err(Failure::input(t!("psam.both", locale = locale))
            .because(t!("psam.both_why", locale = locale))
            .next(t!("psam.both_next", locale = locale)))
    }

    /// The security module, where nothing can be done without one.
    pub fn required_security(&self) -> Result<Box<dyn SecurityModule + Send>, Failure> {
        self.security()?.ok_or_else(|| self.no_keys())
    }

    /// The PSAM in a slot, traced as the card is. Whatever the interface of the card, a PSAM has contacts.
    pub fn psam(&self, reader: &str) -> Result<PsamModule<Box<dyn Channel + Send>>, Failure> {
        let options = OpenOptions {
            interface: Interface::Contact,
            exclusive: false,
        };
        let channel = reader::channel::open(Some(reader), options).map_err(|error| match error {
            // The file of a simulated PSAM stands in the place of the PSAM.
            error @ TransportError::FileMissing { .. } => Failure::explained(Class::NoCard, &error, self.output.lang),
            error => self.transport(&error),
        })?;
        let module = PsamModule::open(self.traced(channel)).map_err(|e| self.refusal(&ReaderError::from(e)))?;
        if !reader.starts_with(SIMULATED) {
            return Ok(module);
        }
        self.output.warn(&t!(
            "ssc.connect.test",
            locale = self.output.lang.locale(),
            file = module.describe()
        ));
        Ok(module.marked_test())
    }
}
