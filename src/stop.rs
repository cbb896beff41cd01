//! Ctrl-C that lets what was begun end.

use crate::connect::Desk;
use crate::failure::Failure;
use rust_i18n::t;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Exit code of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// A flag that SIGTERM and Ctrl-C set; a second signal ends the program at once.
pub fn flag(desk: &Desk) -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&stop))
            .and_then(|_| register(signal, Arc::clone(&stop)))
            .map_err(|e| Failure::input(t!("ssc.signal", locale = desk.output.lang.locale())).because(e.to_string()))?;
    }
    Ok(stop)
}
