//! `pip-check`: whether programs can be PiP roots, PiP tasks or both.

use crate::linked::{self, Linked};
use crate::manual::{self, Tool};
use crate::signals;
use clap::{Arg, ArgAction};
use pip_core::{Program, ProgramError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The tool's options and page.
pub fn tool() -> Tool {
    let flag = |id: &'static str, short: char, help: &'static str| {
        Arg::new(id).long(id).short(short).action(ArgAction::SetTrue).help(help)
    };
    Tool {
        command: manual::command("pip-check", "Tell whether programs can run as PiP root or PiP task")
            .disable_help_flag(true)
            .arg(flag("root", 'r', "Ask whether each file can be a root").visible_alias("piproot"))
            .arg(flag("task", 't', "Ask whether each file can be a task").visible_alias("piptask"))
            .arg(flag("both", 'b', "Ask whether each file can be both").visible_alias("pipboth"))
            .arg(flag("verbose", 'v', "Say why not"))
            .arg(
                Arg::new("ldlinux")
                    .long("ldlinux")
                    .visible_alias("ldso")
                    .action(ArgAction::SetTrue)
                    .help("Print each file's dynamic loader; without files, the system's"),
            )
            .arg(flag("usage", 'h', "Print this help").visible_alias("help"))
            .arg(Arg::new("FILE").num_args(1..).value_parser(clap::value_parser!(PathBuf)).help("The programs")),
        sections: &[
            (
                "Description",
                "Standard error has one line for each file, the first words that hold of:\n\n    \
                 FILE : Root&Task               can be both\n    \
                 FILE : Root                    can be a root: it is linked with libpip.so\n    \
                 FILE : Task                    can be a task\n    \
                 FILE : not a PiP program       can be neither\n    \
                 FILE : not an ELF file\n    \
                 FILE : not an executable file  no regular file, or no permission\n    \
                 FILE : not found\n\n\
                 With -r, -t or -b there is a line only for a file that cannot be what was asked for. With \
                 --ldlinux the dynamic loaders go to standard output.",
            ),
            ("Exit status", "0, or 1 if a file is not what was asked for, or no PiP program at all."),
            ("See also", "pipcc(1), pip-exec(1), libpip(7)"),
        ],
    }
}

/// What a file must be able to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    Root,
    Task,
    Both,
}

/// Runs the tool.
pub fn main() -> ExitCode {
    signals::default_pipe();
    let matches = match tool().parse(std::env::args_os()) {
        Ok(matches) => matches,
        Err(error) => return tool().give_up(&error, 1),
    };
    let mut files: Vec<&PathBuf> = matches.get_many("FILE").into_iter().flatten().collect();
    let itself = std::env::current_exe().unwrap_or_default();
    if files.is_empty() && matches.get_flag("ldlinux") {
        files.push(&itself);
    }
    if matches.get_flag("usage") || files.is_empty() {
        eprint!("{}", tool().help());
        return if matches.get_flag("usage") { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let wanted = match ["root", "task", "both"].map(|name| matches.get_flag(name)) {
        [false, false, false] => Wanted::Any,
        [true, false, false] => Wanted::Root,
        [false, true, false] => Wanted::Task,
        _ => Wanted::Both,
    };
    let fine = files.into_iter().filter(|file| {
        let (fine, lines) = match matches.get_flag("ldlinux") {
            true => loader(file),
            false => check(file, wanted, matches.get_flag("verbose")),
        };
        lines.iter().for_each(|line| eprintln!("{} : {line}", file.display()));
        !fine
    });
    if fine.count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether a file is what was wanted, and what to say about it.
fn check(file: &Path, wanted: Wanted, verbose: bool) -> (bool, Vec<String>) {
    let linked = match open(file) {
        Ok(linked) => linked,
        Err(reason) => return (false, vec![reason.to_owned()]),
    };
    let why_no_root = no_root(&linked);
    let opened = Program::open(file);
    let (root, task) = (why_no_root.is_none(), opened.is_ok());
    let (fine, text) = match wanted {
        Wanted::Any => match (root, task) {
            (true, true) => (true, "Root&Task"),
            (true, false) => (true, "Root"),
            (false, true) => (true, "Task"),
            (false, false) => (false, "not a PiP program"),
        },
        Wanted::Root => (root, "cannot be a PiP root"),
        Wanted::Task => (task, "cannot be a PiP task"),
        Wanted::Both => match (root, task) {
            (true, false) => (false, "cannot be a PiP task"),
            (false, true) => (false, "cannot be a PiP root"),
            (root, _) => (root, "can be neither PiP root nor PiP task"),
        },
    };
    let mut lines = Vec::new();
    if wanted == Wanted::Any || !fine {
        lines.push(text.to_owned());
    }
    if verbose {
        lines.extend(why_no_root.map(|reason| format!("(root) {reason}")));
        match opened {
            Err(error) => lines.push(format!("(task) {}", without_path(&error, file))),
            Ok(program) if program.is_fixed() => {
                lines.push("(task) not PIE (-fPIE -pie): one such task fits an address space".to_owned());
            }
            Ok(_) => {}
        }
    }
    (fine, lines)
}

/// What a root must have.
fn no_root(linked: &Linked) -> Option<&'static str> {
    if !linked.needed.iter().any(|name| name.starts_with("libpip.so")) {
        return Some("not linked with libpip.so");
    }
    linked.interpreter.is_none().then_some("not a program but a shared library")
}

/// Prints the file's dynamic loader.
fn loader(file: &Path) -> (bool, Vec<String>) {
    match open(file) {
        Ok(Linked { interpreter: Some(path), .. }) => {
            println!("{}", path.display());
            (true, Vec::new())
        }
        Ok(_) => (true, vec!["has no dynamic loader".to_owned()]),
        Err(reason) => (false, vec![reason.to_owned()]),
    }
}

/// Tells files that are not even executable programs from others.
fn open(file: &Path) -> Result<Linked, &'static str> {
    let data = std::fs::metadata(file).map_err(|_| "not found")?;
    if !data.is_file() || data.permissions().mode() & 0o111 == 0 {
        return Err("not an executable file");
    }
    linked::read(file).map_err(|_| "not an ELF file")
}

/// An error's reason; the file's name stands before it already.
fn without_path(error: &ProgramError, file: &Path) -> String {
    let text = error.to_string();
    text.strip_prefix(&format!("{}: ", file.display())).unwrap_or(&text).to_owned()
}
