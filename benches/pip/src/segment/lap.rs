//! Timing a call, and telling whether it failed.

use super::calls::{Call, Failure};
use crate::board::Seat;
use crate::cycles;
use libc::{c_int, c_void};
use std::io;
use std::sync::atomic::Ordering;

/// Times the calls of one worker; they give errno when they fail.
pub struct Lap<'a>(pub &'a Seat);

impl Lap<'_> {
    pub fn take<T>(&self, call: Call, action: impl FnOnce() -> Result<T, i32>) -> Result<T, Failure> {
        let (result, cycles) = cycles::of(action);
        self.0.laps[call as usize].store(cycles, Ordering::Relaxed);
        result.map_err(|errno| Failure::new(call, errno))
    }
}

fn errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// A result of which all but the negative ones are good.
pub fn not_negative<T: PartialOrd + Default>(result: T) -> Result<T, i32> {
    if result < T::default() { Err(errno()) } else { Ok(result) }
}

/// A result that is errno itself.
pub fn zero(result: c_int) -> Result<(), i32> {
    if result == 0 { Ok(()) } else { Err(result) }
}

/// An allocation.
pub fn not_null(result: *mut c_void) -> Result<*mut u8, i32> {
    if result.is_null() { Err(errno()) } else { Ok(result.cast()) }
}

/// A mapping.
pub fn mapped(result: *mut c_void) -> Result<*mut u8, i32> {
    if result == libc::MAP_FAILED { Err(errno()) } else { Ok(result.cast()) }
}
