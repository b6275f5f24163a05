//! IMB-RMA: operations under a lock, of whose target nothing is asked.

use std::hint::black_box;

use bench_harness::{Exposure, Part};

use crate::benchmark::{Mode, Times};
use crate::checking::{left, right};
use crate::sample::Sample;

/// One operation: the window, the message, the target, the repetition.
type Operation<'o> = &'o dyn Fn(&Exposure<'_>, &Sample<'_>, Part<'_>, i32, usize);
/// What completes the operations towards one target.
type Completion<'c> = &'c dyn Fn(&Exposure<'_>, i32);

fn flush(window: &Exposure<'_>, target: i32) {
    window.flush(target);
}

fn flush_local(window: &Exposure<'_>, target: i32) {
    window.flush_local(target);
}

/// Operations of process 0, or of both, on the other one. Each is completed, or all of them are together. The target waits in a
/// barrier.
fn towards_peer(sample: &mut Sample<'_>, both: bool, operation: Operation<'_>, complete: Completion<'_>) -> Times {
    let window = sample.window?;
    let (part, target, origin) = (sample.part(), 1 - sample.world.rank(), both || sample.world.rank() == 0);
    sample.together();
    let mut seconds = None;
    if origin {
        window.lock(target);
        let start = sample.world.now();
        for repetition in 0..sample.repetitions {
            operation(window, sample, part, target, repetition);
            if sample.mode != Mode::Aggregate {
                complete(window, target);
            }
        }
        if sample.mode == Mode::Aggregate {
            complete(window, target);
        }
        seconds = Some([(sample.world.now() - start) / sample.repetitions as f64, 0.0]);
        window.unlock(target);
    }
    sample.world.barrier();
    seconds
}

/// Operations of process 0, or of all, on all others, each beginning with the next one; completed together.
fn towards_all(sample: &mut Sample<'_>, all: bool, operation: Operation<'_>, locally: bool) -> Times {
    let window = sample.window?;
    let (part, rank, ranks) = (sample.part(), sample.world.rank(), sample.world.size());
    sample.together();
    let mut seconds = None;
    if all || rank == 0 {
        window.lock_all();
        let start = sample.world.now();
        for repetition in 0..sample.repetitions {
            for distance in 1..ranks {
                operation(window, sample, part, (rank + distance) % ranks, repetition);
            }
        }
        if locally {
            window.flush_local_all();
        } else {
            window.flush_all();
        }
        seconds = Some([(sample.world.now() - start) / sample.repetitions as f64, 0.0]);
        window.unlock_all();
    }
    sample.world.barrier();
    seconds
}

/// Two operations of every process, one with each neighbour on a ring.
fn towards_neighbors(sample: &mut Sample<'_>, operation: Operation<'_>, other: Operation<'_>) -> Times {
    let window = sample.window?;
    let (part, left, right) = (sample.part(), left(sample.world), right(sample.world));
    let targets = if left == right { vec![left] } else { vec![left, right] };
    sample.together();
    targets.iter().for_each(|&target| window.lock(target));
    let start = sample.world.now();
    for repetition in 0..sample.repetitions {
        operation(window, sample, part, left, repetition);
        other(window, sample, part, right, repetition);
        targets.iter().for_each(|&target| window.flush(target));
    }
    let seconds = (sample.world.now() - start) / sample.repetitions as f64;
    targets.iter().for_each(|&target| window.unlock(target));
    sample.world.barrier();
    Some([seconds, 0.0])
}

#[inline(always)]
fn put_at(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, target: i32, repetition: usize, half: usize) {
    let (data, to) = (sample.send.at(repetition), sample.recv.offset(repetition));
    // SAFETY: under a lock of the target; both buffers hold both halves, and nobody writes the message before it is complete.
    unsafe { window.put(data.wrapping_add(half), part, target, to + half) };
}

#[inline(always)]
fn get_at(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, target: i32, repetition: usize, half: usize) {
    let (data, from) = (sample.recv.at(repetition), sample.send.offset(repetition));
    // SAFETY: as in `put_at`; the window is over the send buffer.
    unsafe { window.get(data.wrapping_add(half), part, target, from + half) };
}

fn put(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, target: i32, repetition: usize) {
    put_at(window, sample, part, target, repetition, 0);
}

fn get(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, target: i32, repetition: usize) {
    get_at(window, sample, part, target, repetition, 0);
}

/// The patterns that differ in who does what only.
macro_rules! patterns {
    ($($(#[$doc:meta])* $name:ident = $frame:ident ($($argument:expr),*);)*) => {
        $(
            $(#[$doc])*
            pub fn $name(sample: &mut Sample<'_>) -> Times {
                $frame(sample, $($argument),*)
            }
        )*
    };
}

patterns! {
    /// Process 0 puts.
    unidir_put = towards_peer(false, &put, &flush);
    /// Both put.
    bidir_put = towards_peer(true, &put, &flush);
    /// Process 0 gets.
    unidir_get = towards_peer(false, &get, &flush);
    /// Both get.
    bidir_get = towards_peer(true, &get, &flush);
    /// Process 0 puts, and waits for its buffer only.
    put_local = towards_peer(false, &put, &flush_local);
    /// Process 0 gets, and waits for its buffer only.
    get_local = towards_peer(false, &get, &flush_local);
    /// Process 0 puts to all, and waits for its buffer only.
    put_all_local = towards_all(false, &put, true);
    /// Process 0 gets from all, and waits for its buffer only.
    get_all_local = towards_all(false, &get, true);
    /// Process 0 puts to all.
    one_put_all = towards_all(false, &put, false);
    /// Every process puts to all others.
    all_put_all = towards_all(true, &put, false);
    /// Process 0 gets from all.
    one_get_all = towards_all(false, &get, false);
    /// Every process gets from all others.
    all_get_all = towards_all(true, &get, false);
    /// Process 0 adds.
    accumulate = towards_peer(false, &add, &flush);
    /// Process 0 adds and fetches.
    get_accumulate = towards_peer(false, &fetch_and_add, &flush);
    /// Process 0 adds to one element and fetches it.
    fetch_and_op = towards_peer(false, &fetch_one_and_add, &flush);
    /// Process 0 swaps one element.
    compare_and_swap = towards_peer(false, &swap, &flush);
}

/// Every process puts to both neighbours: the first half of what arrives is the right one's, the second the left one's.
pub fn exchange_put(sample: &mut Sample<'_>) -> Times {
    towards_neighbors(sample, &put, &|window, sample, part, target, repetition| {
        put_at(window, sample, part, target, repetition, sample.size);
    })
}

/// Every process gets from both neighbours.
pub fn exchange_get(sample: &mut Sample<'_>) -> Times {
    towards_neighbors(sample, &get, &|window, sample, part, target, repetition| {
        get_at(window, sample, part, target, repetition, sample.size);
    })
}

fn add(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, target: i32, repetition: usize) {
    // SAFETY: as in `put_at`.
    unsafe { window.accumulate(sample.send.at(repetition), part, target, sample.recv.offset(repetition)) };
}

/// Where results go: behind the window's part.
fn result(sample: &Sample<'_>, repetition: usize) -> *mut u8 {
    sample.recv.at(repetition).wrapping_add(sample.size)
}

fn fetch_and_add(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, target: i32, repetition: usize) {
    let (data, to) = (sample.send.at(repetition), sample.recv.offset(repetition));
    // SAFETY: as in `put_at`; the result has a place that no other process uses.
    unsafe { window.get_accumulate(data, result(sample, repetition), part, target, to) };
}

fn fetch_one_and_add(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, target: i32, repetition: usize) {
    let (data, to) = (sample.send.at(repetition), sample.recv.offset(repetition));
    // SAFETY: as in `fetch_and_add`.
    unsafe { window.fetch_and_add(data, result(sample, repetition), part, target, to) };
}

fn swap(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, target: i32, repetition: usize) {
    let (data, to) = (sample.send.at(repetition), sample.recv.offset(repetition));
    let compare = data.wrapping_add(sample.size);
    // SAFETY: as in `fetch_and_add`; what is compared lies behind the data.
    unsafe { window.compare_and_swap(data, compare, result(sample, repetition), part, target, to) };
}

/// Process 0 puts twice: while the target waits in a barrier, and while it computes first, for as long as a put took.
pub fn truly_passive_put(sample: &mut Sample<'_>) -> Times {
    let window = sample.window?;
    let (world, part) = (sample.world, sample.part());
    if world.rank() == 0 {
        window.lock(1);
    }
    let mut times = [0.0, 0.0];
    let mut busy = 0.0;
    for time in &mut times {
        world.barrier();
        for repetition in 0..sample.repetitions {
            if world.rank() == 0 {
                let start = world.now();
                put(window, sample, part, 1, repetition);
                window.flush(1);
                *time += (world.now() - start) / sample.repetitions as f64;
            } else {
                compute(|| world.now(), busy);
            }
            world.barrier();
        }
        // The target learns how long a put took.
        let mut bytes = time.to_ne_bytes();
        if world.rank() == 0 {
            world.send(&bytes, 8, 1, 1);
        } else {
            world.recv(&mut bytes, 8, 0, 1);
            busy = f64::from_ne_bytes(bytes);
        }
    }
    (world.rank() == 0).then(|| {
        window.unlock(1);
        times
    })
}

/// Uses the processor for so many seconds.
fn compute(now: impl Fn() -> f64, seconds: f64) {
    let (end, mut value) = (now() + seconds, 1.0f64);
    while now() < end {
        for _ in 0..10 {
            value = black_box(value * 0.999_999 + 0.000_001);
        }
    }
}
