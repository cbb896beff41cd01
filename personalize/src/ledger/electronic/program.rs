//! A method of the province's own, as a program: one JSON object on stdin, the answer by the exit code.

use super::real_name::{Asked, RealName, RealNameError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often it is looked whether the program has ended.
const LOOK: Duration = Duration::from_millis(5);

/// An executable that is asked. It gets [`Asked`] as JSON and no arguments; 0 is yes, 1 is no. Its output goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
    limit: Duration,
}

impl Program {
    /// A program that has so many seconds to answer.
    pub fn new(path: &Path, seconds: u64) -> Self {
        Self {
            path: path.to_owned(),
            limit: Duration::from_secs(seconds),
        }
    }

    fn failed(&self, why: impl ToString) -> RealNameError {
        RealNameError::Program {
            program: self.path.display().to_string(),
            why: why.to_string(),
        }
    }

    /// Starts it; a program that is just being replaced is waited for.
    fn spawn(&self, command: &mut Command) -> Result<Child, RealNameError> {
        let begun = Instant::now();
        loop {
            match command.spawn() {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && begun.elapsed() < self.limit => {
                    std::thread::sleep(LOOK);
                }
                started => return started.map_err(|error| self.failed(error)),
            }
        }
    }

    /// Waits for the end, no longer than the limit.
    fn wait(&self, child: &mut Child) -> Result<ExitStatus, RealNameError> {
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().map_err(|error| self.failed(error))? {
                return Ok(status);
            }
            if begun.elapsed() > self.limit {
                return Err(RealNameError::TooSlow {
                    program: self.path.display().to_string(),
                    seconds: self.limit.as_secs(),
                });
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl RealName for Program {
    fn check(&self, asked: &Asked<'_>) -> Result<bool, RealNameError> {
        let json = serde_json::to_vec(asked).map_err(|error| self.failed(error))?;
        let mut command = Command::new(&self.path);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = self.spawn(&mut command)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read is judged by its exit code all the same. The object is smaller than any pipe.
            let _ = stdin.write_all(&json);
        }
        let ended = self.wait(&mut child);
        if ended.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        match ended?.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            Some(code) => Err(self.failed(format!("exit code {code}"))),
            None => Err(self.failed("ended by a signal")),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn asked() -> Asked<'static> {
        Asked {
            method: "face",
            request: "r",
            act: "register",
            channel: Some("app_province"),
            person: "111111198101011110",
            name: "TEST",
            mobile: None,
            evidence: Some("picture 7"),
        }
    }

    /// A shell script as the province's program.
    fn script(folder: &Path, name: &str, text: &str) -> Program {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
        Program::new(&path, 5)
    }

    #[test]
    fn the_exit_code_is_the_answer() {
        let folder = tempfile::tempdir().unwrap();
        let with = |name, text| script(folder.path(), name, text).check(&asked());
        assert_eq!(
            with("yes", "grep -q '\"evidence\":\"picture 7\"' && exit 0; exit 3"),
            Ok(true)
        );
        assert_eq!(with("no", "exit 1"), Ok(false));
        assert_eq!(with("deaf", "exec <&-; exit 0"), Ok(true));
        for (name, text) in [("broken", "exit 2"), ("killed", "kill -9 $$")] {
            assert!(matches!(with(name, text), Err(RealNameError::Program { .. })), "{name}");
        }
        let missing = Program::new(&folder.path().join("missing"), 5).check(&asked());
        assert!(matches!(missing, Err(RealNameError::Program { .. })));
    }

    #[test]
    fn who_does_not_answer_in_time_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let slow = Program {
            limit: Duration::from_millis(50),
            ..script(folder.path(), "slow", "exec sleep 60")
        };
        let begun = Instant::now();
        assert!(matches!(slow.check(&asked()), Err(RealNameError::TooSlow { .. })));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
