//! `ssc completions` and `ssc man`: what shells and `man` need to know of the command.

use crate::args::ShellName;
use crate::failure::Failure;
use crate::help;
use crate::output::Report;
use card_model::words::Lang;
use clap::Command;
use clap_complete::Shell;
use serde_json::json;
use std::path::Path;

/// The completion script of a shell.
pub fn completions(shell: ShellName, lang: Lang) -> Report {
    let shell = match shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
        ShellName::Powershell => Shell::PowerShell,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut help::command(lang), "ssc", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Report::new(json!({ "shell": shell.to_string(), "script": script }), script)
}

/// The main page on stdout, or one page per verb in a folder.
pub fn man(dir: Option<&Path>, lang: Lang) -> Result<Report, Failure> {
    let mut command = help::command(lang);
    command.build();
    let Some(dir) = dir else {
        let page = String::from_utf8_lossy(&render(&command, dir)?).into_owned();
        return Ok(Report::new(json!({ "page": page }), page));
    };
    std::fs::create_dir_all(dir).map_err(|e| Failure::file(lang, dir, &e))?;
    let mut written = Vec::new();
    pages(&command, "ssc", dir, lang, &mut written)?;
    Ok(Report::new(json!({ "written": written }), written.join("\n")))
}

fn pages(command: &Command, name: &str, dir: &Path, lang: Lang, written: &mut Vec<String>) -> Result<(), Failure> {
    let file = dir.join(format!("{name}.1"));
    let named = command.clone().name(name.to_string()).display_name(name.to_string());
    std::fs::write(&file, render(&named, Some(&file))?).map_err(|e| Failure::file(lang, &file, &e))?;
    written.push(file.display().to_string());
    for verb in command.get_subcommands() {
        pages(verb, &format!("{name}-{}", verb.get_name()), dir, lang, written)?;
    }
    Ok(())
}

fn render(command: &Command, file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(|e| {
        Failure::input(file.map(|f| f.display().to_string()).unwrap_or_default()).because(e.to_string())
    })?;
    Ok(page)
}
