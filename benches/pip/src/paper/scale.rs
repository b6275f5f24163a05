//! How much is measured, and whether there is room for it.

use anyhow::{Context, Result, ensure};
use std::ffi::CString;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// How much is measured in a round.
#[derive(Debug)]
pub struct Scale {
    /// Rounds, unless the command line says how many.
    pub rounds: usize,
    /// Sizes of memory that is set up.
    pub sizes: &'static [usize],
    /// How often each of them.
    pub repeats: usize,
    /// Size of the memory that is touched.
    pub touched: usize,
    /// Numbers of participants that share it.
    pub participants: &'static [usize],
    /// Pages read after each hand-over.
    pub pages: &'static [u64],
    /// Hand-overs there and back in a sample.
    pub hand_overs: u64,
}

/// What the paper measured, and more sizes.
pub const FULL: Scale = Scale {
    rounds: 7,
    sizes: &[4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, 1024 * MIB],
    repeats: 20,
    touched: 128 * MIB,
    participants: &[1, 2, 4, 8, 16],
    pages: &[0, 16, 64, 256, 512, 1024, 2048],
    hand_overs: 1000,
};

/// To see that everything works.
pub const QUICK: Scale = Scale {
    rounds: 1,
    sizes: &[4 * KIB, MIB],
    repeats: 3,
    touched: 32 * MIB,
    participants: &[1, 2, 4],
    pages: &[0, 64],
    hand_overs: 50,
};

impl Scale {
    /// Refuses what would end in the middle for want of memory.
    pub fn check_room(&self) -> Result<()> {
        let needed = self.touched.max(self.pages.iter().max().map_or(0, |pages| *pages as usize * 4 * KIB));
        let mib = |bytes: usize| bytes.div_ceil(MIB);
        let shm = free_shm()?;
        ensure!(
            shm >= needed,
            "/dev/shm has {} MiB free and {} MiB are to be shared; make room there, or give --quick, which shares {} MiB",
            shm / MIB,
            mib(needed),
            mib(QUICK.touched)
        );
        let memory = available_memory()?;
        // Beside it: sixteen processes with their libraries.
        let all = needed + 128 * MIB;
        ensure!(memory >= all, "{} MiB of memory are available and {} MiB are needed", memory / MIB, mib(all));
        Ok(())
    }
}

fn free_shm() -> Result<usize> {
    let path = CString::from(c"/dev/shm");
    // SAFETY: all-zero is a valid statvfs, which the call fills.
    let (result, status) = unsafe {
        let mut status: libc::statvfs = std::mem::zeroed();
        (libc::statvfs(path.as_ptr(), &mut status), status)
    };
    ensure!(result == 0, "there is no /dev/shm for POSIX shared memory: {}", std::io::Error::last_os_error());
    Ok(status.f_bavail as usize * status.f_frsize as usize)
}

fn available_memory() -> Result<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    Ok(kib.context("/proc/meminfo has no MemAvailable")? * KIB)
}
