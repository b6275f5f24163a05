//! The processor's counter of TLB misses, where there is one: virtual machines mostly hide it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// The first version of `struct perf_event_attr`, which every kernel takes.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    config1: u64,
}

/// PERF_TYPE_HW_CACHE
const CACHE: u32 = 3;
/// PERF_COUNT_HW_CACHE_DTLB, operation read (0), result miss (1)
const DATA_TLB_READ_MISS: u64 = 3 | 1 << 16;
/// The bits exclude_kernel and exclude_hv: without privilege only the program itself can be counted.
const PROGRAM_ONLY: u64 = 1 << 5 | 1 << 6;

/// Counts the loads of the calling thread that miss the TLB.
#[derive(Debug)]
pub struct Misses(File);

impl Misses {
    /// Begins to count.
    ///
    /// # Errors
    /// Without such a counter, or where counting is forbidden.
    pub fn count() -> io::Result<Misses> {
        let attributes = Attributes {
            kind: CACHE,
            size: size_of::<Attributes>() as u32,
            config: DATA_TLB_READ_MISS,
            flags: PROGRAM_ONLY,
            ..Attributes::default()
        };
        let (this_thread, any_core, no_group, no_flags) = (0, -1, -1, 0);
        let number = libc::SYS_perf_event_open;
        // SAFETY: the kernel reads the local attributes, whose size is in them.
        let result = unsafe { libc::syscall(number, &raw const attributes, this_thread, any_core, no_group, no_flags) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor, nobody else's.
        Ok(Misses(unsafe { OwnedFd::from_raw_fd(result as RawFd) }.into()))
    }

    /// How many there were.
    ///
    /// # Errors
    /// If the counter is in an error state.
    pub fn so_far(&mut self) -> io::Result<u64> {
        let mut value = [0; 8];
        self.0.read_exact(&mut value)?;
        Ok(u64::from_ne_bytes(value))
    }
}
