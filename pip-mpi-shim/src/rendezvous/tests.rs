//! Transfers between two threads; under loom, every interleaving of a short one.

use super::*;

#[cfg(loom)]
use loom::{sync::Arc, thread};
#[cfg(not(loom))]
use std::{sync::Arc, thread};

const ALONE: Sharing = Sharing { least: usize::MAX, chunk: PAGE, lead: 0 };

fn together(pages: usize) -> Sharing {
    Sharing { least: 1, chunk: pages * PAGE, lead: 0 }
}

fn bytes(view: &mut [u8]) -> View {
    View::bytes(view.as_mut_ptr(), view.len())
}

type Shared = Arc<(Rendezvous, Landing)>;

/// A sender that copies along until the transfer is over.
fn helper(shared: &Shared, sharing: Sharing) -> thread::JoinHandle<()> {
    let shared = shared.clone();
    thread::spawn(move || {
        while !shared.0.is_complete() {
            shared.0.help(sharing);
            thread::yield_now();
        }
    })
}

fn await_landing(landing: &Landing) {
    while !landing.has_landed() {
        thread::yield_now();
    }
}

/// The sender helps while it waits for its end; the receiver has everything when it says so.
fn transfer(length: usize, sharing: Sharing) {
    let mut from: Vec<u8> = (0..length).map(|i| (i * 7 + i / PAGE) as u8).collect();
    let mut to = vec![0u8; length];
    let (source, target) = (bytes(&mut from), bytes(&mut to));
    let shared = Arc::new((Rendezvous::new(source, 0, 1, 0, true), Landing::default()));
    let sender = helper(&shared, sharing);
    assert!(shared.0.take() && !shared.0.cancel());
    if shared.0.pull(None, &target, sharing, &shared.1, || ()) == Pulled::Front {
        await_landing(&shared.1);
    }
    assert!(from == to, "{length} bytes, {sharing:?}");
    sender.join().unwrap();
}

#[cfg(not(loom))]
#[test]
fn both_sides_copy_every_byte_once() {
    for length in [1, 100, 4096, 4097, 65_536, 1_000_003] {
        for pages in [1, 3, 16] {
            (0..20).for_each(|_| transfer(length, together(pages)));
        }
        transfer(length, Sharing { lead: 8192, ..together(1) });
        transfer(length, ALONE);
    }
}

#[cfg(loom)]
#[test]
fn loom_both_sides_copy_every_byte_once() {
    loom::model(|| transfer(3 * PAGE, together(1)));
}

/// The receiver leaves a half to the sender, and joins it.
fn halving(length: usize) {
    let mut from: Vec<u8> = (0..length).map(|i| (i * 3) as u8).collect();
    let mut to = vec![0u8; length];
    let (source, target) = (bytes(&mut from), bytes(&mut to));
    let shared = Arc::new((Rendezvous::new(source, 0, 1, 0, true), Landing::default()));
    let sender = helper(&shared, together(1));
    assert!(shared.0.take());
    shared.0.halve(&target, &shared.1, || ());
    if shared.0.join(&target, together(1)) == Pulled::Front {
        await_landing(&shared.1);
    }
    assert!(from == to);
    shared.0.conclude();
    sender.join().unwrap();
}

#[cfg(not(loom))]
#[test]
fn a_halved_copy_is_whole() {
    [1, 4096, 100_000].into_iter().for_each(|length| (0..200).for_each(|_| halving(length)));
}

#[cfg(loom)]
#[test]
fn loom_a_halved_copy_is_whole() {
    loom::model(|| halving(3 * PAGE));
}

/// The sender moves its data while the receiver takes it: the receiver gets all of it, from one place or the other.
fn relocation() {
    let mut from = [1u8, 2, 3, 4];
    let shared = Arc::new((Rendezvous::new(bytes(&mut from), 0, 1, 0, false), Landing::default()));
    let sender = {
        let shared = shared.clone();
        thread::spawn(move || {
            let mut copy = None;
            shared.0.relocate(|view| {
                // SAFETY: the four bytes above.
                let data = copy.insert(unsafe { view.gather() });
                View::bytes(data.as_mut_ptr(), 4)
            });
            while !shared.0.is_complete() {
                thread::yield_now();
            }
            copy
        })
    };
    let mut to = [0u8; 4];
    assert!(shared.0.take());
    assert_eq!(shared.0.pull(None, &bytes(&mut to), ALONE, &shared.1, || ()), Pulled::Whole);
    sender.join().unwrap();
    assert_eq!(to, from);
    assert!(shared.0.is_complete() && !shared.0.relocate(|view| view));
}

#[cfg(not(loom))]
#[test]
fn data_may_move_while_it_is_taken() {
    (0..1000).for_each(|_| relocation());
}

#[cfg(loom)]
#[test]
fn loom_data_may_move_while_it_is_taken() {
    loom::model(relocation);
}

#[cfg(not(loom))]
#[test]
fn a_cancelled_offer_is_not_taken() {
    let offer = Rendezvous::new(View::bytes(core::ptr::null_mut(), 0), 0, 1, 0, false);
    assert!(offer.cancel() && offer.is_cancelled() && !offer.take() && !offer.cancel());
}

#[cfg(not(loom))]
#[test]
fn a_short_receive_gets_the_front() {
    let (mut from, mut to) = ([7u8; 100], [0u8; 10]);
    let offer = Rendezvous::new(bytes(&mut from), 0, 1, 0, true);
    assert!(offer.take());
    offer.pull(None, &bytes(&mut to), together(1), &Landing::default(), || ());
    assert_eq!(to, [7; 10]);
}
