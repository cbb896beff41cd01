//! A real PostgreSQL in a folder of its own, reached by a socket in that folder, or by TCP and TLS; stopped when the last test lets
//! go of it.
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
    port: u16,
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
        Self::with(5432, &["listen_addresses = ''"], &[])
    }

    /// One of one's own that listens at a port of this machine, too, with TLS by `server.pem` and `server.key` of a folder; those who
    /// show a certificate of `clients.pem` are known by it. `late.pem` and `late.key` lie beside them.
    pub fn secure(certificates: &Path) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let settings = [
            "listen_addresses = '127.0.0.1'",
            "ssl = on",
            "ssl_cert_file = 'server.pem'",
            "ssl_key_file = 'server.key'",
            "ssl_ca_file = 'clients.pem'",
        ];
        let files =
            ["server.pem", "server.key", "clients.pem", "late.pem", "late.key"].map(|name| certificates.join(name));
        Self::with(free.expect("a port").port(), &settings, &files)
    }

    fn with(port: u16, settings: &[&str], files: &[PathBuf]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ssc-pg")
            .tempdir_in("/tmp")
            .expect("a folder");
        give_away(folder.path());
        if !is_root() {
            std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).expect("own folder");
        }
        let server = Self {
            folder,
            child: Mutex::new(None),
            databases: Mutex::new(0),
            port,
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
        for file in files {
            let copy = data.join(file.file_name().expect("a file"));
            std::fs::copy(file, &copy).expect("a certificate");
            give_away(&copy);
            std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o600)).expect("own file");
        }
        let configuration = data.join("postgresql.conf");
        let text = std::fs::read_to_string(&configuration).expect("initdb makes one");
        let text = format!("{text}\nport = {port}\n{}\n", settings.join("\n"));
        std::fs::write(&configuration, text).expect("own file");
        server.go();
        server
    }

    /// Changes a setting while the server runs.
    pub fn set(&self, name: &str, value: &str) {
        let mut client = self.client("postgres").expect("a server");
        client
            .batch_execute(&format!("ALTER SYSTEM SET {name} = '{value}'"))
            .expect("a setting");
        client.batch_execute("SELECT pg_reload_conf()").expect("a signal");
        let begun = Instant::now();
        while self.ask("postgres", &format!("SHOW {name}")) != [value] {
            assert!(begun.elapsed() < Duration::from_secs(30), "{name} is not {value}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// From now on the user of the tests has a password, which is asked for at the port.
    pub fn demand_passwords(&self, password: &str) {
        let mut client = self.client("postgres").expect("a server");
        let change = format!("ALTER ROLE ssc PASSWORD '{password}'");
        client.batch_execute(&change).expect("a password");
        let rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(self.folder.path().join("data/pg_hba.conf"), rules).expect("own file");
        client.batch_execute("SELECT pg_reload_conf()").expect("a signal");
        let begun = Instant::now();
        let without = format!("postgres://ssc@127.0.0.1:{}/postgres?sslmode=disable", self.port);
        while postgres::Client::connect(&without, postgres::NoTls).is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(30), "no password is asked for");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The first column of what a new connection, by the folder, is told.
    pub fn ask(&self, database: &str, sql: &str) -> Vec<String> {
        let mut client = self.client(database).expect("a server");
        let rows = client.query(sql, &[]).expect("an answer");
        rows.iter().map(|row| row.get(0)).collect()
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
        format!("postgres://ssc@{folder}:{}/{database}", self.port)
    }

    /// The port at which it listens.
    pub fn port(&self) -> u16 {
        self.port
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

/// To the user that the server runs as.
fn give_away(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give a file away");
    }
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
