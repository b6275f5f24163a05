//! Raw system calls for code that runs without thread-local storage of its own: no errno, results as the kernel gives them.

/// A system call with its arguments as numbers, padded to six.
macro_rules! call {
    (@six $number:ident, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr $(, $unused:expr)*) => {
        $crate::raw::raw(libc::$number, [$a as usize, $b as usize, $c as usize, $d as usize, $e as usize, $f as usize])
    };
    ($number:ident $(, $arg:expr)*) => { $crate::raw::call!(@six $number $(, $arg)*, 0, 0, 0, 0, 0, 0) };
}
pub(crate) use call;

use core::sync::atomic::AtomicU32;

#[inline(always)]
pub(crate) fn raw(number: i64, args: [usize; 6]) -> isize {
    // SAFETY: the macro's users pass pointers to memory they own or that the kernel only reads and checks.
    unsafe { crate::arch::syscall(number, args) }
}

/// Wakes up to `count` waiters of all tasks on `word`.
pub(crate) fn futex_wake(word: &AtomicU32, count: i32) {
    call!(SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, count);
}

/// Sleeps while `word` holds `value`, for at most `milliseconds`.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, milliseconds: u64) {
    let time =
        libc::timespec { tv_sec: (milliseconds / 1000) as i64, tv_nsec: (milliseconds % 1000 * 1_000_000) as i64 };
    call!(SYS_futex, word.as_ptr(), libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, value, &raw const time);
}

/// Writes `text` to standard error in one piece, as far as the kernel takes it.
pub(crate) fn write_error(text: &[u8]) {
    call!(SYS_write, 2, text.as_ptr(), text.len());
}

/// A lock that tasks share: the word is 1 while it is held. Signals of the holder are blocked, so that a handler that maps memory
/// cannot wait for the code it interrupted. A holder that was killed is given up on after a while.
pub(crate) struct Guard<'a> {
    word: &'a AtomicU32,
    mask: u64,
}

impl Guard<'_> {
    pub(crate) fn lock(word: &AtomicU32) -> Guard<'_> {
        use core::sync::atomic::Ordering::{Acquire, Relaxed};
        let (all, mut mask) = (u64::MAX, 0u64);
        call!(SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const all, &raw mut mask, 8);
        let mut tries = 0u32;
        while word.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            tries += 1;
            if tries < 100 {
                core::hint::spin_loop();
            } else if tries < 5_000 {
                call!(SYS_sched_yield);
            } else {
                // Critical sections are a microsecond long: who holds it now died in it.
                let nap = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
                call!(SYS_nanosleep, &raw const nap);
                if tries > 5_200 {
                    word.store(0, Relaxed);
                }
            }
        }
        Guard { word, mask }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.word.store(0, core::sync::atomic::Ordering::Release);
        call!(SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const self.mask, 0, 8);
    }
}
