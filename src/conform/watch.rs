//! What all long runs on a card share: a bar on stderr, and Ctrl-C that lets the card finish.

use crate::failure::Failure;
use crate::output::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A bar on stderr; hidden with `--quiet`.
pub fn bar(output: Output) -> ProgressBar {
    let target = if output.quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    // A template that does not parse leaves the plain bar.
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {eta}  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Set by SIGINT and SIGTERM; a second signal ends the process at once.
pub fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|e| Failure::input(e.to_string()))?;
    }
    Ok(stop)
}
