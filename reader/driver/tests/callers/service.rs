//! The central HSM of the tests.

use reader::hsm::{Server, ServerOptions, StringHsm};
use reader::security::{Hsm, HsmStanding, KeyFile};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A ministry's HSM with these keys.
pub fn ministry(keys: &KeyFile) -> StringHsm {
    StringHsm::new(Hsm::new("TEST HSM", keys, HsmStanding::Ministry).unwrap(), 1)
}

/// A service that answers as long as it lives.
pub struct Service(String, Arc<AtomicBool>);

impl Service {
    pub fn start(keys: &KeyFile) -> Self {
        let server = Server::bind("127.0.0.1:0", ministry(keys), ServerOptions::default()).unwrap();
        let url = format!("http://{}/", server.address().unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        std::thread::spawn(move || server.run(&flag));
        Self(url, stop)
    }

    pub fn url(&self) -> String {
        self.0.clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
    }
}
