//! Programs in C and Python that call what a test tells them to.

use crate::built;
use reader::driver::Encoding;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// In which language the caller is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    C,
    Python,
}

impl Language {
    pub fn command(self, through: impl Fn(&Path) -> Command) -> Command {
        match self {
            Self::C => through(&built::program("tests/callers/caller.c")),
            Self::Python => {
                let mut command = through(Path::new("/usr/bin/python3"));
                command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/callers/caller.py"));
                command.arg(built::library());
                command
            }
        }
    }
}

/// A running program that calls the library.
pub struct Caller {
    pub child: Child,
    pub input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Caller {
    pub fn start(mut command: Command, settings: &[(&str, String)]) -> Self {
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .env_remove("SSC_PIN");
        let mut child = piped
            .envs(settings.iter().map(|(name, value)| (*name, value)))
            .spawn()
            .expect("started");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            child,
            input,
            output: BufReader::new(output),
        }
    }

    pub fn call(&mut self, name: &str, arguments: &[&str]) -> (i64, String) {
        let line = [&[name], arguments].concat().join("\t") + "\n";
        self.input.write_all(&Encoding::Gbk.encode(&line)).expect("sent");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("an answer");
        let (code, text) = answer
            .trim_end_matches('\n')
            .split_once(' ')
            .unwrap_or_else(|| panic!("{name}: {answer:?}"));
        let bytes = hex::decode(text).unwrap_or_else(|_| panic!("{name}: {answer:?}"));
        (code.parse().unwrap(), Encoding::Gbk.decode(&bytes).expect("GBK"))
    }

    /// A call that must succeed.
    pub fn done(&mut self, name: &str, arguments: &[&str]) -> String {
        let (code, text) = self.call(name, arguments);
        assert_eq!(code, 0, "{name}: {text}");
        text
    }

    /// Ends the input; the program must end well, which valgrind's does not after an error.
    pub fn end(mut self) {
        let nobody = Command::new("true").stdin(Stdio::piped()).spawn();
        drop(std::mem::replace(
            &mut self.input,
            nobody.unwrap().stdin.take().unwrap(),
        ));
        let status = self.child.wait().expect("ended");
        assert!(status.success(), "{status}");
    }

    pub fn pins(&mut self, pin: &str, new: &str) {
        self.done("SSCardDriver_SetPIN", &[pin, new]);
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
