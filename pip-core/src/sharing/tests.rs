//! One process as root and task: names, types, and readers in threads. Real tasks are in the integration tests.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::registry::State;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// The root of a new registry and its task 0, both this process.
fn both() -> (Sharing, Sharing) {
    let registry = Registry::create(2, Mode::Process).unwrap();
    let entry = registry.entry(0).unwrap();
    assert!(entry.claim());
    entry.pid_cell().store(std::process::id() as i32, Ordering::Release);
    entry.set_state(State::Alive);
    (Sharing { registry, id: None }, Sharing { registry, id: Some(0) })
}

#[test]
fn frozen_arrays_are_read_in_place() {
    static PRIMES: [u16; 4] = [2, 3, 5, 7];
    let (root, task) = both();
    assert!(root.try_import::<u16>(Peer::Task(0), "primes").unwrap().is_none());
    let frozen = task.freeze("primes", &PRIMES).unwrap();
    let primes = root.import::<u16>(Peer::Task(0), "primes").unwrap();
    assert_eq!((&primes[..], primes.kind()), (&PRIMES[..], Kind::Frozen));
    assert!(core::ptr::eq(&primes[0], &PRIMES[0]));
    let again = task.freeze("primes", &PRIMES).unwrap_err().to_string();
    assert!(again.contains("this task already shares something as \"primes\""), "{again}");
    frozen.withdraw();
    assert!(root.try_import::<u16>(Peer::Task(0), "primes").unwrap().is_none());
    assert_eq!(primes[3], 7, "who had it goes on");
    task.freeze("primes", &PRIMES[..0]).unwrap();
    assert!(root.import::<u16>(Peer::Task(0), "primes").unwrap().is_empty());
}

#[test]
fn a_wrong_type_is_named_beside_the_right_one() {
    static NUMBERS: [u64; 3] = [1, 2, 3];
    static COUNTERS: [AtomicU64; 1] = [AtomicU64::new(0)];
    let (root, task) = both();
    root.freeze("numbers", &NUMBERS).unwrap();
    root.share_atomics("counters", &COUNTERS).unwrap();
    let error = |text: Result<(), SharingError>| match text {
        Err(error @ SharingError::WrongType { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let same_size = error(task.import::<f64>(Peer::Root, "numbers").map(drop));
    assert!(same_size.contains("u64") && same_size.contains("f64") && same_size.contains("the root"), "{same_size}");
    error(task.import::<u32>(Peer::Root, "numbers").map(drop));
    error(task.import::<[u64; 1]>(Peer::Root, "numbers").map(drop));
    error(task.import::<u64>(Peer::Root, "counters").map(drop));
    error(task.import_atomics::<AtomicU64>(Peer::Root, "numbers").map(drop));
    error(task.import_atomics::<AtomicI64>(Peer::Root, "counters").map(drop));
    COUNTERS[0].store(5, Ordering::Relaxed);
    let counters = task.import_atomics::<AtomicU64>(Peer::Root, "counters").unwrap();
    assert_eq!(counters[0].fetch_add(1, Ordering::Relaxed), 5);
    assert_eq!(COUNTERS[0].load(Ordering::Relaxed), 6);
}

#[test]
fn who_cannot_export_any_more_or_ever_is_an_error() {
    let (root, task) = both();
    assert!(matches!(task.import::<u8>(Peer::Task(0), "x"), Err(SharingError::Deadlock(_))));
    assert!(matches!(root.import::<u8>(Peer::Root, "x"), Err(SharingError::Deadlock(_))));
    assert!(matches!(task.import::<u8>(Peer::Task(2), "x"), Err(SharingError::NoSuchTask(2, 1))));
    assert!(root.try_import::<u8>(Peer::Task(1), "x").unwrap().is_none(), "may still come");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| root.import::<u8>(Peer::Task(0), "x").map(drop));
        std::thread::sleep(Duration::from_millis(30));
        root.registry.entry(0).unwrap().names().close();
        let ended = waiting.join().unwrap().unwrap_err();
        assert!(matches!(&ended, SharingError::Cancelled { peer: Peer::Task(0), .. }), "{ended}");
    });
}

#[test]
fn readers_never_see_a_lender_write() {
    const ROUNDS: u64 = 20_000;
    let (root, task) = both();
    let (over, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut field = vec![0u64; 64];
    std::thread::scope(|scope| {
        for reader in [root, task, root] {
            let (over, reads) = (&over, &reads);
            scope.spawn(move || {
                let mut last = 0;
                while !over.load(Ordering::Relaxed) {
                    if let Some(field) = reader.try_import::<u64>(Peer::Task(0), "field").unwrap() {
                        let first = field[0];
                        assert!(first >= last && field.iter().all(|value| *value == first), "torn");
                        last = first;
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        task.phase(|phase| {
            let mut field = &mut field[..];
            for round in 1..=ROUNDS {
                field.fill(round);
                let lent = phase.lend("field", field).unwrap();
                if round % 100 == 0 {
                    std::thread::yield_now();
                }
                field = lent.take_back();
            }
        });
        while reads.load(Ordering::Relaxed) == 0 {
            let mut field = vec![ROUNDS; 64];
            task.phase(|phase| drop(phase.lend("field", &mut field).unwrap()));
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(field[63], ROUNDS);
}

#[test]
fn the_lender_waits_for_readers_even_if_it_forgot_the_loan() {
    let (root, task) = both();
    let mut data = [1u32; 8];
    let read = root.phase(|_| {
        std::thread::scope(|scope| {
            let (lent, importing) = std::sync::mpsc::channel();
            let reader = scope.spawn(move || {
                importing.recv().unwrap();
                let data = task.import::<u32>(Peer::Root, "data").unwrap();
                std::thread::sleep(Duration::from_millis(50));
                data.iter().sum::<u32>()
            });
            root.phase(|phase| {
                core::mem::forget(phase.lend("data", &mut data).unwrap());
                lent.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            });
            data.fill(100);
            reader.join().unwrap()
        })
    });
    assert_eq!(read, 8);
    assert!(task.try_import::<u32>(Peer::Root, "data").unwrap().is_none());
}

#[test]
fn a_reader_that_is_gone_is_not_waited_for() {
    let (root, task) = both();
    let mut data = [1u8; 8];
    root.phase(|phase| {
        let lent = phase.lend("data", &mut data).unwrap();
        core::mem::forget(task.import::<u8>(Peer::Root, "data").unwrap());
        // Another task has the reader's id by now.
        task.registry.entry(0).unwrap().pid_cell().store(1, Ordering::Release);
        lent.take_back()[0] = 2;
    });
    assert_eq!(data[0], 2);
    assert!(matches!(task.freeze("x", &[0u8]), Err(SharingError::NotHere(_))));
}
