//! What a worker does: the same code for tasks, processes and threads.

use crate::board::{Board, Line, Seat, now, sleep_on, wake};
use crate::duties;
use crate::order::Order;
use crate::segment::Segment;
use pip_core::current::current;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::Ordering;

/// Bytes that [`Order::Memory`] maps.
pub const MAPPED: usize = 64 * PAGE;
const PAGE: usize = 4096;

/// Sizes of the crews that are measured with [`Order::Memory`].
pub const WORKERS: [usize; 5] = [1, 2, 4, 8, 16];

/// How many names one task exports for [`Order::NamedExport`].
pub const NAMES: u64 = 16;

/// Under which name the root exports something for [`Order::NamedImport`].
pub const NAME: &CStr = c"bench";

/// PIP_PIPID_ROOT
const ROOT: c_int = -748;

/// Every `main` that can be a worker's begins with this: true if this process is one, which has then served its crew.
pub fn serve_if_worker() -> bool {
    let Some(task) = current() else { return crate::process::serve_if_worker() };
    let place = task.entry().aux().load(Ordering::Acquire);
    // SAFETY: the root gave its worker tasks the address of a place, and these cannot end before it is freed.
    if let Some(place) = unsafe { place.cast::<Place>().as_ref() } {
        serve(place);
    }
    true
}

/// A worker's way to its orders. It lives until the worker has ended.
#[derive(Debug)]
#[repr(C)]
pub struct Place {
    /// Address of the board.
    pub board: usize,
    /// The worker's seat.
    pub seat: usize,
}

/// Does what the board says until it says to leave.
pub fn serve(place: &Place) {
    // SAFETY: the crew keeps the board until its workers have ended.
    let board = unsafe { &*(place.board as *const Board) };
    let seat = &board.seats[place.seat];
    // SAFETY: makes a system call.
    seat.tid.store(unsafe { libc::gettid() } as u32, Ordering::Relaxed);
    let mut held = None;
    let mut seen = 0;
    loop {
        let orders = board.orders.load(Ordering::Acquire);
        if orders == seen {
            sleep_on(&board.orders, seen);
            continue;
        }
        seen = orders;
        let order = board.order.load(Ordering::Relaxed) as usize;
        let times = board.times.load(Ordering::Relaxed);
        match Order::ALL.get(order) {
            None | Some(Order::End) => return,
            Some(&order) => obey(board, seat, order, times, &mut held),
        }
        if board.done.fetch_add(1, Ordering::AcqRel) + 1 == board.members.load(Ordering::Relaxed) {
            wake(&board.done);
        }
    }
}

fn obey(board: &Board, seat: &Seat, order: Order, times: u64, held: &mut Option<Segment>) {
    let leader = seat.number.load(Ordering::Relaxed) == 0;
    match order {
        Order::End => {}
        Order::Barrier => meet(seat, times, || board.barrier.wait(2)),
        // SAFETY: initialised by who made the board, and used by exactly its members.
        Order::PthreadBarrier => meet(seat, times, || unsafe {
            libc::pthread_barrier_wait(board.pthread_barrier.get());
        }),
        Order::RoundTrip => {
            let mut turn = 0;
            meet(seat, times, || {
                round_trip(&board.turn, turn, leader);
                turn += 2;
            });
        }
        Order::Memory => timed(seat, times, |_| map_and_touch()),
        Order::Export => {
            let Some(task) = current() else { return };
            timed(seat, times, |_| task.export(std::hint::black_box(task.entry().aux().as_ptr().cast())));
        }
        Order::Import => {
            type Import = unsafe extern "C" fn(c_int, *mut *mut c_void) -> c_int;
            let mut value = std::ptr::null_mut();
            // SAFETY: this is its type in pip.h.
            let import = unsafe { std::mem::transmute::<*mut c_void, Import>(function(c"pip_import")) };
            // SAFETY: a local to fill.
            timed(seat, times, |_| assert!(unsafe { import(ROOT, &mut value) } == 0 && !value.is_null()));
        }
        Order::NamedExport => {
            type Export = unsafe extern "C" fn(*mut c_void, *const c_char, ...) -> c_int;
            // SAFETY: this is its type in pip.h.
            let export = unsafe { std::mem::transmute::<*mut c_void, Export>(function(c"pip_named_export")) };
            let pointer = std::ptr::from_ref(seat).cast_mut().cast();
            let name = |number: u64| number as c_int;
            // SAFETY: a format and its argument.
            timed(seat, times, |i| assert!(unsafe { export(pointer, c"name %d".as_ptr(), name(i)) } == 0));
        }
        Order::NamedImport => {
            type Import = unsafe extern "C" fn(c_int, *mut *mut c_void, *const c_char, ...) -> c_int;
            let mut value = std::ptr::null_mut();
            // SAFETY: this is its type in pip.h.
            let import = unsafe { std::mem::transmute::<*mut c_void, Import>(function(c"pip_named_import")) };
            // SAFETY: a local to fill and a format without arguments.
            timed(seat, times, |_| assert!(unsafe { import(ROOT, &mut value, NAME.as_ptr()) } == 0));
        }
        _ => {
            if let Err(failure) = duties::obey(board, seat, order, times, held) {
                failure.put(&seat.failure);
            }
        }
    }
}

/// Times `action` alone.
fn timed(seat: &Seat, times: u64, mut action: impl FnMut(u64)) {
    seat.start.store(now(), Ordering::Relaxed);
    for i in 0..times {
        action(i);
    }
    seat.end.store(now(), Ordering::Relaxed);
}

/// Times `action`, which waits for the other workers; the clock starts once all are there.
fn meet(seat: &Seat, times: u64, mut action: impl FnMut()) {
    action();
    timed(seat, times, |_| action());
}

/// No pause instruction: on Intel it costs 40 to 140 cycles, a fifth of the hand-off.
fn round_trip(line: &Line, turn: u64, leader: bool) {
    let pass = |value| line.0.store(value, Ordering::Release);
    let wait_for = |value| while line.0.load(Ordering::Acquire) != value {};
    if leader {
        pass(turn + 1);
        wait_for(turn + 2);
    } else {
        wait_for(turn + 1);
        pass(turn + 2);
    }
}

fn map_and_touch() {
    let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory, of which every page is written once and that nobody else knows.
    unsafe {
        let memory = libc::mmap(std::ptr::null_mut(), MAPPED, prot, flags, -1, 0);
        assert!(memory != libc::MAP_FAILED, "no memory");
        for page in (0..MAPPED).step_by(PAGE) {
            memory.cast::<u8>().add(page).write_volatile(1);
        }
        libc::munmap(memory, MAPPED);
    }
}

/// A function of the task's libpip.
pub(crate) fn function(name: &CStr) -> *mut c_void {
    // SAFETY: a C string.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    assert!(!found.is_null(), "the task has no {}; is libpip.so preloaded?", name.to_string_lossy());
    found
}
