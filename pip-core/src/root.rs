//! The root: makes the address space fit for tasks and starts them.

use crate::child::{self, Plan};
use crate::image::Image;
use crate::registry::{CAPACITY_LIMIT, ENVIRONMENT, Registry, State};
use crate::stack::{Stack, Start};
use crate::task::{Memory, Task};
use crate::{Error, Program, arch, fence};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::ffi::CString;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The one root of an address space. The thread that calls [`Root::spawn`] must live as long as the tasks it started:
/// the kernel ends them (SIGKILL) when that thread ends.
#[derive(Debug)]
pub struct Root {
    registry: &'static Registry,
}

/// How to start a task; the default runs nothing: at least `args` must hold argv\[0\].
#[derive(Debug, Default, Clone)]
pub struct SpawnOptions {
    /// argv, including argv\[0\].
    pub args: Vec<CString>,
    /// The whole environment as `KEY=value`; `PIP_REGISTRY` is added.
    pub env: Vec<CString>,
    /// Working directory; the root's if None.
    pub cwd: Option<PathBuf>,
    /// Pairs (descriptor here, descriptor in the task). Others are inherited unless marked close-on-exec.
    pub fds: Vec<(RawFd, RawFd)>,
    /// CPUs to run on; the spawning thread's if None.
    pub affinity: Option<Vec<usize>>,
    /// Whether the task leads a session (and process group) of its own.
    pub new_session: bool,
    /// The task's id; the lowest free one if None.
    pub id: Option<usize>,
    /// Bytes of stack; the soft RLIMIT_STACK, at most 64 MiB, if None.
    pub stack_size: Option<usize>,
}

static IS_ROOT: AtomicBool = AtomicBool::new(false);

impl Root {
    /// Makes the calling process a root of at most `max_tasks` tasks at a time (1 to 4096).
    pub fn new(max_tasks: usize) -> Result<Root, Error> {
        if !(1..=CAPACITY_LIMIT).contains(&max_tasks) {
            return Err(Error::TaskCount(max_tasks, CAPACITY_LIMIT));
        }
        if IS_ROOT.swap(true, Ordering::SeqCst) {
            return Err(Error::AlreadyRoot);
        }
        fence::raise()?;
        Ok(Root { registry: Registry::create(max_tasks)? })
    }

    /// The table shared with the tasks.
    pub fn registry(&self) -> &'static Registry {
        self.registry
    }

    /// Starts `program` as a new task. Returns once the task has jumped to its entry point.
    pub fn spawn(&self, program: &Program, options: &SpawnOptions) -> Result<Task, Error> {
        let id = self.claim(options.id)?;
        let started = self.start(id, program, options);
        if started.is_err() {
            self.registry.entry(id).inspect(|entry| entry.set_state(State::Free));
        }
        started
    }

    /// Takes a free id, so that two threads never start the same task.
    fn claim(&self, wanted: Option<usize>) -> Result<usize, Error> {
        static CLAIM: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _one_at_a_time = CLAIM.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let capacity = self.registry.capacity();
        let free = |&id: &usize| self.registry.entry(id).is_some_and(|entry| entry.state() != State::Alive);
        let id = match wanted {
            Some(id) => Some(id).filter(free).ok_or(Error::TaskId(id, capacity - 1))?,
            None => (0..capacity).find(free).ok_or(Error::Full(capacity))?,
        };
        self.registry.entry(id).inspect(|entry| entry.reset());
        Ok(id)
    }

    fn start(&self, id: usize, program: &Program, options: &SpawnOptions) -> Result<Task, Error> {
        let entry = self.registry.entry(id).ok_or(Error::TaskId(id, self.registry.capacity() - 1))?;
        let mut env = options.env.clone();
        env.push(c_string(format!("{ENVIRONMENT}={:#x}:{id}", self.registry.address()))?);
        let (images, start, args) = load(program, &options.args)?;
        let stack = Stack::build(options.stack_size.unwrap_or_else(default_stack), &args, &env, &start)?;

        let directory = match &options.cwd {
            Some(path) => Some(CString::new(path.as_os_str().as_bytes()).map_err(|_| nul(path.display()))?),
            None => None,
        };
        let fds: Vec<[i32; 2]> = options.fds.iter().map(|&(from, to)| [from, to]).collect();
        let mut fd_scratch = vec![0i32; fds.len()];
        let affinity = options.affinity.as_deref().map(cpu_mask);
        let mut name = [0u8; 16];
        let base = program.path().file_name().unwrap_or_default().as_bytes();
        name[..base.len().min(15)].copy_from_slice(&base[..base.len().min(15)]);

        // The plan lives at the bottom of the task's own stack: the child still reads it while it jumps.
        let (scratch, room) = stack.scratch();
        let plan = scratch.next_multiple_of(align_of::<Plan>()) as *mut Plan;
        // SAFETY: the bottom of a stack of many pages, which nobody uses yet.
        let plan = unsafe {
            plan.write(Plan {
                state: AtomicU32::new(0),
                errno: AtomicI32::new(0),
                step: AtomicU32::new(0),
                root_pid: libc::getpid(),
                entry: start.entry,
                stack: stack.top(),
                fds: fds.as_ptr(),
                fd_count: fds.len(),
                fd_scratch: fd_scratch.as_mut_ptr(),
                fd_floor: fds.iter().map(|pair| pair[1] + 1).max().unwrap_or(0),
                directory: directory.as_ref().map_or(std::ptr::null(), |path| path.as_ptr().cast()),
                affinity: affinity.as_ref().map_or(std::ptr::null(), |mask| mask.as_ptr()),
                affinity_bytes: affinity.as_ref().map_or(0, |mask| mask.len() * 8),
                new_session: options.new_session,
                name,
                pid: entry.pid_cell(),
            });
            &*plan
        };
        let (pid, pidfd) = clone(plan, (scratch, room), id)?;
        let mut task = Task { id, pid, pidfd, entry, status: None, memory: None };
        await_jump(plan, &mut task)?;
        task.memory = Some(Memory { _stack: stack, _images: images });
        Ok(task)
    }
}

/// Maps the program or its loader, and says where to start and with which arguments.
fn load(program: &Program, args: &[CString]) -> Result<(Vec<Image>, Start, Vec<CString>), Error> {
    let map = |p: &Program| Image::map(&p.elf, &p.file, p.path());
    match &program.loader {
        // A loader that runs as a command maps the program itself, so $ORIGIN is the program's own directory; as the
        // kernel's interpreter it would ask /proc/self/exe, which is the root's for every task.
        Some(loader) if !program.elf.fixed => {
            let image = map(loader)?;
            let entry = image.address(loader.elf.entry);
            let (phdr, phnum) = (image.address(loader.elf.phdr), loader.elf.phnum);
            let path = |p: &std::path::Path| CString::new(p.as_os_str().as_bytes()).map_err(|_| nul(p.display()));
            let mut command = vec![path(loader.path())?, c"--argv0".to_owned()];
            command.push(args.first().cloned().unwrap_or_default());
            command.push(path(
                &std::path::absolute(program.path()).map_err(|e| Error::System("the working directory", e))?,
            )?);
            command.extend(args.iter().skip(1).cloned());
            Ok((vec![image], Start { entry, phdr, phnum, base: 0, program_entry: entry }, command))
        }
        loader => {
            let image = map(program)?;
            let program_entry = image.address(program.elf.entry);
            let (phdr, phnum) = (image.address(program.elf.phdr), program.elf.phnum);
            let mut start = Start { entry: program_entry, phdr, phnum, base: 0, program_entry };
            let mut images = vec![image];
            if let Some(loader) = loader {
                let image = map(loader)?;
                (start.entry, start.base) = (image.address(loader.elf.entry), image.base());
                images.push(image);
            }
            Ok((images, start, args.to_vec()))
        }
    }
}

/// Clones the child onto the stack's free room, with all signals blocked so that no handler of the root runs in it.
fn clone(plan: &Plan, (scratch, room): (usize, usize), id: usize) -> Result<(i32, OwnedFd), Error> {
    let mut pidfd: RawFd = -1;
    /// linux/sched.h; libc's constant is too narrow for it.
    const CLONE_CLEAR_SIGHAND: u64 = 1 << 32;
    // SAFETY: all-zero is a valid clone_args.
    let mut clone_args: libc::clone_args = unsafe { std::mem::zeroed() };
    clone_args.flags = (libc::CLONE_VM | libc::CLONE_PIDFD) as u64 | CLONE_CLEAR_SIGHAND;
    clone_args.pidfd = &raw mut pidfd as u64;
    clone_args.exit_signal = libc::SIGCHLD as u64;
    clone_args.stack = scratch as u64;
    clone_args.stack_size = (room & !15) as u64;
    // SAFETY: the child gets a stack of its own and keeps the rules of the child path.
    let result = unsafe {
        let (mut all, mut old): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
        let result = arch::clone3(&clone_args, child::run, std::ptr::from_ref(plan) as usize);
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
        result
    };
    if result < 0 {
        return Err(Error::Clone { id, source: io::Error::from_raw_os_error(-result as i32) });
    }
    // SAFETY: the kernel stored a new descriptor, close-on-exec, that only we know.
    Ok((result as i32, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}

/// Waits until the child has jumped, so that what its plan points to may be freed.
fn await_jump(plan: &Plan, task: &mut Task) -> Result<(), Error> {
    while plan.state.load(Ordering::Acquire) == 0 {
        let tick = libc::timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        // SAFETY: waits on a word of the plan; the timeout is there for a child that was killed before it could report.
        unsafe {
            let op = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
            libc::syscall(libc::SYS_futex, plan.state.as_ptr(), op, 0, &raw const tick);
        }
        let ended = task.has_ended().map_err(|e| Error::System("waitid", e))?;
        if ended && plan.state.load(Ordering::Acquire) == 0 {
            task.wait().map_err(|e| Error::System("waitpid", e))?;
            return Err(Error::Vanished(task.id));
        }
    }
    if plan.state.load(Ordering::Acquire) == child::JUMPED {
        return Ok(());
    }
    task.wait().map_err(|e| Error::System("waitpid", e))?;
    let step = child::STEPS.get(plan.step.load(Ordering::Relaxed) as usize).copied().unwrap_or("start");
    let source = io::Error::from_raw_os_error(plan.errno.load(Ordering::Relaxed));
    Err(Error::Setup { id: task.id, step: step.to_owned(), source })
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
