//! `coreno` of a spawn: which cores a task may run on.

use crate::errno::Errno;
use crate::messages;
use std::sync::OnceLock;

const ASIS: u32 = 0x1 << 24;
const ABS: u32 = 0x2 << 24;
const MOST: u32 = 1 << 20;

/// The cores for `coreno`; None to leave the spawning thread's.
pub fn choose(coreno: u32) -> Result<Option<Vec<usize>>, Errno> {
    let (flag, number) = (coreno & 0xff00_0000, coreno & 0x00ff_ffff);
    match flag {
        ASIS if number == 0 => Ok(None),
        ABS if number < MOST => {
            if all().contains(&(number as usize)) {
                return Ok(Some(vec![number as usize]));
            }
            messages::warn(&format!("core {number} cannot be used, so the task is not bound to it"));
            Ok(None)
        }
        0 if number < MOST => Ok(all().get(number as usize % all().len().max(1)).map(|core| vec![*core])),
        _ => Err(Errno::EINVAL),
    }
}

/// The cores this process could use when it first asked.
fn all() -> &'static [usize] {
    static ALL: OnceLock<Vec<usize>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut mask = [0u64; 128];
        // SAFETY: the kernel fills at most that many bytes.
        let bytes = unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, size_of_val(&mask), mask.as_mut_ptr()) };
        let words = usize::try_from(bytes).unwrap_or(0) / 8;
        (0..words * 64).filter(|core| mask[core / 64] >> (core % 64) & 1 == 1).collect()
    })
}
