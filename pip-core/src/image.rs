//! Maps an ELF file as the kernel's execve does, without replacing the caller's address space.

use crate::Error;
use crate::elf::Elf;
use crate::mapping::{Mapping, PAGE, page_down, page_up};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

/// A mapped ELF file; unmapped when dropped, so only after the task that runs it has ended.
#[derive(Debug)]
pub struct Image {
    mapping: Mapping,
    bias: usize,
}

impl Image {
    /// Maps all segments of `elf`, at its own addresses if it is fixed, else wherever the kernel finds room. Code can be written
    /// and not executed until [`Image::protect_code`].
    pub fn map(elf: &Elf, file: &File, path: &Path) -> Result<Image, Error> {
        let mapping = if elf.fixed { reserve_fixed(elf, path)? } else { reserve(elf)? };
        let bias = mapping.start().wrapping_sub(elf.start());
        let image = Image { mapping, bias };
        for load in &elf.loads {
            image.map_segment(load, file)?;
        }
        Ok(image)
    }

    /// The address in memory of an address in the ELF file.
    pub fn address(&self, vaddr: usize) -> usize {
        self.bias.wrapping_add(vaddr)
    }

    /// The address in memory of an offset in the file that a segment holds.
    pub fn file_address(&self, elf: &Elf, offset: usize) -> usize {
        let holder = elf.loads.iter().find(|load| (load.offset..load.offset + load.filesz).contains(&offset));
        holder.map_or(0, |load| self.address(offset - load.offset + load.vaddr))
    }

    /// Gives code the protection that the file asks for.
    pub fn protect_code(&self, elf: &Elf) -> Result<(), Error> {
        for load in elf.loads.iter().filter(|load| load.protection & libc::PROT_EXEC != 0) {
            let (start, end) = (self.address(page_down(load.vaddr)), self.address(page_up(load.vaddr + load.memsz)));
            // SAFETY: the segment lies in this image.
            if unsafe { libc::mprotect(start as *mut _, end - start, load.protection) } != 0 {
                return Err(Error::System("mprotect of a program's code", io::Error::last_os_error()));
            }
        }
        Ok(())
    }

    /// Gives the memory away.
    pub fn into_mapping(self) -> Mapping {
        self.mapping
    }

    fn map_segment(&self, load: &crate::elf::Load, file: &File) -> Result<(), Error> {
        let start = self.address(page_down(load.vaddr));
        let file_end = self.address(load.vaddr + load.filesz);
        let end = self.address(page_up(load.vaddr + load.memsz));
        let failed = |size| Error::Map { what: "a program's segment", size, reason: io::Error::last_os_error() };
        let flags = libc::MAP_PRIVATE | libc::MAP_FIXED;
        let protection = match load.protection & libc::PROT_EXEC {
            0 => load.protection,
            exec => load.protection & !exec | libc::PROT_WRITE,
        };
        if load.filesz > 0 {
            let (len, offset) = (page_up(file_end) - start, page_down(load.offset) as libc::off_t);
            // SAFETY: the range lies in the reservation, which is ours and still unused.
            let at = unsafe { libc::mmap(start as *mut _, len, protection, flags, file.as_raw_fd(), offset) };
            if at == libc::MAP_FAILED {
                return Err(failed(len));
            }
        }
        let zero_pages = if load.filesz > 0 { page_up(file_end) } else { start };
        if end > zero_pages {
            let len = end - zero_pages;
            // SAFETY: as above.
            let at = unsafe { libc::mmap(zero_pages as *mut _, len, protection, flags | libc::MAP_ANONYMOUS, -1, 0) };
            if at == libc::MAP_FAILED {
                return Err(failed(len));
            }
        }
        if load.filesz > 0 && load.protection & libc::PROT_WRITE != 0 {
            crate::tracking::populate(start, page_up(file_end));
        }
        // The whole rest of the last file page, not just up to memsz: ld.so's first allocator takes the bytes between
        // _end and the page's end and expects zeros, as the kernel leaves them.
        if load.filesz > 0 && load.protection & libc::PROT_WRITE != 0 && !file_end.is_multiple_of(PAGE) {
            // SAFETY: these bytes are in the writable private page just mapped.
            unsafe { std::ptr::write_bytes(file_end as *mut u8, 0, page_up(file_end) - file_end) };
        }
        Ok(())
    }
}

/// Room for all segments at an address with the alignment they ask for.
fn reserve(elf: &Elf) -> Result<Mapping, Error> {
    let size = elf.end() - elf.start();
    let slack = elf.align - PAGE;
    let mut mapping = Mapping::anonymous("a program's image", size + slack, libc::PROT_NONE, None)?;
    // The address of vaddr 0 must be aligned, not the address of the first segment.
    let offset = elf.start() & (elf.align - 1);
    let start = ((mapping.start() + slack) & !(elf.align - 1)).wrapping_add(offset);
    let start = if start + size > mapping.end() { start - elf.align } else { start };
    mapping.trim(start, start + size);
    Ok(mapping)
}

/// Room for a program at its own addresses, if they are free.
pub fn reserve_fixed(elf: &Elf, path: &Path) -> Result<Mapping, Error> {
    let (start, end) = (elf.start(), elf.end());
    Mapping::anonymous("a program's image", end - start, libc::PROT_NONE, Some(start)).map_err(|error| match error {
        Error::Map { reason, .. } if reason.raw_os_error() != Some(libc::ENOMEM) => {
            Error::Fixed { path: path.to_owned(), start, end }
        }
        other => other,
    })
}
