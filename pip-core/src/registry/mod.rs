//! The table that root and tasks share. A task finds it through `PIP_REGISTRY=<address>:<id>` in its environment and
//! checks magic, version and sizes before it believes a word: each task has its own copy of this code, perhaps another
//! version of it.

mod entry;
mod hold;
mod ledger;
mod names;

pub use entry::{Entry, Loading, Service, State};
pub use hold::Hold;
pub use ledger::{Ledger, Range};
pub use names::{Lookup, NameError, Names};

pub(crate) use entry::NO_STATUS;
pub(crate) use hold::give_memory_back;

use crate::mapping::{Mapping, PAGE, page_up};
use crate::raw::{call, futex_wait, futex_wake};
use crate::{Error, Mode};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::os::unix::ffi::OsStringExt;

/// The environment variable that leads a task to the registry.
pub const ENVIRONMENT: &str = "PIP_REGISTRY";
/// More tasks than this cannot be asked for.
pub const CAPACITY_LIMIT: usize = 4096;

const MAGIC: u64 = u64::from_le_bytes(*b"PiP-rgs\0");
const VERSION: u32 = 2;

/// The head of the shared table; the entries follow it in memory, the root's own as the last. Debuggers find it as the mapping
/// named `/memfd:pip-registry` and read the fields up to `mode` at fixed offsets.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Registry {
    magic: u64,
    version: u32,
    header_size: u32,
    entry_size: u32,
    capacity: u32,
    root_pid: i32,
    mode: u32,
    /// The option bit of `pip_init` under which the mode was asked for.
    pub option: AtomicU32,
    /// A lock for all tasks (`pip_universal_lock`): owner's thread id, then depth.
    pub universal: [AtomicU32; 2],
    /// Where the system-call hooks of the tasks begin ([`crate::hooking`]); 0 if there are none.
    pub(crate) call_tables: AtomicUsize,
    /// The root's copy of [`crate::child::run`]: a task that spawns may be gone with its copy before its child has left it.
    child_path: AtomicUsize,
    /// The root's copy of [`crate::hooks::run_after`]: only that knows the thread-local storage of parked threads.
    pub(crate) run_after: AtomicUsize,
    /// The id after the one that was given last.
    pub(crate) next: AtomicU32,
    /// Grows whenever a task ends in thread mode.
    ends: AtomicU32,
}

impl Registry {
    /// A new registry for `capacity` tasks, which lives as long as the address space.
    pub(crate) fn create(capacity: usize, mode: Mode) -> Result<&'static Registry, Error> {
        let size = page_up(size_of::<Registry>() + (capacity + 1) * size_of::<Entry>());
        let memory = Mapping::named(c"pip-registry", size)?.leak();
        let header = Registry {
            magic: MAGIC,
            version: VERSION,
            header_size: size_of::<Registry>() as u32,
            entry_size: size_of::<Entry>() as u32,
            capacity: capacity as u32,
            root_pid: std::process::id() as i32,
            mode: mode as u32,
            option: AtomicU32::new(0),
            universal: [const { AtomicU32::new(0) }; 2],
            call_tables: AtomicUsize::new(0),
            child_path: AtomicUsize::new(crate::child::run as *const () as usize),
            run_after: AtomicUsize::new(crate::hooks::run_after as *const () as usize),
            next: AtomicU32::new(0),
            ends: AtomicU32::new(0),
        };
        let registry = memory as *mut Registry;
        // SAFETY: fresh memory of sufficient size and alignment; zeroed entries are valid and mean Free.
        let registry = unsafe {
            registry.write(header);
            &*registry
        };
        registry.root_entry().claim();
        registry.root_entry().pid_cell().store(registry.root_pid, Ordering::Release);
        if let Ok(program) = std::env::current_exe().map(|path| path.into_os_string().into_vec())
            && let Ok(program) = std::ffi::CString::new(program)
        {
            // For debuggers; as long-lived as the registry.
            registry.root_entry().program.store(program.into_raw(), Ordering::Release);
        }
        registry.root_entry().set_state(State::Alive);
        Ok(registry)
    }

    /// The registry at `address`, if there is one of this version; the address may be any number.
    pub(crate) fn at(address: usize) -> Option<&'static Registry> {
        if address == 0 || !address.is_multiple_of(align_of::<Registry>()) {
            return None;
        }
        let header: [u8; size_of::<Registry>()] = probe(address)?;
        // SAFETY: a copy of plain integers, every bit pattern of which is valid.
        let header: Registry = unsafe { core::mem::transmute(header) };
        let right = header.is_intact();
        // SAFETY: readable and of our layout; the root never unmaps it.
        right.then(|| unsafe { &*(address as *const Registry) })
    }

    /// Whether a registry of another version lies at `address`.
    pub(crate) fn is_foreign(address: usize) -> bool {
        probe::<8>(address).is_some_and(|magic| u64::from_ne_bytes(magic) == MAGIC)
    }

    /// Whether the header still says what the root wrote: a stray store of any task may have hit it.
    pub fn is_intact(&self) -> bool {
        self.magic == MAGIC
            && self.version == VERSION
            && self.header_size as usize == size_of::<Registry>()
            && self.entry_size as usize == size_of::<Entry>()
            && (1..=CAPACITY_LIMIT).contains(&(self.capacity as usize))
            && self.mode <= Mode::Thread as u32
    }

    /// How this root makes tasks.
    pub fn mode(&self) -> Mode {
        if self.mode == Mode::Thread as u32 { Mode::Thread } else { Mode::Process }
    }

    /// Number of task ids.
    pub fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// The root's PID.
    pub fn root_pid(&self) -> i32 {
        self.root_pid
    }

    /// The entry of task `id`, if there can be such a task.
    pub fn entry(&self, id: usize) -> Option<&Entry> {
        (id < self.capacity()).then(|| self.slot(id))
    }

    /// The root's own entry: its exports, not a task.
    pub fn root_entry(&self) -> &Entry {
        self.slot(self.capacity())
    }

    /// The entries of all tasks, by id.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        (0..self.capacity()).map(|id| self.slot(id))
    }

    fn slot(&self, index: usize) -> &Entry {
        // SAFETY: `create` made room for `capacity` entries behind the header and one for the root.
        unsafe { &*core::ptr::from_ref(self).add(1).cast::<Entry>().add(index) }
    }

    /// Position of `entry` in the table: a task's id.
    pub(crate) fn index(&self, entry: &Entry) -> usize {
        (core::ptr::from_ref(entry) as usize - core::ptr::from_ref(self.slot(0)) as usize) / size_of::<Entry>()
    }

    /// The id that a spawn without a wish most likely gets.
    pub fn next_id(&self) -> usize {
        let first = self.next.load(Ordering::Relaxed) as usize;
        let ids = (0..self.capacity()).map(|i| (first + i) % self.capacity());
        ids.into_iter().find(|id| self.slot(*id).is_claimable()).unwrap_or(0)
    }

    /// Where new tasks begin.
    pub(crate) fn child_path(&self) -> extern "C" fn(usize) -> ! {
        // SAFETY: the root stored this function of its own.
        unsafe { core::mem::transmute::<usize, extern "C" fn(usize) -> !>(self.child_path.load(Ordering::Acquire)) }
    }

    /// Runs the after-hook of the calling task, if it is due, and gives its result.
    pub(crate) fn run_after_hook(&self, entry: &Entry) -> i32 {
        type Run = extern "C" fn(&Entry) -> i32;
        // SAFETY: the root stored this function of its own.
        let run = unsafe { core::mem::transmute::<usize, Run>(self.run_after.load(Ordering::Acquire)) };
        run(entry)
    }

    /// Says that a thread-mode task is ending.
    pub(crate) fn announce_end(&self) {
        self.ends.fetch_add(1, Ordering::AcqRel);
        futex_wake(&self.ends, i32::MAX);
    }

    /// Number of ends announced so far, for [`Registry::await_end`].
    pub(crate) fn ends(&self) -> u32 {
        self.ends.load(Ordering::Acquire)
    }

    /// Sleeps until more than `ends` ends were announced, at most `milliseconds`.
    pub(crate) fn await_end(&self, ends: u32, milliseconds: u64) {
        futex_wait(&self.ends, ends, milliseconds);
    }

    pub(crate) fn address(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }
}

/// Copies `N` bytes from `address` of this address space if they are readable; they must lie in one page. The kernel is asked
/// by a call that reads a path there: it cannot be one, but EFAULT says that nothing is mapped. (`process_vm_readv` does the
/// same at ten times the cost, in every task.)
fn probe<const N: usize>(address: usize) -> Option<[u8; N]> {
    let fault = -(libc::EFAULT as isize);
    let in_one_page = address / PAGE == (address + N - 1) / PAGE;
    if !in_one_page || call!(SYS_faccessat, libc::AT_FDCWD, address, libc::F_OK) == fault {
        return None;
    }
    // SAFETY: the page was readable a moment ago, and registries are never unmapped.
    Some(unsafe { (address as *const [u8; N]).read() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_found_at_its_address_only() {
        let registry = Registry::create(5, Mode::Process).unwrap();
        assert!(std::ptr::eq(Registry::at(registry.address()).unwrap(), registry));
        assert!(Registry::at(0).is_none());
        assert!(Registry::at(registry.address() + 64).is_none());
        assert!(Registry::at(registry.address() + 1).is_none());
        assert!(Registry::at(0x1000).is_none(), "an unmapped address");
        assert!(registry.entry(4).is_some() && registry.entry(5).is_none());
    }

    #[test]
    fn another_version_is_refused() {
        let registry = Registry::create(1, Mode::Thread).unwrap();
        // SAFETY: nobody else knows this registry.
        unsafe { (*(registry.address() as *mut Registry)).version = VERSION + 1 };
        assert!(Registry::at(registry.address()).is_none());
    }
}
