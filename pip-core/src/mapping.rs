//! An anonymous or file mapping that is unmapped when dropped.

use crate::Error;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};

/// An owned range of address space.
#[derive(Debug)]
pub struct Mapping {
    start: usize,
    len: usize,
}

/// The size of a page; x86-64 has no other base page size.
pub const PAGE: usize = 4096;

/// `value` rounded up to whole pages.
pub const fn page_up(value: usize) -> usize {
    (value + PAGE - 1) & !(PAGE - 1)
}

/// `value` rounded down to a page boundary.
pub const fn page_down(value: usize) -> usize {
    value & !(PAGE - 1)
}

impl Mapping {
    /// Maps `len` bytes (whole pages) of zeros with `protection`, at `fixed` if given and free.
    pub fn anonymous(what: &'static str, len: usize, protection: i32, fixed: Option<usize>) -> Result<Mapping, Error> {
        let place = if fixed.is_some() { libc::MAP_FIXED_NOREPLACE } else { 0 };
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | place;
        // SAFETY: without MAP_FIXED the kernel never touches an existing mapping.
        let start = unsafe { libc::mmap(fixed.unwrap_or(0) as *mut _, len, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(Error::Map { what, size: len, reason: io::Error::last_os_error() });
        }
        let mapping = Mapping { start: start as usize, len };
        match fixed {
            // A kernel without MAP_FIXED_NOREPLACE (before 4.17) takes the address as a hint.
            Some(wanted) if wanted != mapping.start => {
                Err(Error::Map { what, size: len, reason: io::Error::from_raw_os_error(libc::EEXIST) })
            }
            _ => Ok(mapping),
        }
    }

    /// Maps `len` bytes (whole pages) of zeros whose line in /proc/PID/maps reads `/memfd:NAME`.
    pub fn named(name: &std::ffi::CStr, len: usize) -> Result<Mapping, Error> {
        let failed = |reason| Error::Map { what: "the registry", size: len, reason };
        // SAFETY: a C string; the new descriptor is owned here.
        let file = unsafe {
            match libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) {
                -1 => return Err(failed(io::Error::last_os_error())),
                fd => std::fs::File::from_raw_fd(fd),
            }
        };
        file.set_len(len as u64).map_err(failed)?;
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE);
        // SAFETY: the kernel chooses the place; private pages stay when the descriptor is closed.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), len, prot, flags, file.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(failed(io::Error::last_os_error()));
        }
        Ok(Mapping { start: start as usize, len })
    }

    /// First address.
    pub fn start(&self) -> usize {
        self.start
    }

    /// One past the last address.
    pub fn end(&self) -> usize {
        self.start + self.len
    }

    /// Cuts the mapping to `start..end`, giving the rest back; used to align a reservation.
    pub fn trim(&mut self, start: usize, end: usize) {
        debug_assert!(self.start <= start && start < end && end <= self.end());
        // SAFETY: both cut ranges belong to this mapping and nothing refers to them yet.
        unsafe {
            if start > self.start {
                libc::munmap(self.start as *mut _, start - self.start);
            }
            if self.end() > end {
                libc::munmap(end as *mut _, self.end() - end);
            }
        }
        (self.start, self.len) = (start, end - start);
    }

    /// Keeps the memory for the life of the process.
    pub fn leak(self) -> usize {
        let start = self.start;
        std::mem::forget(self);
        start
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours alone; whoever dropped it says that nobody uses it any more.
        unsafe { libc::munmap(self.start as *mut _, self.len) };
    }
}
