//! The root: makes the address space fit for tasks.

use crate::registry::{CAPACITY_LIMIT, Registry};
use crate::spawn::{self, SpawnOptions};
use crate::task::Task;
use crate::{Error, Mode, Program, faults, fence, hooking, tracking};
use core::sync::atomic::{AtomicI32, Ordering};

/// The one root of an address space. The thread that calls [`Root::spawn`] must live as long as the tasks it started:
/// the kernel ends them (SIGKILL) when that thread ends.
#[derive(Debug)]
pub struct Root {
    registry: &'static Registry,
}

/// Registers the address space for membarrier(2) with private expedited commands, so that tasks that register, too, find it
/// done: nothing while one thread uses it, later a wait of milliseconds until all cores have been through the scheduler
/// (sync_runqueues_membarrier_state of Linux). Kernels that cannot will tell the task.
fn register_membarrier() {
    const REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4; // linux/membarrier.h
    // SAFETY: no memory is passed.
    unsafe { libc::syscall(libc::SYS_membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0) };
}

/// The PID under which this process is a root: a child it forks is none.
static ROOT_PID: AtomicI32 = AtomicI32::new(0);

impl Root {
    /// Makes the calling process a root of at most `max_tasks` tasks at a time (1 to 4096), each a process.
    pub fn new(max_tasks: usize) -> Result<Root, Error> {
        Root::with_mode(max_tasks, Mode::Process)
    }

    /// Like [`Root::new`], with tasks of either kind.
    pub fn with_mode(max_tasks: usize, mode: Mode) -> Result<Root, Error> {
        if !(1..=CAPACITY_LIMIT).contains(&max_tasks) {
            return Err(Error::TaskCount(max_tasks, CAPACITY_LIMIT));
        }
        let pid = std::process::id() as i32;
        if ROOT_PID.swap(pid, Ordering::SeqCst) == pid {
            return Err(Error::AlreadyRoot);
        }
        let made = Root::make(max_tasks, mode);
        if made.is_err() {
            ROOT_PID.store(0, Ordering::SeqCst);
        }
        made
    }

    fn make(max_tasks: usize, mode: Mode) -> Result<Root, Error> {
        register_membarrier();
        fence::raise()?;
        let registry = Registry::create(max_tasks, mode)?;
        // SAFETY: a C string; the symbol is absent in a static program.
        let debug = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_r_debug".as_ptr()) };
        registry.root_entry().r_debug.store(debug as usize, Ordering::Release);
        tracking::REGISTRY.store(std::ptr::from_ref(registry).cast_mut(), Ordering::Release);
        let known = hooking::LIBC.find();
        hooking::create_tables(registry);
        if mode == Mode::Thread {
            if !known || registry.call_tables.load(Ordering::Acquire) == 0 {
                return Err(Error::NoThreadMode);
            }
            install_end_handler()?;
            faults::install_in_root(registry);
        }
        Ok(Root { registry })
    }

    /// The table shared with the tasks.
    pub fn registry(&self) -> &'static Registry {
        self.registry
    }

    /// How this root makes tasks.
    pub fn mode(&self) -> Mode {
        self.registry.mode()
    }

    /// Starts `program` as a new task. Returns once the task has jumped to its entry point.
    pub fn spawn(&self, program: &Program, options: &SpawnOptions) -> Result<Task, Error> {
        spawn::spawn(self.registry, program, options, spawn::By::Root)
    }

    /// Waits until any task has ended, and for that one as [`Task::wait`] does; None without tasks. With `block` false, None also
    /// if none has ended yet.
    pub fn wait_any(&self, block: bool) -> std::io::Result<Option<(usize, std::process::ExitStatus)>> {
        crate::task::wait_any(self.registry, block)
    }

    /// Stops being the root, so that the process can become one again. No task may be left ([`Error::TasksLeft`]).
    pub fn finish(&self) -> Result<(), Error> {
        let left = self.registry.entries().filter(|entry| entry.is_in_use()).count();
        if left > 0 {
            return Err(Error::TasksLeft(left));
        }
        if self.mode() == Mode::Thread {
            faults::uninstall();
        }
        ROOT_PID.store(0, Ordering::SeqCst);
        Ok(())
    }
}

/// The handler that ends the other threads of a thread-mode task which ends.
fn install_end_handler() -> Result<(), Error> {
    // SAFETY: a handler that makes one system call; all-zero is a valid sigaction.
    let result = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = tracking::on_end_signal as *const () as usize;
        action.sa_flags = libc::SA_ONSTACK;
        libc::sigaction(tracking::END_SIGNAL, &action, std::ptr::null_mut())
    };
    if result != 0 { Err(Error::System("sigaction", std::io::Error::last_os_error())) } else { Ok(()) }
}
