//! A driver in a process of its own.

use super::function::Invocation;
use super::stand::{Answer, CallFault, DriverUnderTest};
use super::wire;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// A library that a process of its own has loaded; the process is begun anew where the library ended it or hangs.
pub struct Hosted {
    name: String,
    start: Box<dyn Fn() -> Command>,
    patience: Duration,
    process: Option<Process>,
    /// Whether the last call left a card open.
    open: bool,
}

struct Process {
    child: Child,
    input: ChildStdin,
    answers: Receiver<Result<Answer, CallFault>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Hosted {
    /// `start` makes the command of a process that reads requests and writes answers ([`wire`]); a call that takes longer than `patience`
    /// did not come back.
    pub fn new(name: &str, patience: Duration, start: impl Fn() -> Command + 'static) -> Self {
        Self {
            name: name.to_owned(),
            start: Box::new(start),
            patience,
            process: None,
            open: false,
        }
    }

    fn ask(&mut self, count: usize, call: &Invocation) -> Vec<Result<Answer, CallFault>> {
        if self.process.is_none() {
            match begin((self.start)()) {
                Ok(process) => self.process = Some(process),
                Err(error) => return vec![Err(CallFault::Died(error.to_string()))],
            }
        }
        let mut answers = Vec::with_capacity(count);
        let Some(process) = &mut self.process else {
            return answers;
        };
        let line = wire::request(count, call) + "\n";
        // A process that is gone tells so by its missing answer.
        let _ = process
            .input
            .write_all(line.as_bytes())
            .and_then(|()| process.input.flush());
        for _ in 0..count {
            let fault = match process.answers.recv_timeout(self.patience) {
                Ok(answer) => {
                    answers.push(answer);
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => CallFault::Silent,
                Err(RecvTimeoutError::Disconnected) => CallFault::Died(match process.child.wait() {
                    Ok(status) => status.to_string(),
                    Err(error) => error.to_string(),
                }),
            };
            answers.push(Err(fault));
            self.process = None;
            break;
        }
        answers
    }
}

/// Begins a process and reads what it answers.
fn begin(mut command: Command) -> std::io::Result<Process> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(std::io::ErrorKind::BrokenPipe.into());
    };
    let (sender, answers) = channel();
    std::thread::Builder::new().spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        // Libraries print bytes that are no text.
        while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            if let Some(answer) = wire::parse_answer(&String::from_utf8_lossy(&line))
                && sender.send(answer).is_err()
            {
                return;
            }
            line.clear();
        }
    })?;
    Ok(Process { child, input, answers })
}

impl DriverUnderTest for Hosted {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn call(&mut self, call: &Invocation) -> Result<Answer, CallFault> {
        let mut answers = self.ask(1, call);
        let answer = answers.pop().unwrap_or(Err(CallFault::Silent));
        self.open = call.function.leaves_open && matches!(&answer, Ok(answer) if answer.code == 0);
        answer
    }

    fn together(&mut self, count: usize, call: &Invocation) -> Vec<Result<Answer, CallFault>> {
        self.ask(count, call)
    }

    fn forget(&mut self) {
        // No function of the interface gives up a card between two steps; the end of the process does.
        if std::mem::take(&mut self.open) {
            self.process = None;
        }
    }
}
