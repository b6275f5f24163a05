//! What a tool says about itself: one description from which `--help` and the man page are made.

mod pages;
mod roff;

pub use pages::{generate, overview};

use clap::{ArgMatches, Command};
use std::ffi::OsString;
use std::process::ExitCode;

/// A tool's options and the sections that follow them.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Name, summary and options.
    pub command: Command,
    /// Titles and texts. Blank lines part paragraphs; lines indented by four spaces are shown as they are.
    pub sections: &'static [(&'static str, &'static str)],
}

impl Tool {
    /// The command with the sections at the end of its help.
    pub fn with_help(&self) -> Command {
        let sections: Vec<String> = self.sections.iter().map(|(title, text)| format!("{title}\n{text}")).collect();
        self.command.clone().after_help(sections.join("\n\n"))
    }

    /// The help text.
    pub fn help(&self) -> String {
        self.with_help().render_help().to_string()
    }

    /// What is wrong with the arguments, or the help that was asked for, for printing.
    pub fn explain(&self, error: &clap::Error) -> String {
        error.to_string().replacen("error: ", &format!("{}: ", self.command.get_name()), 1)
    }

    /// Prints that where it belongs: 0 after help, else `wrong`.
    pub fn give_up(&self, error: &clap::Error, wrong: u8) -> ExitCode {
        if error.use_stderr() {
            eprint!("{}", self.explain(error));
            return ExitCode::from(wrong);
        }
        print!("{}", self.explain(error));
        ExitCode::SUCCESS
    }

    /// Parses arguments (the first is the tool's name), with the help asked for or what is wrong as an error.
    pub fn parse(&self, args: impl IntoIterator<Item = OsString>) -> Result<ArgMatches, clap::Error> {
        self.with_help().try_get_matches_from(args)
    }
}

/// A clap command that all tools start from: width and version are the same everywhere.
pub fn command(name: &'static str, summary: &'static str) -> Command {
    Command::new(name)
        .about(summary)
        .version(env!("CARGO_PKG_VERSION"))
        .term_width(100)
        .disable_version_flag(true)
        .args_override_self(true)
}
