//! Memory of malloc that the others attach by XPMEM's functions.

use super::calls::{Call, Failure};
use super::lap::{Lap, mapped, not_negative};
use crate::board::Board;
use crate::xpmem::{Address, PERMIT_MODE, READ_WRITE, Xpmem};
use libc::c_void;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::atomic::Ordering;

/// The permissions: a file mode in place of a pointer.
const MODE: *mut c_void = without_provenance_mut(0o600);

/// Makes a segment and tells the others its id.
pub fn make(xpmem: &Xpmem, board: &Board, lap: &Lap, address: *mut u8, bytes: usize) -> Result<isize, Failure> {
    // SAFETY: the caller's own memory.
    let make = || not_negative(unsafe { (xpmem.make)(address.cast(), bytes, PERMIT_MODE, MODE) });
    let id = lap.take(Call::Make, make)?;
    board.handle.store(id as u64, Ordering::Release);
    Ok(id)
}

/// Where the memory is, and the access that was got to it.
pub fn attach(xpmem: &Xpmem, board: &Board, lap: &Lap, bytes: usize) -> Result<(*mut u8, isize), Failure> {
    let segment = board.handle.load(Ordering::Acquire) as isize;
    // SAFETY: the owner made the segment.
    let get = || not_negative(unsafe { (xpmem.get)(segment, READ_WRITE, PERMIT_MODE, MODE) });
    let access = lap.take(Call::Get, get)?;
    // SAFETY: all of the segment, at an address of XPMEM's choice.
    let attach = || mapped(unsafe { (xpmem.attach)(Address(access, 0), bytes, null_mut()) });
    Ok((lap.take(Call::Attach, attach)?, access))
}

pub fn detach(xpmem: &Xpmem, lap: &Lap, address: *mut u8, access: isize) -> Result<(), Failure> {
    // SAFETY: `attach` attached it, and nothing points into it any more.
    lap.take(Call::Detach, || not_negative(unsafe { (xpmem.detach)(address.cast()) }))?;
    // SAFETY: `attach` got the access.
    lap.take(Call::Release, || not_negative(unsafe { (xpmem.release)(access) })).map(drop)
}

pub fn remove(xpmem: &Xpmem, lap: &Lap, id: isize) -> Result<(), Failure> {
    // SAFETY: `make` made it.
    lap.take(Call::Remove, || not_negative(unsafe { (xpmem.remove)(id) })).map(drop)
}
