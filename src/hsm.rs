//! `ssc hsm answer|serve`: a central HSM over a key file.

use crate::args::{HsmAnswer, HsmServe};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, put};
use crate::stop;
use reader::hsm::{Server, ServerOptions, ServiceError, StringHsm};
use reader::security::{Hsm, HsmStanding, KeyFile};
use rust_i18n::t;
use serde_json::json;

/// Answers requests.
pub fn answer(it: &HsmAnswer, desk: &Desk) -> Result<Report, Failure> {
    let hsm = over(&desk.required_keys()?, it.key_version, desk)?;
    let mut answers = Vec::with_capacity(it.requests.len());
    for request in &it.requests {
        let answer = hsm.answer(request);
        answers.push(answer.map_err(|e| Failure::explained(Class::Input, &e, desk.output.lang))?);
    }
    let text = answers.join("\n");
    Ok(Report::new(json!({ "answers": answers }), text))
}

/// A ministry's HSM with the keys of a file.
fn over(keys: &KeyFile, version: u8, desk: &Desk) -> Result<StringHsm, Failure> {
    let hsm = Hsm::new(keys.name(), keys, HsmStanding::Ministry).map_err(|e| {
        let e = ServiceError::from(e);
        Failure::explained(Class::Input, &e, desk.output.lang)
    })?;
    Ok(StringHsm::new(hsm, version))
}

/// Serves until SIGTERM or Ctrl-C.
pub fn serve(it: &HsmServe, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let keys = desk.required_keys()?;
    let file = keys.name().to_owned();
    let hsm = over(&keys, it.key_version, desk)?;
    let options = ServerOptions {
        lang,
        ..ServerOptions::default()
    };
    let failed = |error: std::io::Error| {
        Failure::input(t!("hsm.listen", locale = locale, address = it.listen))
            .because(error.to_string())
            .next(t!("hsm.listen_next", locale = locale))
    };
    let server = Server::bind(it.listen.as_str(), hsm, options).map_err(failed)?;
    let address = server.address().map_err(failed)?;
    if !address.ip().is_loopback() {
        desk.output.warn(&t!("hsm.open", locale = locale, address = address));
    }
    let stop = stop::flag(desk)?;
    let line = if desk.output.json {
        json!({ "ready": true, "address": address.to_string() }).to_string()
    } else {
        "ready".into()
    };
    // Whoever closed stdout does not wait for this line.
    let _ = put(&line);
    desk.output
        .talk(&t!("hsm.ready", locale = locale, address = address, file = file));
    server.run(&stop).map_err(failed)?;
    Ok(Report::silent())
}
