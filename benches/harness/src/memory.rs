//! What the kernel says about memory: page faults, page tables, address spaces, and how much is left.

use std::path::Path;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::statvfs::statvfs;

/// `KCMP_VM` of kcmp(2): whether two processes have one address space.
const KCMP_VM: i32 = 1;

/// Page faults of this thread so far that needed no input or output; 0 when the kernel does not tell.
pub fn minor_faults() -> i64 {
    getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |usage| usage.minor_page_faults())
}

/// KiB of the page tables of this address space; None when /proc does not tell.
pub fn page_tables() -> Option<u64> {
    kibibytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmPTE:")
}

/// Bytes that programs can allocate before the machine has to swap; None when /proc does not tell.
pub fn available() -> Option<u64> {
    Some(kibibytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")? << 10)
}

/// Bytes that are free in the file system of `path`.
pub fn free_in(path: &Path) -> Option<u64> {
    statvfs(path).ok().map(|file_system| file_system.blocks_available() * file_system.fragment_size())
}

/// The number behind `key` in lines like `VmPTE:      132 kB`.
fn kibibytes(lines: &str, key: &str) -> Option<u64> {
    let value = lines.lines().find_map(|line| line.strip_prefix(key))?;
    value.split_whitespace().next()?.parse().ok()
}

/// Whether the processes `one` and `other` have one address space; None when the kernel does not tell.
pub fn share_address_space(one: i32, other: i32) -> Option<bool> {
    if one == other {
        return Some(true);
    }
    // SAFETY: kcmp(2) only compares, and takes numbers.
    match unsafe { libc::syscall(libc::SYS_kcmp, one, other, KCMP_VM, 0, 0) } {
        0 => Some(true),
        1..=3 => Some(false),
        _ => None,
    }
}

/// Adds the values of processes, (process, value), but of each address space only the first. None when the kernel does not
/// tell which processes share one.
pub fn once_per_address_space(values: &[(i32, u64)]) -> Option<u64> {
    let mut sum = 0;
    for (index, &(process, value)) in values.iter().enumerate() {
        let earlier = values[..index].iter().map(|&(other, _)| share_address_space(other, process));
        if !earlier.collect::<Option<Vec<_>>>()?.contains(&true) {
            sum += value;
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_key() {
        let status = "Name:\tx\nVmPTE:\t     132 kB\nVmSwap:\t 0 kB\n";
        assert_eq!(kibibytes(status, "VmPTE:"), Some(132));
        assert_eq!(kibibytes(status, "VmData:"), None);
        assert!(page_tables().expect("Linux") > 0 && available().expect("Linux") > 0);
    }

    #[test]
    fn a_touched_page_is_a_fault() {
        let (bytes, before) = (64 << 20, minor_faults());
        let memory = vec![1u8; std::hint::black_box(bytes)];
        assert!(minor_faults() > before, "{}", memory.len());
    }

    #[test]
    fn an_address_space_counts_once() {
        let myself = std::process::id() as i32;
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
        let other = child.id() as i32;
        let sum = once_per_address_space(&[(myself, 3), (other, 5), (myself, 7), (other, 11)]);
        child.kill().expect("our child");
        child.wait().expect("our child");
        // Where kcmp(2) is not allowed nothing is claimed.
        assert!(sum.is_none_or(|sum| sum == 8), "{sum:?}");
    }
}
