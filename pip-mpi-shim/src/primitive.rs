//! Atomics and cells of the lock-free modules, so that loom can replace them: `RUSTFLAGS="--cfg loom" cargo test`. And
//! prefetches, which have no effect that a program can see.

#[cfg(loom)]
pub use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering},
};

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// `core::cell::UnsafeCell` with loom's way of access, which checks for races there and costs nothing here.
#[cfg(not(loom))]
#[derive(Debug)]
#[repr(transparent)]
pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(core::cell::UnsafeCell::new(value))
    }

    /// Reads through a shared pointer.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Writes through an exclusive pointer.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Fetches the cache line at `address`; nothing happens if nothing is mapped there.
#[inline(always)]
pub fn prefetch<T>(address: *const T) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch never faults.
    unsafe { _mm_prefetch::<{ _MM_HINT_T0 }>(address.cast()) };
}

/// Fetches the cache line at `address` in order to write it: no other core has it then.
#[inline(always)]
pub fn prefetch_for_writing<T>(address: *const T) {
    // SAFETY: a prefetch never faults, and processors that lack this one take it for a NOP.
    unsafe { core::arch::asm!("prefetchw [{}]", in(reg) address, options(nostack, preserves_flags)) };
}
