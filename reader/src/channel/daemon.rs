//! A PC/SC service of our own: pcscd with the virtual reader, on its own socket and ports, beside any other pcscd of the
//! machine and without systemd. `ssc demo --pcsc` and the tests run on it.
//!
//! libpcsclite finds its service through the environment variable `PCSCLITE_CSOCK_NAME`, which it reads once. A process
//! cannot safely change its own environment, so whoever wants to be a client in this process first runs itself again:
//!
//! ```no_run
//! use reader::channel::daemon::{self, PrivateDaemon};
//! # fn main() -> Result<(), reader::channel::TransportError> {
//! if !daemon::prepared() {
//!     let status = daemon::again(std::env::args_os().skip(1))?.status()?;
//!     std::process::exit(status.code().unwrap_or(1));
//! }
//! let daemon = PrivateDaemon::start("SSC Virtual Reader")?;
//! // vpcd::insert(card, &daemon.address(0), …); PcscChannel::open(Some(&daemon.reader(0)), …)
//! # Ok(()) }
//! ```
//!
//! Other programs are started with [`PrivateDaemon::command`].
//!
//! How it is done: pcscd takes its listening socket by socket activation (`LISTEN_FDS`), from its standard input by way of
//! a line of shell. As root it is run as nobody, so that it cannot touch the pid file of the machine's own pcscd. It dies
//! with the thread that started it (`setpriv --pdeathsig`).

use super::TransportError;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

/// Read by libpcsclite: path of the service's socket.
const SOCKET: &str = "PCSCLITE_CSOCK_NAME";
/// Set by [`again`]: the socket is one of ours.
const PREPARED: &str = "SSC_PRIVATE_PCSC";
/// Directory that pcscd insists on, though it keeps nothing of ours there.
const RUN: &str = "/run/pcscd";

/// Places of the daemon in Debian, Ubuntu, Fedora, Arch and self-built.
const DAEMONS: [&str; 4] = [
    "/usr/sbin/pcscd",
    "/usr/bin/pcscd",
    "/usr/local/sbin/pcscd",
    "/sbin/pcscd",
];
/// Places of the virtual reader's driver.
const DRIVERS: [&str; 3] = [
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib64/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
];

/// Ports are taken from here: below those that the kernel gives to outgoing connections.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
const ATTEMPTS: u16 = 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// User and group `nobody`.
const NOBODY: &str = "65534";

/// Whether this process was started by [`again`], so that its PC/SC calls reach a [`PrivateDaemon`].
pub fn prepared() -> bool {
    std::env::var_os(PREPARED).is_some() && std::env::var_os(SOCKET).is_some()
}

/// This program with other arguments, in an environment in which it can be a client of its own [`PrivateDaemon`].
#[derive(Debug)]
pub struct Again {
    program: String,
    command: Command,
    /// Holds the socket while the program runs.
    _directory: TempDir,
}

impl Again {
    /// Runs it, with this process's input and output, and gives its exit status.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn status(mut self) -> Result<ExitStatus, TransportError> {
        self.command.status().map_err(|error| failed(&self.program, error))
    }

    /// Runs it and gives its exit status and everything it said.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn output(mut self) -> Result<Output, TransportError> {
        self.command.output().map_err(|error| failed(&self.program, error))
    }
}

/// This program again, with `arguments`.
///
/// # Errors
/// Its file is not known, or no directory for the socket can be made.
pub fn again<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Again, TransportError> {
    let program = std::env::current_exe().map_err(|error| failed("current_exe", error))?;
    let directory = directory()?;
    let mut command = Command::new(&program);
    command
        .args(arguments)
        .env(SOCKET, directory.path().join("pcscd.comm"))
        .env(PREPARED, "1");
    Ok(Again {
        program: program.display().to_string(),
        command,
        _directory: directory,
    })
}

/// A pcscd with one virtual reader of two slots, or with no reader. It ends when dropped.
#[derive(Debug)]
pub struct PrivateDaemon {
    /// The daemon, while it runs.
    child: Option<Child>,
    /// Keeps what is ours: configuration, log, and the socket where no [`again`] made one.
    directory: TempDir,
    socket: PathBuf,
    reader: Option<String>,
    port: u16,
}

impl PrivateDaemon {
    /// Starts it; `reader` becomes the reader's name, `… 00 00` and `… 00 01` with the slot.
    ///
    /// # Errors
    /// A part is not installed, or the daemon does not start; its log is in the error.
    pub fn start(reader: &str) -> Result<Self, TransportError> {
        let begin = seed();
        let mut last = failed("vpcd", "no free port");
        for attempt in 0..ATTEMPTS {
            let span = (PORTS.end - PORTS.start) / 2;
            let port = PORTS.start + 2 * ((begin + attempt * 37) % span);
            if !(is_free(port) && is_free(port + 1)) {
                continue;
            }
            match Self::launch(Some(reader), port) {
                Ok(daemon) => return Ok(daemon),
                // Somebody was quicker with the port.
                Err((error, true)) => last = error,
                Err((error, false)) => return Err(error),
            }
        }
        Err(last)
    }

    /// Starts it without any reader.
    ///
    /// # Errors
    /// As [`PrivateDaemon::start`].
    pub fn start_without_reader() -> Result<Self, TransportError> {
        Self::launch(None, 0).map_err(|(error, _)| error)
    }

    /// Ends the daemon and starts it again at the same socket and ports, as an administrator would.
    ///
    /// # Errors
    /// As [`PrivateDaemon::start`].
    pub fn restart(&mut self) -> Result<(), TransportError> {
        self.kill();
        self.run().map_err(|(error, _)| error)
    }

    /// Ends the daemon, to see what clients do without it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It runs as nobody or as the caller and leaves nothing behind, so it need not be asked politely.
            let _ = child.kill();
            let _ = child.wait();
            let _ = fs::remove_file(&self.socket);
        }
    }

    /// `HOST:PORT` where a card connects to slot 0 or 1.
    pub fn address(&self, slot: u8) -> String {
        format!("127.0.0.1:{}", self.port + u16::from(slot.min(1)))
    }

    /// Name of the reader in slot 0 or 1, as PC/SC lists it; empty without a reader.
    pub fn reader(&self, slot: u8) -> String {
        self.reader
            .as_ref()
            .map_or_else(String::new, |reader| format!("{reader} 00 {:02}", slot.min(1)))
    }

    /// Path of the daemon's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// A program that will be a client of this daemon.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env(SOCKET, &self.socket);
        command
    }

    /// What the daemon said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("pcscd.log")).unwrap_or_default()
    }

    /// Starts a daemon; on failure the flag says whether another port may help.
    fn launch(reader: Option<&str>, port: u16) -> Result<Self, (TransportError, bool)> {
        let directory = directory().map_err(|error| (error, false))?;
        let socket = match std::env::var_os(SOCKET) {
            Some(path) if prepared() => PathBuf::from(path),
            _ => directory.path().join("pcscd.comm"),
        };
        let mut daemon = Self {
            child: None,
            directory,
            socket,
            reader: reader.map(str::to_owned),
            port,
        };
        daemon.run()?;
        Ok(daemon)
    }

    fn run(&mut self) -> Result<(), (TransportError, bool)> {
        self.child = Some(self.spawn().map_err(|error| (error, false))?);
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<(), (TransportError, bool)> {
        let begin = Instant::now();
        loop {
            let log = self.log();
            let gone = self
                .child
                .as_mut()
                .is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            // The readers come up before the line that says "ready"; a reader without its port is missing, not fatal.
            if log.contains("init failed") {
                return Err((failed("vpcd", log.trim()), true));
            }
            if log.contains("daemon ready") && !gone {
                return Ok(());
            }
            if gone || begin.elapsed() > PATIENCE {
                return Err((failed("pcscd", log.trim()), false));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn spawn(&self) -> Result<Child, TransportError> {
        let daemon = installed(&DAEMONS, "pcscd")?;
        let driver = installed(&DRIVERS, "vsmartcard-vpcd")?;
        let (directory, port) = (self.directory.path(), self.port);
        let here = |error: std::io::Error| failed(&directory.display().to_string(), error);
        let readers = directory.join("readers");
        fs::create_dir_all(&readers).map_err(here)?;
        open_to_all(directory)
            .and_then(|()| open_to_all(&readers))
            .map_err(here)?;
        if let Some(reader) = &self.reader {
            let name: String = reader.chars().filter(|c| !c.is_control() && *c != '"').collect();
            let entry =
                format!("FRIENDLYNAME \"{name}\"\nDEVICENAME /dev/null:{port}\nLIBPATH {driver}\nCHANNELID {port}\n");
            fs::write(readers.join("vpcd"), entry).map_err(here)?;
        }
        let log = File::create(directory.join("pcscd.log")).map_err(here)?;
        let errors = log.try_clone().map_err(here)?;
        let _ = fs::remove_file(&self.socket);
        let listener =
            UnixListener::bind(&self.socket).map_err(|error| failed(&self.socket.display().to_string(), error))?;

        let mut script = String::from("exec 3<&0 0</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; ");
        script.push_str("exec \"$0\" --foreground --info --config \"$1\"");
        if knows_polkit(&daemon) {
            script.push_str(" --disable-polkit");
        }
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if !prepare_run_directory() {
            // Not root and no directory: give it one of its own in a private name space.
            command.args(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]);
            command.arg(format!("mount -t tmpfs tmpfs /run && mkdir {RUN} || exit 1; {script}"));
        } else {
            if is_root() {
                command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
            }
            command.args(["sh", "-c", &script]);
        }
        command
            .arg(daemon)
            .arg(&readers)
            // Readers on USB belong to the machine's own pcscd: without drivers for them they are not touched.
            .env("PCSCLITE_HP_DROPDIR", &readers)
            .env_remove(PREPARED)
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| failed("setpriv", error))
    }
}

impl Drop for PrivateDaemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Newer versions ask polkit about each client, which nobody answers here; older ones refuse the option.
fn knows_polkit(daemon: &str) -> bool {
    let help = Command::new(daemon).arg("--help").stdin(Stdio::null()).output();
    help.is_ok_and(|help| String::from_utf8_lossy(&[help.stdout, help.stderr].concat()).contains("--disable-polkit"))
}

/// Makes sure of pcscd's run directory; false where that takes more rights than we have.
fn prepare_run_directory() -> bool {
    let run = Path::new(RUN);
    run.is_dir() || (is_root() && fs::create_dir(run).and_then(|()| open_to_all(run)).is_ok())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn open_to_all(path: &Path) -> std::io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o755))
}

/// A directory with a path short enough for a socket (108 bytes).
fn directory() -> Result<TempDir, TransportError> {
    let usual = std::env::temp_dir();
    let base = if usual.as_os_str().len() < 70 {
        usual
    } else {
        PathBuf::from("/tmp")
    };
    tempfile::Builder::new()
        .prefix("ssc-pcscd-")
        .tempdir_in(&base)
        .map_err(|error| failed(&base.display().to_string(), error))
}

fn installed(places: &[&str], package: &str) -> Result<String, TransportError> {
    places
        .iter()
        .find(|place| Path::new(place).exists())
        .map(|place| (*place).to_owned())
        .ok_or_else(|| failed(package, "not installed"))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("0.0.0.0", port)).is_ok()
}

/// Where to begin looking for a port: another place for each process and moment.
fn seed() -> u16 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |now| now.subsec_nanos());
    ((std::process::id().wrapping_mul(7919) ^ now) % 4999) as u16
}

fn failed(program: &str, message: impl ToString) -> TransportError {
    TransportError::Daemon {
        program: program.to_owned(),
        message: message.to_string(),
    }
}
