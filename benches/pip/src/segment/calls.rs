//! The ways to share memory, and the calls that each takes.

use crate::order::Order;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// How memory is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Way {
    /// Tasks: malloc, and the pointer exported under a name.
    Export = 0,
    /// Threads: malloc, and the pointer stored where the others find it.
    Store,
    /// Processes: POSIX shared memory.
    Shm,
    /// The same, and the one who maps it has all page-table entries made (MAP_POPULATE).
    ShmPopulate,
    /// Tasks: XPMEM's functions as the library for tasks has them.
    XpmemOfTasks,
    /// Processes: XPMEM's functions and device.
    XpmemDevice,
}

macro_rules! calls {
    ($($call:ident $name:literal),* $(,)?) => {
        /// A call that is timed; its number is its place among the laps of a seat.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is named for its function")]
        pub enum Call { $($call),* }

        /// How many calls there are.
        pub const CALLS: usize = [$($name),*].len();
        const ALL: [(Call, &str); CALLS] = [$((Call::$call, $name)),*];
    };
}

calls! {
    Malloc "malloc", Free "free", Export "pip_named_export", Import "pip_named_import", Store "store", Load "load",
    ShmOpen "shm_open", Ftruncate "ftruncate", Fallocate "posix_fallocate", Mmap "mmap", Close "close",
    Munmap "munmap", Unlink "shm_unlink", Make "xpmem_make", Get "xpmem_get", Attach "xpmem_attach",
    Detach "xpmem_detach", Release "xpmem_release", Remove "xpmem_remove", Status "reading VmPTE in /proc/thread-self/status",
}

impl Call {
    /// The function's name.
    pub fn name(self) -> &'static str {
        ALL[self as usize].1
    }
}

/// Who makes which calls, in their order.
#[derive(Debug)]
pub struct Calls {
    /// The owner's, until the others can get at the memory.
    pub share: &'static [Call],
    /// One other worker's, until it has a pointer.
    pub obtain: &'static [Call],
    /// That worker's afterwards.
    pub leave: &'static [Call],
    /// The owner's afterwards.
    pub withdraw: &'static [Call],
}

impl Way {
    pub(super) const ALL: [Way; 6] =
        [Way::Export, Way::Store, Way::Shm, Way::ShmPopulate, Way::XpmemOfTasks, Way::XpmemDevice];

    /// The calls.
    pub fn calls(self) -> Calls {
        use Call::{
            Attach, Close, Detach, Export, Free, Ftruncate, Get, Import, Load, Make, Malloc, Mmap, Munmap, Release,
            Remove, ShmOpen, Store, Unlink,
        };
        match self {
            Way::Export => Calls { share: &[Malloc, Export], obtain: &[Import], leave: &[], withdraw: &[Free] },
            Way::Store => Calls { share: &[Malloc, Store], obtain: &[Load], leave: &[], withdraw: &[Free] },
            Way::Shm | Way::ShmPopulate => Calls {
                share: &[ShmOpen, Ftruncate, Mmap, Close],
                obtain: &[ShmOpen, Mmap, Close],
                leave: &[Munmap],
                withdraw: &[Munmap, Unlink],
            },
            Way::XpmemOfTasks | Way::XpmemDevice => Calls {
                share: &[Malloc, Make],
                obtain: &[Get, Attach],
                leave: &[Detach, Release],
                withdraw: &[Remove, Free],
            },
        }
    }
}

/// A call that failed, with its errno.
#[derive(Debug)]
pub struct Failure(Call, i32);

impl Failure {
    /// This call gave this errno.
    pub fn new(call: Call, errno: i32) -> Failure {
        Failure(call, errno)
    }

    /// Leaves it for the one who gave the order.
    pub fn put(&self, place: &AtomicU64) {
        place.store(((self.0 as u64 + 1) << 32) | u64::from(self.1.cast_unsigned()), Ordering::Relaxed);
    }

    /// What was left, if anything.
    pub fn take(place: &AtomicU64) -> Option<Failure> {
        let value = place.swap(0, Ordering::Relaxed);
        let (call, _) = ALL.get(((value >> 32) as usize).checked_sub(1)?)?;
        Some(Failure(*call, (value as u32).cast_signed()))
    }

    /// It as a sentence.
    pub fn into_error(self, order: Order, seat: usize, bytes: u64) -> anyhow::Error {
        let (call, why) = (self.0.name(), io::Error::from_raw_os_error(self.1));
        let hint = if [libc::ENOMEM, libc::ENOSPC].contains(&self.1) { "; --quick takes less memory" } else { "" };
        anyhow::anyhow!("{call} of {bytes} bytes by participant {seat}, at {order:?}: {why}{hint}")
    }
}
