//! Which participants share an address space, as the kernel says.

use anyhow::{Result, ensure};
use bench_pip::board::Seat;
use std::sync::atomic::Ordering;

/// KCMP_VM of linux/kcmp.h
const KCMP_VM: libc::c_int = 1;

/// One participant of each address space.
///
/// # Errors
/// On a kernel without kcmp(2), or where it is forbidden.
pub fn distinct(seats: &[Seat]) -> Result<Vec<&Seat>> {
    let mut found: Vec<&Seat> = Vec::new();
    for seat in seats {
        let mut known = false;
        for other in &found {
            known |= share_one(seat, other)?;
        }
        if !known {
            found.push(seat);
        }
    }
    Ok(found)
}

fn share_one(a: &Seat, b: &Seat) -> Result<bool> {
    let tid = |seat: &Seat| seat.tid.load(Ordering::Relaxed);
    // SAFETY: only compares two threads.
    let result = unsafe { libc::syscall(libc::SYS_kcmp, tid(a), tid(b), KCMP_VM, 0, 0) };
    ensure!(
        result >= 0,
        "kcmp(2) cannot tell whether two participants share an address space: {}",
        std::io::Error::last_os_error()
    );
    Ok(result == 0)
}
