//! Secrets and questions at the terminal. A secret comes from the environment or is typed without echo; it is never an
//! argument, where every user of the machine could read it.

use crate::failure::{Class, Failure};
use crate::output::Output;
use card_model::secret::{Pin, PinFormatError};
use rust_i18n::t;
use std::io::{BufRead, IsTerminal};
use zeroize::Zeroizing;

/// The PIN.
pub const PIN: &str = "SSC_PIN";
/// The user PIN of the certificate application; without it [`PIN`] is taken.
pub const CERTIFICATE_PIN: &str = "SSC_CERT_PIN";
/// The administrator's PIN of the certificate application.
pub const ADMINISTRATOR_PIN: &str = "SSC_ADMIN_PIN";
/// The new PIN where there are two.
pub const NEW_PIN: &str = "SSC_NEW_PIN";
/// The password of an electronic card.
pub const ECARD_PASSWORD: &str = "SSC_ECARD_PASSWORD";
/// The new password of an electronic card.
pub const NEW_ECARD_PASSWORD: &str = "SSC_NEW_ECARD_PASSWORD";
/// What the holder presents to show who they are.
pub const EVIDENCE: &str = "SSC_EVIDENCE";
/// The passphrase of a key file.
pub const PASSPHRASE: &str = "SSC_KEY_PASSPHRASE";

/// Whether a PIN would be had without asking anybody.
pub fn has(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

/// A PIN from the environment or the terminal. `tries` is shown before the question.
pub fn pin(variable: &str, tries: Option<u8>, output: Output) -> Result<Pin, Failure> {
    let locale = output.lang.locale();
    let question = match (variable, tries) {
        (ADMINISTRATOR_PIN, _) => t!("ssc.ask.administrator_pin", locale = locale),
        (CERTIFICATE_PIN, Some(tries)) => t!("ssc.ask.user_pin_tries", locale = locale, tries = tries),
        (CERTIFICATE_PIN, None) => t!("ssc.ask.user_pin", locale = locale),
        (NEW_PIN, _) => t!("ssc.ask.new_pin", locale = locale),
        (_, Some(tries)) => t!("ssc.ask.pin_tries", locale = locale, tries = tries),
        (_, None) => t!("ssc.ask.pin", locale = locale),
    };
    let variable = match variable {
        CERTIFICATE_PIN if !has(CERTIFICATE_PIN) && has(PIN) => PIN,
        variable => variable,
    };
    let digits = secret(variable, &question, output)?;
    let pin = Pin::from_digits(&digits).map_err(|error| {
        let why = match error {
            PinFormatError::Length(length) => t!("ssc.ask.pin_length", locale = locale, length = length),
            PinFormatError::Character(position) => t!("ssc.ask.pin_character", locale = locale, position = position),
        };
        Failure::input(t!("ssc.ask.pin_form", locale = locale)).because(why)
    })?;
    if variable == NEW_PIN && !has(NEW_PIN) {
        let again = secret(variable, &t!("ssc.ask.again", locale = locale), output)?;
        if again != digits {
            return Err(Failure::input(t!("ssc.ask.different", locale = locale)));
        }
    }
    Ok(pin)
}

/// The passphrase of a key file.
pub fn passphrase(file: &str, output: Output) -> Result<Zeroizing<String>, Failure> {
    secret(
        PASSPHRASE,
        &t!("ssc.ask.passphrase", locale = output.lang.locale(), file = file),
        output,
    )
}

/// The password of an electronic card, or its new one, which is asked twice.
pub fn ecard_password(variable: &str, output: Output) -> Result<Zeroizing<String>, Failure> {
    let locale = output.lang.locale();
    if variable != NEW_ECARD_PASSWORD {
        return secret(variable, &t!("ssc.ask.ecard_password", locale = locale), output);
    }
    let password = secret(variable, &t!("ssc.ask.new_ecard_password", locale = locale), output)?;
    if !has(variable) && secret(variable, &t!("ssc.ask.again_ecard_password", locale = locale), output)? != password {
        return Err(Failure::input(t!("ssc.ask.different_passwords", locale = locale)));
    }
    Ok(password)
}

/// What the holder presents to show who they are; nothing where nobody is there to ask.
pub fn evidence(output: Output) -> Result<Option<Zeroizing<String>>, Failure> {
    if !has(EVIDENCE) && !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let asked = secret(EVIDENCE, &t!("ssc.ask.evidence", locale = output.lang.locale()), output)?;
    Ok(Some(asked).filter(|text| !text.is_empty()))
}

fn secret(variable: &str, question: &str, output: Output) -> Result<Zeroizing<String>, Failure> {
    if let Ok(value) = std::env::var(variable) {
        return Ok(Zeroizing::new(value));
    }
    let locale = output.lang.locale();
    if !std::io::stdin().is_terminal() {
        return Err(
            Failure::input(t!("ssc.ask.nobody", locale = locale, variable = variable)).next(t!(
                "ssc.ask.nobody_next",
                locale = locale,
                variable = variable
            )),
        );
    }
    rpassword::prompt_password(question)
        .map(Zeroizing::new)
        .map_err(|error| {
            Failure::input(t!("ssc.ask.nobody", locale = locale, variable = variable)).because(error.to_string())
        })
}

/// Asks "really?" unless `--yes` was given or nobody is there to answer; without a yes nothing is done.
pub fn confirm(question: &str, yes: bool, output: Output) -> Result<(), Failure> {
    if yes || !std::io::stdin().is_terminal() {
        return Ok(());
    }
    let locale = output.lang.locale();
    output.warn(&t!("ssc.ask.really", locale = locale, question = question));
    let mut answer = String::new();
    // No answer is no yes.
    let _ = std::io::stdin().lock().read_line(&mut answer);
    let answer = answer.trim().to_lowercase();
    if ["y", "yes", "是", "好"].contains(&answer.as_str()) {
        Ok(())
    } else {
        Err(Failure::new(Class::Verdict, t!("ssc.ask.not_done", locale = locale)))
    }
}
