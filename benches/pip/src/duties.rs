//! What a worker does with shared memory and with a core that it shares, for the measures of the PiP paper.

use crate::board::{Board, NOT_COUNTED, Seat};
use crate::cycles;
use crate::order::Order;
use crate::segment::{Call, Failure, Segment, obtain, share};
use crate::tlb::Misses;
use std::sync::atomic::{AtomicU32, Ordering};

/// Carries out an order; those that are not for this seat are done at once. `times` other than 0 makes [`Order::Share`] solid.
pub fn obey(board: &Board, seat: &Seat, order: Order, times: u64, held: &mut Option<Segment>) -> Result<(), Failure> {
    let leader = seat.number.load(Ordering::Relaxed) == 0;
    match order {
        Order::Share if leader => *held = Some(share(board, seat, times != 0)?),
        Order::Obtain if !leader => *held = Some(obtain(board, seat)?),
        Order::Leave if !leader => held.take().map_or(Ok(()), |segment| segment.leave(seat))?,
        Order::Withdraw if leader => held.take().map_or(Ok(()), |segment| segment.withdraw(board, seat))?,
        Order::PageTables => seat.page_tables.store(page_tables()?, Ordering::Relaxed),
        Order::HandOver | Order::CountedHandOver | Order::YieldOver => {
            hand_over(board, seat, leader, order, times, held.as_ref());
        }
        Order::Fill if leader => walk(seat, held, |segment| segment.fill(1)),
        Order::Read if !leader => walk(seat, held, |segment| segment.read(segment.pages())),
        Order::Write if !leader => walk(seat, held, |segment| segment.write(2)),
        _ => {}
    }
    Ok(())
}

/// Notes cycles and faults of what is done to the memory.
fn walk(seat: &Seat, held: &Option<Segment>, action: impl FnOnce(&Segment)) {
    let Some(segment) = held else { return };
    let before = usage().ru_minflt;
    let ((), cycles) = cycles::of(|| action(segment));
    seat.faults.store((usage().ru_minflt - before) as u64, Ordering::Relaxed);
    seat.cycles.store(cycles, Ordering::Relaxed);
}

/// `times` rounds with the other worker, two hand-overs each; after each the one whose turn it is reads some pages.
fn hand_over(board: &Board, seat: &Seat, leader: bool, order: Order, times: u64, held: Option<&Segment>) {
    let pages = board.pages.load(Ordering::Relaxed) as usize;
    let baton = &board.baton.0;
    let sleeps = order != Order::YieldOver;
    let misses = (order == Order::CountedHandOver).then(|| Misses::count().ok()).flatten();
    let before = usage();
    let ((), cycles) = cycles::of(|| {
        for round in 0..times as u32 {
            let mine = 2 * round + u32::from(!leader);
            if sleeps {
                sleep_until(baton, mine)
            } else {
                yield_until(baton, mine)
            }
            if let Some(segment) = held {
                segment.read(pages);
            }
            baton.store(mine + 1, Ordering::Release);
            if sleeps {
                wake_one(baton);
            }
        }
    });
    let after = usage();
    let switches = (after.ru_nvcsw - before.ru_nvcsw) + (after.ru_nivcsw - before.ru_nivcsw);
    let misses = misses.and_then(|mut misses| misses.so_far().ok()).unwrap_or(NOT_COUNTED);
    seat.tlb_misses.store(misses, Ordering::Relaxed);
    seat.switches.store(switches as u64, Ordering::Relaxed);
    seat.cycles.store(cycles, Ordering::Relaxed);
}

fn sleep_until(baton: &AtomicU32, turn: u32) {
    loop {
        let now = baton.load(Ordering::Acquire);
        if now == turn {
            return;
        }
        // SAFETY: the word is mapped, and the kernel only reads it. Not private: processes have address spaces of their own.
        unsafe {
            libc::syscall(libc::SYS_futex, baton.as_ptr(), libc::FUTEX_WAIT, now, std::ptr::null::<libc::timespec>())
        };
    }
}

fn wake_one(baton: &AtomicU32) {
    // SAFETY: the address only names the sleeper.
    unsafe { libc::syscall(libc::SYS_futex, baton.as_ptr(), libc::FUTEX_WAKE, 1) };
}

fn yield_until(baton: &AtomicU32, turn: u32) {
    while baton.load(Ordering::Acquire) != turn {
        // SAFETY: makes a system call.
        unsafe { libc::sched_yield() };
    }
}

/// What the kernel has counted for the calling thread.
fn usage() -> libc::rusage {
    // SAFETY: all-zero is a valid rusage, which the kernel fills.
    unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_THREAD, &mut usage);
        usage
    }
}

/// `VmPTE` of the calling thread's address space, in KiB.
fn page_tables() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPTE:"));
    let value = line.and_then(|value| value.split_whitespace().next()?.parse().ok());
    value.ok_or(Failure::new(Call::Status, libc::ENODATA))
}
