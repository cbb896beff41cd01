//! Several cards at once, each with a thread of its own.

use super::{Observer, Options, Run, run};
use crate::ConformanceError;
use crate::suite::Suite;
use crate::terminal::Subject;
use reader::channel::Channel;
use reader::security::SecurityModule;

/// A card with its keys, its options and its observer.
pub struct Station<'a> {
    /// The card.
    pub channel: &'a mut (dyn Channel + Send),
    /// Its keys.
    pub module: &'a mut (dyn SecurityModule + Send),
    /// What it should be.
    pub subject: Subject<'a>,
    /// How the run is made.
    pub options: &'a Options,
    /// Who watches.
    pub observer: &'a mut (dyn Observer + Send),
}

/// Runs the cases on all cards; what came out is in the order of the cards. What goes wrong with one card is told of that card: the
/// others have their results.
pub fn run_all(suite: &Suite, stations: Vec<Station<'_>>) -> Vec<Result<Run, ConformanceError>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = stations
            .into_iter()
            .map(|station| {
                scope.spawn(move || {
                    let Station {
                        channel,
                        module,
                        subject,
                        options,
                        observer,
                    } = station;
                    run(suite, channel, module, subject, options, observer)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(run) => run,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}
