//! What runs when a task maps, unmaps or moves memory or ends: code of the root's image, called from the hooked places of the
//! task's ld.so and libc ([`crate::hooking`]), on the task's stack, when it may have no thread-local storage yet. So: raw
//! system calls, no allocation, no panic.

use crate::arch::CallArgs;
use crate::hooking::LIBC;
use crate::mapping::{page_down, page_up};
use crate::raw::call;
use crate::registry::{Entry, NO_STATUS, Registry};
use crate::{Mode, hooks};
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

/// The root's registry; set in the root's own copy of this code, which is the one that runs.
pub static REGISTRY: AtomicPtr<Registry> = AtomicPtr::new(core::ptr::null_mut());

fn registry() -> Option<&'static Registry> {
    // SAFETY: null or a registry, which is never unmapped.
    unsafe { REGISTRY.load(Ordering::Acquire).as_ref() }
}

/// The id of the task that `entry` belongs to.
pub fn id_of(entry: &Entry) -> usize {
    registry().map_or(0, |registry| registry.index(entry))
}

/// mmap: lists the new range. When it is the code of the root's own libc, that is hooked too.
pub extern "C" fn map(entry: &Entry, args: &CallArgs) -> isize {
    let [address, len, prot, flags, fd, offset] = args.all();
    let (exec, write) = (libc::PROT_EXEC as usize, libc::PROT_WRITE as usize);
    let of_file = flags & libc::MAP_ANONYMOUS as usize == 0;
    let code = of_file && prot & (exec | write) == exec && LIBC.is(fd as i32);
    let first = if code { prot & !exec | write } else { prot };
    let start = call!(SYS_mmap, address, len, first, flags, fd, offset);
    if is_error(start) {
        return start;
    }
    let range = (start as usize, page_up(start as usize + len));
    entry.ledger.insert(range.0, range.1);
    if code {
        if let Some(registry) = registry() {
            LIBC.hook_mapped(registry, entry, range, offset);
        }
        call!(SYS_mprotect, start, len, prot);
    }
    if of_file && prot & write != 0 && flags & libc::MAP_PRIVATE as usize != 0 {
        populate(range.0, range.1);
    }
    start
}

/// Copies the pages of a library's data at once. They are about to be written, by relocation; a page that was read before its
/// first write would be replaced, and for that every core that runs a task be interrupted.
pub fn populate(start: usize, end: usize) {
    /// asm-generic/mman-common.h; Linux 5.14, before that an error that does no harm.
    const MADV_POPULATE_WRITE: usize = 23;
    const MOST: usize = 256 << 10;
    if end - start <= MOST {
        call!(SYS_madvise, start, end - start, MADV_POPULATE_WRITE);
    }
}

/// munmap: strikes the range out, from the ledger of whoever mapped it.
pub extern "C" fn unmap(entry: &Entry, args: &CallArgs) -> isize {
    let [address, len, ..] = args.all();
    strike_out(entry, address, len);
    call!(SYS_munmap, address, len)
}

/// mremap: as an unmap of the old range and a map of the new one.
pub extern "C" fn remap(entry: &Entry, args: &CallArgs) -> isize {
    let [address, old, new, flags, target, _] = args.all();
    let kept = flags & libc::MREMAP_DONTUNMAP as usize != 0;
    if !kept {
        strike_out(entry, address, old);
    }
    let start = call!(SYS_mremap, address, old, new, flags, target);
    if !is_error(start) {
        entry.ledger.insert(start as usize, page_up(start as usize + new));
    } else if !kept && old > 0 {
        entry.ledger.insert(page_down(address), page_up(address + old));
    }
    start
}

fn strike_out(entry: &Entry, address: usize, len: usize) {
    let (start, end) = (page_down(address), page_up(address.wrapping_add(len)));
    if end <= start || entry.ledger.cut(start, end) >= end - start {
        return;
    }
    // Another task's memory: its ledger must not name a range that somebody else may get next.
    if let Some(registry) = registry() {
        for other in registry.entries() {
            if !core::ptr::eq(other, entry) {
                other.ledger.cut(start, end);
            }
        }
    }
}

fn is_error(result: isize) -> bool {
    (-4095..0).contains(&result)
}

/// set_tid_address: the kernel's word at the end of the thread stays the registry's.
pub extern "C" fn set_tid(entry: &Entry, args: &CallArgs) -> isize {
    match registry().map(Registry::mode) {
        Some(Mode::Thread) if is_task_itself(entry) => call!(SYS_gettid),
        _ => call!(SYS_set_tid_address, args.all()[0]),
    }
}

/// `_exit`, also as the last step of exit(): ends the task, and in thread mode only the task.
pub extern "C" fn exit(entry: &Entry, args: &CallArgs) -> isize {
    end(entry, (args.all()[0] as i32 & 0xff) << 8)
}

/// Ends the calling task with `status` as wait(2) encodes it. In a process that the task forked it ends just that.
pub fn end(entry: &Entry, status: i32) -> ! {
    if !is_task_itself(entry) {
        leave(status);
    }
    let mut status = status;
    if entry.regular_exit.swap(0, Ordering::AcqRel) != 0 {
        let hook = hooks::run_after(entry);
        if status == 0 {
            status = (hook & 0xff) << 8;
        }
    }
    entry.names.close();
    match registry() {
        Some(registry) if registry.mode() == Mode::Thread => end_thread(registry, entry, status),
        _ => leave(status),
    }
}

fn is_task_itself(entry: &Entry) -> bool {
    match registry() {
        Some(registry) if registry.mode() == Mode::Thread => call!(SYS_getpid) == registry.root_pid() as isize,
        _ => call!(SYS_getpid) == entry.pid() as isize,
    }
}

fn leave(status: i32) -> ! {
    call!(SYS_exit_group, status >> 8);
    crate::arch::trap()
}

/// The signal that tells a thread of a thread-mode task to go. The highest: programs use the lower real-time signals first.
pub const END_SIGNAL: i32 = 64;

/// Leaves the status behind, sends the task's other threads away and ends the calling one.
pub fn end_thread(registry: &Registry, entry: &Entry, status: i32) -> ! {
    let all = u64::MAX;
    call!(SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const all, 0, 8);
    let _first_wins = entry.status.compare_exchange(NO_STATUS, status, Ordering::AcqRel, Ordering::Relaxed);
    dismiss(registry, entry);
    registry.announce_end();
    call!(SYS_exit, 0);
    crate::arch::trap()
}

/// The task's first thread and those that its libpip noted. The flag says that a thread said it is ending by itself: it may be
/// asked about, but its id may be another's soon.
pub fn for_each_thread(entry: &Entry, mut action: impl FnMut(i32, bool)) {
    if entry.thread.load(Ordering::Acquire) != 0 {
        action(entry.pid(), false);
    }
    let table = entry.threads.load(Ordering::Acquire) as *const ThreadTable;
    // SAFETY: null or the table of the task's libpip, which stays mapped until the task was waited for.
    if let Some(table) = unsafe { table.as_ref() } {
        for thread in table.iter().map(|cell| cell.load(Ordering::Acquire)).filter(|thread| *thread != 0) {
            action(thread.abs(), thread < 0);
        }
    }
}

/// Sends the task's threads away, but for the calling one.
pub fn dismiss(registry: &Registry, entry: &Entry) {
    let own = call!(SYS_gettid) as i32;
    for_each_thread(entry, |thread, ending| {
        if thread != own && !ending && thread != EXPECTED {
            call!(SYS_tgkill, registry.root_pid(), thread, END_SIGNAL);
        }
    });
}

/// How many threads of the task there still are.
pub fn threads_left(registry: &Registry, entry: &Entry) -> usize {
    let mut left = 0;
    for_each_thread(entry, |thread, _| {
        let there = thread == EXPECTED || call!(SYS_tgkill, registry.root_pid(), thread, 0) == 0;
        left += usize::from(there);
    });
    left
}

/// In a [`ThreadTable`]: a thread that is being made and has not said its id yet.
pub const EXPECTED: i32 = i32::MAX;

/// Thread ids of a thread-mode task beside its first; 0 is a free place, a negative one a thread that is ending.
pub type ThreadTable = [AtomicI32; 1024];

/// The handler of [`END_SIGNAL`]: the thread that gets it leaves.
pub extern "C" fn on_end_signal(_: i32) {
    call!(SYS_exit, 0);
}
