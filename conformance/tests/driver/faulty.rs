//! Drivers with a fault each: every one is caught by the case that is about it.

use super::{suites, workshop};
use card_model::card::Interface;
use conformance::driver::{
    self, Answer, Argument, Builtin, CallFault, DriverUnderTest, Function, Invocation, MemoryStand,
};
use conformance::run::{Options, Run, Verdict};
use reader::driver::Encoding;
use std::sync::{Arc, Mutex};

/// What is wrong with a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// −2201 is told as −2202.
    Code,
    /// iType 0 is taken as 3.
    AnySlot,
    /// The last separator is missing.
    NoLastSeparator,
    /// Card number before social security number.
    Order,
    /// Text is UTF-8.
    Utf8,
    /// Characters of four bytes are lost.
    Rare,
    /// A failure leaves the card open.
    LeftOpen,
    /// A failure says nothing.
    Silent,
    /// Success says something where pOutInfo is to be empty.
    Chatty,
    /// The tries left are not told.
    NoTries,
    /// A cancelled entry is a success.
    CancelIgnored,
    /// A refused value is written in part.
    WrittenAnyway,
    /// pCardInfo is not compared.
    AnyCard,
    /// Only the first file is read.
    FirstFileOnly,
    /// Fields are separated by commas.
    Comma,
    /// Amounts are decimal.
    Decimal,
    /// The oldest record comes first.
    OldestFirst,
    /// A second step may be repeated.
    Replay,
    /// One of several threads gets nothing.
    Threads,
    /// One byte too much is written.
    Overrun,
    /// pOutInfo does not end.
    Endless,
    /// NULL ends the process.
    Crash,
    /// The signature is not over the text.
    OtherText,
}

/// Each fault with a case that must catch it.
const FAULTS: [(Fault, &str, &str); 23] = [
    (Fault::Code, "DRIVER_PSAM", "DRIVER_PSAM-04:none"),
    (Fault::AnySlot, "DRIVER_PSAM", "DRIVER_PSAM-08:0"),
    (Fault::NoLastSeparator, "DRIVER_PSAM", "DRIVER_PSAM-01:slot"),
    (Fault::Order, "DRIVER_PSAM", "DRIVER_PSAM-01:slot"),
    (Fault::Utf8, "DRIVER_PIN", "DRIVER_PIN-03:cancel"),
    (Fault::Rare, "DRIVER_PSAM", "DRIVER_PSAM-14:extension-b"),
    (Fault::LeftOpen, "DRIVER_PSAM", "DRIVER_PSAM-24:no-file"),
    (Fault::Silent, "DRIVER_PIN", "DRIVER_PIN-40:iReadCard"),
    (Fault::Chatty, "DRIVER_PIN", "DRIVER_PIN-01:slot"),
    (Fault::NoTries, "DRIVER_PIN", "DRIVER_PIN-02"),
    (Fault::CancelIgnored, "DRIVER_PIN", "DRIVER_PIN-11:cancel-new"),
    (Fault::WrittenAnyway, "DRIVER_PSAM", "DRIVER_PSAM-45:short-date"),
    (Fault::AnyCard, "DRIVER_BEHAVIOUR", "DRIVER_BEHAVIOUR-01:iReadCard"),
    (Fault::FirstFileOnly, "DRIVER_PSAM", "DRIVER_PSAM-22"),
    (Fault::Comma, "DRIVER_DEBIT", "DRIVER_DEBIT-01:small"),
    (Fault::Decimal, "DRIVER_DEBIT", "DRIVER_DEBIT-01:small"),
    (Fault::OldestFirst, "DRIVER_DEBIT", "DRIVER_DEBIT-11"),
    (Fault::Replay, "DRIVER_HSM", "DRIVER_HSM-11:basics"),
    (Fault::Threads, "DRIVER_BEHAVIOUR", "DRIVER_BEHAVIOUR-05:read"),
    (Fault::Overrun, "DRIVER_PIN", "DRIVER_PIN-01:slot"),
    (Fault::Endless, "DRIVER_PIN", "DRIVER_PIN-01:slot"),
    (Fault::Crash, "DRIVER_BEHAVIOUR", "DRIVER_BEHAVIOUR-03:iReloadPIN"),
    (Fault::OtherText, "DRIVER_PKI", "DRIVER_PKI-01:digest"),
];

/// This project's driver with a fault that is changed from run to run.
struct Faulty {
    inner: Builtin,
    fault: Arc<Mutex<Option<Fault>>>,
    /// pCardInfo of the last iReadCardBas.
    info: Vec<u8>,
    /// The last answer of a second step.
    second: Option<(Invocation, Answer)>,
}

impl Faulty {
    fn faulty(&mut self, fault: Fault, call: &Invocation) -> Result<Answer, CallFault> {
        let name = call.function.name;
        let mut call = call.clone();
        match fault {
            Fault::AnySlot if call.arguments[0] == Argument::Number(0) => call.arguments[0] = Argument::Number(3),
            Fault::Crash if call.arguments.contains(&Argument::Null) => {
                return Err(CallFault::Died("signal: 11".to_owned()));
            }
            Fault::OtherText if name == "PKI_SignData" => call.arguments[1] = Argument::Text(b"another".to_vec()),
            Fault::Replay => match &self.second {
                Some((before, answer)) if *before == call && answer.code == 0 => return Ok(answer.clone()),
                _ => {}
            },
            _ => {}
        }
        let mut answer = self.inner.call(&call)?;
        let text = |answer: &Answer| Encoding::Gbk.decode(&answer.out).unwrap();
        let done = answer.code == 0;
        match fault {
            Fault::Code if answer.code == -2201 => answer.code = -2202,
            Fault::NoLastSeparator if done && answer.out.last() == Some(&b'|') => {
                answer.out.truncate(answer.out.len() - 1)
            }
            Fault::Order if done && name == "iReadCardBas" => {
                let text = text(&answer);
                let mut items: Vec<&str> = text.split('|').collect();
                items.swap(1, 2);
                answer.out = Encoding::Gbk.encode(&items.join("|"));
            }
            Fault::Utf8 => answer.out = text(&answer).into_bytes(),
            Fault::Rare => {
                let kept = text(&answer).replace(|c: char| c > '\u{FFFF}', "?");
                answer.out = Encoding::Gbk.encode(&kept);
            }
            Fault::LeftOpen if !done => {
                let open = Invocation {
                    function: Function::named("iReadCardBas_HSM_Step1").unwrap(),
                    arguments: vec![Argument::Number(1)],
                };
                let _ = self.inner.call(&open);
            }
            Fault::Silent if !done => answer.out.clear(),
            Fault::Chatty if done && answer.out.is_empty() => answer.out = Encoding::Gbk.encode("成功"),
            Fault::NoTries if !done => answer.out = Encoding::Gbk.encode("密码错误"),
            Fault::CancelIgnored if answer.code == -31 => {
                answer = Answer {
                    code: 0,
                    out: Vec::new(),
                }
            }
            Fault::WrittenAnyway if !done && name == "iWriteCard" => {
                let whole = Argument::Text(b"SSSEEF05|20370401|$".to_vec());
                call.arguments[2] = Argument::Text(b"SSSEEF05|06|$".to_vec());
                call.arguments[3] = whole;
                let _ = self.inner.call(&call);
            }
            Fault::AnyCard if answer.code == -22 => {
                call.arguments[2] = Argument::Text(self.info.clone());
                answer = self.inner.call(&call)?;
            }
            Fault::FirstFileOnly if done && name == "iReadCard" => {
                let end = answer
                    .out
                    .iter()
                    .position(|b| *b == b'$')
                    .map_or(answer.out.len(), |at| at + 1);
                answer.out.truncate(end);
            }
            Fault::Comma => {
                for byte in answer.out.iter_mut().filter(|byte| **byte == b'^') {
                    *byte = b',';
                }
            }
            Fault::Decimal if done && name == "iDoDebit" => {
                answer.out = text(&answer)
                    .replace("0000000A00000014", "0000001000000020")
                    .into_bytes();
            }
            Fault::OldestFirst if name == "iReadDebitRecord" => {
                let text = text(&answer);
                let mut records: Vec<&str> = text.split_inclusive('|').collect();
                records.reverse();
                answer.out = records.concat().into_bytes();
            }
            Fault::Overrun if done => return Err(CallFault::Overrun),
            Fault::Endless if done => return Err(CallFault::Endless),
            _ => {}
        }
        if done && name == "iReadCardBas" {
            let items = text(&answer);
            let items: Vec<&str> = items.split('|').collect();
            self.info = format!("{}|{}|", items[3], items[2]).into_bytes();
        }
        if name.ends_with("Step2") {
            self.second = Some((call, answer.clone()));
        }
        Ok(answer)
    }
}

impl DriverUnderTest for Faulty {
    fn describe(&self) -> String {
        "faulty".to_owned()
    }

    fn call(&mut self, call: &Invocation) -> Result<Answer, CallFault> {
        let fault = *self.fault.lock().unwrap();
        match fault {
            Some(fault) => self.faulty(fault, call),
            None => self.inner.call(call),
        }
    }

    fn together(&mut self, count: usize, call: &Invocation) -> Vec<Result<Answer, CallFault>> {
        let mut answers = self.inner.together(count, call);
        if *self.fault.lock().unwrap() == Some(Fault::Threads)
            && let Some(Ok(last)) = answers.last_mut()
        {
            last.out.clear();
        }
        answers
    }

    fn forget(&mut self) {
        self.inner.forget();
    }
}

#[test]
fn each_fault_is_caught_by_its_case() {
    let suite = suites();
    let fault = Arc::new(Mutex::new(None));
    let shared = Arc::clone(&fault);
    let mut stand = MemoryStand::around(workshop(&suite, "3.0", Interface::Contact), |inner| {
        Box::new(Faulty {
            inner,
            fault: shared,
            info: Vec::new(),
            second: None,
        })
    });
    let mut missed = Vec::new();
    let mut verdict = |now: Option<Fault>, item: &str, case: &str| {
        *fault.lock().unwrap() = now;
        let options = Options {
            items: vec![item.to_owned()],
            cases: vec![case.to_owned()],
            ..Options::default()
        };
        let mut run = Run::of_driver(&mut stand);
        driver::run(&suite, &mut stand, &options, &mut (), &mut run).unwrap();
        assert_eq!(run.results.len(), 1, "{case}");
        run.results.remove(0)
    };
    for (now, item, case) in FAULTS {
        assert_eq!(
            verdict(None, item, case).verdict,
            Verdict::Pass,
            "{case} without a fault"
        );
        let result = verdict(Some(now), item, case);
        println!("{now:?}: {case} {:?}", result.failure);
        if result.verdict != Verdict::Fail || result.failure.is_none() {
            missed.push((now, case));
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}
