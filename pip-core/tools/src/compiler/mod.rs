//! `pipcc` and `pipfc`: a C, C++ or Fortran compiler with what PiP programs need.

mod flags;
mod options;

use crate::manual::{self, Tool};
use crate::places::{self, Layout};
use crate::{API_VERSION, signals};
use anyhow::{Context, Result, bail};
use clap::{Arg, ArgAction};
use flags::{Flags, compiler};
use options::{Options, Place, Refused};
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The tool's options and page, under either name. The parser is in [`options`]: it must hand everything else on as it is.
pub fn tool(name: &'static str) -> Tool {
    let flag = |id: &'static str, help: &'static str| Arg::new(id).long(id).action(ArgAction::SetTrue).help(help);
    let summary = match name {
        "pipfc" => "Compile Fortran programs for PiP",
        _ => "Compile C and C++ programs for PiP",
    };
    Tool {
        command: manual::command(name, summary)
            .disable_help_flag(true)
            .override_usage(format!("{name} [OPTIONS] [OPTIONS AND FILES OF THE COMPILER]..."))
            .arg(flag("piproot", "For a root only: no -fPIC, -pie or -rdynamic"))
            .arg(flag("piptask", "For a task only"))
            .arg(flag("nopip", "The plain compiler, no flags of PiP"))
            .arg(flag("silent", "Do not print the compiler's command"))
            .arg(flag("dryrun", "Print the compiler's command and do not run it").visible_alias("dry"))
            .arg(flag("where", "Print the path of this command"))
            .arg(flag("which", "Print the path of the compiler"))
            .arg(flag("version", "Print the versions of this command, libpip.so and the compiler").short('v'))
            .arg(flag("ccopts", "Print all options the compiler would get"))
            .arg(flag("cflags", "Print the options for compiling"))
            .arg(flag("lflags", "Print the options for linking; with --cflags, both"))
            .arg(flag("pipbuild", "Use the library and header of the build tree"))
            .arg(flag("pipinstall", "Use those of the installation"))
            .arg(flag("help", "Print this help"))
            .arg(
                Arg::new("ARGS")
                    .num_args(0..)
                    .help("Everything else is the compiler's: -c, -E, -S, -o FILE, sources..."),
            ),
        sections: &[
            (
                "Description",
                "Runs the compiler with the folder of pip/pip.h, the flags for programs that can be PiP root and PiP task \
                 (the default), and libpip.so with its folder as run path. With -shared it makes a shared library instead. \
                 C++ is compiled if a source ends in .C, .cc, .cpp or .cxx.\n\n\
                 The macros PIPCC, PIP_VERSION, PIP_VERSION_MAJOR, PIP_VERSION_MINOR and PIP_VERSION_SUBMINOR are defined.\n\n\
                 Static linking and RUNPATH (--enable-new-dtags) are refused.",
            ),
            (
                "Environment",
                "    CC    C compiler, which may come with options (default cc)\n    \
                 CXX   C++ compiler (default c++)\n    \
                 FC    Fortran compiler of pipfc (default gfortran)",
            ),
            ("Exit status", "The compiler's; 1 if there is no compiler or no PiP, 2 for what is refused."),
            (
                "Examples",
                "    pipcc -O2 -o program program.c\n    CC=\"clang -v\" pipcc -c part.c\n    pipcc --cflags --lflags",
            ),
            ("See also", "pip-check(1), pip-exec(1), libpip(7)"),
        ],
    }
}

/// Runs the tool under the name it was called by.
pub fn main() -> ExitCode {
    signals::default_pipe();
    let mut args = env::args_os();
    let called = args.next().map(PathBuf::from).unwrap_or_default();
    let name = if called.file_name() == Some(OsStr::new("pipfc")) { "pipfc" } else { "pipcc" };
    let options = match Options::parse(args) {
        Ok(options) if options.help => {
            print!("{}", tool(name).help());
            return ExitCode::SUCCESS;
        }
        Ok(options) => options,
        Err(refused) => return refuse(name, &refused),
    };
    match run(name, &options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn refuse(name: &'static str, refused: &Refused) -> ExitCode {
    eprintln!("{name} {refused}\n\n{}", tool(name).help().trim_end());
    ExitCode::from(2)
}

fn run(name: &str, options: &Options) -> Result<ExitCode> {
    let here = places::tools()?;
    let compiler = compiler(name, options)?;
    let path = in_path(&compiler[0]).with_context(|| {
        format!(
            "unable to find the compiler {}; set {}",
            compiler[0].display(),
            if name == "pipfc" { "FC" } else { "CC" }
        )
    })?;
    if options.nopip {
        return start(options, compiler.into_iter().chain(options.rest.iter().cloned()).collect());
    }
    let layout = layout(options.place, &here)?;
    if options.version || options.where_ || options.which {
        return about(name, options, &here.join(name), &layout, (&compiler, &path));
    }
    let flags = Flags::new(options, &layout);
    if options.ccopts || options.cflags || options.lflags {
        println!("{}", quoted(&flags.chosen(options)));
        return Ok(ExitCode::SUCCESS);
    }
    start(options, compiler.into_iter().chain(flags.around(options)).collect())
}

/// Which library and header to use.
fn layout(place: Option<Place>, here: &Path) -> Result<Layout, places::PlaceError> {
    match place {
        Some(Place::Build) => places::built(here),
        Some(Place::Install) => places::installed(here),
        None => places::installed(here).or_else(|error| places::built(here).map_err(|_| error)),
    }
}

/// Answers --version, --where and --which.
fn about(
    name: &str,
    options: &Options,
    own: &Path,
    layout: &Layout,
    compiler: (&[OsString], &Path),
) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    if options.version {
        println!("{name} (Process-in-Process Compiler Wrapper Script) Version:{API_VERSION}");
        let library = layout.lib.join("libpip.so");
        if let Err(error) = Command::new(&library).status() {
            eprintln!("{name}: {} cannot be run: {error}", library.display());
        }
        let status = Command::new(&compiler.0[0]).args(&compiler.0[1..]).arg("--version").status();
        let status = status.with_context(|| compiler.1.display().to_string())?;
        code = ExitCode::from(status.code().unwrap_or(1) as u8);
    }
    if options.where_ {
        println!("{}", own.display());
    }
    if options.which {
        println!("{}", compiler.1.display());
    }
    Ok(code)
}

/// Prints the command and becomes it.
fn start(options: &Options, words: Vec<OsString>) -> Result<ExitCode> {
    // The command must not get into what the compiler prints for others to read.
    match options.silent {
        true => {}
        false if options.prints && !options.dryrun => eprintln!("{}", quoted(&words)),
        false => println!("{}", quoted(&words)),
    }
    if options.dryrun {
        return Ok(ExitCode::SUCCESS);
    }
    let error = Command::new(&words[0]).args(&words[1..]).exec();
    bail!("{} cannot be run: {error}", words[0].display())
}

/// The path of a command as a shell would find it.
fn in_path(name: &OsStr) -> io::Result<PathBuf> {
    let here = env::current_dir()?;
    pip_core::search_path(name, env::var_os("PATH").as_deref(), &here)
        .map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))
}

/// Words as a shell would take them.
fn quoted(words: &[OsString]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+,./:@%^".contains(c);
    let words = words.iter().map(|word| {
        let word = word.to_string_lossy();
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let words = ["cc", "-DA=\"x y\"", "it's", ""].map(Into::into);
        assert_eq!(quoted(&words), r#"cc '-DA="x y"' 'it'\''s' ''"#);
    }
}
