//! Who computes with keys: the PSAM of `--psam` or the key file of `--keys`.

use crate::connect::Desk;
use crate::failure::{Class, Failure};
use card_model::card::Interface;
use reader::channel::{Channel, OpenOptions, SIMULATED, TransportError};
use reader::error::ReaderError;
use reader::security::{PsamModule, SecurityModule};
use rust_i18n::t;

impl Desk<'_> {
    /// The security module that was given, if one was.
    pub fn security(&self) -> Result<Option<Box<dyn SecurityModule>>, Failure> {
        let locale = self.output.lang.locale();
        match (&self.common.psam, &self.common.keys) {
            (Some(_), Some(_)) => Err(Failure::input(t!("psam.both", locale = locale))
                .because(t!("psam.both_why", locale = locale))
                .next(t!("psam.both_next", locale = locale))),
            (Some(reader), None) => Ok(Some(Box::new(self.psam(reader)?))),
            (None, _) => Ok(self.keys()?.map(|keys| Box::new(keys) as Box<dyn SecurityModule>)),
        }
    }

    /// The security module, where nothing can be done without one.
    pub fn required_security(&self) -> Result<Box<dyn SecurityModule>, Failure> {
        match self.security()? {
            Some(module) => Ok(module),
            None => Ok(Box::new(self.required_keys()?)),
        }
    }

    /// The PSAM in a slot, traced as the card is. Whatever the interface of the card, a PSAM has contacts.
    pub fn psam(&self, reader: &str) -> Result<PsamModule<Box<dyn Channel>>, Failure> {
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
