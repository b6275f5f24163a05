//! Who calls: the root, a task, or a hook of the root that runs in a task; and which task a pipid means.

use crate::errno::Errno;
use pip_core::registry::{Entry, Registry};
use pip_core::{Root, current, hooks};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex};

/// PIP_PIPID_ROOT and its relatives.
pub const PIPID_ROOT: i32 = -748;
pub const PIPID_MYSELF: i32 = -749;
pub const PIPID_ANY: i32 = -750;

/// The calling root or task.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub registry: &'static Registry,
    /// None for the root.
    pub id: Option<usize>,
}

/// What this copy of the library knows as a root.
#[derive(Debug, Clone)]
pub struct RootState {
    pub root: Arc<Root>,
    pid: i32,
}

static ROOT: Mutex<Option<RootState>> = Mutex::new(None);
/// The PID for which ROOT is set, so that the many callers who are no root need no lock.
static ROOT_PID: AtomicI32 = AtomicI32::new(0);

/// Makes `root` the one that this process's calls mean; None after pip_fin.
pub fn set_root(root: Option<Root>) {
    let pid = std::process::id() as i32;
    let state = root.map(|root| RootState { root: Arc::new(root), pid });
    ROOT_PID.store(if state.is_some() { pid } else { 0 }, Ordering::Release);
    *ROOT.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = state;
}

/// The root, if this process is one; a hook that runs in a task's process is not, though it is code of the root.
pub fn root() -> Option<RootState> {
    if ROOT_PID.load(Ordering::Acquire) == 0 {
        return None;
    }
    let state = ROOT.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()?;
    (state.pid == std::process::id() as i32 && hooks::running_for().is_none()).then_some(state)
}

/// The caller, or EPERM where there is no root or the registry was overwritten.
pub fn caller() -> Result<Caller, Errno> {
    let found = find().ok_or(Errno::EPERM)?;
    if !found.registry.is_intact() {
        static SAID: AtomicBool = AtomicBool::new(false);
        if !SAID.swap(true, Ordering::Relaxed) {
            crate::messages::error(&pip_core::Error::Damaged.to_string());
        }
        return Err(Errno::EPERM);
    }
    Ok(found)
}

/// The caller, even if the registry is damaged.
pub fn find() -> Option<Caller> {
    if let Some(id) = hooks::running_for() {
        let state = ROOT.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()?;
        return Some(Caller { registry: state.root.registry(), id: Some(id) });
    }
    if let Some(task) = current::current() {
        return Some(Caller { registry: task.registry(), id: Some(task.id()) });
    }
    root().map(|state| Caller { registry: state.root.registry(), id: None })
}

impl Caller {
    /// The caller's own entry.
    pub fn entry(&self) -> &'static Entry {
        match self.id.and_then(|id| self.registry.entry(id)) {
            Some(entry) => entry,
            None => self.registry.root_entry(),
        }
    }

    /// The root or task that `pipid` means (`pip_check_pipid`); None for the root.
    pub fn resolve(&self, pipid: i32) -> Result<Option<usize>, Errno> {
        match pipid {
            PIPID_ROOT => Ok(None),
            PIPID_MYSELF => Ok(self.id),
            PIPID_ANY | -751 => Err(Errno::EINVAL),
            id => match usize::try_from(id) {
                Ok(id) if id < self.registry.capacity() => Ok(Some(id)),
                _ => Err(Errno::ERANGE),
            },
        }
    }

    /// The entry of the root or task that `pipid` means.
    pub fn entry_of(&self, pipid: i32) -> Result<&'static Entry, Errno> {
        Ok(match self.resolve(pipid)? {
            Some(id) => self.registry.entry(id).ok_or(Errno::ERANGE)?,
            None => self.registry.root_entry(),
        })
    }

    /// Whether that root or task is still there to be talked to.
    pub fn is_living(&self, entry: &Entry) -> bool {
        std::ptr::eq(entry, self.registry.root_entry()) || pip_core::task::is_living(self.registry, entry)
    }
}

/// The pipid of a root (None) or task as C programs see it.
pub fn pipid(id: Option<usize>) -> i32 {
    id.map_or(PIPID_ROOT, |id| id as i32)
}
