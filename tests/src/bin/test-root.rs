//! A root for the tests of what only a root can see: `test-root SCENARIO LEAVE FIXED`, where LEAVE and FIXED are the programs
//! `leave.c` and `fixed.c`. Exits with 0 if all is as it should be. As a task (`test-root task N`) it exports and imports.

use anyhow::{Context, Result, bail, ensure};
use pip_core::current::current;
use pip_core::{Error, Mode, Program, Root, SpawnOptions, Task};
use std::ffi::CString;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

#[path = "test-root/fields.rs"]
mod fields;
#[path = "test-root/sharing.rs"]
mod sharing;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize| args.get(index).cloned().unwrap_or_default();
    let leave = PathBuf::from(argument(1));
    match argument(0).as_str() {
        "task" => task(argument(1).parse()?),
        "sharing-task" => sharing::task(&argument(1)),
        "field-task" => fields::task(&argument(1)),
        "sleepers" => sleepers(&leave),
        "exit_statuses" => exit_statuses(&leave),
        "signals" => signals(&leave),
        "exports" => exports(),
        "descriptors" => descriptors(&leave),
        "cycles" => cycles(),
        "non_pie" => non_pie(Path::new(&argument(2))),
        "working_folder" => working_folder(&leave),
        "affinity" => affinity(&leave),
        "sessions" => sessions(&leave),
        "signal_state" => signal_state(&leave),
        "task_ids" => task_ids(&leave),
        "concurrent_spawns" => concurrent_spawns(&leave),
        other => {
            let threads = other.strip_prefix("thread_");
            let mode = if threads.is_some() { Mode::Thread } else { Mode::Process };
            match threads.unwrap_or(other).split_once('_') {
                Some(("sharing", name)) => sharing::scenario(name, mode),
                Some(("fields", name)) => fields::scenario(name, mode),
                _ => bail!("{other:?} is no scenario"),
            }
        }
    }
}

fn options(words: &[&str]) -> Result<SpawnOptions> {
    let args = words.iter().map(|word| CString::new(*word)).collect::<Result<_, _>>()?;
    Ok(SpawnOptions { args, env: vec![c"PATH=/usr/bin:/bin".to_owned()], ..SpawnOptions::default() })
}

/// The exit status of LEAVE with these arguments.
fn leave_with(root: &Root, program: &Path, words: &str, change: impl FnOnce(&mut SpawnOptions)) -> Result<i32> {
    let words: Vec<&str> = std::iter::once("leave").chain(words.split(' ')).collect();
    let mut options = options(&words)?;
    change(&mut options);
    let status = root.spawn(&Program::open(program)?, &options)?.wait()?;
    status.code().with_context(|| format!("{words:?}: {status}"))
}

fn exit_statuses(leave: &Path) -> Result<()> {
    let root = Root::new(4)?;
    for status in [0, 1, 3, 127, 128, 255] {
        let found = leave_with(&root, leave, &format!("exit {status}"), |_| {})?;
        ensure!(found == status, "{found} instead of {status}");
    }
    Ok(())
}

fn signals(leave: &Path) -> Result<()> {
    let root = Root::new(4)?;
    let program = Program::open(leave)?;
    for signal in [libc::SIGSEGV, libc::SIGABRT, libc::SIGKILL, libc::SIGTERM, libc::SIGINT, libc::SIGBUS] {
        let mut survivor = root.spawn(&program, &options(&["leave", "sleep"])?)?;
        let mut task = root.spawn(&program, &options(&["leave", "signal", &signal.to_string()])?)?;
        let status = task.wait()?;
        ensure!(status.signal() == Some(signal), "{status} instead of signal {signal}");
        ensure!(survivor.try_wait()?.is_none(), "another task died of signal {signal} too");
        survivor.kill(libc::SIGKILL)?;
        ensure!(survivor.wait()?.signal() == Some(libc::SIGKILL), "not killed");
    }
    Ok(())
}

/// What each task exports: its id, the sum of what it read of the others, and where that variable is.
static SHOWN: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

fn exports() -> Result<()> {
    const COUNT: usize = 12;
    let root = Root::new(COUNT)?;
    let program = Program::open(&std::env::current_exe()?)?;
    let task = options(&["test-root", "task", &COUNT.to_string()])?;
    // A task may be waited for while the others still read its variable.
    let options = SpawnOptions { keep_memory: true, ..task };
    let mut tasks: Vec<Task> = (0..COUNT).map(|_| root.spawn(&program, &options)).collect::<Result<_, _>>()?;
    let mut addresses = std::collections::BTreeSet::new();
    for task in &mut tasks {
        let status = task.wait()?;
        ensure!(status.success(), "task {}: {status}", task.id());
        addresses
            .insert(root.registry().entry(task.id()).context("no entry")?.export().load(Ordering::Acquire) as usize);
    }
    ensure!(addresses.len() == COUNT && !addresses.contains(&0), "{addresses:x?}");
    ensure!(SHOWN[0].load(Ordering::Relaxed) == 0, "a task wrote the root's variable");
    Ok(())
}

/// Shows its variable, adds to everybody's through the imported pointers, and waits until all have added to its own.
fn task(count: usize) -> Result<()> {
    let own = current().context("not a task")?;
    SHOWN[0].store(own.id() as u64 + 1, Ordering::Release);
    own.export((&raw const SHOWN).cast_mut().cast());
    for id in 0..count {
        let other = loop {
            match own.import(id) {
                Some(pointer) => break pointer.cast::<[AtomicU64; 2]>(),
                None => std::thread::yield_now(),
            }
        };
        // SAFETY: every task exports this static of its own copy and stays until all have used it.
        let other = unsafe { other.as_ref() };
        ensure!(other[0].load(Ordering::Acquire) == id as u64 + 1, "task {id} shows something else");
        other[1].fetch_add(own.id() as u64 + 1, Ordering::AcqRel);
    }
    ensure!(own.import(count + 1000).is_none(), "a task that never was has an export");
    let all = (count * (count + 1) / 2) as u64;
    while SHOWN[1].load(Ordering::Acquire) != all {
        std::thread::yield_now();
    }
    // A forked child is no task.
    // SAFETY: the child only calls what allocates nothing and exits.
    match unsafe { libc::fork() } {
        // SAFETY: exits at once.
        0 => unsafe { libc::_exit(i32::from(current().is_some())) },
        child => {
            let mut status = -1;
            // SAFETY: a local to fill.
            unsafe { libc::waitpid(child, &mut status, 0) };
            ensure!(status == 0, "a forked child takes itself for a task");
        }
    }
    // Nobody may leave before all have been here: the others still read this task's variable.
    for id in 0..count {
        while own.registry().entry(id).is_some_and(|entry| entry.state() == pip_core::registry::State::Alive) {
            let Some(other) = own.import(id) else { break };
            // SAFETY: as above; static memory of a task outlives it.
            if unsafe { other.cast::<[AtomicU64; 2]>().as_ref() }[1].load(Ordering::Acquire) == all {
                break;
            }
            std::thread::yield_now();
        }
    }
    Ok(())
}

fn sleepers(leave: &Path) -> Result<()> {
    let root = Root::new(8)?;
    let program = Program::open(leave)?;
    let options = options(&["leave", "sleep"])?;
    let mut tasks: Vec<Task> = (0..8).map(|_| root.spawn(&program, &options)).collect::<Result<_, _>>()?;
    tasks.iter_mut().try_for_each(|task| task.wait().map(drop))?;
    Ok(())
}

fn descriptors(leave: &Path) -> Result<()> {
    let root = Root::new(4)?;
    let file = std::fs::File::open("/dev/zero")?;
    let closing = file.as_raw_fd();
    // SAFETY: duplicates a descriptor we own.
    let kept = unsafe { libc::fcntl(closing, libc::F_DUPFD, 20) };
    ensure!(leave_with(&root, leave, &format!("fd {closing}"), |_| {})? == 1, "close-on-exec is still open");
    ensure!(leave_with(&root, leave, &format!("fd {kept}"), |_| {})? == 0, "inherited is closed");
    ensure!(leave_with(&root, leave, "fd 30", |o| o.fds = vec![(closing, 30)])? == 0, "mapped is closed");
    ensure!(leave_with(&root, leave, "read 31", |o| o.fds = vec![(closing, 31)])? == 0, "mapped is another file");
    // Two that change places.
    let (a, b) = (pipe_with(11)?, pipe_with(22)?);
    let (x, y) = (a.as_raw_fd(), b.as_raw_fd());
    let swapped = leave_with(&root, leave, &format!("read {x}"), |o| o.fds = vec![(x, y), (y, x)])?;
    ensure!(swapped == 22, "{swapped} instead of 22 after a swap");
    // Many descriptors, the highest number far up.
    // SAFETY: duplicates a descriptor we own.
    let far = unsafe { libc::fcntl(closing, libc::F_DUPFD_CLOEXEC, 900) };
    ensure!(leave_with(&root, leave, &format!("fd {far}"), |_| {})? == 1, "a high close-on-exec number is still open");
    match root.spawn(&Program::open(leave)?, &SpawnOptions { fds: vec![(777, 5)], ..options(&["leave", "exit", "0"])? })
    {
        Err(Error::Setup { .. }) => {}
        other => bail!("a descriptor that is not open was taken: {other:?}"),
    }
    Ok(())
}

/// The read end of a pipe with one byte in it, close-on-exec.
fn pipe_with(byte: u8) -> Result<OwnedFd> {
    let mut ends = [0; 2];
    // SAFETY: fills a local array; both descriptors are new and owned here.
    let (read, write) = unsafe {
        ensure!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) == 0, "pipe");
        (OwnedFd::from_raw_fd(ends[0]), std::fs::File::from_raw_fd(ends[1]))
    };
    std::io::Write::write_all(&mut { write }, &[byte])?;
    Ok(read)
}

fn cycles() -> Result<()> {
    let root = Root::new(2)?;
    let program = Program::open(Path::new("/bin/true"))?;
    let options = options(&["true"])?;
    let count = |path: &str| -> Result<usize> { Ok(std::fs::read_dir(path)?.count()) };
    let mut before = 0;
    for cycle in 0..1010 {
        if cycle == 10 {
            before = count("/proc/self/fd")?;
        }
        ensure!(root.spawn(&program, &options)?.wait()?.success(), "cycle {cycle}");
    }
    let after = count("/proc/self/fd")?;
    ensure!(before == after, "{before} descriptors before 1000 cycles, {after} after them");
    Ok(())
}

fn non_pie(fixed: &Path) -> Result<()> {
    let root = Root::new(4)?;
    let program = Program::open(fixed)?;
    ensure!(program.is_fixed(), "{} is position-independent", fixed.display());
    let mut first = root.spawn(&program, &options(&["fixed", "0.5", "23"])?)?;
    let second = root.spawn(&program, &options(&["fixed", "0", "0"])?);
    match second {
        Err(error @ Error::Fixed { .. }) => {
            let text = error.to_string();
            ensure!(text.contains("non-PIE") && text.contains("-fPIE"), "{text}");
        }
        other => bail!("a second non-PIE program was started: {other:?}"),
    }
    let status = first.wait()?;
    ensure!(status.code() == Some(23), "{status}");
    Ok(())
}

fn working_folder(leave: &Path) -> Result<()> {
    let root = Root::new(2)?;
    let start = SpawnOptions { cwd: Some("/usr/lib".into()), ..options(&["leave", "exit", "0"])? };
    ensure!(root.spawn(&Program::open(leave)?, &start)?.wait()?.success(), "cwd");
    let shell = Program::open(Path::new("/bin/sh"))?;
    let test = SpawnOptions { cwd: Some("/usr/lib".into()), ..options(&["sh", "-c", "test \"$(pwd)\" = /usr/lib"])? };
    ensure!(root.spawn(&shell, &test)?.wait()?.success(), "not in /usr/lib");
    ensure!(std::env::current_dir()? != Path::new("/usr/lib"), "the root moved too");
    let wrong = SpawnOptions { cwd: Some("/no/such/folder".into()), ..options(&["sh", "-c", "true"])? };
    let error = root.spawn(&shell, &wrong).err().context("started in a folder that is not there")?.to_string();
    ensure!(error.contains("working directory"), "{error}");
    Ok(())
}

fn affinity(leave: &Path) -> Result<()> {
    let root = Root::new(2)?;
    // SAFETY: asks for the CPU this thread is on.
    let cpu = unsafe { libc::sched_getcpu() } as usize;
    ensure!(cpu < 1024, "CPU {cpu}");
    let bound = leave_with(&root, leave, &format!("cpus {cpu}"), |o| o.affinity = Some(vec![cpu]))?;
    ensure!(bound == 17, "{} CPUs, the right one among them: {}", bound / 16, bound % 16);
    Ok(())
}

fn sessions(leave: &Path) -> Result<()> {
    let root = Root::new(2)?;
    ensure!(leave_with(&root, leave, "session 0", |o| o.new_session = true)? == 0, "leads no session");
    ensure!(leave_with(&root, leave, "session 0", |_| {})? == 1, "leads a session");
    Ok(())
}

fn signal_state(leave: &Path) -> Result<()> {
    let root = Root::new(2)?;
    // SAFETY: a set on the stack; blocking and ignoring signals needs no memory of ours.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&mut set, libc::SIGUSR1);
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
    }
    ensure!(
        leave_with(&root, leave, "signals 0", |_| {})? == 0,
        "the root's signal mask or dispositions were inherited"
    );
    Ok(())
}

fn task_ids(leave: &Path) -> Result<()> {
    let root = Root::new(3)?;
    ensure!(matches!(Root::new(3), Err(Error::AlreadyRoot)), "a second root");
    let program = Program::open(leave)?;
    let with_id = |id| -> Result<SpawnOptions> { Ok(SpawnOptions { id, ..options(&["leave", "sleep"])? }) };
    let mut tasks = vec![root.spawn(&program, &with_id(Some(1))?)?];
    tasks.push(root.spawn(&program, &with_id(None)?)?);
    tasks.push(root.spawn(&program, &with_id(None)?)?);
    let ids: Vec<usize> = tasks.iter().map(Task::id).collect();
    ensure!(ids == [1, 2, 0], "{ids:?}");
    ensure!(matches!(root.spawn(&program, &with_id(None)?), Err(Error::Full(3))), "a fourth task");
    ensure!(matches!(root.spawn(&program, &with_id(Some(1))?), Err(Error::TaskId(1, 2))), "an id in use");
    ensure!(matches!(root.spawn(&program, &with_id(Some(3))?), Err(Error::TaskId(3, 2))), "an id beyond the end");
    for task in &mut tasks {
        task.kill(libc::SIGKILL)?;
        task.wait()?;
    }
    let mut again = root.spawn(&program, &SpawnOptions { id: Some(2), ..options(&["leave", "exit", "0"])? })?;
    ensure!(again.wait()?.success() && again.wait()?.success(), "an id cannot be used again");
    Ok(())
}

fn concurrent_spawns(leave: &Path) -> Result<()> {
    let root = Root::new(64)?;
    let program = Program::open(leave)?;
    std::thread::scope(|scope| {
        let spawner = |thread: usize| {
            let (root, program) = (&root, &program);
            scope.spawn(move || -> Result<()> {
                for i in 0..40 {
                    let wanted = (thread * 40 + i) % 256;
                    let status = root.spawn(program, &options(&["leave", "exit", &wanted.to_string()])?)?.wait()?;
                    ensure!(status.code() == Some(wanted as i32), "{status} instead of {wanted}");
                }
                Ok(())
            })
        };
        let threads: Vec<_> = (0..8).map(spawner).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a panic"))?)
    })
}
