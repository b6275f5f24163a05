//! System-call hooks: the four places of a task's ld.so and libc that map, unmap and move memory or end the process are made
//! to call into the root's copy of `tracking`, which keeps the task's ledger and knows how a thread may end.
//!
//! glibc has exactly one place for each, a load of the call's number and `syscall`, seven bytes together. Seven bytes are
//! also `call *[address]` with an absolute address below 2 GiB. So each task has a table of pointers down there, in memory
//! the root made executable once, and each pointer leads to a thunk that names the task and jumps to the handler.
//! Where a libc looks different its places are not found: then memory it maps is not reclaimed, and thread mode is refused.

use crate::mapping::{page_down, page_up};
use crate::raw::call;
use crate::registry::{Entry, Registry};
use core::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use memchr::memmem;

/// What a hooked place does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Kind {
    Map = 0,
    Unmap = 1,
    Remap = 2,
    Exit = 3,
    SetTid = 4,
}
const KINDS: [Kind; 5] = [Kind::Map, Kind::Unmap, Kind::Remap, Kind::Exit, Kind::SetTid];

impl Kind {
    /// The code of glibc's wrapper on x86-64: `mov $NUMBER,%eax; syscall`; in `_exit` the numbers of exit_group and exit are
    /// loaded one after the other.
    fn code(self) -> &'static [u8] {
        match self {
            Kind::Map => b"\xb8\x09\0\0\0\x0f\x05",
            Kind::Unmap => b"\xb8\x0b\0\0\0\x0f\x05",
            Kind::Remap => b"\xb8\x19\0\0\0\x0f\x05",
            Kind::Exit => b"\xbe\xe7\0\0\0\xba\x3c\0\0\0",
            Kind::SetTid => b"\xb8\xda\0\0\0\x0f\x05",
        }
    }
}

/// A place to hook, as an offset in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    pub offset: usize,
    pub kind: Kind,
}

/// All places in `code`, which lies at `offset` in its file.
pub fn find_sites(code: &[u8], offset: usize) -> Vec<Site> {
    let mut sites = Vec::new();
    for kind in KINDS {
        sites.extend(memmem::find_iter(code, kind.code()).map(|at| Site { offset: offset + at, kind }));
    }
    sites
}

/// Bytes of one task's part: five pointers, then five thunks of 24 bytes.
const TABLE: usize = 256;
const THUNK: usize = 24;

/// Makes the call tables of all tasks of `registry`; without room below 2 GiB there are none.
pub fn create_tables(registry: &Registry) {
    let bytes = page_up(registry.capacity() * TABLE);
    let (rw, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT);
    let base = call!(SYS_mmap, 0, bytes, rw, flags, -1i32, 0);
    if base < 0 {
        return;
    }
    for (id, entry) in registry.entries().enumerate() {
        let table = base as usize + id * TABLE;
        for kind in KINDS {
            let thunk = table + KINDS.len() * 8 + kind as usize * THUNK;
            let code = thunk_code(core::ptr::from_ref(entry) as usize, crate::arch::hook_entry(kind as usize));
            // SAFETY: inside the new mapping, which nobody else knows.
            unsafe {
                ((table + kind as usize * 8) as *mut usize).write(thunk);
                (thunk as *mut [u8; 22]).write_unaligned(code);
            }
        }
    }
    call!(SYS_mprotect, base, bytes, libc::PROT_READ | libc::PROT_EXEC);
    registry.call_tables.store(base as usize, Ordering::Release);
}

/// `mov $entry,%r11; mov $target,%rcx; jmp *%rcx`: a system call destroys both registers, so they are free.
fn thunk_code(entry: usize, target: usize) -> [u8; 22] {
    let mut code = [0; 22];
    code[..2].copy_from_slice(b"\x49\xbb");
    code[2..10].copy_from_slice(&entry.to_le_bytes());
    code[10..12].copy_from_slice(b"\x48\xb9");
    code[12..20].copy_from_slice(&target.to_le_bytes());
    code[20..].copy_from_slice(b"\xff\xe1");
    code
}

/// Makes the places call their hooks as far as they hold the expected code. They lie in private code that no task runs yet and
/// that is still writable: changing the protection of a page in use would interrupt every core that runs a task. Runs in tasks
/// too, before they have thread-local storage.
pub fn hook(registry: &Registry, entry: &Entry, places: impl Iterator<Item = (usize, Kind)>) {
    let tables = registry.call_tables.load(Ordering::Acquire);
    if tables == 0 {
        return;
    }
    for (at, kind) in places {
        let pattern = kind.code();
        crate::tracking::populate(page_down(at), page_up(at + LONGEST));
        // SAFETY: the caller found this place in such code.
        let code = unsafe { core::slice::from_raw_parts_mut(at as *mut u8, pattern.len()) };
        if *code == *pattern {
            let slot = (tables + registry.index(entry) * TABLE + kind as usize * 8) as u32;
            let [a, b, c, d] = slot.to_le_bytes();
            // `call *[slot]`, and one-byte nops.
            let new = [0xff, 0x14, 0x25, a, b, c, d, 0x90, 0x90, 0x90];
            for (place, byte) in code.iter_mut().zip(new) {
                *place = byte;
            }
        }
    }
}

/// Bytes of the longest pattern.
const LONGEST: usize = 10;

/// Whether `_exit` of the calling task's libc ends the task alone, as thread mode needs.
pub fn exit_is_hooked() -> bool {
    let Some((_, _, [.., exit])) = crate::arch::libc_wrappers() else { return false };
    // SAFETY: the first bytes of a function that is longer.
    let code = unsafe { core::slice::from_raw_parts(exit as *const u8, 64) };
    memmem::find(code, b"\xff\x14\x25").is_some()
}

/// The places of the libc that the root itself uses; tasks with the same file are hooked when their ld.so maps it.
pub struct Libc {
    device: AtomicU64,
    inode: AtomicU64,
    offsets: [AtomicUsize; MOST],
    kinds: [AtomicI32; MOST],
}
const MOST: usize = 8;

/// Filled by the root, read by its handlers in every task.
pub static LIBC: Libc = Libc {
    device: AtomicU64::new(0),
    inode: AtomicU64::new(0),
    offsets: [const { AtomicUsize::new(0) }; MOST],
    kinds: [const { AtomicI32::new(-1) }; MOST],
};

impl Libc {
    /// Looks for the libc of this process and its places; false if it has none or they are not as known.
    pub fn find(&self) -> bool {
        let Some((path, base, code)) = crate::arch::libc_wrappers() else { return false };
        let Ok(file) = std::fs::metadata(&path) else { return false };
        let mut count = 0;
        let mut found = [false; KINDS.len()];
        for (kind, address) in
            [(Kind::Map, code[0]), (Kind::Unmap, code[1]), (Kind::Remap, code[2]), (Kind::Exit, code[3])]
        {
            // Offsets from the load address are file offsets: a libc's code lies at the same place in both. If it did not, the
            // code found at the place later would differ, and nothing would be hooked.
            // SAFETY: the first bytes of functions of the mapped libc, whose text is far longer.
            let text = unsafe { core::slice::from_raw_parts(address as *const u8, 256) };
            let Some(site) = find_sites(text, address - base).into_iter().find(|site| site.kind == kind) else {
                continue;
            };
            self.offsets[count].store(site.offset, Ordering::Relaxed);
            self.kinds[count].store(kind as i32, Ordering::Relaxed);
            found[kind as usize] = true;
            count += 1;
        }
        use std::os::unix::fs::MetadataExt;
        self.device.store(file.dev(), Ordering::Relaxed);
        self.inode.store(file.ino(), Ordering::Release);
        found[Kind::Exit as usize] && found[Kind::Map as usize] && found[Kind::Unmap as usize]
    }

    /// Whether `fd` is this libc's file.
    pub fn is(&self, fd: i32) -> bool {
        let mut stat = core::mem::MaybeUninit::<libc::stat>::zeroed();
        if call!(SYS_fstat, fd, stat.as_mut_ptr()) < 0 {
            return false;
        }
        // SAFETY: zeroed, then filled by the kernel.
        let stat = unsafe { stat.assume_init() };
        stat.st_dev == self.device.load(Ordering::Relaxed) && stat.st_ino == self.inode.load(Ordering::Acquire)
    }

    /// Hooks the places in code of this libc just mapped, writable, at `range` from `offset` in the file.
    pub fn hook_mapped(&self, registry: &Registry, entry: &Entry, range: (usize, usize), offset: usize) {
        let places = self.offsets.iter().zip(&self.kinds).filter_map(|(site, kind)| {
            let (site, kind) = (site.load(Ordering::Relaxed), kind.load(Ordering::Relaxed));
            let at = range.0.wrapping_add(site.wrapping_sub(offset));
            let known = KINDS.into_iter().find(|known| *known as i32 == kind)?;
            (site >= offset && at + LONGEST <= range.1).then_some((at, known))
        });
        hook(registry, entry, places);
    }
}
