//! The way to the card: `--reader`, `--interface`, `--trace`; and to the keys: `--keys`.

use crate::args::{Common, InterfaceName};
use crate::ask;
use crate::failure::{Class, Failure};
use crate::output::Output;
use crate::overlay::Overlay;
use crate::trace::TraceFile;
use card_model::card::Interface;
use reader::channel::{Channel, Counter, Masking, OpenOptions, SIMULATED, Trace, TransportError};
use reader::security::{KeyFile, KeyFileError};
use rust_i18n::t;
use std::path::Path;

/// What all verbs share: the common flags, the output, the trace.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Common flags.
    pub common: &'a Common,
    /// Where results and talk go.
    pub output: Output,
    /// What `--profile-overlay` names.
    pub(crate) overlay: Option<Overlay>,
    trace: Option<TraceFile>,
    /// Counts the commands of all cards of this call.
    pub(crate) counter: Counter,
}

impl<'a> Desk<'a> {
    /// Begins the trace, if one is wanted.
    pub fn new(common: &'a Common, output: Output) -> Result<Self, Failure> {
        let trace = common
            .trace
            .as_deref()
            .map(|path| TraceFile::create(path, output))
            .transpose()?;
        if trace.is_some() && common.unmasked {
            output.warn(&t!("ssc.connect.unmasked", locale = output.lang.locale()));
        }
        let overlay = common.profile_overlay.as_deref();
        let overlay = overlay.map(|name| Overlay::load(name, output.lang)).transpose()?;
        let desk = Self {
            common,
            output,
            overlay,
            trace,
            counter: Counter::default(),
        };
        desk.check_line()?;
        Ok(desk)
    }

    /// The same desk with other common flags, such as another reader; output, extension and trace are shared.
    pub fn at<'b>(&self, common: &'b Common) -> Desk<'b> {
        Desk {
            common,
            output: self.output,
            overlay: self.overlay.clone(),
            trace: self.trace.clone(),
            counter: self.counter.clone(),
        }
    }

    /// The same channel, with everything that goes over it written to the trace.
    pub fn traced<'c>(&self, channel: Box<dyn Channel + Send + 'c>) -> Box<dyn Channel + Send + 'c> {
        let masking = if self.common.unmasked {
            Masking::Unmasked
        } else {
            Masking::standard()
        };
        match &self.trace {
            Some(file) => Box::new(Trace::new(channel, file.clone(), masking)),
            None => channel,
        }
    }

    /// Interface of simulated cards.
    pub fn interface(&self) -> Interface {
        match self.common.interface {
            Some(InterfaceName::Contactless) => Interface::Contactless,
            Some(InterfaceName::Contact) => Interface::Contact,
            None => self.line_interface().unwrap_or(Interface::Contact),
        }
    }

    /// Random bytes of the operating system.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).map_err(|error| {
            Failure::input(t!("ssc.connect.random", locale = self.output.lang.locale())).because(error.to_string())
        })?;
        Ok(bytes)
    }

    /// The card of `--reader`, traced if `--trace` was given. `exclusive` keeps other programs away while it is written.
    pub fn card(&self, exclusive: bool) -> Result<Box<dyn Channel + Send>, Failure> {
        let options = OpenOptions {
            interface: self.interface(),
            exclusive,
        };
        let name = self.common.reader.as_deref();
        let channel = reader::channel::open(name, options).map_err(|error| match (error, name) {
            (TransportError::Mute { reader }, Some(name))
                if name.starts_with(SIMULATED) && options.interface == Interface::Contactless =>
            {
                let locale = self.output.lang.locale();
                Failure::new(
                    Class::NoCard,
                    t!("ssc.connect.no_antenna", locale = locale, file = reader),
                )
                .next(t!("ssc.connect.no_antenna_next", locale = locale))
            }
            // The file of a simulated card stands in the place of the card.
            (error @ TransportError::FileMissing { .. }, _) => {
                Failure::explained(Class::NoCard, &error, self.output.lang)
            }
            (error, _) => self.transport(&error),
        })?;
        // Without `--reader` the card is in a real reader, which has a line of its own.
        let simulated = name.is_some_and(|name| name.starts_with(SIMULATED));
        self.judge_line(simulated, channel.reset_answer())?;
        Ok(self.traced(self.counted(self.slowed(channel))))
    }

    /// A transport error as a failure: a wrong file is the caller's matter, everything else is "no card".
    pub fn transport(&self, error: &TransportError) -> Failure {
        let class = if error.is_usage() { Class::Input } else { Class::NoCard };
        Failure::explained(class, error, self.output.lang)
    }

    /// The key file of `--keys`, if given; says so if its keys are TEST keys.
    pub fn keys(&self) -> Result<Option<KeyFile>, Failure> {
        self.common.keys.as_deref().map(|path| self.open_keys(path)).transpose()
    }

    /// The key file of `--keys`.
    pub fn required_keys(&self) -> Result<KeyFile, Failure> {
        self.keys()?.ok_or_else(|| self.no_keys())
    }

    /// Neither a key file nor another security module was given.
    pub fn no_keys(&self) -> Failure {
        let locale = self.output.lang.locale();
        Failure::input(t!("ssc.connect.no_keys", locale = locale)).next(t!("ssc.connect.no_keys_next", locale = locale))
    }

    /// Opens a key file; asks its passphrase if it has one.
    pub fn open_keys(&self, path: &Path) -> Result<KeyFile, Failure> {
        let name = path.display().to_string();
        let file =
            KeyFile::open(path, || ask::passphrase(&name, self.output).map_err(Opening::Asked)).map_err(|error| {
                match error {
                    Opening::Asked(failure) => failure,
                    Opening::File(error) => Failure::explained(Class::Input, &error, self.output.lang),
                }
            })?;
        self.banner(&file);
        Ok(file)
    }

    /// The banner of TEST keys.
    pub fn banner(&self, file: &KeyFile) {
        if file.test() {
            self.output.warn(&t!(
                "ssc.connect.test",
                locale = self.output.lang.locale(),
                file = file.name()
            ));
        }
    }
}

enum Opening {
    Asked(Failure),
    File(KeyFileError),
}

impl From<KeyFileError> for Opening {
    fn from(error: KeyFileError) -> Self {
        Self::File(error)
    }
}
