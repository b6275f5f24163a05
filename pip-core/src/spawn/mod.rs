//! From a program and options to a running task: claim an id, map, build the stack, clone.

mod clone;
mod load;
mod options;

pub use options::SpawnOptions;

use crate::child::Plan;
use crate::hooking;
use crate::registry::{ENVIRONMENT, Entry, Registry, State};
use crate::stack::Stack;
use crate::task::Task;
use crate::{Error, Mode, Program};
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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
    let loaded = load::load(registry, entry, program, &path, options)?;
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
    let (pid, pidfd) = clone::clone(registry, plan, entry, (scratch, room), by)?;
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
    let started = if awaited { clone::await_jump(plan, &mut task) } else { Ok(()) };
    let wait = options.await_loading && !options.stop && options.library.is_some() && program.is_dynamic();
    let started =
        started.and_then(|()| if wait { clone::await_loading(registry, entry, program, options) } else { Ok(()) });
    entry.spawning.store(0, Ordering::Release); // from here on its memory may go
    if let Err(error) = started {
        let _not_a_child_of_a_task = task.reap();
        return Err(error);
    }
    Ok(task)
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
