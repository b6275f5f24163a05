//! A receiver takes offers while the sender wants the first one back: every message arrives as it was sent.

use super::*;
use crate::layout::View;
use crate::rendezvous::{Landing, Rendezvous, Sharing};

#[cfg(loom)]
use loom::{sync::Arc, thread};
#[cfg(not(loom))]
use std::{sync::Arc, thread};

const ALONE: Sharing = Sharing { least: usize::MAX, chunk: 4096, lead: 0 };
const MESSAGE: [u8; 4] = [1, 2, 3, 4];

fn barrier_for_all() {
    #[cfg(loom)]
    loom::sync::atomic::fence(Ordering::SeqCst);
    #[cfg(not(loom))]
    crate::waiting::fence_everywhere();
}

/// Rank 0 makes `count` offers to rank 1.
struct Shared {
    sender: Claims,
    receiver: Claims,
    offers: Vec<Rendezvous>,
}

fn contest(count: u64) {
    let mut buffers: Vec<[u8; 4]> = vec![MESSAGE; count as usize];
    let views: Vec<View> = buffers.iter_mut().map(|buffer| View::bytes(buffer.as_mut_ptr(), 4)).collect();
    let offer = |i: u64| Rendezvous::new(views[i as usize], 0, 1, number(i + 1, 0), false);
    let shared = Arc::new(Shared {
        sender: Claims::default(),
        receiver: Claims::default(),
        offers: (0..count).map(offer).collect(),
    });
    let sender = {
        let shared = shared.clone();
        thread::spawn(move || {
            let (first, mut copy) = (&shared.offers[0], None);
            if shared.sender.recall(&shared.receiver, first.number(), first.number(), barrier_for_all) {
                first.relocate(|view| {
                    // SAFETY: the first buffer, which nobody changes before this is over.
                    let data = copy.insert(unsafe { view.gather() });
                    let moved = View::bytes(data.as_mut_ptr(), 4);
                    // The program may use its buffer again.
                    // SAFETY: as above; the receiver stays away, or this test fails.
                    unsafe { crate::layout::copy(&View::bytes([9u8; 4].as_mut_ptr(), 4), &view, 4) };
                    moved
                });
            }
            while !shared.offers.iter().all(Rendezvous::is_complete) {
                thread::yield_now();
            }
        })
    };
    for (offer, view) in shared.offers.iter().zip(views) {
        let (mut to, landing) = ([0u8; 4], Landing::default());
        let claimed = shared.receiver.claim(&shared.sender, offer.number());
        assert!(claimed || offer.take());
        offer.pull(claimed.then_some(view), &View::bytes(to.as_mut_ptr(), 4), ALONE, &landing, || ());
        assert_eq!(to, MESSAGE);
    }
    sender.join().unwrap();
}

#[cfg(loom)]
#[test]
fn loom_a_claimed_offer_is_not_moved() {
    loom::model(|| contest(1));
}

#[cfg(loom)]
#[test]
fn loom_a_finished_offer_is_not_moved() {
    loom::model(|| contest(2));
}

#[cfg(not(loom))]
#[test]
fn claimed_offers_are_not_moved() {
    if crate::waiting::register_membarrier() {
        (0..2000).for_each(|_| contest(1));
        (0..500).for_each(|_| contest(3));
    }
}

#[cfg(not(loom))]
#[test]
fn a_recall_covers_what_was_offered_before() {
    let (sender, receiver) = (Claims::default(), Claims::default());
    let numbers: Vec<Number> = (1..=4).map(|count| number(count, 7)).collect();
    assert!(receiver.claim(&sender, numbers[0]));
    let mut barriers = 0;
    assert!(!sender.recall(&receiver, numbers[0], numbers[2], || barriers += 1), "it is being copied");
    assert!(sender.recall(&receiver, numbers[1], numbers[2], || barriers += 1));
    assert_eq!(barriers, 1, "one recall is enough for all offers");
    assert!(!receiver.claim(&sender, numbers[2]) && receiver.claim(&sender, numbers[3]));
}
