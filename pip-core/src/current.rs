//! A task's view: am I a task, which one, and where are the others.

use crate::registry::{ENVIRONMENT, Entry, Registry, Service, State};
use crate::spawn::{self, SpawnOptions};
use crate::{Error, Mode, Program, Task};
use core::ffi::c_void;
use core::sync::atomic::Ordering;
use std::sync::OnceLock;

/// The calling process as a task of a PiP root.
#[derive(Debug, Clone, Copy)]
pub struct Current {
    registry: &'static Registry,
    id: usize,
}

/// The calling process as a task, or None if it is none: not started by a root, or a process that a task forked.
pub fn current() -> Option<Current> {
    static FOUND: OnceLock<Option<Current>> = OnceLock::new();
    let found = *FOUND.get_or_init(find);
    found.filter(Current::is_this_process)
}

fn find() -> Option<Current> {
    let (address, id) = named()?;
    let registry = Registry::at(address)?;
    registry.entry(id).map(|_| Current { registry, id })
}

/// The registry's address and the task's id, as the environment has them.
fn named() -> Option<(usize, usize)> {
    let value = std::env::var(ENVIRONMENT).ok()?;
    let (address, id) = value.split_once(':')?;
    Some((usize::from_str_radix(address.strip_prefix("0x")?, 16).ok()?, id.parse().ok()?))
}

/// Whether a root of another version of this library started the calling task, so that neither can talk to the other.
pub fn has_foreign_root() -> bool {
    named().is_some_and(|(address, _)| Registry::at(address).is_none() && Registry::is_foreign(address))
}

impl Current {
    /// False in a process that the task forked, and once the registry's header was overwritten.
    fn is_this_process(&self) -> bool {
        let own = std::process::id() as i32;
        self.registry.is_intact()
            && match self.registry.mode() {
                Mode::Process => self.entry().pid() == own,
                Mode::Thread => self.registry.root_pid() == own,
            }
    }

    /// Starts `program` as another task of the same root, which waits for it. Hooks are functions of the root and cannot be had.
    pub fn spawn(&self, program: &Program, options: &SpawnOptions) -> Result<Task, Error> {
        if options.hooks.before.is_some() || options.hooks.after.is_some() {
            return Err(Error::NotWith("a spawn hook", "a task that spawns a task"));
        }
        spawn::spawn(self.registry, program, options, spawn::By::Task)
    }

    /// This task's id.
    pub fn id(&self) -> usize {
        self.id
    }

    /// The table of all tasks.
    pub fn registry(&self) -> &'static Registry {
        self.registry
    }

    /// What everybody may know about this task.
    pub fn entry(&self) -> &'static Entry {
        self.registry.entry(self.id).unwrap_or_else(|| crate::arch::trap()) // `find` checked the id
    }

    /// Offers `pointer` to the other tasks; [`Current::import`] with this task's id gives it to them. What it leads to
    /// must stay in place until this task ends.
    pub fn export(&self, pointer: *mut c_void) {
        self.entry().export().store(pointer, Ordering::Release);
    }

    /// What task `id` exported; None if it exported nothing, has ended or never lived.
    pub fn import(&self, id: usize) -> Option<core::ptr::NonNull<c_void>> {
        let entry = self.registry.entry(id).filter(|entry| entry.state() == State::Alive)?;
        core::ptr::NonNull::new(entry.export().load(Ordering::Acquire))
    }

    /// Like [`Current::export`], for a library instead of the program.
    pub fn export_service(&self, service: Service, pointer: *mut c_void) {
        self.entry().service(service).store(pointer, Ordering::Release);
    }

    /// Like [`Current::import`], for a library instead of the program.
    pub fn import_service(&self, id: usize, service: Service) -> Option<core::ptr::NonNull<c_void>> {
        core::ptr::NonNull::new(self.registry.entry(id)?.service(service).load(Ordering::Acquire))
    }
}
