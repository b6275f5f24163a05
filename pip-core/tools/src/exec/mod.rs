//! `pip-exec`: run programs as tasks of one address space.

mod job;
mod segments;
mod stopping;
mod waiting;

use crate::manual::{self, Tool};
use clap::{Arg, ArgAction};
use std::ffi::OsString;
use std::process::ExitCode;

/// Most tasks of one root.
const MOST_TASKS: u64 = 4096;

/// The tool's options and page.
pub fn tool() -> Tool {
    Tool {
        command: manual::command("pip-exec", "Run programs as tasks of one address space")
            .override_usage(
                "pip-exec [-n N] [-c C] [-f FUNC] [-d] A.OUT [ARG]... [ : [-n N] [-c C] [-f FUNC] B.OUT [ARG]... ]...",
            )
            .arg(
                Arg::new("n")
                    .short('n')
                    .value_name("N")
                    .value_parser(count)
                    .default_value("1")
                    .hide_default_value(true)
                    .help("Number of tasks that run the program (default 1)"),
            )
            .arg(Arg::new("c").short('c').value_name("C").value_parser(clap::value_parser!(usize)).help(
                "Bind each task to one core: the first to the C-th of those pip-exec may use (from 0), each next one to \
                 the next, and after the last to the first",
            ))
            .arg(Arg::new("f").short('f').value_name("FUNC").value_parser(clap::value_parser!(OsString)).help(
                "Start with this function of the program, as int FUNC(void *), instead of main",
            ))
            .arg(Arg::new("d").short('d').action(ArgAction::SetTrue).help("Print each task's PIPID, PID and command"))
            .arg(
                Arg::new("A.OUT")
                    .num_args(1..)
                    .required(true)
                    .trailing_var_arg(true)
                    .value_parser(clap::value_parser!(OsString))
                    .help("The program, looked for in PATH if its name has no slash, and its arguments"),
            ),
        sections: &[
            (
                "Description",
                "Starts N tasks of each program. Programs are separated by ':' or '::'; options stand before the program \
                 they are for. PIPIDs are given in the order of the command line, from 0. The programs need not be linked \
                 with libpip; those that are find each other's exports.\n\n\
                 Tasks inherit standard input, output and error, the environment and the working directory. SIGINT, \
                 SIGTERM, SIGHUP and SIGQUIT are handed on to the tasks; those that are still there two seconds later, or \
                 when a second such signal comes, are killed.",
            ),
            (
                "Exit status",
                "The largest exit status of the tasks, or the number of the signal that ended one of them; if there are \
                 several, of the first. A line on standard error names each task that a signal ended.\n\n    \
                 2      wrong arguments\n    \
                 75     more than 4096 tasks (EOVERFLOW)\n    \
                 errno  a task cannot be started: the number of errno(3); the other tasks are killed",
            ),
            ("Environment", "    PIP_MODE           process (the default) or thread; see pip-mode(1)\n    \
                 PIP_STACKSIZE      size of the tasks' stacks\n    \
                 PIP_STOP_ON_START  tasks stop before they start; see libpip(7) for both"),
            ("Examples", "    pip-exec -n 2 ./simulation : -n 1 ./analysis\n    pip-exec -n 4 -c 0 ./program"),
            ("See also", "pip-mode(1), pips(1), pip-check(1), libpip(7)"),
        ],
    }
}

/// A number of tasks.
fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| format!("give a number from 1 to {MOST_TASKS}"))
}

/// Runs the tool.
pub fn main() -> ExitCode {
    match segments::parse(std::env::args_os().skip(1).collect()) {
        Ok(segments) => ExitCode::from(job::run(&segments)),
        Err(help) => help.print(),
    }
}
