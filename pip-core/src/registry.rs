//! The table that root and tasks share. A task finds it through `PIP_REGISTRY=<address>:<id>` in its environment and
//! checks magic, version and sizes before it believes a word: each task has its own copy of this code, perhaps another
//! version of it.

use crate::Error;
use crate::mapping::{Mapping, page_up};
use core::ffi::c_void;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering};

/// The environment variable that leads a task to the registry.
pub const ENVIRONMENT: &str = "PIP_REGISTRY";
/// More tasks than this cannot be asked for.
pub const CAPACITY_LIMIT: usize = 4096;

const MAGIC: u64 = u64::from_le_bytes(*b"PiP-rgs\0");
const VERSION: u32 = 1;

/// Exports for libraries of the project, beside the one that belongs to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Service {
    /// The MPI shim's per-rank block.
    MpiShim = 0,
}
const SERVICES: usize = 4;

/// The head of the shared table; the entries follow it in memory.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Registry {
    magic: u64,
    version: u32,
    header_size: u32,
    entry_size: u32,
    capacity: u32,
    root_pid: i32,
}

/// What everybody may know about one task.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Entry {
    state: AtomicU32,
    pid: AtomicI32,
    export: AtomicPtr<c_void>,
    services: [AtomicPtr<c_void>; SERVICES],
}

/// Whether a task id names a living task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Never used, or given back by a wait.
    Free = 0,
    /// Cloned or about to be.
    Alive = 1,
    /// Ended; what it exported must not be used any more.
    Ended = 2,
}

impl Registry {
    /// A new registry for `capacity` tasks, which lives as long as the address space.
    pub(crate) fn create(capacity: usize) -> Result<&'static Registry, Error> {
        let size = page_up(size_of::<Registry>() + capacity * size_of::<Entry>());
        let memory = Mapping::anonymous("the registry", size, libc::PROT_READ | libc::PROT_WRITE, None)?.leak();
        let header = Registry {
            magic: MAGIC,
            version: VERSION,
            header_size: size_of::<Registry>() as u32,
            entry_size: size_of::<Entry>() as u32,
            capacity: capacity as u32,
            root_pid: std::process::id() as i32,
        };
        let registry = memory as *mut Registry;
        // SAFETY: fresh memory of sufficient size and alignment; zeroed entries are valid and mean Free.
        unsafe {
            registry.write(header);
            Ok(&*registry)
        }
    }

    /// The registry at `address`, if there is one of this version; the address may be any number.
    pub(crate) fn at(address: usize) -> Option<&'static Registry> {
        if address == 0 || !address.is_multiple_of(align_of::<Registry>()) {
            return None;
        }
        let header: [u8; size_of::<Registry>()] = probe(address)?;
        // SAFETY: a copy of plain integers, every bit pattern of which is valid.
        let header: Registry = unsafe { core::mem::transmute(header) };
        let right = header.magic == MAGIC
            && header.version == VERSION
            && header.header_size as usize == size_of::<Registry>()
            && header.entry_size as usize == size_of::<Entry>()
            && (1..=CAPACITY_LIMIT).contains(&(header.capacity as usize));
        // SAFETY: readable and of our layout; the root never unmaps it.
        right.then(|| unsafe { &*(address as *const Registry) })
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
        // SAFETY: `create` made room for `capacity` entries behind the header.
        (id < self.capacity()).then(|| unsafe { &*core::ptr::from_ref(self).add(1).cast::<Entry>().add(id) })
    }

    pub(crate) fn address(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }
}

impl Entry {
    /// Free, alive or ended.
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            1 => State::Alive,
            2 => State::Ended,
            _ => State::Free,
        }
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u32, Ordering::Release);
    }

    /// Prepares the entry for a new task.
    pub(crate) fn reset(&self) {
        self.pid.store(0, Ordering::Relaxed);
        self.export.store(core::ptr::null_mut(), Ordering::Relaxed);
        for service in &self.services {
            service.store(core::ptr::null_mut(), Ordering::Relaxed);
        }
        self.set_state(State::Alive);
    }

    /// The task's PID; 0 before it runs.
    pub fn pid(&self) -> i32 {
        self.pid.load(Ordering::Acquire)
    }

    pub(crate) fn pid_cell(&self) -> &AtomicI32 {
        &self.pid
    }

    /// The pointer the task's program exported.
    pub fn export(&self) -> &AtomicPtr<c_void> {
        &self.export
    }

    /// The pointer the task's copy of a library exported.
    pub fn service(&self, service: Service) -> &AtomicPtr<c_void> {
        &self.services[service as usize]
    }
}

/// Copies `N` bytes from `address` of this address space if they are readable.
fn probe<const N: usize>(address: usize) -> Option<[u8; N]> {
    let mut copy = [0u8; N];
    let local = libc::iovec { iov_base: copy.as_mut_ptr().cast(), iov_len: N };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: N };
    // SAFETY: the kernel checks the remote side and writes at most N bytes to the copy.
    let got = unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) };
    (got == N as isize).then_some(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_found_at_its_address_only() {
        let registry = Registry::create(5).unwrap();
        assert!(std::ptr::eq(Registry::at(registry.address()).unwrap(), registry));
        assert!(Registry::at(0).is_none());
        assert!(Registry::at(registry.address() + 64).is_none());
        assert!(Registry::at(registry.address() + 1).is_none());
        assert!(Registry::at(0x1000).is_none(), "an unmapped address");
        assert!(registry.entry(4).is_some() && registry.entry(5).is_none());
    }

    #[test]
    fn another_version_is_refused() {
        let registry = Registry::create(1).unwrap();
        // SAFETY: nobody else knows this registry.
        unsafe { (*(registry.address() as *mut Registry)).version = VERSION + 1 };
        assert!(Registry::at(registry.address()).is_none());
    }
}
