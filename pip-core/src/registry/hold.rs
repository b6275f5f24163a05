//! Holds: who uses memory of a task keeps it mapped, even after the task ended and was waited for.
//!
//! An id whose memory is held after the wait is [`State::Held`]: it cannot be given to a new task, whose ledger would mix with
//! the old one. The last holder unmaps. A holder that was killed leaves its hold behind: then the memory and the id are lost for
//! the rest of the root's life, which is better than memory unmapped under somebody's hands.

use super::{Entry, State};
use core::sync::atomic::{Ordering, fence};

/// While it lives, what the task of this entry had mapped stays mapped.
#[derive(Debug)]
pub struct Hold {
    entry: &'static Entry,
}

impl Hold {
    /// A hold on the memory of a task that has not been waited for; None for any other.
    pub fn take(entry: &'static Entry) -> Option<Hold> {
        entry.holds.fetch_add(1, Ordering::SeqCst);
        let hold = Hold { entry };
        // Pairs with the fence in `give_memory_back`: either that sees this hold or this sees the state it has set.
        fence(Ordering::SeqCst);
        (entry.state() == State::Alive).then_some(hold)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.entry.holds.fetch_sub(1, Ordering::SeqCst) == 1 {
            fence(Ordering::SeqCst);
            unmap_held(self.entry);
        }
    }
}

/// After a task's end: unmaps what it had mapped, now or with the last hold.
pub(crate) fn give_memory_back(entry: &Entry) {
    entry.set_state(State::Held);
    fence(Ordering::SeqCst);
    if entry.holds.load(Ordering::SeqCst) == 0 {
        unmap_held(entry);
    }
}

/// One of those who find the entry held and without holds gets to unmap. A hold that is taken meanwhile comes to nothing: it
/// sees that the task is not alive.
fn unmap_held(entry: &Entry) {
    if entry.change_state(State::Held, State::Unmapping) {
        entry.ledger.unmap_all();
        entry.set_state(State::Ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mode;
    use crate::mapping::{Mapping, PAGE};
    use crate::registry::Registry;

    /// A living entry with one listed page, and the page's address.
    fn living(registry: &'static Registry) -> (&'static Entry, usize) {
        let entry = registry.entry(0).unwrap();
        assert!(entry.claim());
        let page = Mapping::anonymous("a test", PAGE, libc::PROT_READ, None).unwrap().leak();
        entry.ledger.insert(page, page + PAGE);
        entry.set_state(State::Alive);
        (entry, page)
    }

    #[test]
    fn the_last_hold_gives_the_memory_back() {
        let registry = Registry::create(1, Mode::Process).unwrap();
        let (entry, page) = living(registry);
        let (first, second) = (Hold::take(entry).unwrap(), Hold::take(entry).unwrap());
        give_memory_back(entry);
        assert_eq!(entry.state(), State::Held);
        assert!(Hold::take(entry).is_none(), "a hold on what is gone");
        drop(first);
        assert!(entry.ledger.holds(page) && !entry.claim() && !entry.is_in_use());
        drop(second);
        assert_eq!(entry.state(), State::Ended);
        assert!(!entry.ledger.holds(page) && entry.claim());
    }

    #[test]
    fn memory_is_given_back_once_and_never_under_a_hold() {
        let registry = Registry::create(1, Mode::Process).unwrap();
        let over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let entry = registry.entry(0).unwrap();
                        if let Some(_hold) = Hold::take(entry) {
                            // Alive or held: nobody may have unmapped, nor started another task.
                            assert!(matches!(entry.state(), State::Alive | State::Held), "{:?}", entry.state());
                        }
                    }
                });
            }
            for _ in 0..2000 {
                let (entry, page) = living(registry);
                give_memory_back(entry);
                while entry.state() != State::Ended {
                    std::thread::yield_now();
                }
                assert!(!entry.ledger.holds(page));
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}
