use super::*;

fn rules(flat_max: u32) -> Rules {
    Rules { flat_max, card_max: BODY as u32, slice_min: 512 }
}

fn write(card: &mut Card, value: u64) {
    card.bytes = value;
}

#[cfg(not(loom))]
mod plain {
    use super::*;

    #[test]
    fn a_meeting_is_known_by_its_size() {
        let meeting = Meeting::new(3, rules(16));
        let address = core::ptr::from_ref(meeting) as usize;
        // SAFETY: the meeting just made; nobody else has it.
        unsafe {
            assert!(Meeting::at(address, 3).is_some() && Meeting::at(address, 2).is_none());
            assert!(Meeting::at(0, 3).is_none());
            meeting.discard();
        }
    }

    #[test]
    fn gates_open_when_the_last_of_many_has_come() {
        for size in [1, 2, 7, 8, 9, 64, 65, 200] {
            let meeting = Meeting::new(size, rules(16));
            for call in 0..3 * DEPTH {
                for rank in 0..size {
                    assert!(!meeting.have_arrived(call) && meeting.is_vacant(call));
                    meeting.arrive(rank, call, |card| write(card, call));
                    assert_eq!(meeting.count_arrival(rank, call), rank + 1 == size);
                }
                assert!(meeting.have_arrived(call) && !meeting.are_done(call));
                assert!(!meeting.is_vacant(call + DEPTH));
                (0..size).for_each(|rank| assert_eq!(meeting.count_done(rank, call), rank + 1 == size));
                assert!(meeting.are_done(call) && !meeting.have_arrived(call + DEPTH));
            }
            // SAFETY: nobody else has it.
            unsafe { meeting.discard() };
        }
    }

    #[test]
    fn what_is_settled_is_what_the_slowest_has_settled() {
        let meeting = Meeting::new(3, rules(16));
        (0..3).for_each(|rank| meeting.settle(rank, 5 + u64::from(rank)));
        assert_eq!(meeting.settled(), 5);
        // SAFETY: nobody else has it.
        unsafe { meeting.discard() };
    }
}

#[cfg(loom)]
mod loom_tests {
    use super::*;
    use loom::thread;

    fn wait(ready: impl Fn() -> bool) {
        while !ready() {
            thread::yield_now();
        }
    }

    /// Ranks that look at each other's seats: a card is read whole, and not overwritten before that.
    #[test]
    fn loom_cards_are_handed_over() {
        loom::model(|| {
            let meeting = Meeting::new(2, rules(16));
            let rank = |own: u32| {
                let peer = 1 - own;
                for call in [0, DEPTH] {
                    wait(|| call < DEPTH || meeting.settled() > call - DEPTH);
                    meeting.arrive(own, call, |card| write(card, call * 10 + u64::from(own)));
                    wait(|| meeting.has_arrived(peer, call));
                    // SAFETY: it has arrived, and this rank is not done.
                    assert_eq!(unsafe { meeting.card(peer, call) }.bytes, call * 10 + u64::from(peer));
                    meeting.done(own, call);
                    meeting.settle(own, call + 1);
                }
            };
            let other = thread::spawn(move || rank(1));
            rank(0);
            other.join().unwrap();
            // SAFETY: both are through.
            unsafe { meeting.discard() };
        });
    }

    /// Ranks that count each other: exactly one is the last, and gates are used again.
    #[test]
    fn loom_gates_count_and_open() {
        loom::model(|| {
            let meeting = Meeting::new(2, rules(0));
            let rank = |own: u32| {
                let mut last = 0;
                for call in [0, DEPTH] {
                    wait(|| meeting.is_vacant(call));
                    meeting.arrive(own, call, |card| write(card, call + u64::from(own)));
                    last += u32::from(meeting.count_arrival(own, call));
                    wait(|| meeting.have_arrived(call));
                    // SAFETY: all have arrived, and this rank is not done.
                    assert_eq!(unsafe { meeting.card(1 - own, call) }.bytes, call + u64::from(1 - own));
                    meeting.done(own, call);
                    meeting.count_done(own, call);
                }
                last
            };
            let other = thread::spawn(move || rank(1));
            let last = rank(0) + other.join().unwrap();
            assert_eq!(last, 2);
            wait(|| meeting.are_done(DEPTH));
            // SAFETY: both are through.
            unsafe { meeting.discard() };
        });
    }

    /// An owner that lends its buffer takes it back only when the borrower has read it.
    #[test]
    fn loom_a_buffer_is_its_owners_again_when_all_are_done() {
        loom::model(|| {
            let meeting = Meeting::new(2, rules(16));
            let buffer = loom::sync::Arc::new(crate::primitive::UnsafeCell::new(1u64));
            let lent = buffer.clone();
            let reader = thread::spawn(move || {
                meeting.arrive(1, 0, |card| write(card, 0));
                wait(|| meeting.has_arrived(0, 0));
                // SAFETY: lent until this rank is done.
                let value = lent.with(|at| unsafe { *at });
                meeting.done(1, 0);
                value
            });
            meeting.arrive(0, 0, |card| write(card, 8));
            wait(|| meeting.is_done(1, 0));
            // SAFETY: nobody reads it any more.
            buffer.with_mut(|at| unsafe { *at = 2 });
            assert_eq!(reader.join().unwrap(), 1);
            // SAFETY: both are through.
            unsafe { meeting.discard() };
        });
    }
}
