//! Starts the tasks of pip-exec, all or none.

use super::MOST_TASKS;
use super::segments::Segment;
use super::stopping;
use super::waiting::{self, Ended};
use crate::messages::warn;
use crate::{places, signals};
use pip_core::settings::{self, ModeError, StopOnStart};
use pip_core::{Error, Mode, Program, ProgramError, Root, SpawnOptions, Task};
use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Why nothing runs.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error("Too many tasks: {0}, at most {MOST_TASKS} fit an address space")]
    TooMany(u64),
    #[error(transparent)]
    Place(#[from] places::PlaceError),
    #[error(transparent)]
    Mode(#[from] ModeError),
    #[error(transparent)]
    Pip(#[from] Error),
    #[error("{0}: {1}")]
    System(&'static str, io::Error),
    #[error("an argument or environment variable contains a NUL byte")]
    Nul,
}

impl JobError {
    /// The exit status: the error number that pip_spawn would give.
    fn errno(&self) -> i32 {
        match self {
            JobError::TooMany(_) => libc::EOVERFLOW,
            JobError::Place(_) => libc::ELIBACC,
            JobError::Mode(_) => libc::EPERM,
            JobError::Pip(error) => error.errno(),
            JobError::System(_, error) => error.raw_os_error().unwrap_or(libc::EIO),
            JobError::Nul => libc::EINVAL,
        }
    }
}

impl From<ProgramError> for JobError {
    fn from(error: ProgramError) -> JobError {
        JobError::Pip(error.into())
    }
}

/// What all tasks have in common.
struct Common {
    mode: Mode,
    /// The second character of the command names.
    mark: char,
    env: Vec<CString>,
    library: PathBuf,
    cores: Vec<usize>,
    stack_size: usize,
    stop: Option<StopOnStart>,
}

/// Runs the segments and returns the exit status.
pub fn run(segments: &[Segment]) -> u8 {
    let ended = start(segments).and_then(|(_root, mode, tasks)| {
        waiting::all(mode, tasks).map_err(|error| JobError::System("waiting for the tasks", error))
    });
    match ended {
        Ok(Ended { signal: Some(signal), .. }) => signal as u8,
        Ok(Ended { status, .. }) => status,
        Err(error) => {
            eprintln!("pip-exec: {error}");
            error.errno() as u8
        }
    }
}

fn start(segments: &[Segment]) -> Result<(Root, Mode, Vec<Task>), JobError> {
    let count = segments.iter().fold(0u64, |sum, segment| sum.saturating_add(segment.count));
    if count > MOST_TASKS {
        return Err(JobError::TooMany(count));
    }
    let here = env::current_dir().map_err(|error| JobError::System("the working directory", error))?;
    let path = env::var_os("PATH");
    let open = |segment: &Segment| -> Result<Program, JobError> {
        Ok(Program::open(&pip_core::search_path(&segment.command[0], path.as_deref(), &here)?)?)
    };
    let programs: Vec<Program> = segments.iter().map(open).collect::<Result<_, _>>()?;
    let settings::Choice { mode, option } = settings::choose(0)?;
    let common = Common {
        mode,
        mark: if option == settings::option::PIPCLONE { ';' } else { mode.comm_char() },
        env: environment()?,
        library: places::libpip()?,
        cores: cores().map_err(|error| JobError::System("sched_getaffinity", error))?,
        stack_size: settings::stack_size(|text| warn(&text)),
        stop: stopping::asked(mode),
    };
    // Before any other thread is there: all of them must leave these signals to the one that waits.
    waiting::block_signals();
    let root = Root::with_mode(count as usize, common.mode)?;
    root.registry().option.store(option as u32, Ordering::Release); // the mode's name, for pip_get_mode_str
    set_name(&comm('R', common.mark, OsStr::new("pip-exec")));
    let mut tasks = Vec::with_capacity(count as usize);
    for (segment, program) in segments.iter().zip(&programs) {
        for index in 0..segment.count as usize {
            let options = options(&common, segment, program, tasks.len(), index)?;
            match root.spawn(program, &options) {
                Ok(task) => tasks.push(task),
                Err(error) => {
                    waiting::kill_all(&mut tasks);
                    return Err(error.into());
                }
            }
            if let (Some(stop), Some(task)) = (common.stop.as_ref().filter(|_| options.stop), tasks.last()) {
                stopping::stopped(stop, task, program.path());
            }
            if let (true, Some(task)) = (segment.debug, tasks.last()) {
                let command: Vec<_> = segment.command.iter().map(|word| word.to_string_lossy()).collect();
                eprintln!("pip-exec: PIPID:{} PID:{} {}", task.id(), task.pid(), command.join(" "));
            }
        }
    }
    Ok((root, common.mode, tasks))
}

fn options(
    common: &Common,
    segment: &Segment,
    program: &Program,
    id: usize,
    index: usize,
) -> Result<SpawnOptions, JobError> {
    let args = segment.command.iter().map(|word| c_string(word.clone())).collect::<Result<_, _>>()?;
    let digit = char::from(b'0' + (id % 10) as u8);
    Ok(SpawnOptions {
        args,
        env: common.env.clone(),
        affinity: segment.core.map(|first| vec![common.cores[(first + index) % common.cores.len()]]),
        id: Some(id),
        stack_size: Some(common.stack_size),
        stop: stopping::concerns(common.stop.as_ref(), id),
        library: Some(common.library.clone()),
        function: segment.function.clone(),
        await_loading: segment.function.is_some(),
        // A task may still read what one that ended left behind.
        keep_memory: true,
        comm: Some(comm(digit, common.mark, program.path().file_name().unwrap_or_default())),
        ..SpawnOptions::default()
    })
}

/// The command name by which pips knows root and tasks: at most 15 bytes.
fn comm(id: char, mark: char, name: &OsStr) -> CString {
    let name = name.as_bytes();
    let bytes = [format!("{id}{mark}").as_bytes(), &name[..name.len().min(13)]].concat();
    CString::new(bytes).unwrap_or_default()
}

fn set_name(name: &CString) {
    // SAFETY: a C string that outlives the call.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

fn environment() -> Result<Vec<CString>, JobError> {
    let join = |(name, value): (OsString, OsString)| [name.as_bytes(), b"=", value.as_bytes()].concat();
    env::vars_os().map(|pair| CString::new(join(pair)).map_err(|_| JobError::Nul)).collect()
}

/// The cores this process may use, in order.
fn cores() -> io::Result<Vec<usize>> {
    let mut mask = [0u64; 128];
    // SAFETY: fills a local array of the size given; returns how many bytes are in use.
    let bytes = unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, size_of_val(&mask), mask.as_mut_ptr()) };
    if bytes < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((0..mask.len() * 64).filter(|cpu| mask[cpu / 64] >> (cpu % 64) & 1 == 1).collect())
}

fn c_string(text: OsString) -> Result<CString, JobError> {
    CString::new(text.into_vec()).map_err(|_| JobError::Nul)
}

/// Says which task a signal ended.
pub fn report(id: usize, signal: i32) {
    eprintln!("pip-exec: PIPID:{id} signaled ({})", signals::describe(signal));
}
