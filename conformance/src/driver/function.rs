//! The functions of the interface with the sizes of IF38 tables 1–23 (`spec/terminal.md` §1.3) and LD/T 6001.5 chapter 7.

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// `int`.
    Number,
    /// `char *` with a NUL within so many bytes.
    Text(usize),
    /// pKey: so many characters, with a NUL behind them or not.
    Key(usize),
}

/// A function.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Name as the standard spells it.
    pub name: &'static str,
    /// What goes in, in order; pOutInfo follows.
    pub parameters: &'static [Parameter],
    /// Bytes of pOutInfo with its NUL.
    pub out: usize,
    /// Whether the standard defines it; the others are those of LD/T 6001.5 chapter 7 whose names are not public.
    pub standard: bool,
    /// Whether the card stays open when it succeeds: first and middle steps.
    pub leaves_open: bool,
}

use Parameter::{Key, Number, Text};

const CARD: Parameter = Text(128);
const FILES: Parameter = Text(1024);
const DATA: Parameter = Text(1024 * 20);
const PAY: Parameter = Text(512);
const PIN: Parameter = Text(17);
const CERTIFICATE: Parameter = Text(1024 * 8);
const SIGNATURE: Parameter = Text(1024);

const fn standard(name: &'static str, parameters: &'static [Parameter], out: usize) -> Function {
    Function {
        name,
        parameters,
        out,
        standard: true,
        leaves_open: false,
    }
}

const fn step(name: &'static str, parameters: &'static [Parameter], out: usize) -> Function {
    Function {
        leaves_open: true,
        ..standard(name, parameters, out)
    }
}

const fn ours(name: &'static str, parameters: &'static [Parameter], out: usize) -> Function {
    Function {
        standard: false,
        ..standard(name, parameters, out)
    }
}

/// All functions, in the order of the standard.
pub static FUNCTIONS: &[Function] = &[
    standard("iReadCardBas", &[Number], 1024),
    step("iReadCardBas_HSM_Step1", &[Number], 1024),
    standard("iReadCardBas_HSM_Step2", &[Key(128)], 1024),
    standard("iReadCard", &[Number, Number, CARD, FILES], 1024 * 20),
    step("iReadCard_HSM_Step1", &[Number, CARD, FILES], 1024),
    standard("iReadCard_HSM_Step2", &[Key(32)], 1024 * 20),
    standard("iWriteCard", &[Number, CARD, FILES, DATA], 1024),
    step("iWriteCard_HSM_Step1", &[Number, CARD, FILES], 1024),
    standard("iWriteCard_HSM_Step2", &[Key(32), DATA], 1024),
    standard("iVerifyPIN", &[Number], 512),
    standard("iChangePIN", &[Number], 512),
    standard("iReloadPIN", &[Number, CARD], 512),
    step("iReloadPIN_HSM_Step1", &[Number, CARD], 512),
    step("iReloadPIN_HSM_Step2", &[Key(32)], 1024),
    standard("iReloadPIN_HSM_Step3", &[Key(50)], 1024),
    standard("iUnblockPIN", &[Number, CARD], 512),
    step("iUnblockPIN_HSM_Step1", &[Number, CARD], 512),
    step("iUnblockPIN_HSM_Step2", &[Key(32)], 1024),
    standard("iUnblockPIN_HSM_Step3", &[Key(18)], 1024),
    standard("iDoDebit", &[Number, CARD, PAY], 512),
    step("iDoDebit_HSM_Step1", &[Number, CARD, PAY], 512),
    standard("iDoDebit_HSM_Step2", &[Key(128)], 1024),
    standard("iReadDebitRecord", &[Number], 2048),
    standard("PKI_SignData", &[PIN, DATA, Number], 1024),
    standard("PKI_VerifySign", &[PIN, CERTIFICATE, DATA, SIGNATURE, Number], 1024),
    ours("PKI_SealEnvelope", &[PIN, CERTIFICATE, DATA, Number], 1024 * 20),
    ours("PKI_OpenEnvelope", &[PIN, DATA, Number], 1024 * 20),
];

impl Function {
    /// A function by its name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }
}

/// What is handed over for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A number.
    Number(i32),
    /// The bytes of a string, without its NUL.
    Text(Vec<u8>),
    /// A NULL pointer.
    Null,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Which function.
    pub function: &'static Function,
    /// What is handed over, in the order of [`Function::parameters`].
    pub arguments: Vec<Argument>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (number, function) in FUNCTIONS.iter().enumerate() {
            assert_eq!(
                FUNCTIONS.iter().position(|other| other.name == function.name),
                Some(number)
            );
        }
        assert_eq!(
            FUNCTIONS
                .iter()
                .filter(|function| function.name.starts_with('i'))
                .count(),
            23
        );
    }
}
