//! Which MPI library this process runs on: what it calls itself, and the file it was loaded from.

use std::ffi::c_char;
use std::path::PathBuf;

use mpi::ffi;

/// The first line of MPI_Get_library_version. May be called before MPI is initialised.
pub fn version() -> String {
    // SAFETY: a constant of rsmpi's C part.
    let room = unsafe { ffi::RSMPI_MAX_LIBRARY_VERSION_STRING } as usize;
    let (mut text, mut length) = (vec![0u8; room + 1], 0);
    // SAFETY: the buffer has the room that the standard asks for, and MPI writes the length.
    unsafe { ffi::MPI_Get_library_version(text.as_mut_ptr().cast::<c_char>(), &raw mut length) };
    let text = String::from_utf8_lossy(&text[..length.clamp(0, room as i32) as usize]).into_owned();
    text.trim_end_matches('\0').lines().next().unwrap_or_default().replace('\t', " ")
}

/// The file that holds MPI_Get_library_version, which nothing interposes; None when /proc does not tell.
pub fn file() -> Option<PathBuf> {
    mapped_at(ffi::MPI_Get_library_version as *const () as usize)
}

/// The file that is mapped at `address`; None when there is none or /proc does not tell.
pub fn mapped_at(address: usize) -> Option<PathBuf> {
    mapped_file(&std::fs::read_to_string("/proc/self/maps").ok()?, address)
}

/// The file that is mapped at `address`, by the lines of /proc/PID/maps.
fn mapped_file(maps: &str, address: usize) -> Option<PathBuf> {
    maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        // Permissions, offset, device and inode come before the path, which may hold spaces.
        let path = &rest[rest.find('/')?..];
        range.contains(&address).then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapped_file_is_found_by_address() {
        let maps = "1000-2000 r--p 00000000 fe:00 12 /lib/libmpi.so.12\n\
            2000-3000 rw-p 00000000 00:00 0 \n\
            3000-5000 r-xp 00001000 fe:00 13                         /a folder/libmpi.so.40\n";
        assert_eq!(mapped_file(maps, 0x1fff), Some("/lib/libmpi.so.12".into()));
        assert_eq!(mapped_file(maps, 0x2800), None);
        assert_eq!(mapped_file(maps, 0x3000), Some("/a folder/libmpi.so.40".into()));
        assert_eq!(mapped_file(maps, 0x5000), None);
    }
}
