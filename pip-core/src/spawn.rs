//! From a program and options to a running task: claim an id, map, build the stack, clone.

use crate::child::{self, Plan};
use crate::hooking;
use crate::hooks::SpawnHooks;
use crate::image::{self, Image};
use crate::mapping::Mapping;
use crate::registry::{ENVIRONMENT, Entry, Loading, Registry, State};
use crate::stack::{Stack, Start};
use crate::task::Task;
use crate::{Error, Mode, Program, arch};
use core::ffi::c_void;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::ffi::CString;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How to start a task; the default runs nothing: at least `args` must hold argv\[0\].
#[derive(Debug, Clone)]
pub struct SpawnOptions {
    /// argv, including argv\[0\].
    pub args: Vec<CString>,
    /// The whole environment as `KEY=value`; `PIP_REGISTRY` is added.
    pub env: Vec<CString>,
    /// Working directory; the root's if None. Process mode only.
    pub cwd: Option<PathBuf>,
    /// Pairs (descriptor here, descriptor in the task). Others are inherited unless marked close-on-exec. Process mode only.
    pub fds: Vec<(RawFd, RawFd)>,
    /// CPUs to run on; the spawning thread's if None.
    pub affinity: Option<Vec<usize>>,
    /// Whether the task leads a session (and process group) of its own. Process mode only.
    pub new_session: bool,
    /// The task's id; the next free one if None.
    pub id: Option<usize>,
    /// Bytes of stack; the soft RLIMIT_STACK, at most 64 MiB, if None.
    pub stack_size: Option<usize>,
    /// A `libpip.so` to load into the task before its program's own libraries, so that it has the C API from the start.
    pub library: Option<PathBuf>,
    /// Name of a function `int f(void *)` to start at instead of main; needs `library`.
    pub function: Option<CString>,
    /// Its argument.
    pub argument: *mut c_void,
    /// A pointer for the task to find ([`Entry::aux`]).
    pub aux: *mut c_void,
    /// Functions of the root that run in the task at its start and end.
    pub hooks: SpawnHooks,
    /// The command name that ps and top show, up to 15 bytes; the program's file name if None.
    pub comm: Option<CString>,
    /// Wait until the task's loader has found all libraries, and the start function if there is one; needs `library`.
    pub await_loading: bool,
    /// Let the task stop (SIGSTOP) before its program starts. Process mode only.
    pub stop: bool,
    /// Keep what the task mapped when it was waited for, because others still use it.
    pub keep_memory: bool,
}

impl Default for SpawnOptions {
    fn default() -> Self {
        let null = std::ptr::null_mut();
        SpawnOptions {
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            fds: Vec::new(),
            affinity: None,
            new_session: false,
            id: None,
            stack_size: None,
            library: None,
            function: None,
            argument: null,
            aux: null,
            hooks: SpawnHooks::default(),
            comm: None,
            await_loading: false,
            stop: false,
            keep_memory: false,
        }
    }
}

/// Who spawns: a task's tasks become children of the root too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Root,
    Task,
}

pub(crate) fn spawn(
    registry: &'static Registry,
    program: &Program,
    options: &SpawnOptions,
    by: By,
) -> Result<Task, Error> {
    if !registry.is_intact() {
        return Err(Error::Damaged);
    }
    check(registry.mode(), program, options)?;
    let id = claim(registry, options.id)?;
    let entry = registry.entry(id).ok_or(Error::TaskId(id, registry.capacity() - 1))?;
    let mut cloned = false;
    let started = start(registry, id, entry, program, options, by, &mut cloned);
    // What was cloned is cleaned up by whoever waits for it, and the id may be somebody else's by now.
    if started.is_err() && !cloned {
        entry.hooks.release();
        entry.ledger.unmap_all();
        entry.set_state(State::Free);
    }
    started
}

/// What cannot be had in this mode or with this program.
fn check(mode: Mode, program: &Program, options: &SpawnOptions) -> Result<(), Error> {
    let dynamic = program.loader.is_some();
    if options.function.is_some() && !(dynamic && options.library.is_some()) {
        return Err(Error::NotWith("a start function", "a program that has no dynamic loader"));
    }
    if mode == Mode::Process {
        return Ok(());
    }
    if !dynamic || program.elf.fixed {
        return Err(Error::NotWith("thread mode", "a static or non-PIE program; use process mode"));
    }
    if !program.sites().iter().any(|site| site.kind == hooking::Kind::Exit) {
        return Err(Error::NoThreadMode);
    }
    if options.cwd.is_some() || !options.fds.is_empty() || options.new_session || options.stop {
        return Err(Error::NotWith("thread mode", "a working directory, descriptors or a session of the task's own"));
    }
    Ok(())
}

/// Takes a free id: the one wanted, else the next after the last one given.
fn claim(registry: &Registry, wanted: Option<usize>) -> Result<usize, Error> {
    let capacity = registry.capacity();
    let take = |&id: &usize| registry.entry(id).is_some_and(Entry::claim);
    let id = match wanted {
        Some(id) => Some(id).filter(take).ok_or(Error::TaskId(id, capacity - 1))?,
        None => {
            let first = registry.next.load(Ordering::Relaxed) as usize;
            (0..capacity).map(|i| (first + i) % capacity).find(take).ok_or(Error::Full(capacity))?
        }
    };
    registry.next.store((id + 1) as u32, Ordering::Relaxed);
    Ok(id)
}

fn start(
    registry: &'static Registry,
    id: usize,
    entry: &'static Entry,
    program: &Program,
    options: &SpawnOptions,
    by: By,
    cloned: &mut bool,
) -> Result<Task, Error> {
    let absolute = |path: &Path| -> Result<CString, Error> {
        let path = std::path::absolute(path).map_err(|e| Error::System("the working directory", e))?;
        CString::new(path.as_os_str().as_bytes()).map_err(|_| nul(path.display()))
    };
    let path = absolute(program.path())?;
    let own = format!("{ENVIRONMENT}=");
    let mut env = options.env.clone();
    env.retain(|variable| !variable.as_bytes().starts_with(own.as_bytes()));
    env.push(c_string(format!("{ENVIRONMENT}={:#x}:{id}", registry.address()))?);
    let loaded = load(registry, entry, program, &path, options)?;
    let none = c"".to_owned();
    let kept = [path.as_c_str(), options.function.as_ref().unwrap_or(&none).as_c_str()];
    let size = options.stack_size.unwrap_or_else(default_stack);
    let stack = Stack::build(size, &loaded.args, &env, &loaded.start, &kept)?;

    entry.program.store(stack.string(0) as *mut _, Ordering::Release);
    if options.function.is_some() {
        entry.argument.store(options.argument, Ordering::Relaxed);
        entry.function.store(stack.string(1) as *mut _, Ordering::Release);
    }
    entry.aux().store(options.aux, Ordering::Relaxed);
    entry.stack_start.store(stack.range().0, Ordering::Relaxed);
    entry.stack_end.store(stack.range().1, Ordering::Relaxed);
    entry.keep_memory.store(options.keep_memory.into(), Ordering::Relaxed);
    entry.hooks.prepare(&options.hooks)?;

    let directory = match &options.cwd {
        Some(path) => Some(CString::new(path.as_os_str().as_bytes()).map_err(|_| nul(path.display()))?),
        None => None,
    };
    let fds: Vec<[i32; 2]> = options.fds.iter().map(|&(from, to)| [from, to]).collect();
    let mut fd_scratch = vec![0i32; fds.len()];
    let affinity = options.affinity.as_deref().map(cpu_mask);
    let thread = registry.mode() == Mode::Thread;
    // What can fail in the child, points to memory of this function, or (its first instructions) is code of a task.
    let awaited = by == By::Task || !fds.is_empty() || directory.is_some() || affinity.is_some() || options.new_session;

    // The plan lives at the bottom of the task's own stack: the child still reads it while it jumps.
    let (scratch, room) = stack.scratch();
    let plan = scratch.next_multiple_of(align_of::<Plan>()) as *mut Plan;
    // SAFETY: the bottom of a stack of many pages, which nobody uses yet.
    let plan = unsafe {
        plan.write(Plan {
            state: AtomicU32::new(0),
            errno: AtomicI32::new(0),
            step: AtomicU32::new(0),
            root_pid: registry.root_pid(),
            entry: loaded.start.entry,
            stack: stack.top(),
            fds: fds.as_ptr(),
            fd_count: fds.len(),
            fd_scratch: fd_scratch.as_mut_ptr(),
            fd_floor: fds.iter().map(|pair| pair[1] + 1).max().unwrap_or(0),
            fd_bound: if thread { 0 } else { crate::descriptors::bound() },
            directory: directory.as_ref().map_or(std::ptr::null(), |path| path.as_ptr().cast()),
            affinity: affinity.as_ref().map_or(std::ptr::null(), |mask| mask.as_ptr()),
            affinity_bytes: affinity.as_ref().map_or(0, |mask| mask.len() * 8),
            new_session: options.new_session,
            name: comm(program, options),
            task: entry,
            id,
            awaited,
            thread,
            stop: options.stop,
            signal_stack: if options.library.is_some() { stack.for_signals() } else { (0, 0) },
        });
        &*plan
    };
    entry.set_state(State::Alive);
    let (pid, pidfd) = clone(registry, plan, entry, (scratch, room), by)?;
    *cloned = true;
    let mut task = Task::new(registry, id, pid, pidfd);
    // A task that spawns has mapped this through its own hooked mmap: it is the new task's now.
    let spawner = crate::current::current().map(|task| task.entry());
    let hand_over = |(start, end): (usize, usize)| {
        entry.ledger.insert(start, end);
        spawner.map(|spawner| spawner.ledger.cut(start, end));
    };
    hand_over(stack.into_range());
    for image in loaded.mappings {
        let end = image.end();
        hand_over((image.leak(), end));
    }
    let started = if awaited { await_jump(plan, &mut task) } else { Ok(()) };
    let wait = options.await_loading && !options.stop && options.library.is_some() && program.is_dynamic();
    let started = started.and_then(|()| if wait { await_loading(registry, entry, program, options) } else { Ok(()) });
    entry.spawning.store(0, Ordering::Release); // from here on its memory may go
    if let Err(error) = started {
        let _not_a_child_of_a_task = task.reap();
        return Err(error);
    }
    Ok(task)
}

/// What was mapped, where it starts and with which arguments.
struct Loaded {
    mappings: Vec<Mapping>,
    start: Start,
    args: Vec<CString>,
}

/// Maps the program or its loader.
fn load(
    registry: &Registry,
    entry: &Entry,
    program: &Program,
    path: &CString,
    options: &SpawnOptions,
) -> Result<Loaded, Error> {
    let map = |p: &Program| -> Result<Image, Error> {
        let image = Image::map(&p.elf, &p.file, p.path())?;
        let places = p.sites().iter().map(|site| (image.file_address(&p.elf, site.offset), site.kind));
        hooking::hook(registry, entry, places);
        image.protect_code(&p.elf)?;
        Ok(image)
    };
    let Some(loader) = &program.loader else {
        let image = map(program)?;
        entry.load_bias.store(image.address(0), Ordering::Relaxed);
        let (program_entry, phdr) = (image.address(program.elf.entry), image.address(program.elf.phdr));
        let start = Start { entry: program_entry, phdr, phnum: program.elf.phnum, base: 0, program_entry };
        return Ok(Loaded { mappings: vec![image.into_mapping()], start, args: options.args.clone() });
    };
    // The loader runs as a command and maps the program itself, so $ORIGIN is the program's own directory; as the kernel's
    // interpreter it would ask /proc/self/exe, which is the root's for every task.
    let image = map(loader)?;
    entry.r_debug.store(loader.r_debug().map_or(0, |offset| image.address(offset)), Ordering::Release);
    let (at, phdr, phnum) = (image.address(loader.elf.entry), image.address(loader.elf.phdr), loader.elf.phnum);
    let c_path = |p: &Path| CString::new(p.as_os_str().as_bytes()).map_err(|_| nul(p.display()));
    let mut args = vec![c_path(loader.path())?];
    if let Some(library) = &options.library {
        args.extend([c"--preload".to_owned(), preloadable(library)?]);
    }
    args.extend([c"--argv0".to_owned(), options.args.first().cloned().unwrap_or_default(), path.clone()]);
    args.extend(options.args.iter().skip(1).cloned());
    let mut mappings = vec![image.into_mapping()];
    if program.elf.fixed {
        // The loader will map over it without asking whether the range is free; this asks.
        mappings.push(image::reserve_fixed(&program.elf, program.path())?);
    }
    Ok(Loaded { mappings, start: Start { entry: at, phdr, phnum, base: 0, program_entry: at }, args })
}

/// ld.so takes spaces and colons for separators, so a path with one goes through a descriptor of the root's.
fn preloadable(library: &Path) -> Result<CString, Error> {
    static OPENED: std::sync::Mutex<Vec<(PathBuf, CString)>> = std::sync::Mutex::new(Vec::new());
    if !library.as_os_str().as_bytes().iter().any(|byte| b" :".contains(byte)) {
        return CString::new(library.as_os_str().as_bytes()).map_err(|_| nul(library.display()));
    }
    let mut opened = OPENED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some((_, name)) = opened.iter().find(|(path, _)| path == library) {
        return Ok(name.clone());
    }
    let file = std::fs::File::open(library).map_err(|e| Error::System("libpip.so", e))?;
    let name = c_string(format!("/proc/{}/fd/{}", std::process::id(), std::os::fd::IntoRawFd::into_raw_fd(file)))?;
    opened.push((library.to_owned(), name.clone()));
    Ok(name)
}

/// Clones the child onto the stack's free room, with all signals blocked so that no handler of the root runs in it.
fn clone(
    registry: &Registry,
    plan: &Plan,
    entry: &Entry,
    (scratch, room): (usize, usize),
    by: By,
) -> Result<(i32, Option<OwnedFd>), Error> {
    let mut pidfd: RawFd = -1;
    /// linux/sched.h; libc's constant is too narrow for it.
    const CLONE_CLEAR_SIGHAND: u64 = 1 << 32;
    // SAFETY: all-zero is a valid clone_args.
    let mut clone_args: libc::clone_args = unsafe { std::mem::zeroed() };
    // The kernel stores the task's id before anybody can see it run.
    clone_args.flags = (libc::CLONE_VM | libc::CLONE_PARENT_SETTID) as u64;
    clone_args.parent_tid = entry.pid_cell().as_ptr() as u64;
    if plan.thread {
        let shared =
            libc::CLONE_THREAD | libc::CLONE_SIGHAND | libc::CLONE_FILES | libc::CLONE_FS | libc::CLONE_SYSVSEM;
        clone_args.flags |= (shared | libc::CLONE_CHILD_CLEARTID) as u64;
        clone_args.child_tid = entry.thread.as_ptr() as u64;
        // Not 0: a thread is there. The kernel clears it at the end.
        entry.thread.store(1, Ordering::Relaxed);
    } else {
        clone_args.flags |= libc::CLONE_PIDFD as u64 | CLONE_CLEAR_SIGHAND;
        clone_args.pidfd = &raw mut pidfd as u64;
        match by {
            By::Root => clone_args.exit_signal = libc::SIGCHLD as u64,
            By::Task => clone_args.flags |= libc::CLONE_PARENT as u64, // the root's child, with this task's exit signal
        }
    }
    clone_args.stack = scratch as u64;
    clone_args.stack_size = (room & !15) as u64;
    // SAFETY: the child gets a stack of its own and keeps the rules of the child path.
    let result = unsafe {
        let (mut all, mut old): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
        let result = arch::clone3(&clone_args, registry.child_path(), std::ptr::from_ref(plan) as usize);
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
        result
    };
    if result < 0 {
        return Err(Error::Clone { id: plan.id, source: io::Error::from_raw_os_error(-result as i32) });
    }
    // SAFETY: the kernel stored a new descriptor, close-on-exec, that only we know.
    Ok((result as i32, (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) })))
}

/// Waits until the child has jumped, so that what its plan points to may be freed.
fn await_jump(plan: &Plan, task: &mut Task) -> Result<(), Error> {
    let mut vanished = false;
    while plan.state.load(Ordering::Acquire) == 0 && !vanished {
        // The timeout is there for a child that was killed before it could report.
        crate::raw::futex_wait(&plan.state, 0, 50);
        let ended = task.has_ended().map_err(|e| Error::System("waitid", e));
        vanished = ended.unwrap_or(true) && plan.state.load(Ordering::Acquire) == 0;
    }
    if vanished {
        return Err(Error::Vanished(task.id()));
    }
    if plan.state.load(Ordering::Acquire) == child::JUMPED {
        return Ok(());
    }
    let step = child::STEPS.get(plan.step.load(Ordering::Relaxed) as usize).copied().unwrap_or("start");
    let source = io::Error::from_raw_os_error(plan.errno.load(Ordering::Relaxed));
    Err(Error::Setup { id: task.id(), step: step.to_owned(), source })
}

/// Waits for the report of the task's libpip. A before-hook that failed is no failure to load.
fn await_loading(registry: &Registry, entry: &Entry, program: &Program, options: &SpawnOptions) -> Result<(), Error> {
    let function = || options.function.as_ref().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let path = || program.path().to_owned();
    loop {
        let living = crate::task::is_living(registry, entry);
        // Asked for after the task was seen alive or not: it may have come all the way and ended meanwhile.
        match if living { entry.await_loading(20) } else { entry.loading() } {
            Loading::Done => return Ok(()),
            Loading::NoFunction => return Err(Error::NoFunction(path(), function())),
            Loading::ManyFunctions => return Err(Error::ManyFunctions(path(), function())),
            Loading::Unknown if living => {}
            Loading::Unknown if entry.hook_failed() => return Ok(()),
            Loading::Unknown => return Err(Error::NotLoaded(path())),
        }
    }
}

/// The name for PR_SET_NAME, NUL-terminated.
fn comm(program: &Program, options: &SpawnOptions) -> [u8; 16] {
    let base = program.path().file_name().unwrap_or_default().as_bytes();
    let text = options.comm.as_ref().map_or(base, |name| name.as_bytes());
    let mut name = [0u8; 16];
    name[..text.len().min(15)].copy_from_slice(&text[..text.len().min(15)]);
    name
}

fn default_stack() -> usize {
    const MOST: u64 = 64 << 20;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills a local.
    unsafe { libc::getrlimit(libc::RLIMIT_STACK, &mut limit) };
    crate::mapping::page_up(limit.rlim_cur.clamp(1 << 20, MOST) as usize)
}

fn cpu_mask(cpus: &[usize]) -> Vec<u64> {
    let mut mask = vec![0u64; cpus.iter().max().map_or(1, |last| last / 64 + 1)];
    for cpu in cpus {
        mask[cpu / 64] |= 1 << (cpu % 64);
    }
    mask
}

fn c_string(text: String) -> Result<CString, Error> {
    CString::new(text).map_err(|e| Error::Nul(String::from_utf8_lossy(&e.into_vec()).into_owned()))
}

fn nul(text: impl ToString) -> Error {
    Error::Nul(text.to_string())
}
