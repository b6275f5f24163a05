//! What a run costs the kernel: page faults and page tables.

use nix::sys::resource::{UsageWho, getrusage};

use crate::comm::Comm;
use crate::memory::kilobytes;

/// Kilobytes of page tables of all ranks, each address space counted once.
pub struct PageTables {
    /// None if a rank's kernel does not say.
    pub kilobytes: Option<u64>,
}

/// Which ranks share an address space.
pub struct AddressSpaces {
    /// Address spaces that all ranks together have.
    pub count: u64,
    /// Whether the kernel has answered; if not, `count` is the number of ranks.
    pub known: bool,
    /// Whether this rank is the first one in its address space.
    first: bool,
}

impl AddressSpaces {
    /// Asks the kernel (kcmp) about the ranks of each node.
    pub fn find(comm: &Comm, node: &Comm) -> Self {
        let pids = node.all(u64::from(std::process::id()));
        let (before, mine) = (&pids[..node.rank as usize], pids[node.rank as usize]);
        let answers: Vec<_> = before.iter().map(|&pid| same_address_space(pid, mine)).collect();
        let known = comm.sum(answers.iter().filter(|answer| answer.is_none()).count() as u64) == 0;
        let first = !known || !answers.contains(&Some(true));
        Self { count: comm.sum(first.into()), known, first }
    }

    /// The size of the page tables now (VmPTE), summed over the address spaces.
    pub fn page_tables(&self, comm: &Comm) -> PageTables {
        let mine = kilobytes("/proc/self/status", "VmPTE:");
        let sum = comm.sum(if self.first { mine.unwrap_or(0) } else { 0 });
        let known = comm.sum(mine.is_none().into()) == 0;
        PageTables { kilobytes: known.then_some(sum) }
    }
}

/// Whether two processes have one memory map; None if the kernel does not say.
fn same_address_space(one: u64, other: u64) -> Option<bool> {
    /// Of linux/kcmp.h: compare what CLONE_VM shares.
    const KCMP_VM: i32 = 1;
    // SAFETY: the call compares, and touches no memory of ours.
    match unsafe { libc::syscall(libc::SYS_kcmp, one as libc::pid_t, other as libc::pid_t, KCMP_VM, 0, 0) } {
        -1 => None,
        order => Some(order == 0),
    }
}

/// Minor page faults of this rank so far.
pub fn minor_faults() -> u64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.minor_page_faults() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_shares_its_address_space_with_itself_and_not_with_its_parent() {
        let (own, parent) = (std::process::id().into(), std::os::unix::process::parent_id().into());
        // A kernel may refuse to say.
        assert_ne!(same_address_space(own, own), Some(false));
        assert_ne!(same_address_space(own, parent), Some(true));
    }

    #[test]
    fn touching_pages_counts() {
        let before = minor_faults();
        // 40 huge pages, or many small ones.
        std::hint::black_box(vec![1u8; 80 << 20]);
        assert!(minor_faults() >= before + 40);
    }
}
