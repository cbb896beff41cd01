//! The digital certificate functions (LD/T 6001.5-2023 chapter 7, `spec/terminal.md` §1.3, §1.9): signatures and digital
//! envelopes with the keys of the card.

use super::code::ReturnCode;
use super::failure::{Failure, module_code};
use super::keypad;
use super::strings::{ITEM, illegal, join};
use super::{Driver, Outcome, SlotOrder, Terminal};
use crate::certificate::envelope::{self, Envelope};
use crate::certificate::x509::{Certificate, der_or_pem};
use crate::certificate::{CertificateApplication, CertificateError, FormatError};
use crate::channel::system_entropy;
use card_model::profile::{KeyPair, PinRole};
use card_model::secret::Pin;
use card_model::sm2::{DEFAULT_ID, Signature, Sm2Error};
use card_model::status::StatusWord;
use zeroize::Zeroizing;

impl Driver {
    /// PKI_SignData: signs with the signature key of the card. Gives `signature|`.
    ///
    /// Of the standard only the contents page is public: the signatures of PKI_SignData and PKI_VerifySign, and that there is an
    /// envelope. Everything else here is the conservative reading:
    ///
    /// * iType is the slot, as in all other functions of the interface.
    /// * The PIN is the user PIN of the certificate application, passed in by the caller; nobody is asked at a keypad. Wrong
    ///   and blocked are told as the card tells them, 63Cx (−25536 to −25551), as `spec/conformance.md` §4.10 expects; −25536
    ///   means blocked. Functions that need no private key verify the PIN only if one is given.
    /// * Data are the bytes of the string, without its NUL. Signatures, certificates and envelopes are hex, as all binary items
    ///   of the interface; Base64 and PEM are taken too. A signature is r ‖ s (64 bytes) over SM3(ZA ‖ data) with the usual
    ///   identifier; one in DER is taken too. An envelope has the syntax of GM/T 0010.
    /// * No certificate given means the card's own: of the signature key for PKI_VerifySign, of the encryption key for the envelope.
    /// * Whether a certificate is to be trusted is not asked: the interface has no place for roots.
    ///
    /// # Errors
    /// The return code with its words: −23 for nothing to sign, −33 or −41 for what is no PIN, −25536 to −25551 for a PIN
    /// that is wrong, −27272 for a card without the key, −13 for one without the application. The card is closed.
    pub fn pki_sign_data(&self, user_pin: &str, data: &[u8], i_type: i32) -> Outcome {
        self.call("PKI_SignData", &[user_pin, &shown(data)], |terminal| {
            let order = SlotOrder::of(i_type)?;
            let pin = keypad::checked(user_pin)?;
            not_empty(data)?;
            terminal.with_certificates(order, Some(&pin), |application| {
                let signature = application.sign(data)?;
                Ok(join([hex::encode_upper(signature.to_bytes())]))
            })
        })
    }

    /// PKI_VerifySign: whether a signature over the data is that of the certificate's key.
    ///
    /// # Errors
    /// As [`Driver::pki_sign_data`]; −25344 (6300) for a signature that is not right, −41 and −23 for what is no certificate
    /// or no signature.
    pub fn pki_verify_sign(
        &self,
        user_pin: &str,
        certificate: &str,
        clear_text: &[u8],
        signature: &str,
        i_type: i32,
    ) -> Outcome {
        let inputs = [user_pin, certificate, &shown(clear_text), signature];
        self.call("PKI_VerifySign", &inputs, |terminal| {
            let order = SlotOrder::of(i_type)?;
            let pin = optional_pin(user_pin)?;
            let given = optional_certificate(certificate)?;
            not_empty(clear_text)?;
            let signature = parse_signature(signature)?;
            terminal.with_certificates(order, pin.as_ref(), |application| {
                let certificate = given_or_own(given, application, KeyPair::Signing)?;
                let key = certificate.public_key().map_err(CertificateError::from)?;
                // A card's own VERIFY SIGNATURE is not known of any real card; the terminal computes it as well.
                if key.verify(&key.digest(DEFAULT_ID, clear_text), &signature) {
                    Ok(String::new())
                } else {
                    let wrong = FormatError::Sm2(Sm2Error::Signature);
                    Err(Failure::instead(ReturnCode::status(StatusWord::NO_INFORMATION), &wrong))
                }
            })
        })
    }

    /// PKI_SealEnvelope (名称未公开): puts data into a digital envelope for the holder of the certificate. Gives `envelope|`.
    ///
    /// # Errors
    /// As [`Driver::pki_verify_sign`].
    pub fn pki_seal_envelope(&self, user_pin: &str, certificate: &str, data: &[u8], i_type: i32) -> Outcome {
        let inputs = [user_pin, certificate, &shown(data)];
        self.call("PKI_SealEnvelope", &inputs, |terminal| {
            let order = SlotOrder::of(i_type)?;
            let pin = optional_pin(user_pin)?;
            let given = optional_certificate(certificate)?;
            not_empty(data)?;
            terminal.with_certificates(order, pin.as_ref(), |application| {
                let certificate = given_or_own(given, application, KeyPair::Encryption)?;
                let mut entropy = system_entropy()?;
                let sealed = envelope::seal(&certificate, data, &mut *entropy).map_err(CertificateError::from)?;
                Ok(join([hex::encode_upper(sealed)]))
            })
        })
    }

    /// PKI_OpenEnvelope (名称未公开): opens a digital envelope with the encryption key of the card, and gives the data.
    ///
    /// # Errors
    /// As [`Driver::pki_sign_data`]; −27264 (6A80) for an envelope for another key, −41 and −23 for what is no envelope.
    pub fn pki_open_envelope(
        &self,
        user_pin: &str,
        envelope: &str,
        i_type: i32,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.call("PKI_OpenEnvelope", &[user_pin, envelope], |terminal| {
            let order = SlotOrder::of(i_type)?;
            let pin = keypad::checked(user_pin)?;
            let der = binary(envelope, "envelope")?;
            Envelope::from_der(&der, None).map_err(CertificateError::from)?;
            terminal.with_certificates(order, Some(&pin), |application| {
                let own = application.read_certificate(KeyPair::Encryption)?;
                let own = own.and_then(|der| Certificate::from_der(&der).ok());
                let envelope = Envelope::from_der(&der, own.as_ref()).map_err(CertificateError::from)?;
                let key = application.decrypt(KeyPair::Encryption, envelope.encrypted_key())?;
                // A key that the card opened and that fits nothing is as wrong as one it does not open.
                envelope
                    .open(&key)
                    .map_err(|error| Failure::of(ReturnCode::status(StatusWord::WRONG_DATA), &error))
            })
        })
    }

    /// A certificate of the card in hex, which no function of the standard gives: 1 of the signature key, 2 of the encryption
    /// key. Needs no PIN. Gives `certificate|`.
    ///
    /// # Errors
    /// As [`Driver::pki_sign_data`]; −14 for another number, −27272 for a card without this certificate.
    pub fn read_certificate(&self, key: i32, i_type: i32) -> Outcome {
        self.call("SSCardDriver_ReadCert", &[], |terminal| {
            let order = SlotOrder::of(i_type)?;
            let pair = match key {
                1 => KeyPair::Signing,
                2 => KeyPair::Encryption,
                other => {
                    return Err(Failure::because(
                        ReturnCode::PARAMETER,
                        format!("证书编号为{other}，应为1（签名）或2（加密）"),
                        format!("the certificate is {other}; 1 (signature) or 2 (encryption) is allowed"),
                    ));
                }
            };
            terminal.with_certificates(order, None, |application| {
                let der = application.read_certificate(pair)?;
                let der = der.ok_or(CertificateError::NoCertificate { pair })?;
                Ok(join([hex::encode_upper(der)]))
            })
        })
    }
}

impl Terminal {
    /// Works with the certificate application of a card, with the user PIN if one is given.
    fn with_certificates<T>(
        &mut self,
        order: SlotOrder,
        pin: Option<&Pin>,
        work: impl FnOnce(&mut CertificateApplication<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut session = self.session(order)?;
        let profile = session.profile();
        let mut application = CertificateApplication::open(session.channel(), profile)?;
        if let Some(pin) = pin {
            // The caller's person typed it and wants the try to be spent.
            application.verify_pin(PinRole::User, pin, true)?;
        }
        work(&mut application)
    }
}

impl From<CertificateError> for Failure {
    fn from(error: CertificateError) -> Self {
        let status = ReturnCode::status;
        let code = match error {
            CertificateError::Transport(error) => return error.into(),
            CertificateError::PinWrong { tries_left, .. } => {
                let code = status(StatusWord::wrong_tries_left(tries_left));
                let mut failure = Self::instead(code, &error);
                failure.tries_left = Some(tries_left);
                return failure;
            }
            CertificateError::PinBlocked { .. } | CertificateError::PinLastTry { .. } => {
                let code = status(StatusWord::wrong_tries_left(0));
                return Self::instead(code, &error);
            }
            CertificateError::NotInProfile { .. } => ReturnCode::NOT_SUPPORTED,
            CertificateError::Refused { sw, .. } | CertificateError::NoApplication { sw } => status(sw),
            CertificateError::PinNeeded { .. } => ReturnCode::NOT_ALLOWED,
            CertificateError::MasterKey { tries_left, .. } => status(StatusWord::wrong_tries_left(tries_left)),
            CertificateError::Answer { .. } => ReturnCode::CHECKSUM,
            CertificateError::Module(ref error) => module_code(error),
            CertificateError::NoKey { .. } | CertificateError::NoCertificate { .. } => ReturnCode::KEY_NOT_FOUND,
            CertificateError::Command(_) | CertificateError::TooLong { .. } => ReturnCode::DATA_LENGTH,
            CertificateError::OtherKey { .. } => ReturnCode::OTHER_CARD,
            CertificateError::Format(_) => ReturnCode::ILLEGAL_INPUT,
            CertificateError::ReadBack { .. } => status(StatusWord::MEMORY_FAILURE),
            CertificateError::BadSignature => return Self::instead(status(StatusWord::NO_INFORMATION), &error),
        };
        Self::of(code, &error)
    }
}

/// Bytes for the log, which writes only their number unless it is told to show all.
fn shown(data: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(String::from_utf8_lossy(data).into_owned())
}

fn not_empty(data: &[u8]) -> Result<(), Failure> {
    if data.is_empty() {
        Err(illegal("数据为空", "there are no data"))
    } else {
        Ok(())
    }
}

/// The PIN of a function that needs none.
fn optional_pin(digits: &str) -> Result<Option<Pin>, Failure> {
    if digits.is_empty() {
        Ok(None)
    } else {
        keypad::checked(digits).map(Some)
    }
}

/// The certificate of a parameter; nothing means the card's own.
fn optional_certificate(text: &str) -> Result<Option<Certificate>, Failure> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let der = binary(text, "certificate")?;
    let certificate = Certificate::from_der(&der).map_err(CertificateError::from)?;
    Ok(Some(certificate))
}

fn given_or_own(
    given: Option<Certificate>,
    application: &mut CertificateApplication<'_>,
    pair: KeyPair,
) -> Result<Certificate, CertificateError> {
    match given {
        Some(certificate) => Ok(certificate),
        None => {
            let der = application.read_certificate(pair)?;
            let der = der.ok_or(CertificateError::NoCertificate { pair })?;
            Ok(Certificate::from_der(&der)?)
        }
    }
}

fn parse_signature(text: &str) -> Result<Signature, Failure> {
    let bytes = binary(text, "signature")?;
    let signature = Signature::from_bytes(&bytes).or_else(|_| Signature::from_der(&bytes));
    Ok(signature.map_err(|error| CertificateError::from(FormatError::from(error)))?)
}

/// Bytes in hex, Base64 or PEM, with or without the last separator of the interface.
///
/// # Errors
/// Nothing (−23), or characters of none of the three (−41).
fn binary(text: &str, what: &'static str) -> Result<Vec<u8>, Failure> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let text = text.strip_suffix(ITEM).unwrap_or(text).trim();
    if text.is_empty() {
        return Err(illegal("参数为空", "a parameter is empty"));
    }
    if let Ok(bytes) = hex::decode(text) {
        return Ok(bytes);
    }
    let pem = if text.contains("-----BEGIN") {
        text.to_owned()
    } else {
        let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        let lines: Vec<String> = characters.chunks(64).map(|line| line.iter().collect()).collect();
        format!("-----BEGIN DATA-----\n{}\n-----END DATA-----\n", lines.join("\n"))
    };
    der_or_pem(pem.as_bytes(), what).map_err(|_| {
        Failure::because(
            ReturnCode::ILLEGAL_CHARACTER,
            "应为十六进制、Base64或PEM",
            "neither hex nor Base64 nor PEM",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_ways_to_write_bytes() {
        let bytes: Vec<u8> = (0..100).collect();
        let hexadecimal = hex::encode(&bytes);
        let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiYw==";
        for text in [
            hexadecimal.clone(),
            hexadecimal.to_uppercase() + "|",
            base64.to_owned(),
            format!(" {base64}|\n"),
        ] {
            assert_eq!(binary(&text, "certificate").expect(&text), bytes);
        }
        for (text, code) in [
            ("", -23),
            ("|", -23),
            ("0", -41),
            ("张三", -41),
            ("AAEC!", -41),
            ("-----BEGIN", -41),
        ] {
            assert_eq!(binary(text, "certificate").expect_err(text).code.0, code, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,80}") {
            let _ = (binary(&text, "certificate"), optional_certificate(&text).is_ok(), parse_signature(&text));
        }
    }
}
