//! How often somebody may ask.

use crate::problem::Problem;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::Hash;
use std::num::NonZeroU32;

/// Callers remembered before those that were quiet are forgotten.
const MOST: usize = 10_000;

/// A limit for each caller.
#[derive(Debug)]
pub(crate) struct Limit<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, HashMapStateStore<K>, DefaultClock>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    /// So many requests in a second, and twice as many at once.
    pub(crate) fn per_second(number: NonZeroU32) -> Self {
        let quota = Quota::per_second(number).allow_burst(number.saturating_mul(TWICE));
        Self {
            limiter: RateLimiter::hashmap(quota),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request.
    pub(crate) fn ask(&self, who: &K) -> Result<(), Problem> {
        if self.limiter.len() > MOST {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(who).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(self.clock.now());
            Problem::limit(wait.as_secs() + 1)
        })
    }
}

const TWICE: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
