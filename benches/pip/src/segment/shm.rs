//! POSIX shared memory.

use super::calls::{Call, Failure};
use super::lap::{Lap, mapped, not_negative, zero};
use libc::{c_int, off_t};
use std::ffi::{CStr, CString};

/// The name of the shared memory of the process that measures, for shm_open.
pub fn name(owner: u32) -> CString {
    CString::new(format!("/bench-pip.{owner}")).unwrap_or_default() // a number has no null byte
}

/// Makes and maps it. With `solid` the memory is there before it is used, not only promised.
pub fn create(lap: &Lap, name: &CStr, bytes: usize, solid: bool) -> Result<*mut u8, Failure> {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    // SAFETY: a C string.
    let file = lap.take(Call::ShmOpen, || not_negative(unsafe { libc::shm_open(name.as_ptr(), flags, 0o600) }))?;
    // SAFETY: our own new descriptor.
    lap.take(Call::Ftruncate, || not_negative(unsafe { libc::ftruncate(file, bytes as off_t) }))?;
    if solid {
        // SAFETY: the same. Memory that is missing is an error here; where it is touched it would be SIGBUS.
        lap.take(Call::Fallocate, || zero(unsafe { libc::posix_fallocate(file, 0, bytes as off_t) }))?;
    }
    map_and_close(lap, file, bytes, 0)
}

/// Opens and maps what another worker has made.
pub fn open(lap: &Lap, name: &CStr, bytes: usize, populate: bool) -> Result<*mut u8, Failure> {
    // SAFETY: a C string.
    let file = lap.take(Call::ShmOpen, || not_negative(unsafe { libc::shm_open(name.as_ptr(), libc::O_RDWR, 0) }))?;
    map_and_close(lap, file, bytes, if populate { libc::MAP_POPULATE } else { 0 })
}

fn map_and_close(lap: &Lap, file: c_int, bytes: usize, flags: c_int) -> Result<*mut u8, Failure> {
    let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | flags);
    let address = lap.take(Call::Mmap, || {
        // SAFETY: new memory, at an address of the kernel's choice.
        mapped(unsafe { libc::mmap(std::ptr::null_mut(), bytes, prot, flags, file, 0) })
    })?;
    // SAFETY: the descriptor is the caller's, who does not use it again.
    lap.take(Call::Close, || not_negative(unsafe { libc::close(file) }))?;
    Ok(address)
}

pub fn unmap(lap: &Lap, address: *mut u8, bytes: usize) -> Result<(), Failure> {
    // SAFETY: a mapping made above, into which nothing points any more.
    lap.take(Call::Munmap, || not_negative(unsafe { libc::munmap(address.cast(), bytes) })).map(drop)
}

pub fn unlink(lap: &Lap, name: &CStr) -> Result<(), Failure> {
    // SAFETY: a C string.
    lap.take(Call::Unlink, || not_negative(unsafe { libc::shm_unlink(name.as_ptr()) })).map(drop)
}
