//! Looks an address up in /proc/self/maps with a small buffer and raw system calls, for code that may not allocate.

use crate::faults::Line;
use crate::raw::call;
use core::fmt::Write;

/// The file (or `[name]`) mapped at `address`, written to `path`, and the address relative to the
/// file's first mapping, as addr2line and debuggers count; None where nothing is mapped.
pub(crate) fn find(address: usize, path: &mut Line) -> Option<usize> {
    let file = call!(SYS_openat, libc::AT_FDCWD, c"/proc/self/maps".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
    if file < 0 {
        return None;
    }
    let (mut line, mut used, mut found, mut image) = ([0u8; 512], 0, None, (0, 0));
    let mut block = [0u8; 2048];
    'file: loop {
        let got = call!(SYS_read, file, block.as_mut_ptr(), block.len());
        for &byte in block.get(..got.max(0) as usize).unwrap_or_default() {
            if byte != b'\n' {
                if let Some(place) = line.get_mut(used) {
                    *place = byte;
                    used += 1;
                }
                continue;
            }
            found = line.get(..used).and_then(|line| look(line, address, path, &mut image));
            used = 0;
            if found.is_some() {
                break 'file;
            }
        }
        if got <= 0 {
            break;
        }
    }
    call!(SYS_close, file);
    found
}

/// `START-END PERMISSIONS OFFSET DEVICE INODE      PATH`, numbers in hexadecimal but for the inode. `image`: inode and address of
/// the last beginning of a file seen, where a shared object's address 0 is.
fn look(line: &[u8], address: usize, path: &mut Line, image: &mut (usize, usize)) -> Option<usize> {
    let line = core::str::from_utf8(line).ok()?;
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    let offset = usize::from_str_radix(words.nth(1)?, 16).ok()?;
    let inode = words.nth(1)?.parse().ok()?;
    if offset == 0 {
        *image = (inode, start);
    }
    if !(start..end).contains(&address) {
        return None;
    }
    let _ = path.write_str(words.next().unwrap_or_default().trim());
    Some(if inode == image.0 { address - image.1 } else { address - start + offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_in_its_file_and_nothing_at_address_zero() {
        let mut path = Line::default();
        assert!(find(find as *const () as usize, &mut path).is_some());
        let path = String::from_utf8_lossy(path.text()).into_owned();
        assert_eq!(std::path::Path::new(&path), std::env::current_exe().unwrap());
        assert!(find(0, &mut Line::default()).is_none());
    }
}
