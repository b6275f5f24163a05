//! How a program runs: as a task, or, if it cannot be one, as an ordinary process. A script is what its interpreter is.

use pip_core::{Program, ProgramError, search_path};
use std::ffi::{CString, NulError, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Bytes of a script's first line that the kernel looks at.
const FIRST_LINE: u64 = 256;
/// How many interpreters may be scripts themselves; the kernel's number.
const DEPTH: usize = 5;

/// How a program of the job is started.
#[derive(Debug)]
pub enum Runs {
    /// As a task: the program, or the interpreter of the script.
    Task {
        /// What is mapped.
        program: Program,
        /// Its argv.
        args: Vec<CString>,
    },
    /// As an ordinary process.
    Process {
        /// Why it cannot be a task.
        why: NoTask,
        /// Whether /bin/sh runs the file if the kernel cannot, as execvp does.
        shell: bool,
    },
}

/// Why a program that can be run cannot be a task.
#[derive(Debug, thiserror::Error)]
pub enum NoTask {
    /// The program itself.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A script's interpreter.
    #[error("{}: a script whose interpreter cannot be a task: {error}", .script.display())]
    Interpreter {
        /// The script.
        script: PathBuf,
        /// What is wrong with its interpreter.
        error: ProgramError,
    },
    /// Linked with an MPI library of another binary interface.
    #[error("{}: linked with {}, {}", .0.display(), .1, .2)]
    OtherMpi(PathBuf, String, &'static str),
    /// Several ranks of programs that need fixed addresses.
    #[error("{}: a non-PIE program has fixed addresses, so one address space holds one rank of it, not {}; \
             rebuild it with -fPIE -pie", .0.display(), .1)]
    Fixed(PathBuf, usize),
}

/// Why a program cannot be run at all.
#[derive(Debug, thiserror::Error)]
pub enum CannotRun {
    /// The program itself.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A script's interpreter.
    #[error("{}: its interpreter cannot be run: {error}", .script.display())]
    Interpreter {
        /// The script.
        script: PathBuf,
        /// What is wrong with its interpreter.
        error: ProgramError,
    },
    /// Interpreters that are scripts, and so on.
    #[error("{}: its interpreter is a script, and that one's too, and so on; name a program after #!", .0.display())]
    TooDeep(PathBuf),
    /// Cannot happen with arguments from the kernel.
    #[error("an argument with a NUL byte: {0}")]
    Nul(#[from] NulError),
}

impl CannotRun {
    /// Exit status of the launcher: 127 not found, 126 cannot run, 2 usage.
    pub fn exit_code(&self) -> u8 {
        match self {
            CannotRun::Program(error) | CannotRun::Interpreter { error, .. } => error.exit_code(),
            CannotRun::TooDeep(_) => 126,
            CannotRun::Nul(_) => 2,
        }
    }
}

/// Where a rank would look for programs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its PATH.
    pub path: Option<&'a OsStr>,
    /// Its working directory, relative to the launcher's; empty if that is it.
    pub cwd: &'a Path,
}

/// Opens the program `path` and finds out how it runs. `args` is argv as the user gave it.
pub fn open(path: &Path, args: &[OsString], place: Place) -> Result<Runs, CannotRun> {
    let (mut file, mut args) = (path.to_owned(), args.to_vec());
    // As the kernel would pass it: from the rank's working directory.
    let typed = args.first().filter(|name| name.as_bytes().contains(&b'/')).cloned();
    let script = typed.unwrap_or_else(|| path.into());
    for depth in 0..=DEPTH {
        let error = match Program::open(&file) {
            Ok(program) => {
                if let Some((library, what)) = other_mpi(&program).filter(|_| depth == 0) {
                    let why = NoTask::OtherMpi(path.to_owned(), library.to_owned(), what);
                    return Ok(Runs::Process { why, shell: false });
                }
                let args = args.into_iter().map(|arg| CString::new(arg.into_vec())).collect::<Result<_, _>>()?;
                return Ok(Runs::Task { program, args });
            }
            Err(error) => error,
        };
        let no_line = matches!(&error, ProgramError::Script { .. }) && interpreter(&file).is_none();
        let of_script = |error| CannotRun::Interpreter { script: path.to_owned(), error };
        match error {
            ProgramError::Script { .. } if !no_line => {
                let Some((next, option)) = interpreter(&file) else { break };
                let script = if depth == 0 { script.clone() } else { file.into() };
                (file, args) = resolve(next, option, script, &args[1..], place).map_err(of_script)?;
            }
            error if can_be_a_process(&error) => {
                let shell = no_line || matches!(error, ProgramError::NotElf(_));
                let why = if depth == 0 {
                    NoTask::Program(error)
                } else {
                    NoTask::Interpreter { script: path.to_owned(), error }
                };
                return Ok(Runs::Process { why, shell: shell && depth == 0 });
            }
            error if depth == 0 => return Err(error.into()),
            error => return Err(of_script(error)),
        }
    }
    Err(CannotRun::TooDeep(path.to_owned()))
}

/// The interpreter's file and argv. `/usr/bin/env NAME` is looked through, because `env` itself would execute it.
fn resolve(
    interpreter: OsString,
    option: Option<OsString>,
    script: OsString,
    rest: &[OsString],
    place: Place,
) -> Result<(PathBuf, Vec<OsString>), ProgramError> {
    let is_env = matches!(interpreter.as_bytes(), b"/usr/bin/env" | b"/bin/env");
    let is_name = |word: &[u8]| !word.starts_with(b"-") && !word.contains(&b'=');
    let name = option.clone().filter(|name| is_env && is_name(name.as_bytes()));
    if let Some(name) = name {
        let file = search_path(&name, place.path, place.cwd)?;
        return Ok((file, [name, script].into_iter().chain(rest.iter().cloned()).collect()));
    }
    let file = place.cwd.join(Path::new(&interpreter));
    let args = std::iter::once(interpreter).chain(option).chain([script]).chain(rest.iter().cloned()).collect();
    Ok((file, args))
}

/// What follows `#!` as the kernel takes it: a path, and the rest of the line as one argument. None if there is no path.
fn interpreter(file: &Path) -> Option<(OsString, Option<OsString>)> {
    let mut start = Vec::new();
    File::open(file).ok()?.take(FIRST_LINE).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?.trim_ascii();
    let end = line.iter().position(|byte| b" \t".contains(byte)).unwrap_or(line.len());
    let (path, option) = (&line[..end], line[end..].trim_ascii());
    let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    (!path.is_empty()).then(|| (text(path), (!option.is_empty()).then(|| text(option))))
}

/// The MPI library a program needs, if that has not the binary interface of MPICH (`libmpi.so.12`), which the shim stands in for; and
/// what to do about it.
fn other_mpi(program: &Program) -> Option<(&str, &'static str)> {
    const OPEN_MPI: &str = "which is Open MPI's: it asks for a PMIx server, and there is none, so each rank will find itself alone \
        (rank 0 of 1); start it with Open MPI's mpiexec, or link it with MPICH";
    const STANDARD: &str = "the standard binary interface of MPI, which libpip_mpi.so does not know; link it with MPICH's own \
        libmpi.so.12";
    program.needed().iter().find_map(|name| match name.split_once(".so.")? {
        ("libmpi", version) if version != "12" => Some((name.as_str(), OPEN_MPI)),
        ("libmpi_mpifh" | "libmpi_usempif08" | "libmpi_usempi_ignore_tkr" | "libmpi_cxx", _) => Some((name, OPEN_MPI)),
        ("libmpi_abi", _) => Some((name, STANDARD)),
        _ => None,
    })
}

/// Whether the kernel might run what we cannot map. What is damaged or no program at all is refused before anything starts.
fn can_be_a_process(error: &ProgramError) -> bool {
    match error {
        ProgramError::Script { .. }
        | ProgramError::NotElf(_)
        | ProgramError::WrongMachine(..)
        | ProgramError::Loader { .. }
        | ProgramError::SetId(_)
        | ProgramError::Sanitizer(..) => true,
        // Programs may be executable and yet not readable.
        ProgramError::Io(_, source) => source.kind() == io::ErrorKind::PermissionDenied,
        ProgramError::NotInPath(_)
        | ProgramError::NotFound(_)
        | ProgramError::NotRegular(_)
        | ProgramError::NotExecutable(_)
        | ProgramError::Damaged(..)
        | ProgramError::NotAProgram(..) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// How a file of this content runs: the interpreter and argv, or why it is no task.
    fn script(content: &str) -> Result<(String, Vec<String>), String> {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pip-runnable-{}-{number}", std::process::id()));
        std::fs::write(&path, content).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        let place = Place { path: None, cwd: Path::new("") };
        let runs = open(&path, &["script".into(), "a b".into()], place);
        std::fs::remove_file(&path).expect("remove");
        let shown = path.display().to_string();
        match runs {
            Ok(Runs::Task { program, args }) => {
                let args = args.iter().map(|arg| arg.to_string_lossy().replace(&shown, "SCRIPT")).collect();
                Ok((program.path().display().to_string(), args))
            }
            Ok(Runs::Process { why, shell }) => Err(format!("{shell} {why}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_script_is_a_task_of_its_interpreter() {
        let task = |path: &str, args: &[&str]| Ok((path.to_owned(), args.iter().map(|&a| a.to_owned()).collect()));
        assert_eq!(script("#!/bin/sh\n"), task("/bin/sh", &["/bin/sh", "SCRIPT", "a b"]));
        assert_eq!(script("#! /bin/sh  -e x \n"), task("/bin/sh", &["/bin/sh", "-e x", "SCRIPT", "a b"]));
        assert_eq!(script("#!/usr/bin/env cat"), task("/bin/cat", &["cat", "SCRIPT", "a b"]));
        assert_eq!(script("#!/usr/bin/env A=b cat").expect("env").1[1], "A=b cat");
    }

    #[test]
    fn texts_are_the_shells_and_bad_interpreters_are_named() {
        assert!(script("echo x\n").expect_err("a text").starts_with("true "));
        assert!(script("#!\necho x\n").expect_err("a text").starts_with("true "));
        assert!(
            script("#!/no/such thing\n")
                .expect_err("missing")
                .contains("interpreter cannot be run: /no/such: no such file")
        );
        assert!(script("#!/usr/bin/env no-such-name\n").expect_err("missing").contains("no-such-name"));
        assert!(script("#!/etc/passwd\n").expect_err("no program").contains("chmod"));
    }
}
