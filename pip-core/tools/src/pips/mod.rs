//! `pips`: list, watch or signal running PiP tasks.

mod act;
mod listing;
mod options;
mod select;
mod table;

use crate::manual::{self, Tool};
use crate::signals;
use clap::{Arg, ArgAction};
use options::{Action, Options};
use std::process::ExitCode;

/// The tool's options and page.
pub fn tool() -> Tool {
    let flag = |id: &'static str, short: char, help: &'static str| {
        Arg::new(id).long(id).short(short).action(ArgAction::SetTrue).help(help)
    };
    let passed = |id: &'static str, short: char, help: &'static str| {
        let arg = Arg::new(id).long(id).short(short).value_name("OPTS").num_args(0..=1).action(ArgAction::Append);
        arg.allow_hyphen_values(true).help(help)
    };
    Tool {
        command: manual::command("pips", "List, watch or signal running PiP tasks")
            .override_usage("pips [a][u][x] [OPTIONS] [-|--] [PATTERN]...")
            .arg(flag("list", 'l', "List the tasks; this is done anyway if nothing else is asked for"))
            .arg(flag("root", 'r', "Only roots"))
            .arg(flag("task", 't', "Only tasks; with --root, roots before tasks"))
            .arg(flag("family", 'f', "Also the tasks of a selected root, and the root of a selected task with all its tasks"))
            .arg(flag("descent", 'd', "Also the children of what is selected, and theirs; PIP is - for those that are no tasks"))
            .arg(Arg::new("mode").long("mode").short('m').value_name("MODES").help(
                "Only these modes, one letter or several: L process (as process:preload), C process:pipclone, \
                 G process:got, P any of these, T thread",
            ))
            .arg(flag("kill", 'k', "Send SIGTERM to the selected"))
            .arg(Arg::new("signal").long("signal").short('s').value_name("SIG").help("Send this signal (name or number)"))
            .arg(passed("ps", 'P', "Run ps on the selected, with these options, separated by commas"))
            .arg(passed("top", 'T', "Run top on the selected, with these options, separated by commas"))
            .arg(flag("verbose", 'v', "Say which signal went to whom"))
            .arg(
                Arg::new("debug")
                    .long("debug")
                    .action(ArgAction::SetTrue)
                    .help("Print the commands that are run, on standard error"),
            )
            .arg(Arg::new("PATTERN").num_args(0..).trailing_var_arg(true).help(
                "What to select: a PID, a TID, the name of a program (its first 13 characters) or a pattern of names as \
                 a shell's; everything if there is none",
            )),
        sections: &[
            (
                "Description",
                "pips shows those lines of ps(1) that are PiP roots and tasks. The letters a, u and x mean what they mean \
                 to ps: a the processes of all users, x also those without a terminal, u more columns. '-' stands between \
                 them and a program of such a name, as in: pips - a\n\n\
                 The column PIP has two letters: R for a root or the last digit of a task's PIPID, then the mode as for \
                 --mode. COMMAND is the name of the program, not its arguments. Tasks of thread mode are threads of \
                 their root: they have its PID and a TID of their own.\n\n\
                 Only one of --ps, --top, --signal and --kill is done at a time.",
            ),
            ("Exit status", "0, or 1 if no task is found, a signal cannot be sent, or the arguments are wrong."),
            (
                "Examples",
                "    $ pips\n    \
                 PID   TID   TT    TIME     PIP COMMAND\n    \
                 18741 18741 pts/0 00:00:00 RL  pip-exec\n    \
                 18742 18742 pts/0 00:00:00 0L  simulation\n    \
                 18743 18743 pts/0 00:00:00 1L  simulation\n    \
                 $ pips ax --family simulation\n    \
                 $ pips -s INT 'sim*'\n    \
                 $ pips --top -b,-n,1",
            ),
            ("See also", "ps(1), top(1), pip-exec(1), pip-tgkill(1)"),
        ],
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    signals::default_pipe();
    let options = match Options::parse(std::env::args_os().skip(1).collect()) {
        Ok(options) => options,
        Err(options::Wrong::Clap(error)) => return tool().give_up(&error, 1),
        Err(options::Wrong::Sentence(sentence)) => return fail(&sentence),
    };
    let rows = match listing::read(&options) {
        Ok(rows) => rows,
        Err(error) => return fail(&format!("{error:#}")),
    };
    let rows = select::select(rows, &options);
    if rows.is_empty() {
        return fail("no PiP task found");
    }
    let done = match &options.action {
        Action::List => {
            print!("{}", table::table(&rows, &options));
            Ok(true)
        }
        Action::Signal(signal) => Ok(act::signal(&rows, *signal, options.verbose)),
        Action::Ps(words) => act::ps(&rows, words, options.debug),
        Action::Top(words) => act::top(&rows, words, options.debug),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&format!("{error:#}")),
    }
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("PIPS: {sentence}");
    ExitCode::FAILURE
}
