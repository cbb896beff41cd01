//! A real PostgreSQL in a folder of its own, reached by a socket in that folder; stopped when the last test lets go of it.
#![allow(dead_code, reason = "two test programs use it, each its part")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// User and group `nobody`: PostgreSQL does not run as root.
const NOBODY: u32 = 65534;

/// A running server.
pub struct Server {
    folder: TempDir,
    child: Mutex<Option<Child>>,
    databases: Mutex<u32>,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Server {
    /// The server that the tests of this program share.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().expect("no test panics here");
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Self::start());
        *shared = Arc::downgrade(&server);
        server
    }

    /// A server of one's own.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ssc-pg")
            .tempdir_in("/tmp")
            .expect("a folder");
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        } else {
            std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).expect("own folder");
        }
        let server = Self {
            folder,
            child: Mutex::new(None),
            databases: Mutex::new(0),
        };
        let data = server.folder.path().join("data");
        let made = as_nobody(&binary("initdb"))
            .args([
                "--username=ssc",
                "--auth=trust",
                "--no-sync",
                "--no-locale",
                "--encoding=UTF8",
                "--pgdata",
            ])
            .arg(&data)
            .output()
            .expect("PostgreSQL is installed: make test does it");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.go();
        server
    }

    /// Address of a new, empty database.
    pub fn database(&self) -> String {
        let name = {
            let mut databases = self.databases.lock().expect("no test panics here");
            *databases += 1;
            format!("ledger{databases}")
        };
        let mut client = self.client("postgres").expect("a server");
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("a database");
        self.address(&name)
    }

    /// Address of a database.
    pub fn address(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://ssc@{folder}/{database}")
    }

    /// Stops the server as a crash does, and starts it again.
    pub fn crash_and_return(&self) {
        self.stop("-QUIT");
        self.go();
    }

    fn client(&self, database: &str) -> Result<postgres::Client, postgres::Error> {
        postgres::Client::connect(&self.address(database), postgres::NoTls)
    }

    fn go(&self) {
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        let child = as_nobody(&binary("postgres"))
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .arg("-k")
            .arg(self.folder.path())
            // What is committed is written, and the disk is not waited for: a test's machine does not lose its power.
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=150",
                "-c",
                "shared_buffers=32MB",
            ])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("PostgreSQL starts");
        *self.child.lock().expect("no test panics here") = Some(child);
        let begun = Instant::now();
        while let Err(error) = self.client("postgres") {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(60), "{error}: {}", log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn stop(&self, signal: &str) {
        let Some(mut child) = self.child.lock().expect("no test panics here").take() else {
            return;
        };
        let _ = Command::new("kill").args([signal, &child.id().to_string()]).status();
        let _ = child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop("-INT");
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn as_nobody(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
        command.arg("--clear-groups").arg(program);
        command
    } else {
        Command::new(program)
    };
    command.env("LC_ALL", "C").current_dir("/");
    command
}

/// Debian keeps the programs of the server in a folder of their version.
fn binary(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}
