//! Runs the built command in a folder of its own, with nothing of the surroundings' language and secrets.
#![allow(dead_code, reason = "each test file uses a part of it")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// PIN and administrator's PIN of the sample holders.
pub const PINS: [(&str, &str); 2] = [("SSC_PIN", "123456"), ("SSC_ADMIN_PIN", "12345678")];

/// All cases on the sample card.
pub const CONFORM: &str = "conform run --reader sim:card.sim --keys TEST.keys";

/// A folder to work in.
pub struct Place {
    dir: TempDir,
}

/// What a run gave.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The one JSON document on stdout.
    pub fn json(&self) -> Value {
        let mut documents = serde_json::Deserializer::from_str(&self.stdout).into_iter::<Value>();
        let first = documents
            .next()
            .unwrap_or_else(|| panic!("no JSON: {}{}", self.stdout, self.stderr));
        let first = first.unwrap_or_else(|e| panic!("{e}: {}", self.stdout));
        assert!(
            documents.next().is_none(),
            "more than one JSON document: {}",
            self.stdout
        );
        first
    }

    /// Fails unless the exit code is `code`.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

impl Place {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("temporary folder"),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("write");
        path
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ssc"));
        command
            .args(words)
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, words: &[&str]) -> Run {
        finish(&mut self.command(words))
    }

    /// With environment variables.
    pub fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Run {
        finish(self.command(words).envs(variables.iter().copied()))
    }

    /// A line of words between spaces, with the sample holders' PINs.
    pub fn line(&self, line: impl AsRef<str>) -> Run {
        let words: Vec<&str> = line.as_ref().split(' ').collect();
        self.run_with(&PINS, &words)
    }

    /// With `--json`; the document.
    pub fn json(&self, code: i32, words: &[&str]) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        self.run(&words).expect(code).json()
    }

    /// Runs the first block of commands under a heading of a README, word for word; the first that fails ends it.
    pub fn readme(&self, file: &str, heading: &str) -> Run {
        finish(&mut self.script(&blocks(file, heading)[0])).expect(0)
    }

    /// A shell that finds the built command and runs these lines; the first that fails ends it.
    pub fn script(&self, lines: &str) -> Command {
        let script = self.write("sequence.sh", lines);
        let folder = Path::new(env!("CARGO_BIN_EXE_ssc")).parent().expect("a folder");
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("PATH"));
        let mut shell = Command::new("sh");
        shell.arg("-e").arg(script).current_dir(self.dir());
        shell
            .env_clear()
            .env("PATH", path)
            .env("LANG", "C")
            .stdin(Stdio::null());
        shell
    }

    /// TEST keys in `TEST.keys`.
    pub fn with_keys(self) -> Self {
        self.run(&["keys", "generate", "--test", "--out", "TEST.keys"])
            .expect(0);
        self
    }

    /// The first `n` sample holders in `holders.csv` and their settings in `settings.toml`.
    pub fn with_samples(self, n: usize) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("personalize/samples");
        let holders = std::fs::read_to_string(root.join("holders.csv")).expect("samples");
        let some: Vec<&str> = holders.lines().take(n + 1).collect();
        self.write("holders.csv", some.join("\n") + "\n");
        self.write(
            "settings.toml",
            std::fs::read(root.join("settings.toml")).expect("samples"),
        );
        self
    }

    /// One issued card in `card.sim`, with keys and samples.
    pub fn with_card() -> Self {
        let place = Self::new().with_keys().with_samples(1);
        place.run(&["card", "new", "card.sim"]).expect(0);
        place
            .run(&[
                "issue",
                "--reader",
                "sim:card.sim",
                "--keys",
                "TEST.keys",
                "--holders",
                "holders.csv",
                "--settings",
                "settings.toml",
            ])
            .expect(0);
        place
    }
}

/// The blocks of commands in a section of a README, in their order.
pub fn blocks(file: &str, heading: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("there");
    let section = text.split_once(heading).expect("the section").1;
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let block = |part: &str| part.split_once("```").expect("its end").0.to_owned();
    section.split("```sh\n").skip(1).map(block).collect()
}

pub fn finish(command: &mut Command) -> Run {
    let output = command.output().expect("ssc runs");
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Ctrl-C for a process, or with a minus before it for a group of them.
pub fn interrupt(process: impl std::fmt::Display) {
    let sent = Command::new("kill").args(["-INT", "--", &process.to_string()]).status();
    assert!(sent.expect("kill").success(), "{process} is gone");
}

/// The object has exactly or at least these keys.
pub fn has_keys(object: &Value, keys: &[&str]) {
    for key in keys {
        assert!(object.get(key).is_some(), "no {key} in {object}");
    }
}
