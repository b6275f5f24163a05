//! How far up a process's file descriptors may go.

use std::sync::atomic::{AtomicI32, Ordering};

/// Limits up to this are taken for the bound themselves: looking so many numbers up costs less than asking.
const FEW: u64 = 4096;

/// A number that is above all open descriptors of this process: its soft RLIMIT_NOFILE, or where that is large or was lowered
/// the size of its table.
pub fn bound() -> i32 {
    static HIGHEST: AtomicI32 = AtomicI32::new(0);
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills a local.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    let known = HIGHEST.load(Ordering::Relaxed);
    if known > 0 && limit.rlim_cur <= FEW {
        return HIGHEST.fetch_max(limit.rlim_cur as i32, Ordering::Relaxed).max(limit.rlim_cur as i32);
    }
    let few = if limit.rlim_cur <= FEW { limit.rlim_cur as i32 } else { 0 };
    let bound = table_size().unwrap_or(i32::MAX).max(few);
    HIGHEST.fetch_max(bound, Ordering::Relaxed);
    bound
}

/// FDSize of /proc/self/status; the table never shrinks.
fn table_size() -> Option<i32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("FDSize:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bound_is_above_every_open_descriptor() {
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        let highest = open.filter_map(|entry| entry.unwrap().file_name().to_string_lossy().parse().ok()).max();
        assert!(super::table_size().unwrap() >= 64);
        for _ in 0..2 {
            assert!(super::bound() > highest.unwrap_or(0));
        }
    }
}
