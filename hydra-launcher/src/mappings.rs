//! Memory mappings: all ranks of a node share one address space, and so the number that the kernel allows.

use std::fs::{self, File};
use std::io::{self, Read};

/// If there are about as many mappings as the kernel allows, what to do about it: a rank that failed did so because of it.
pub fn exhausted() -> Option<String> {
    let limit: usize = fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()?;
    let count = count().ok()?;
    (count * 100 >= limit * 95).then(|| {
        format!(
            "the ranks together hold {count} memory mappings, and vm.max_map_count allows {limit}: allow more with \
             sysctl -w vm.max_map_count={}",
            limit * 4
        )
    })
}

/// Lines of /proc/self/maps, read in small pieces: where no mapping can be made there is no memory for large ones.
fn count() -> io::Result<usize> {
    let (mut maps, mut piece, mut lines) = (File::open("/proc/self/maps")?, [0; 4096], 0);
    loop {
        match maps.read(&mut piece)? {
            0 => return Ok(lines),
            read => lines += piece[..read].iter().filter(|&&byte| byte == b'\n').count(),
        }
    }
}
