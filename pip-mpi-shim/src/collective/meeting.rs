//! Where the ranks of a communicator meet: a block that all of them see. Every collective call has a number; for it each rank
//! *arrives*, by publishing a card in a seat of its own, and is *done* once it will not look at its peers' cards and buffers
//! any more. Seats are used again after [`DEPTH`] calls.
//!
//! Who waits for all looks at each seat, or, in communicators of many ranks, at a gate that counts them.
//!
//! It knows neither MPI nor how a rank waits.

use crate::primitive::{AtomicU32, AtomicU64, Ordering, UnsafeCell};

const MAGIC: u64 = u64::from_le_bytes(*b"PiP-col\0");
const VERSION: u32 = 2;

/// Seats of a rank. One of them is always free, so that who has seen all arrive may arrive again without asking anybody.
pub const DEPTH: u64 = 8;
/// Bytes of data or description that a card holds; the first 32 share the cache line of the flag.
pub const BODY: usize = 472;
/// Ranks that count at one counter of a gate.
const FAN: u32 = 8;

/// What a rank says of its call.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Card {
    /// Which operation.
    pub kind: u8,
    /// Not 0: the data itself is in `body`.
    pub inline: u8,
    pub reserved: u16,
    pub root: u32,
    /// Reduction and type of its elements.
    pub what: u32,
    /// Bytes in `body`, if the data itself is there.
    pub enclosed: u32,
    /// Bytes of this rank's data.
    pub bytes: u64,
    /// The data, or where it is.
    pub body: Body,
}

/// Room for data of any type.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(8))]
pub struct Body(pub [u8; BODY]);

impl Card {
    /// Says nothing.
    pub const BLANK: Card =
        Card { kind: 0, inline: 0, reserved: 0, root: 0, what: 0, enclosed: 0, bytes: 0, body: Body([0; BODY]) };
}

/// One call of one rank.
#[repr(C, align(128))]
struct Seat {
    /// The number of the call, plus 1, once the rank has arrived.
    arrived: AtomicU64,
    card: UnsafeCell<Card>,
    /// The same once it is done; on another cache line, so that nobody who still reads the card is disturbed.
    done: AtomicU64,
}

const _: () = assert!(cfg!(loom) || size_of::<Seat>() == 512);

/// How many calls a rank is done with, without a gap.
#[repr(C, align(128))]
struct Desk(AtomicU64);

/// A counter on a cache line of its own.
#[repr(C, align(128))]
struct Counter(AtomicU32);

/// Counts all ranks of one call.
#[repr(C, align(128))]
struct Gate {
    top: Counter,
    /// The number of the last call that all have passed, plus 1.
    passed: Counter64,
}

#[repr(C, align(128))]
struct Counter64(AtomicU64);

/// How the ranks of a communicator work together: from the settings of the rank that has made the meeting, for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Ranks up to which all look at each other's seats.
    pub flat_max: u32,
    /// Bytes that are put on a card, at most [`BODY`].
    pub card_max: u32,
    /// Bytes of a reduction that are worth a rank's while.
    pub slice_min: u32,
}

/// What the ranks of a communicator share.
#[repr(C, align(128))]
pub struct Meeting {
    magic: u64,
    version: u32,
    size: u32,
    /// What holds for all of them.
    pub rules: Rules,
    /// Ranks that have the communicator no more.
    pub departed: AtomicU32,
    seats: *const Seat,
    desks: *const Desk,
    gates: *const Gate,
    counters: *const Counter,
    /// Where the ranks of a communicator that spans address spaces find the cards of all of its `everybody`, for each call.
    tables: *const UnsafeCell<Card>,
    everybody: u32,
}

// SAFETY: the pointers lead to atomics, and to cards that the protocol hands over.
unsafe impl Send for Meeting {}
// SAFETY: as above.
unsafe impl Sync for Meeting {}

impl core::fmt::Debug for Meeting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Meeting").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Which of the two gates of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    Arrived,
    Done,
}

/// Zeroed by the allocator, which touches no page of a large table. All that is allocated here is blank when it is zero.
#[cfg(not(loom))]
fn leak<T>(count: usize, _make: impl Fn() -> T) -> *const T {
    let Ok(layout) = std::alloc::Layout::array::<T>(count) else { unreachable!("a table of {count} ranks") };
    // SAFETY: no communicator is empty. Atomic integers and cards of integers are initialised by zeroes.
    let memory = unsafe { std::alloc::alloc_zeroed(layout) };
    if memory.is_null() {
        std::alloc::handle_alloc_error(layout);
    }
    memory.cast()
}

#[cfg(loom)]
fn leak<T>(count: usize, make: impl Fn() -> T) -> *const T {
    Box::leak((0..count).map(|_| make()).collect::<Box<[T]>>()).as_ptr()
}

/// SAFETY of callers: `leak` returned `pointer` for this count. A Box frees it: its memory has the layout of a slice.
unsafe fn give_back<T>(pointer: *const T, count: usize) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(pointer.cast_mut(), count)) });
}

impl Meeting {
    /// For `size` ranks; [`Meeting::discard`] frees it.
    pub fn new(size: u32, rules: Rules) -> &'static Meeting {
        Meeting::of_part(size, rules, 0)
    }

    /// For the `size` ranks of one address space in a communicator of `everybody` ranks.
    pub fn of_part(size: u32, rules: Rules, everybody: u32) -> &'static Meeting {
        let [seats, gates, counters] = Meeting::counts(size);
        let zero = || AtomicU64::new(0);
        Box::leak(Box::new(Meeting {
            magic: MAGIC,
            version: VERSION,
            size,
            rules,
            departed: AtomicU32::new(0),
            seats: leak(seats, || Seat { arrived: zero(), card: UnsafeCell::new(Card::BLANK), done: zero() }),
            desks: leak(size as usize, || Desk(zero())),
            gates: leak(gates, || Gate { top: Counter(AtomicU32::new(0)), passed: Counter64(zero()) }),
            counters: leak(counters, || Counter(AtomicU32::new(0))),
            tables: if everybody == 0 {
                core::ptr::null()
            } else {
                leak(Meeting::cards(everybody), || UnsafeCell::new(Card::BLANK))
            },
            everybody,
        }))
    }

    /// Seats, gates and counters for `size` ranks.
    fn counts(size: u32) -> [usize; 3] {
        let gates = 2 * DEPTH as usize;
        [size as usize * DEPTH as usize, gates, gates * size.div_ceil(FAN) as usize]
    }

    fn cards(everybody: u32) -> usize {
        DEPTH as usize * everybody as usize
    }

    /// The meeting at an address that a rank of a communicator of `size` ranks has told.
    ///
    /// # Safety
    /// It was told with the making of this communicator.
    pub unsafe fn at(address: usize, size: u32) -> Option<&'static Meeting> {
        // SAFETY: the caller's promise; magic and version come first in all versions.
        let meeting = unsafe { (address as *const Meeting).as_ref() }?;
        (meeting.magic == MAGIC && meeting.version == VERSION && meeting.size == size).then_some(meeting)
    }

    /// Frees what [`Meeting::new`] allocated.
    ///
    /// # Safety
    /// The caller called `new`, and nobody uses the meeting any more.
    pub unsafe fn discard(&'static self) {
        let [seats, gates, counters] = Meeting::counts(self.size);
        // SAFETY: `new` leaked these with these lengths.
        unsafe {
            give_back(self.seats, seats);
            give_back(self.desks, self.size as usize);
            give_back(self.gates, gates);
            give_back(self.counters, counters);
            if self.everybody > 0 {
                give_back(self.tables, Meeting::cards(self.everybody));
            }
            drop(Box::from_raw(core::ptr::from_ref(self).cast_mut()));
        }
    }

    /// Ranks of the communicator.
    pub fn size(&self) -> u32 {
        self.size
    }

    #[inline]
    fn seat(&self, rank: u32, call: u64) -> &Seat {
        debug_assert!(rank < self.size);
        // SAFETY: DEPTH seats per rank, and ranks are the communicator's.
        unsafe { &*self.seats.add(rank as usize * DEPTH as usize + (call % DEPTH) as usize) }
    }

    fn desk(&self, rank: u32) -> &Desk {
        debug_assert!(rank < self.size);
        // SAFETY: a desk per rank.
        unsafe { &*self.desks.add(rank as usize) }
    }

    /// The gate of a call, and its counters.
    fn gate(&self, call: u64, point: Point) -> (&Gate, &[Counter]) {
        let at = (call % DEPTH) as usize * 2 + usize::from(point == Point::Done);
        let groups = self.size.div_ceil(FAN) as usize;
        // SAFETY: two gates per seat, each with a counter per group.
        unsafe { (&*self.gates.add(at), core::slice::from_raw_parts(self.counters.add(at * groups), groups)) }
    }

    /// A rank arrives at a call that [`Meeting::may_arrive`] and this rank's own calls allow; `fill` writes its card.
    #[inline]
    pub fn arrive(&self, rank: u32, call: u64, fill: impl FnOnce(&mut Card)) {
        let seat = self.seat(rank, call);
        // SAFETY: the seat is this rank's, and everybody is done with the call that had it before.
        seat.card.with_mut(|card| fill(unsafe { &mut *card }));
        seat.arrived.store(call + 1, Ordering::Release);
    }

    /// A rank counts itself at the gate of those who have arrived; true if it is the last.
    pub fn count_arrival(&self, rank: u32, call: u64) -> bool {
        self.count(rank, call, Point::Arrived)
    }

    /// The same for those that are done.
    pub fn count_done(&self, rank: u32, call: u64) -> bool {
        self.count(rank, call, Point::Done)
    }

    fn count(&self, rank: u32, call: u64, point: Point) -> bool {
        let (gate, counters) = self.gate(call, point);
        let group = rank / FAN;
        let members = FAN.min(self.size - group * FAN);
        let pass = |counter: &Counter, members| {
            let last = counter.0.fetch_add(1, Ordering::AcqRel) + 1 == members;
            if last {
                counter.0.store(0, Ordering::Relaxed); // for the next call here, which begins when this one is over
            }
            last
        };
        let last = pass(&counters[group as usize], members) && pass(&gate.top, counters.len() as u32);
        if last {
            gate.passed.0.store(call + 1, Ordering::Release);
        }
        last
    }

    /// The counter of the gate at which ranks wait until all have arrived at a call, or are done with it: it changes when that
    /// is so.
    #[inline]
    pub fn opening(&self, call: u64, done: bool) -> &AtomicU64 {
        &self.gate(call, if done { Point::Done } else { Point::Arrived }).0.passed.0
    }

    /// Whether all have arrived, by the gate.
    #[inline]
    pub fn have_arrived(&self, call: u64) -> bool {
        self.gate(call, Point::Arrived).0.passed.0.load(Ordering::Acquire) > call
    }

    /// Whether all are done, by the gate.
    #[inline]
    pub fn are_done(&self, call: u64) -> bool {
        self.gate(call, Point::Done).0.passed.0.load(Ordering::Acquire) > call
    }

    /// Whether a rank has arrived.
    #[inline]
    pub fn has_arrived(&self, rank: u32, call: u64) -> bool {
        self.seat(rank, call).arrived.load(Ordering::Acquire) > call
    }

    /// Whether a rank is done.
    #[inline]
    pub fn is_done(&self, rank: u32, call: u64) -> bool {
        self.seat(rank, call).done.load(Ordering::Acquire) > call
    }

    /// The card of a rank that has arrived, for a rank that is not done.
    ///
    /// # Safety
    /// [`Meeting::has_arrived`] or [`Meeting::have_arrived`] said so, and the caller is not done with the call.
    #[inline]
    pub unsafe fn card(&self, rank: u32, call: u64) -> &Card {
        // SAFETY: the seat changes only when all are done with the call.
        self.seat(rank, call).card.with(|card| unsafe { &*card })
    }

    /// Where rank 0's card for a call is, and how many bytes from one rank's to the next's.
    #[inline]
    pub fn cards_of(&self, call: u64) -> (*const Card, usize) {
        (self.seat(0, call).card.with(|card| card), DEPTH as usize * size_of::<Seat>())
    }

    /// The place for rank `rank`'s card in the table of a call; ranks of the whole communicator count here.
    #[inline]
    pub fn place(&self, rank: u32, call: u64) -> &UnsafeCell<Card> {
        assert!(rank < self.everybody);
        // SAFETY: a table per seat, with a card per rank.
        unsafe { &*self.tables.add((call % DEPTH) as usize * self.everybody as usize + rank as usize) }
    }

    /// A rank is done with a call.
    #[inline]
    pub fn done(&self, rank: u32, call: u64) {
        self.seat(rank, call).done.store(call + 1, Ordering::Release);
    }

    /// A rank is done with all calls below `call`.
    #[inline]
    pub fn settle(&self, rank: u32, call: u64) {
        self.desk(rank).0.store(call, Ordering::Release);
    }

    /// The number of calls that everybody is done with, without a gap.
    pub fn settled(&self) -> u64 {
        (0..self.size).map(|rank| self.desk(rank).0.load(Ordering::Acquire)).min().unwrap_or(0)
    }

    /// Whether everybody is done with the call that had the seats of `call` before, by the gate.
    pub fn is_vacant(&self, call: u64) -> bool {
        call < DEPTH || self.are_done(call - DEPTH)
    }
}

#[cfg(test)]
mod tests;
