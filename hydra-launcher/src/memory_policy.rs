//! The memory policy that tasks inherit from the thread that starts them.

use crate::binding::Memory;
use crate::topology::Cpus;
use nix::errno::Errno;

/// The policy while this lives; dropped, the thread has the default again.
#[derive(Debug)]
pub struct Applied(bool);

impl Memory {
    /// Sets the policy of this thread.
    pub fn apply(&self) -> nix::Result<Applied> {
        let (mode, nodes) = match self {
            Memory::Default => return Ok(Applied(false)),
            Memory::Bind(nodes) => (libc::MPOL_BIND, nodes),
            Memory::Interleave(nodes) => (libc::MPOL_INTERLEAVE, nodes),
        };
        set(mode, &words(nodes))?;
        Ok(Applied(true))
    }
}

impl Drop for Applied {
    fn drop(&mut self) {
        if self.0 {
            let _ = set(libc::MPOL_DEFAULT, &[]);
        }
    }
}

/// Nodes as the kernel's bit mask.
fn words(nodes: &Cpus) -> Vec<u64> {
    let mut words = vec![0; nodes.last().map_or(0, |last| last / 64 + 1)];
    nodes.iter().for_each(|node| words[node / 64] |= 1 << (node % 64));
    words
}

fn set(mode: i32, words: &[u64]) -> nix::Result<()> {
    let mask = if words.is_empty() { std::ptr::null() } else { words.as_ptr() };
    // The kernel counts one bit less than it is told.
    let bits = if words.is_empty() { 0 } else { words.len() * 64 + 1 };
    // SAFETY: set_mempolicy reads the mask of at most `bits` - 1 bits, which `words` holds, and touches no other memory.
    let result = unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, mask, bits) };
    Errno::result(result).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_lasts_as_long_as_its_guard() {
        let mode = || {
            let mut mode = -1i32;
            let null = std::ptr::null_mut::<u64>();
            // SAFETY: get_mempolicy writes one int.
            let result = unsafe { libc::syscall(libc::SYS_get_mempolicy, &mut mode, null, 0, null, 0) };
            assert_eq!(result, 0);
            mode
        };
        let applied = Memory::Bind(Cpus::from([0])).apply().expect("node 0 exists");
        assert_eq!(mode(), libc::MPOL_BIND);
        drop(applied);
        assert_eq!(mode(), libc::MPOL_DEFAULT);
        assert!(Memory::Interleave(Cpus::from([900])).apply().is_err());
        assert_eq!(words(&Cpus::from([0, 65])), [1, 2]);
    }
}
