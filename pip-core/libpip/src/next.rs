//! The function that would have been called if this library did not define one of the same name.

use std::ffi::{CStr, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

/// Looks a name up once.
pub struct Next {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Next {
    pub const fn new(name: &'static CStr) -> Next {
        Next { name, found: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// The function's address; the process ends if there is none, since it cannot go on.
    pub fn address(&self) -> *mut c_void {
        let mut found = self.found.load(Ordering::Acquire);
        if found.is_null() {
            // SAFETY: a C string.
            found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
            if found.is_null() {
                eprintln!(
                    "libpip.so: the C library has no {}: it is not a glibc that PiP can work with",
                    self.name.to_string_lossy()
                );
                // SAFETY: ends the process.
                unsafe { libc::_exit(127) }
            }
            self.found.store(found, Ordering::Release);
        }
        found
    }
}

/// A [`Next`] of the given name, as a function of the given type.
macro_rules! next {
    ($name:literal as $type:ty) => {{
        static NEXT: $crate::next::Next = $crate::next::Next::new($name);
        // SAFETY: the C library's function of this name has this type.
        unsafe { std::mem::transmute::<*mut std::ffi::c_void, $type>(NEXT.address()) }
    }};
}
pub(crate) use next;
