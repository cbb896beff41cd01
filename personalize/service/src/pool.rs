//! Connections to the ledger, each used by one request at a time.

use crate::problem::Problem;
use personalize::ledger::{Ledger, LedgerError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long one request tries again when others are faster; a caller waits on the other side.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connections.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    address: Arc<str>,
    idle: Arc<Mutex<Vec<Ledger>>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    /// A pool of at most `most` connections; the first is made now, so that a wrong address is found at the start.
    pub(crate) fn open(address: &str, most: usize) -> Result<Self, LedgerError> {
        let first = connect(address)?;
        Ok(Self {
            address: address.into(),
            idle: Arc::new(Mutex::new(vec![first])),
            permits: Arc::new(Semaphore::new(most.max(1))),
        })
    }

    /// Does some work with a connection, on a thread that may block. Work that was begun is finished even if its caller is gone.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| Problem::stopping())?;
        let pool = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut ledger = match pool.take() {
                Some(ledger) => ledger,
                None => connect(&pool.address)?,
            };
            let result = work(&mut ledger);
            pool.give(ledger);
            result
        });
        done.await.map_err(|_| Problem::broken())?.map_err(|e| Problem::of(&e))
    }

    fn take(&self) -> Option<Ledger> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give(&self, ledger: Ledger) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(ledger);
    }
}

fn connect(address: &str) -> Result<Ledger, LedgerError> {
    let mut ledger = Ledger::open(address)?;
    ledger.set_patience(PATIENCE);
    Ok(ledger)
}
