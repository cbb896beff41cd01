//! The order of a run.

use crate::suite::Case;

/// By effect, then by the order that cases ask for; else as the suites have them.
pub(super) fn sort(cases: &mut [Case]) {
    cases.sort_by_key(|case| (case.effect, case.order));
}
