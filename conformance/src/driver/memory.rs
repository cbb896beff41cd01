//! A stand in this process: this project's driver, simulated cards and PSAMs in simulated slots, a keypad that is told what to
//! type.

use super::facts::Facts;
use super::function::{Argument, Invocation, Parameter};
use super::situation::{CardState, Situation};
use super::stand::{Answer, CallFault, DriverUnderTest, Entry, Stand};
use super::workshop::{Workshop, powered};
use crate::ConformanceError;
use crate::suite::Text;
use card_model::card::Interface;
use card_model::psam::Psam;
use card_model::words::Lang;
use reader::channel::{Channel, ModelChannel, Reset, TransportError, system_entropy};
use reader::driver::{
    self, Digits, Driver, Encoding, Failure, Keypad, KeypadError, Prompt, ReturnCode, Settings, Slots,
};
use reader::hsm::StringHsm;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Everything simulated, with this project's driver or another one that uses the same slots.
pub struct MemoryStand {
    workshop: Workshop,
    bay: Arc<Mutex<Bay>>,
    open: Arc<AtomicUsize>,
    typed: Typed,
    driver: Box<dyn DriverUnderTest>,
}

impl MemoryStand {
    /// Simulated slots around this project's driver.
    pub fn new(workshop: Workshop) -> Self {
        Self::around(workshop, |driver| Box::new(driver))
    }

    /// As [`MemoryStand::new`], with what `wrap` makes of this project's driver.
    pub fn around(workshop: Workshop, wrap: impl FnOnce(Builtin) -> Box<dyn DriverUnderTest>) -> Self {
        let bay = Arc::new(Mutex::new(Bay::default()));
        let open = Arc::new(AtomicUsize::new(0));
        let typed = Typed::default();
        let slots = BaySlots {
            bay: Arc::clone(&bay),
            open: Arc::clone(&open),
        };
        let driver = Driver::with_slots(Settings::default(), Box::new(slots)).with_keypad(Box::new(typed.clone()));
        Self {
            workshop,
            bay,
            open,
            typed,
            driver: wrap(Builtin(driver)),
        }
    }
}

impl Stand for MemoryStand {
    fn driver(&mut self) -> &mut dyn DriverUnderTest {
        &mut *self.driver
    }

    fn set_up(&mut self, situation: &Situation) -> Result<Result<(), Text>, ConformanceError> {
        // What the case before left between two steps is over.
        self.driver.forget();
        let card = match self.workshop.card(situation) {
            Ok(card) => card,
            Err(reason) => return Ok(Err(reason)),
        };
        let psam = match self.workshop.psam(&situation.psam) {
            Ok(psam) => psam,
            Err(reason) => return Ok(Err(reason)),
        };
        let interface = match situation.card {
            CardState::Mute => Interface::Contactless,
            _ => self.workshop.interface(),
        };
        let mut bay = lock(&self.bay);
        *bay = Bay::default();
        if let Some(image) = card {
            let chip = chip(powered(&image, interface)?);
            match interface {
                Interface::Contact => bay.contact = Some(chip),
                Interface::Contactless => bay.contactless = Some(chip),
            }
        }
        if let Some(image) = psam {
            let psam = Psam::from_image(&image).map_err(|source| TransportError::Image {
                path: "PSAM".to_owned(),
                source,
            })?;
            bay.psam = Some(chip(ModelChannel::new(psam, Interface::Contact, system_entropy()?)));
        }
        Ok(Ok(()))
    }

    fn facts(&self) -> &Facts {
        self.workshop.facts()
    }

    fn hsm(&self) -> Option<&StringHsm> {
        self.workshop.hsm()
    }

    fn keypad(&mut self, entries: Vec<Entry>) -> Result<(), Text> {
        lock(&self.typed.0).extend(entries);
        Ok(())
    }

    fn not_asked(&mut self) -> usize {
        lock(&self.typed.0).drain(..).count()
    }

    fn is_closed(&mut self) -> Option<bool> {
        Some(self.open.load(Ordering::SeqCst) == 0)
    }

    fn is_disposable(&self) -> bool {
        true
    }
}

/// This project's driver, called as C programs call it: strings as bytes in GBK, buffers of the sizes of the standard.
pub struct Builtin(Driver);

impl Builtin {
    /// With the readers, the keypad and the rest of the settings.
    pub fn new(settings: Settings) -> Self {
        Self(Driver::new(settings))
    }

    fn answer(&self, call: &Invocation) -> Result<Answer, CallFault> {
        let outcome = self.outcome(call);
        let outcome = outcome.and_then(|out| match out {
            out if out.contains(&0) => Err(Failure::new(ReturnCode::ILLEGAL_CHARACTER)),
            out if out.len() >= call.function.out => Err(Failure::new(ReturnCode::DATA_LENGTH)),
            out => Ok(out),
        });
        Ok(match outcome {
            Ok(out) => Answer { code: 0, out },
            Err(failure) => Answer {
                code: failure.code.0.into(),
                out: Encoding::Gbk.encode(&failure.text(Lang::Zh)),
            },
        })
    }

    fn outcome(&self, call: &Invocation) -> Result<Vec<u8>, Failure> {
        let mut given = Vec::with_capacity(call.arguments.len());
        for (argument, parameter) in call.arguments.iter().zip(call.function.parameters) {
            given.push(Taken::of(argument, *parameter));
        }
        let bytes = |at: usize| given.get(at).map_or_else(missing, Taken::bytes);
        let text = |at: usize| Encoding::Gbk.decode(&bytes(at)?);
        let number = |at: usize| given.get(at).map_or_else(missing, Taken::number);
        let optional = |at: usize| match call.arguments.get(at) {
            Some(Argument::Null) => Ok(String::new()),
            _ => text(at),
        };
        let driver = &self.0;
        let out = match call.function.name {
            "iReadCardBas" => driver.read_card_bas(number(0)?),
            "iReadCardBas_HSM_Step1" => driver.read_card_bas_hsm_step1(number(0)?),
            "iReadCardBas_HSM_Step2" => driver.read_card_bas_hsm_step2(&text(0)?),
            "iReadCard" => driver.read_card(number(0)?, number(1)?, &text(2)?, &text(3)?),
            "iReadCard_HSM_Step1" => driver.read_card_hsm_step1(number(0)?, &text(1)?, &text(2)?),
            "iReadCard_HSM_Step2" => driver.read_card_hsm_step2(&text(0)?),
            "iWriteCard" => driver.write_card(number(0)?, &text(1)?, &text(2)?, &text(3)?),
            "iWriteCard_HSM_Step1" => driver.write_card_hsm_step1(number(0)?, &text(1)?, &text(2)?),
            "iWriteCard_HSM_Step2" => driver.write_card_hsm_step2(&text(0)?, &text(1)?),
            "iVerifyPIN" => driver.verify_pin(number(0)?),
            "iChangePIN" => driver.change_pin(number(0)?),
            "iReloadPIN" => driver.reload_pin(number(0)?, &text(1)?),
            "iReloadPIN_HSM_Step1" => driver.reload_pin_hsm_step1(number(0)?, &text(1)?),
            "iReloadPIN_HSM_Step2" => driver.reload_pin_hsm_step2(&text(0)?),
            "iReloadPIN_HSM_Step3" => driver.reload_pin_hsm_step3(&text(0)?),
            "iUnblockPIN" => driver.unblock_pin(number(0)?, &text(1)?),
            "iUnblockPIN_HSM_Step1" => driver.unblock_pin_hsm_step1(number(0)?, &text(1)?),
            "iUnblockPIN_HSM_Step2" => driver.unblock_pin_hsm_step2(&text(0)?),
            "iUnblockPIN_HSM_Step3" => driver.unblock_pin_hsm_step3(&text(0)?),
            "iDoDebit" => driver.do_debit(number(0)?, &text(1)?, &text(2)?),
            "iDoDebit_HSM_Step1" => driver.do_debit_hsm_step1(number(0)?, &text(1)?, &text(2)?),
            "iDoDebit_HSM_Step2" => driver.do_debit_hsm_step2(&text(0)?),
            "iReadDebitRecord" => driver.read_debit_record(number(0)?),
            "PKI_SignData" => driver.pki_sign_data(&text(0)?, &bytes(1)?, number(2)?),
            "PKI_VerifySign" => driver.pki_verify_sign(&optional(0)?, &text(1)?, &bytes(2)?, &text(3)?, number(4)?),
            "PKI_SealEnvelope" => driver.pki_seal_envelope(&optional(0)?, &text(1)?, &bytes(2)?, number(3)?),
            "PKI_OpenEnvelope" => {
                let plain = driver.pki_open_envelope(&text(0)?, &text(1)?, number(2)?)?;
                return Ok(plain.to_vec());
            }
            _ => Err(Failure::new(ReturnCode::NOT_SUPPORTED)),
        };
        out.map(|text| Encoding::Gbk.encode(&text))
    }
}

fn missing<T>() -> Result<T, Failure> {
    Err(Failure::new(ReturnCode::PARAMETER))
}

/// An argument as the C border of the driver takes it.
enum Taken {
    Number(i32),
    Bytes(Vec<u8>),
    /// NULL, or without an end within its size.
    Refused,
}

impl Taken {
    fn of(argument: &Argument, parameter: Parameter) -> Self {
        match (argument, parameter) {
            (Argument::Number(number), _) => Self::Number(*number),
            (Argument::Text(bytes), Parameter::Text(size)) if bytes.len() < size => Self::Bytes(bytes.clone()),
            (Argument::Text(bytes), Parameter::Key(size)) => Self::Bytes(bytes.iter().take(size).copied().collect()),
            _ => Self::Refused,
        }
    }

    fn number(&self) -> Result<i32, Failure> {
        match self {
            Self::Number(number) => Ok(*number),
            _ => missing(),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone()),
            _ => missing(),
        }
    }
}

impl DriverUnderTest for Builtin {
    fn describe(&self) -> String {
        "builtin".to_owned()
    }

    fn call(&mut self, call: &Invocation) -> Result<Answer, CallFault> {
        self.answer(call)
    }

    fn together(&mut self, count: usize, call: &Invocation) -> Vec<Result<Answer, CallFault>> {
        let driver = &*self;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| driver.answer(call))).collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err(CallFault::Died("a thread panicked".to_owned())))
                })
                .collect()
        })
    }

    fn forget(&mut self) {
        self.0.close();
    }
}

type Chip = Arc<Mutex<dyn Channel + Send>>;

fn chip(channel: impl Channel + Send + 'static) -> Chip {
    Arc::new(Mutex::new(channel))
}

/// What is in the slots.
#[derive(Default)]
struct Bay {
    contact: Option<Chip>,
    contactless: Option<Chip>,
    psam: Option<Chip>,
}

/// The slots as the driver sees them.
struct BaySlots {
    bay: Arc<Mutex<Bay>>,
    open: Arc<AtomicUsize>,
}

impl BaySlots {
    fn connect(&self, chip: Option<Chip>) -> Result<driver::Card, TransportError> {
        let chip = chip.ok_or_else(|| TransportError::NoCard {
            reader: "slot".to_owned(),
        })?;
        let mut power = lock(&chip);
        power.reset()?;
        let reset = power.reset_answer().clone();
        drop(power);
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Wire {
            chip,
            reset,
            open: Arc::clone(&self.open),
        }))
    }
}

impl Slots for BaySlots {
    fn card(&mut self, interface: Interface) -> Result<driver::Card, TransportError> {
        let bay = lock(&self.bay);
        let chip = match interface {
            Interface::Contact => bay.contact.clone(),
            Interface::Contactless => bay.contactless.clone(),
        };
        self.connect(chip)
    }

    fn psam(&mut self) -> Result<driver::Card, TransportError> {
        let chip = lock(&self.bay).psam.clone();
        self.connect(chip)
    }
}

/// A channel to a slot; dropping it takes the power away, as closing a reader does.
struct Wire {
    chip: Chip,
    reset: Reset,
    open: Arc<AtomicUsize>,
}

impl Channel for Wire {
    fn name(&self) -> &str {
        "slot"
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        lock(&self.chip).transmit(command)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        lock(&self.chip).reset()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
        // The next connection powers it anew; an error tells itself there.
        let _ = lock(&self.chip).reset();
    }
}

/// What will be typed.
#[derive(Clone, Default)]
struct Typed(Arc<Mutex<VecDeque<Entry>>>);

impl Keypad for Typed {
    fn ask(&mut self, _prompt: Prompt, _lang: Lang) -> Result<Digits, KeypadError> {
        match lock(&self.0).pop_front() {
            Some(Entry::Typed(digits)) => Ok(Digits::new(digits)),
            Some(Entry::Timeout) => Err(KeypadError::Timeout),
            Some(Entry::Cancel) | None => Err(KeypadError::Cancelled),
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread left is put up anew for the next case.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
