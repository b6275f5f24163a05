//! A table from MPI handles to values that threads read without a lock, since every message looks its communicator up.
//! Writers are rare and take turns.

use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

/// Values by handle; 0 is no handle.
#[derive(Debug)]
pub struct Handles<T> {
    slots: AtomicPtr<Slots<T>>,
    writer: Mutex<Writer<T>>,
}

#[derive(Debug)]
struct Writer<T> {
    /// Keys in the present table, also of values that were removed.
    used: usize,
    /// Outgrown tables: a reader may still look at one. Together they are smaller than the present one.
    outgrown: Vec<*mut Slots<T>>,
}

/// A power of two of places, at least half of them empty; a key is at the first free place from its own on.
type Slots<T> = Vec<Slot<T>>;

#[derive(Debug)]
struct Slot<T> {
    key: AtomicI32,
    value: AtomicPtr<T>,
}

// SAFETY: values are reached through shared references only, and handed over by atomics.
unsafe impl<T: Send + Sync> Sync for Handles<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Send for Handles<T> {}

fn empty<T>(places: usize) -> *mut Slots<T> {
    let slot = || Slot { key: AtomicI32::new(0), value: AtomicPtr::new(ptr::null_mut()) };
    Box::into_raw(Box::new((0..places).map(|_| slot()).collect()))
}

/// The place of `key`, or the free one where it would be.
#[inline]
fn place<T>(slots: &Slots<T>, key: i32) -> &Slot<T> {
    let mask = slots.len() - 1;
    let mut at = (key as u32).wrapping_mul(0x9e37_79b9) as usize >> 7 & mask;
    loop {
        let slot = &slots[at];
        let found = slot.key.load(Ordering::Acquire);
        if found == key || found == 0 {
            return slot;
        }
        at = (at + 1) & mask;
    }
}

impl<T> Handles<T> {
    /// An empty table.
    pub const fn new() -> Handles<T> {
        let writer = Writer { used: 0, outgrown: Vec::new() };
        Handles { slots: AtomicPtr::new(ptr::null_mut()), writer: Mutex::new(writer) }
    }

    /// The value of `handle`, for as long as it is not removed.
    #[inline]
    pub fn get(&self, handle: i32) -> Option<&T> {
        // SAFETY: tables and values stay until they are removed; MPI forbids to free a handle that a call still names.
        unsafe {
            let slot = place(self.slots.load(Ordering::Acquire).as_ref()?, handle);
            // At a free place a value may just be arriving for another handle.
            if slot.key.load(Ordering::Acquire) != handle { None } else { slot.value.load(Ordering::Acquire).as_ref() }
        }
    }

    /// Sets the value of `handle`.
    pub fn insert(&self, handle: i32, value: T) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut writer);
        // SAFETY: `make_room` put a table there.
        let slots = unsafe { &*self.slots.load(Ordering::Relaxed) };
        let slot = place(slots, handle);
        if slot.key.load(Ordering::Relaxed) == 0 {
            slot.key.store(handle, Ordering::Release); // before the value: nobody finds the value under another key
            writer.used += 1;
        }
        drop_value(slot.value.swap(Box::into_raw(Box::new(value)), Ordering::AcqRel));
    }

    /// Forgets the value of `handle`; true if there was one.
    pub fn remove(&self, handle: i32) -> bool {
        self.take(handle).is_some()
    }

    /// Takes the value of `handle` out.
    pub fn take(&self, handle: i32) -> Option<Box<T>> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: as in `get`.
        let slots = unsafe { self.slots.load(Ordering::Relaxed).as_ref() }?;
        // The key keeps its place for the handle's next life.
        let old = place(slots, handle).value.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: `insert` made it, and it was just taken out.
        (!old.is_null()).then(|| unsafe { Box::from_raw(old) })
    }

    /// The first handle whose value `is_it` recognises.
    pub fn find(&self, is_it: impl Fn(&T) -> bool) -> Option<i32> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: as in `get`; nobody removes meanwhile.
        let slots = unsafe { self.slots.load(Ordering::Relaxed).as_ref() }?;
        // SAFETY: as in `get`.
        let recognised = |slot: &&Slot<T>| unsafe { slot.value.load(Ordering::Relaxed).as_ref() }.is_some_and(&is_it);
        slots.iter().find(recognised).map(|slot| slot.key.load(Ordering::Relaxed))
    }

    fn make_room(&self, writer: &mut Writer<T>) {
        let old = self.slots.load(Ordering::Relaxed);
        // SAFETY: the present table.
        let places = unsafe { old.as_ref() }.map_or(0, Vec::len);
        if writer.used * 2 < places {
            return;
        }
        let new = empty(if places == 0 { 64 } else { places * 2 });
        // SAFETY: the new table is ours alone yet, the old one stays.
        let (from, to) = unsafe { (old.as_ref(), &*new) };
        writer.used = 0;
        for slot in from.into_iter().flatten() {
            let (key, value) = (slot.key.load(Ordering::Relaxed), slot.value.load(Ordering::Relaxed));
            if !value.is_null() {
                let target = place(to, key);
                target.key.store(key, Ordering::Relaxed);
                target.value.store(value, Ordering::Relaxed);
                writer.used += 1;
            }
        }
        self.slots.store(new, Ordering::Release);
        writer.outgrown.push(old);
    }
}

fn drop_value<T>(value: *mut T) {
    if !value.is_null() {
        // SAFETY: `insert` made it, and it was just taken out.
        drop(unsafe { Box::from_raw(value) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn handles_come_and_go() {
        let table = Handles::new();
        assert!(table.get(7).is_none() && !table.remove(7));
        for round in 0..3 {
            (1..=1000).for_each(|handle| table.insert(handle, handle + round));
            (1..=1000).for_each(|handle| assert_eq!(table.get(handle), Some(&(handle + round))));
            assert_eq!(table.find(|&value| value == 500 + round), Some(500));
            (1..=1000).for_each(|handle| assert!(table.remove(handle) && !table.remove(handle)));
            assert!((1..=1000).all(|handle| table.get(handle).is_none()));
        }
    }

    #[test]
    fn readers_see_a_value_while_others_come() {
        let table: Arc<Handles<i32>> = Arc::new(Handles::new());
        table.insert(-5, 5);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let table = table.clone();
                std::thread::spawn(move || (0..100_000).for_each(|_| assert_eq!(table.get(-5), Some(&5))))
            })
            .collect();
        (1..5000).for_each(|handle| table.insert(handle, handle));
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    }
}
