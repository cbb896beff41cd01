//! Single commands to a card and what they mean when they fail.

use crate::error::{Action, IssueError};
use card_model::profile::{DedicatedFile, DedicatedFileKind};
use reader::channel::Channel;
use reader::command::{Command, CommandError};
use reader::commands;
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
    Err(IssueError::Refused {
        action: action(),
        sw: response.sw,
        reason: channel.reason().map(Box::new),
    })
}

/// A command of this crate's own making; its data never has more bytes than a command takes, unless the profile is wrong.
pub(crate) fn built(command: Result<Command, CommandError>, path: &str) -> Result<Command, IssueError> {
    command.map_err(|_| IssueError::Profile { path: path.to_owned() })
}

/// Draws a challenge.
pub(crate) fn challenge(channel: &mut dyn Channel) -> Result<[u8; 8], IssueError> {
    let data = run(channel, &commands::get_challenge(CHALLENGE), || Action::Challenge)?;
    <[u8; 8]>::try_from(data).map_err(|_| IssueError::Answer {
        action: Action::Challenge,
    })
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
        DedicatedFileKind::Mf => commands::select_dedicated_file(file.fid),
        _ => commands::select_name(&file.name),
    };
    built(command, &file.id)
}
