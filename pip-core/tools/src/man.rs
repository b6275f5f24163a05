//! `pip-man`: show a man page of PiP.

use crate::manual::{self, Tool};
use crate::{places, signals};
use anyhow::{Context, Result};
use clap::{Arg, ArgMatches};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The tool's options and page.
pub fn tool() -> Tool {
    Tool {
        command: manual::command("pip-man", "Show the man pages of PiP")
            .disable_help_flag(true)
            .arg(
                Arg::new("generate")
                    .long("generate")
                    .value_name("DIR")
                    .value_parser(clap::value_parser!(PathBuf))
                    .exclusive(true)
                    .hide(true),
            )
            .arg(
                Arg::new("ARGS")
                    .num_args(0..)
                    .trailing_var_arg(true)
                    .allow_hyphen_values(true)
                    .value_parser(clap::value_parser!(OsString))
                    .help("Arguments for man(1); the default is: 7 libpip"),
            ),
        sections: &[
            ("Description", "Runs man(1) on the pages that were installed with this command."),
            ("Exit status", "That of man; 1 if man is not installed."),
            ("Examples", "    pip-man\n    pip-man pip-exec\n    pip-man -k pip"),
            ("See also", "man(1), libpip(7)"),
        ],
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    signals::default_pipe();
    let args: Vec<OsString> = std::env::args_os().collect();
    if let [_, only] = args.as_slice()
        && (only == "-h" || only == "--help")
    {
        print!("{}", tool().help());
        return ExitCode::SUCCESS;
    }
    let matches = match tool().parse(args) {
        Ok(matches) => matches,
        Err(error) => return tool().give_up(&error, 2),
    };
    match run(&matches) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("pip-man: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> Result<ExitCode> {
    if let Some(folder) = matches.get_one::<PathBuf>("generate") {
        manual::generate(folder).with_context(|| format!("{} cannot be written", folder.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let args: Vec<&OsString> = matches.get_many("ARGS").into_iter().flatten().collect();
    if let Some(folder) = places::man_pages() {
        return show(&folder, &args);
    }
    // In a build tree there are no pages yet: make them for this one look.
    let folder = std::env::temp_dir().join(format!("pip-man.{}", std::process::id()));
    manual::generate(&folder).with_context(|| format!("{} cannot be written", folder.display()))?;
    let shown = show(&folder, &args);
    let _ = std::fs::remove_dir_all(&folder);
    shown
}

fn show(pages: &Path, args: &[&OsString]) -> Result<ExitCode> {
    let mut command = Command::new("man");
    command.arg("-M").arg(pages);
    match args {
        [] => command.args(["7", "libpip"]),
        args => command.args(args),
    };
    let status = command.status().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!(
            "man is not installed (Debian's package is man-db); the pages are text in {}",
            pages.display()
        ),
        _ => anyhow::anyhow!("man cannot be run: {error}"),
    })?;
    Ok(ExitCode::from(status.code().unwrap_or(1) as u8))
}
