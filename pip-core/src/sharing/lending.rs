//! Lending: an exporter gives an array out of its hands for a while. Others read it; the exporter gets it back when they have let
//! go, and writes again.

use super::descriptor::Descriptor;
use super::{Kind, Sharing, SharingError};
use bytemuck::Pod;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;
use std::sync::{Mutex, MutexGuard};

/// A stretch of the exporter's program in which it lends arrays; see [`Sharing::phase`]. At its end everything is back, even what
/// [`core::mem::forget`] kept from being taken back: therefore lending borrowed memory is safe.
#[derive(Debug)]
pub struct Phase<'scope, 'env: 'scope> {
    loans: Loans,
    /// Invariant, as in [`std::thread::scope`].
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// What is lent now. Its end, not the phase's, because it must not know the phase's lifetimes.
#[derive(Debug)]
struct Loans {
    sharing: Sharing,
    lent: Mutex<Vec<Loan>>,
}

/// One name that is lent.
#[derive(Debug)]
struct Loan {
    key: Vec<u8>,
    descriptor: &'static Descriptor,
}

impl Loan {
    /// Withdraws the name and waits for the readers.
    fn end(self, sharing: &Sharing) {
        // A process that was forked in the phase has a copy of everything, and of the readers' notes, which nobody clears.
        if sharing.check().is_ok() {
            sharing.own_entry().names().withdraw(&self.key);
            self.descriptor.await_readers(sharing.registry);
            self.descriptor.recycle();
        }
    }
}

impl Sharing {
    /// Runs `work`, which may lend arrays that were there before. Waits at the end until everything is back.
    pub fn phase<'env, R>(&self, work: impl for<'scope> FnOnce(&'scope Phase<'scope, 'env>) -> R) -> R {
        let loans = Loans { sharing: *self, lent: Mutex::new(Vec::new()) };
        work(&Phase { loans, scope: PhantomData, env: PhantomData })
    }
}

impl<'scope> Phase<'scope, '_> {
    /// Lends `data` as `name`: until it is taken back, others may import and read it, and nobody writes it. The caller must
    /// not hold an import of it when it takes it back: it would wait for itself.
    pub fn lend<T: Pod>(&'scope self, name: &str, data: &'scope mut [T]) -> Result<Lent<'scope, T>, SharingError> {
        let data = NonNull::from(data);
        let (key, descriptor) = self.loans.sharing.export(name, Kind::Lent, data.as_ptr())?;
        self.loans.lent().push(Loan { key, descriptor });
        Ok(Lent { data, descriptor, loans: &self.loans, borrow: PhantomData })
    }
}

impl Loans {
    fn lent(&self) -> MutexGuard<'_, Vec<Loan>> {
        self.lent.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Loans {
    fn drop(&mut self) {
        let forgotten = core::mem::take(&mut *self.lent());
        forgotten.into_iter().for_each(|loan| loan.end(&self.sharing));
    }
}

/// An array that others may read, and that its exporter may not write (but read) while this lives. Dropping it takes the array
/// back, as [`Lent::take_back`].
#[derive(Debug)]
pub struct Lent<'a, T: Pod> {
    data: NonNull<[T]>,
    descriptor: &'static Descriptor,
    loans: &'a Loans,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: stands for a `&mut [T]` that only gives out `&[T]` until it is taken back.
unsafe impl<T: Pod + Send> Send for Lent<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Pod + Sync> Sync for Lent<'_, T> {}

impl<'a, T: Pod> Lent<'a, T> {
    /// Withdraws the name, waits until all importers have let go (those that were killed do not count) and gives the array back to
    /// be written, and lent again.
    pub fn take_back(self) -> &'a mut [T] {
        let mut data = self.data;
        drop(self);
        // SAFETY: this came from the one `&'a mut [T]`, which nobody else has now that the loan is over.
        unsafe { data.as_mut() }
    }
}

impl<T: Pod> Deref for Lent<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: from a `&mut [T]` that lives longer; everybody only reads.
        unsafe { self.data.as_ref() }
    }
}

impl<T: Pod> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        let mut lent = self.loans.lent();
        let at = lent.iter().position(|loan| core::ptr::eq(loan.descriptor, self.descriptor));
        let loan = at.map(|at| lent.swap_remove(at));
        drop(lent);
        if let Some(loan) = loan {
            loan.end(&self.loans.sharing);
        }
    }
}
