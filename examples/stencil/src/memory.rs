//! Whether there is enough memory, asked before it is touched: the kernel promises more than it has, and kills who takes it.

use anyhow::{Result, anyhow, ensure};
use nix::sys::statvfs::statvfs;
use std::fs;
use std::path::Path;

use crate::comm::Comm;

/// Checks that the ranks of a node find `bytes` each (they may differ) on it. All ranks of the node call.
///
/// # Errors
/// If their sum exceeds what the kernel says is available.
pub fn enough(node: &Comm, bytes: u64, size: usize) -> Result<()> {
    let needed = node.sum(bytes);
    // Without this file nobody knows, and the allocations will tell.
    let Some(available) = kilobytes("/proc/meminfo", "MemAvailable:").map(|number| number * 1024) else {
        return Ok(());
    };
    ensure!(
        needed <= available,
        "--size {size} needs {} of memory on a node, and {} are available; give a smaller one",
        amount(needed),
        amount(available)
    );
    Ok(())
}

/// That many zeros.
///
/// # Errors
/// If there is no memory.
pub fn reserve(length: usize) -> Result<Vec<f64>> {
    let mut numbers = Vec::new();
    let bytes = (length * size_of::<f64>()) as u64;
    numbers
        .try_reserve_exact(length)
        .map_err(|_| anyhow!("there are no {} of memory; give a smaller --size", amount(bytes)))?;
    numbers.resize(length, 0.0);
    Ok(numbers)
}

/// Checks that what is mapped at `address`, if it is a file, can grow to `bytes`.
///
/// # Errors
/// If its file system has no room for them.
pub fn fits_its_file(address: usize, bytes: u64) -> Result<()> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let Some(folder) = maps.lines().find_map(|line| folder_at(line, address)) else { return Ok(()) };
    let Ok(room) = statvfs(folder) else { return Ok(()) };
    let free = room.blocks_available() * room.fragment_size();
    ensure!(
        bytes <= free,
        "a window of {} does not fit {}, where {} are free; give a smaller --size or make room",
        amount(bytes),
        folder.display(),
        amount(free)
    );
    Ok(())
}

/// The folder of the file that a line of /proc/self/maps shows at `address`.
fn folder_at(line: &str, address: usize) -> Option<&Path> {
    let (start, end) = line.split_whitespace().next()?.split_once('-')?;
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    let file = line.find('/')?;
    Path::new(&line[file..]).parent().filter(|_| range.contains(&address))
}

/// The number behind `name` in a file of the kernel, in kB.
pub fn kilobytes(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

/// Bytes for readers.
pub fn amount(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        bytes => format!("{:.1} MB", bytes / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_at_an_address_is_found() {
        let line = "7f00-7f80 rw-s 00000000 00:1a 12   /dev/shm/mpich shm (deleted)";
        assert_eq!(folder_at(line, 0x7f10), Some(Path::new("/dev/shm")));
        assert_eq!(folder_at(line, 0x7f80), None);
        assert_eq!(folder_at("7f00-7f80 rw-p 00000000 00:00 0", 0x7f10), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        // This test's code is mapped from a file.
        let address = the_file_at_an_address_is_found as fn() as usize;
        assert!(fits_its_file(address, 0).is_ok());
        let why = fits_its_file(address, u64::MAX).unwrap_err().to_string();
        assert!(why.contains("does not fit"), "{why}");
    }
}
