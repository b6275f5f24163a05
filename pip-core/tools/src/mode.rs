//! `pip-mode`: run a command with PIP_MODE set.

use crate::manual::{self, Tool};
use crate::signals;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches};
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

const VARIABLE: &str = "PIP_MODE";

/// Option names and the modes they stand for.
const MODES: [(&str, &str); 4] = [
    ("process", "process"),
    ("process:preload", "process:preload"),
    ("process:pipclone", "process:pipclone"),
    ("thread", "pthread"),
];

/// The tool's options and page.
pub fn tool() -> Tool {
    let mode = |name: &'static str, short: char, help: &'static str| {
        let others = MODES.iter().map(|(other, _)| *other).filter(move |other| *other != name);
        Arg::new(name)
            .long(name)
            .short(short)
            .visible_short_alias(short.to_ascii_uppercase())
            .action(ArgAction::SetTrue)
            .overrides_with_all(others)
            .help(help)
    };
    Tool {
        command: manual::command("pip-mode", "Run a command in a PiP execution mode")
            .disable_help_flag(true)
            .arg(mode("process", 'p', "Tasks are processes"))
            .arg(mode("process:preload", 'l', "Another name of process mode"))
            .arg(mode("process:pipclone", 'c', "Another name of process mode"))
            .arg(mode("thread", 't', "Tasks are threads of the root's process").visible_alias("pthread"))
            .arg(
                Arg::new("process:got")
                    .long("process:got")
                    .short('g')
                    .short_alias('G')
                    .action(ArgAction::SetTrue)
                    .hide(true),
            )
            .arg(Arg::new("usage").long("help").short('u').action(ArgAction::SetTrue).help("Print this help"))
            .arg(
                Arg::new("CMD")
                    .num_args(1..)
                    .trailing_var_arg(true)
                    .value_parser(clap::value_parser!(OsString))
                    .help("The command and its arguments"),
            ),
        sections: &[
            (
                "Description",
                "Runs CMD with the environment variable PIP_MODE set. The last mode given counts; without any, PIP_MODE \
                 stays as it is. Without CMD the setting is printed as PIP_MODE=MODE.",
            ),
            (
                "Exit status",
                "That of CMD; 127 if there is no such command, 126 if it cannot be run; 2 after this help, 1 for an \
                 option that does not exist.",
            ),
            ("Examples", "    pip-mode -t pip-exec -n 4 ./program"),
            ("See also", "printpipmode(1), pip-exec(1), libpip(7)"),
        ],
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    signals::default_pipe();
    let matches = match tool().parse(env::args_os()) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::UnknownArgument => {
            let option = error.get(clap::error::ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
            eprintln!("pip-mode: Unknown option '{option}'; pip-mode --help lists the options");
            return ExitCode::FAILURE;
        }
        Err(error) => return tool().give_up(&error, 2),
    };
    if matches.get_flag("usage") {
        eprint!("{}", tool().help());
        return ExitCode::from(2);
    }
    if matches.get_flag("process:got") {
        eprintln!("pip-mode: the mode process:got is obsolete; use -p (process) or -t (thread)");
        return ExitCode::FAILURE;
    }
    let mode = MODES.iter().find(|(name, _)| matches.get_flag(name)).map(|(_, mode)| OsString::from(mode));
    run(&matches, mode)
}

fn run(matches: &ArgMatches, mode: Option<OsString>) -> ExitCode {
    let mut words = matches.get_many::<OsString>("CMD").into_iter().flatten();
    let Some(program) = words.next() else {
        let mode = mode.or_else(|| env::var_os(VARIABLE)).unwrap_or_default();
        println!("{VARIABLE}={}", mode.display());
        return ExitCode::SUCCESS;
    };
    let mut command = Command::new(program);
    command.args(words);
    if let Some(mode) = mode {
        command.env(VARIABLE, mode);
    }
    let error = command.exec();
    eprintln!("pip-mode: {}: {error}", program.display());
    ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}
