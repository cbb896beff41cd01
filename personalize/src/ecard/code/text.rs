//! How a code is written: prefix and base45, or the consumer-presented form of EMV in base64.

use super::error::CodeError;
use super::payload::{Code, CodeKind, SignedCode};
use super::scheme::{PaymentForm, Scheme};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use iso7816_tlv::ber::{Tag, Tlv, Value};

/// Longest text that is looked at: the EMV form allows 512 characters, an identity code has fewer than 160.
const LONGEST: usize = 512;

/// Tags of the EMV QR specification, consumer-presented mode, version 1.1, table 3.1 and following.
const FORMAT_INDICATOR: u16 = 0x85;
const APPLICATION_TEMPLATE: u16 = 0x61;
const ADF_NAME: u16 = 0x4F;
const APPLICATION_LABEL: u16 = 0x50;
const TRANSPARENT_TEMPLATE: u16 = 0x63;
/// Of the private class: what is inside of the transparent template is the issuer's own.
const SIGNED_CODE: u16 = 0xC1;

/// Value of the format indicator.
const VERSION: &[u8] = b"CPV01";

/// A text taken apart, nothing checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// What it says.
    pub signed: SignedCode,
    /// By what it names its scheme.
    pub mark: Mark,
}

/// By what a text names its scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// Prefix of an identity code.
    Prefix(String),
    /// ADF name of a payment code.
    AdfName(Vec<u8>),
}

impl Mark {
    /// Whether it is the scheme's own.
    pub fn is_of(&self, scheme: &Scheme) -> bool {
        match self {
            Self::Prefix(prefix) => *prefix == scheme.prefix,
            Self::AdfName(name) => scheme.payment.as_ref().is_some_and(|form| form.adf_name == *name),
        }
    }
}

/// What the signature is over: a code of one scheme is none of another.
pub(super) fn signed_bytes(scheme: &Scheme, code: &Code) -> Vec<u8> {
    [scheme.prefix.as_bytes(), b":", &code.to_bytes()].concat()
}

/// Writes a code.
pub(super) fn write(scheme: &Scheme, signed: &SignedCode) -> Result<String, CodeError> {
    let bytes = signed.to_bytes();
    match signed.code.kind {
        CodeKind::Identity => Ok(format!("{}:{}", scheme.prefix, base45::encode(bytes))),
        CodeKind::Payment => {
            let form = scheme.payment.as_ref().ok_or(CodeError::Value {
                field: "payment",
                rule: "given where payment codes are issued",
            })?;
            Ok(STANDARD.encode(consumer_presented(form, bytes)))
        }
    }
}

/// Takes a text apart; `None` if it is no code at all. White space around it is the scanner's.
pub(super) fn read(text: &str) -> Option<Written> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let (mark, bytes) = match text.split_once(':') {
        Some((prefix, body)) => (Mark::Prefix(prefix.to_owned()), base45::decode(body).ok()?),
        None => application(&STANDARD.decode(text).ok()?)?,
    };
    let signed = SignedCode::from_bytes(&bytes)?;
    // Each kind has one form; the other would be a second text for the same code.
    let kind = match mark {
        Mark::Prefix(_) => CodeKind::Identity,
        Mark::AdfName(_) => CodeKind::Payment,
    };
    (signed.code.kind == kind).then_some(Written { signed, mark })
}

fn consumer_presented(form: &PaymentForm, code: Vec<u8>) -> Vec<u8> {
    let template = constructed(TRANSPARENT_TEMPLATE, [primitive(SIGNED_CODE, code)]);
    let name = primitive(ADF_NAME, form.adf_name.clone());
    let label = primitive(APPLICATION_LABEL, form.label.clone().into_bytes());
    let objects = [
        primitive(FORMAT_INDICATOR, VERSION.to_vec()),
        constructed(APPLICATION_TEMPLATE, [name, label, template]),
    ];
    objects.iter().flatten().flat_map(Tlv::to_vec).collect()
}

/// ADF name and code of the first application that holds one. A reader passes over objects that it does not know.
fn application(bytes: &[u8]) -> Option<(Mark, Vec<u8>)> {
    let objects = objects(bytes)?;
    let (first, rest) = objects.split_first()?;
    let announced = is(first, FORMAT_INDICATOR) && *first.value() == Value::Primitive(VERSION.to_vec());
    let mut applications = rest.iter().filter(|object| is(object, APPLICATION_TEMPLATE));
    let found = |application| {
        let name = content(child(application, ADF_NAME)?)?;
        let code = content(child(child(application, TRANSPARENT_TEMPLATE)?, SIGNED_CODE)?)?;
        Some((Mark::AdfName(name.to_vec()), code.to_vec()))
    };
    applications.find_map(found).filter(|_| announced)
}

/// All objects, or nothing where one of them is damaged.
fn objects(mut bytes: &[u8]) -> Option<Vec<Tlv>> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        let (object, rest) = Tlv::parse(bytes);
        objects.push(object.ok()?);
        bytes = rest;
    }
    Some(objects)
}

fn is(object: &Tlv, tag: u16) -> bool {
    Tag::try_from(tag).is_ok_and(|tag| *object.tag() == tag)
}

fn child(object: &Tlv, tag: u16) -> Option<&Tlv> {
    match object.value() {
        Value::Constructed(inside) => inside.iter().find(|object| is(object, tag)),
        Value::Primitive(_) => None,
    }
}

fn content(object: &Tlv) -> Option<&[u8]> {
    match object.value() {
        Value::Primitive(bytes) => Some(bytes),
        Value::Constructed(_) => None,
    }
}

fn primitive(tag: u16, value: Vec<u8>) -> Option<Tlv> {
    Tlv::new(Tag::try_from(tag).ok()?, Value::Primitive(value)).ok()
}

fn constructed<const N: usize>(tag: u16, inside: [Option<Tlv>; N]) -> Option<Tlv> {
    let inside = inside.into_iter().collect::<Option<Vec<_>>>()?;
    Tlv::new(Tag::try_from(tag).ok()?, Value::Constructed(inside)).ok()
}
