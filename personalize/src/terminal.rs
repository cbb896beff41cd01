//! Single commands to a card and what they mean when they fail.

use crate::error::{Action, IssueError};
use card_model::profile::{DedicatedFile, DedicatedFileKind};
use card_model::status::StatusWord;
use reader::channel::Channel;
use reader::command::{Command, CommandError};
use reader::link::{Response, exchange, exchange_bytes};

/// Bytes of the challenges this crate draws: 8, as the traces of real terminals show (`spec/commands.md` §2.6).
pub(crate) const CHALLENGE: u8 = 8;

/// Sends a command that must succeed and gives its data.
pub(crate) fn run(
    channel: &mut dyn Channel,
    command: &Command,
    action: impl FnOnce() -> Action,
) -> Result<Vec<u8>, IssueError> {
    let response = exchange(channel, command)?;
    accept(channel, response, action)
}

/// The same for the bytes of a command made by a security module.
pub(crate) fn run_bytes(
    channel: &mut dyn Channel,
    command: &[u8],
    action: impl FnOnce() -> Action,
) -> Result<Vec<u8>, IssueError> {
    let response = exchange_bytes(channel, command)?;
    accept(channel, response, action)
}

fn accept(
    channel: &mut dyn Channel,
    response: Response,
    action: impl FnOnce() -> Action,
) -> Result<Vec<u8>, IssueError> {
    if response.sw.is_ok() {
        return Ok(response.data);
    }
    Err(IssueError::Refused { action: action(), sw: response.sw, reason: channel.reason().map(Box::new) })
}

/// A command with data that this crate has made itself and that is never too long.
pub(crate) fn with_data(command: Command, data: &[u8], path: &str) -> Result<Command, IssueError> {
    command.with_data(data).map_err(|_: CommandError| IssueError::Profile { path: path.to_owned() })
}

/// Draws a challenge.
pub(crate) fn challenge(channel: &mut dyn Channel) -> Result<Vec<u8>, IssueError> {
    let data = run(channel, &Command::new(0x00, 0x84, 0x00, 0x00).with_le(CHALLENGE), || Action::Challenge)?;
    if data.len() == usize::from(CHALLENGE) { Ok(data) } else { Err(IssueError::Answer { action: Action::Challenge }) }
}

/// Selects a dedicated file: the MF by its identifier, others by name. Gives the FCI.
pub(crate) fn select(channel: &mut dyn Channel, file: &DedicatedFile) -> Result<Vec<u8>, IssueError> {
    run(channel, &select_command(file)?, || Action::Select(file.id.clone()))
}

/// The same, telling the status word instead of failing.
pub(crate) fn try_select(channel: &mut dyn Channel, file: &DedicatedFile) -> Result<Response, IssueError> {
    Ok(exchange(channel, &select_command(file)?)?)
}

fn select_command(file: &DedicatedFile) -> Result<Command, IssueError> {
    let command = match file.kind {
        DedicatedFileKind::Mf => with_data(Command::new(0x00, 0xA4, 0x00, 0x00), &file.fid.to_be_bytes(), &file.id)?,
        _ => with_data(Command::new(0x00, 0xA4, 0x04, 0x00), &file.name, &file.id)?,
    };
    Ok(command.with_le(0))
}

/// Status words with which a card says that it does not know a command at all.
pub(crate) fn is_unknown_command(sw: StatusWord) -> bool {
    matches!(sw, StatusWord::INSTRUCTION_NOT_SUPPORTED | StatusWord::CLASS_NOT_SUPPORTED)
}
