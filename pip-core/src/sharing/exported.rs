//! What stays exported until it is withdrawn or its exporter ends: memory that is never freed, so nobody waits for readers.

use super::Sharing;
use super::descriptor::Descriptor;
use core::ops::Deref;
use core::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, AtomicU64, AtomicUsize};

/// Atomic integers, which all may write at the same time.
///
/// # Safety
/// All bit patterns are valid, and all access through a shared reference is atomic.
pub unsafe trait Atomic: Sync + 'static {}
// SAFETY: an atomic integer, and so for those below.
unsafe impl Atomic for AtomicU32 {}
// SAFETY: as above.
unsafe impl Atomic for AtomicU64 {}
// SAFETY: as above.
unsafe impl Atomic for AtomicI32 {}
// SAFETY: as above.
unsafe impl Atomic for AtomicI64 {}
// SAFETY: as above.
unsafe impl Atomic for AtomicUsize {}

/// One name of the caller's that stays until it is withdrawn.
#[derive(Debug)]
pub(super) struct Export {
    pub sharing: Sharing,
    pub key: Vec<u8>,
    pub descriptor: &'static Descriptor,
}

impl Export {
    fn withdraw(self) {
        if self.sharing.check().is_ok() && self.sharing.own_entry().names().withdraw(&self.key) {
            self.descriptor.recycle_if_unread(self.sharing.registry);
        }
    }
}

/// An array that nobody writes, exported. Dropping this leaves it exported.
#[derive(Debug)]
pub struct Frozen<T: 'static> {
    data: &'static [T],
    export: Export,
}

/// Atomics that everybody may write, exported. Dropping this leaves them exported.
#[derive(Debug)]
pub struct SharedAtomics<A: 'static> {
    data: &'static [A],
    export: Export,
}

macro_rules! exported {
    ($type:ident) => {
        impl<T> $type<T> {
            pub(super) fn new(data: &'static [T], export: Export) -> $type<T> {
                $type { data, export }
            }

            /// Takes the name back. Who has imported it already may go on.
            pub fn withdraw(self) {
                self.export.withdraw();
            }
        }

        impl<T> Deref for $type<T> {
            type Target = [T];

            fn deref(&self) -> &[T] {
                self.data
            }
        }
    };
}
exported!(Frozen);
exported!(SharedAtomics);
