//! `ssc sign` and `ssc decrypt`: what the holder does with the keys in the card.

use crate::args::{Decrypt, Sign};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, hex_upper};
use card_model::profile::KeyPair;
use reader::certificate::{CertificateApplication, CertificateError, cipher};
use rust_i18n::t;
use serde_json::json;
use std::path::Path;
use zeroize::Zeroizing;

/// Signs a file.
pub fn sign(it: &Sign, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let message = contents(&it.file, desk)?;
    let mut session = desk.session(false)?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    let key = application.public_key(KeyPair::Signing).map_err(fail)?;
    let key = key
        .ok_or(CertificateError::NoKey { pair: KeyPair::Signing })
        .map_err(fail)?;
    desk.user_pin(&mut application)?;
    let signature = application.sign(&message).map_err(fail)?;
    let der = signature.to_der();
    if let Some(path) = &it.out {
        std::fs::write(path, &der).map_err(|e| Failure::file(lang, path, &e))?;
    }
    let file = it.out.as_ref().map(|path| path.display().to_string());
    let json = json!({
        "signature": hex_upper(&signature.to_bytes()),
        "der": hex_upper(&der),
        "public_key": hex_upper(&key.to_bytes()),
        "file": file,
    });
    let text = match &file {
        Some(file) => t!("ssc.sign.done", locale = lang.locale(), file = file).into_owned(),
        None => hex_upper(&der),
    };
    Ok(Report::new(json, text))
}

/// Opens a cipher text.
pub fn decrypt(it: &Decrypt, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let cipher = cipher::from_bytes(&contents(&it.file, desk)?);
    let cipher = cipher.map_err(|e| Failure::explained(Class::Input, &e, lang))?;
    let mut session = desk.session(false)?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    let pair = if it.signing {
        KeyPair::Signing
    } else {
        KeyPair::Encryption
    };
    if application.public_key(pair).map_err(fail)?.is_none() {
        return Err(fail(CertificateError::NoKey { pair }));
    }
    desk.user_pin(&mut application)?;
    let plain = application.decrypt(pair, &cipher).map_err(fail)?;
    let file = it.out.as_ref().map(|path| path.display().to_string());
    if let Some(path) = &it.out {
        std::fs::write(path, &*plain).map_err(|e| Failure::file(lang, path, &e))?;
    }
    let json = json!({ "plain": hex_upper(&plain), "pair": crate::certificate::pair_name(pair), "file": file });
    let text = match &file {
        Some(file) => t!("ssc.sign.opened", locale = lang.locale(), file = file).into_owned(),
        // Text as text; anything else as hex, which a terminal survives.
        None => match core::str::from_utf8(&plain) {
            Ok(text) if !text.contains(char::is_control) => text.to_owned(),
            _ => hex_upper(&plain),
        },
    };
    Ok(Report::new(json, text))
}

fn contents(path: &Path, desk: &Desk) -> Result<Zeroizing<Vec<u8>>, Failure> {
    std::fs::read(path)
        .map(Zeroizing::new)
        .map_err(|e| Failure::file(desk.output.lang, path, &e))
}
