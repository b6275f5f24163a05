//! The brk fence. The program break belongs to the address space, so tasks that each believed they own the heap above it
//! would hand out the same memory. With a page mapped right at the break every brk fails, and glibc's malloc and ld.so
//! fall back to mmap, which tasks share without harm.

use crate::Error;
use crate::mapping::{Mapping, PAGE, page_up};

/// Makes every later growth of the program break fail, for root and tasks alike.
pub fn raise() -> Result<(), Error> {
    // SAFETY: sbrk(0) only asks for the break.
    let current = unsafe { libc::sbrk(0) } as usize;
    let boundary = page_up(current);
    if boundary > current {
        // Take the rest of the last page too: otherwise two tasks could still share these bytes.
        // SAFETY: moving the break within its own page maps nothing and overwrites nothing.
        unsafe { libc::sbrk((boundary - current) as isize) };
    }
    match Mapping::anonymous("the brk fence", PAGE, libc::PROT_NONE, Some(boundary)) {
        Ok(page) => {
            page.leak();
            Ok(())
        }
        // Something already lies there, which fences just as well.
        Err(Error::Map { reason, .. }) if reason.raw_os_error() == Some(libc::EEXIST) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_break_growth_behind_the_fence_and_malloc_goes_on() {
        super::raise().unwrap();
        // SAFETY: asks for growth; nothing uses the memory.
        assert_eq!(unsafe { libc::sbrk(1 << 20) } as isize, -1);
        let big: Vec<Vec<u8>> = (0..64).map(|i| vec![i as u8; 100_000]).collect();
        assert!(big.iter().enumerate().all(|(i, v)| v[99_999] == i as u8));
    }
}
