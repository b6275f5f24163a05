//! `pip_malloc` and its family: blocks that any task may free. A block carries its owner; what another task frees is put on
//! the owner's list and goes back to its heap at the owner's next call. Also `pip_dlopen` and its family, which are the
//! task's own.

use crate::caller::{self, Caller};
use pip_core::registry::Entry;
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

/// In front of each block.
#[repr(C, align(16))]
struct Head {
    /// What malloc gave.
    base: *mut c_void,
    /// Usable bytes behind the head.
    size: usize,
    /// The owner's list, where others return it; null without a root.
    owner: *const AtomicUsize,
}

fn own_list() -> *const AtomicUsize {
    caller::find().map_or(std::ptr::null(), |caller: Caller| &raw const caller.entry().returned)
}

/// Frees what others have returned to this task.
fn take_back(entry: &Entry) {
    let mut next = entry.returned.swap(0, Ordering::Acquire) as *mut Head;
    while !next.is_null() {
        // SAFETY: blocks of this task's heap, linked through their sizes by pip_free.
        unsafe {
            let block = next;
            next = (*block).size as *mut Head;
            libc::free((*block).base);
        }
    }
}

fn allocate(size: usize, alignment: usize) -> *mut c_void {
    if let Some(caller) = caller::find() {
        take_back(caller.entry());
    }
    let alignment = alignment.max(align_of::<Head>());
    let room = size_of::<Head>().next_multiple_of(alignment);
    let Some(total) = size.checked_add(room + alignment) else {
        return std::ptr::null_mut();
    };
    // SAFETY: malloc checks the size; the head lies within the room before the block.
    unsafe {
        let base = libc::malloc(total);
        if base.is_null() {
            return base;
        }
        let block = (base as usize + size_of::<Head>()).next_multiple_of(alignment);
        (block as *mut Head).sub(1).write(Head { base, size, owner: own_list() });
        block as *mut c_void
    }
}

/// # Safety
/// A block of this family.
unsafe fn head(block: *mut c_void) -> *mut Head {
    // SAFETY: the caller's promise.
    unsafe { block.cast::<Head>().sub(1) }
}

/// `pip_malloc`
#[unsafe(no_mangle)]
pub extern "C" fn pip_malloc(size: usize) -> *mut c_void {
    allocate(size, 1)
}

/// `pip_calloc`
#[unsafe(no_mangle)]
pub extern "C" fn pip_calloc(count: usize, size: usize) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else { return std::ptr::null_mut() };
    let block = allocate(bytes, 1);
    if !block.is_null() {
        // SAFETY: a new block of that many bytes.
        unsafe { std::ptr::write_bytes(block.cast::<u8>(), 0, bytes) };
    }
    block
}

/// `pip_free`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_free(block: *mut c_void) {
    if block.is_null() {
        return;
    }
    // SAFETY: the C caller's promise: a block of this family, whose owner still lives. The list's push is the usual one.
    unsafe {
        let head = head(block);
        let owner = (*head).owner;
        if owner == own_list() {
            return libc::free((*head).base);
        }
        let mut first = (*owner).load(Ordering::Relaxed);
        loop {
            (*head).size = first;
            match (*owner).compare_exchange_weak(first, head as usize, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }
}

/// `pip_realloc`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_realloc(block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        return allocate(size, 1);
    }
    // SAFETY: the C caller's block; both are at least as long as what is copied.
    unsafe {
        if size == 0 {
            pip_free(block);
            return std::ptr::null_mut();
        }
        let fresh = allocate(size, 1);
        if !fresh.is_null() {
            let old = (*head(block)).size;
            std::ptr::copy_nonoverlapping(block.cast::<u8>(), fresh.cast(), old.min(size));
            pip_free(block);
        }
        fresh
    }
}

/// `pip_posix_memalign`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<usize>()) {
        return libc::EINVAL;
    }
    let block = allocate(size, alignment);
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the C caller's place.
    unsafe { place.write(block) };
    0
}

/// `pip_malloc_usable_size`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_malloc_usable_size(block: *mut c_void) -> usize {
    if block.is_null() {
        return 0;
    }
    // SAFETY: the C caller's block.
    unsafe { (*head(block)).size }
}

/// `pip_dlopen`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_dlopen(file: *const c_char, flags: c_int) -> *mut c_void {
    // SAFETY: the C caller's arguments, here and below.
    unsafe { libc::dlopen(file, flags) }
}

/// `pip_dlsym`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void {
    // SAFETY: as above.
    unsafe { libc::dlsym(handle, symbol) }
}

/// `pip_dlclose`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_dlclose(handle: *mut c_void) -> c_int {
    // SAFETY: as above.
    unsafe { libc::dlclose(handle) }
}

/// `pip_dlerror`
#[unsafe(no_mangle)]
pub extern "C" fn pip_dlerror() -> *mut c_char {
    // SAFETY: takes nothing.
    unsafe { libc::dlerror() }
}
