//! Memory that one worker gets and others look into, shared in one of several ways.

mod attached;
mod calls;
mod heap;
mod lap;
mod shm;

use crate::board::{Board, Seat};
use crate::xpmem::Xpmem;
use lap::Lap;
use std::ffi::CString;
use std::sync::atomic::Ordering;

pub use calls::{CALLS, Call, Calls, Failure, Way};
pub use shm::name as shm_name;

/// The memory as one worker has it.
#[derive(Debug)]
pub struct Segment {
    way: Way,
    address: *mut u8,
    bytes: usize,
    /// XPMEM's number for it: of the owner's segment, or of another's access.
    id: isize,
}

/// The owner gets memory and offers it. With `solid` it is there before it is used, not only promised.
pub fn share(board: &Board, seat: &Seat, solid: bool) -> Result<Segment, Failure> {
    let (way, bytes, lap) = (way(board), bytes(board), Lap(seat));
    let (address, id) = match way {
        Way::Shm | Way::ShmPopulate => (shm::create(&lap, &name(board), bytes, solid)?, 0),
        Way::Export | Way::Store => {
            let address = heap::allocate(&lap, bytes, None)?;
            let publish = if way == Way::Export { heap::export } else { heap::store };
            publish(board, &lap, address)?;
            (address, 0)
        }
        Way::XpmemOfTasks | Way::XpmemDevice => {
            // The device shares whole pages.
            let address = heap::allocate(&lap, bytes, Some(PAGE))?;
            (address, attached::make(xpmem(way)?, board, &lap, address, bytes)?)
        }
    };
    Ok(Segment { way, address, bytes, id })
}

/// Another worker gets at it.
pub fn obtain(board: &Board, seat: &Seat) -> Result<Segment, Failure> {
    let (way, bytes, lap) = (way(board), bytes(board), Lap(seat));
    let (address, id) = match way {
        Way::Export => (heap::import(board, &lap)?, 0),
        Way::Store => (heap::load(board, &lap)?, 0),
        Way::Shm | Way::ShmPopulate => (shm::open(&lap, &name(board), bytes, way == Way::ShmPopulate)?, 0),
        Way::XpmemOfTasks | Way::XpmemDevice => attached::attach(xpmem(way)?, board, &lap, bytes)?,
    };
    Ok(Segment { way, address, bytes, id })
}

impl Segment {
    /// Another worker lets go of it.
    pub fn leave(self, seat: &Seat) -> Result<(), Failure> {
        let lap = Lap(seat);
        match self.way {
            Way::Export | Way::Store => Ok(()),
            Way::Shm | Way::ShmPopulate => shm::unmap(&lap, self.address, self.bytes),
            Way::XpmemOfTasks | Way::XpmemDevice => attached::detach(xpmem(self.way)?, &lap, self.address, self.id),
        }
    }

    /// The owner gives it back; all others have left.
    pub fn withdraw(self, board: &Board, seat: &Seat) -> Result<(), Failure> {
        let lap = Lap(seat);
        match self.way {
            Way::Shm | Way::ShmPopulate => {
                shm::unmap(&lap, self.address, self.bytes)?;
                return shm::unlink(&lap, &name(board));
            }
            Way::Export => heap::withdraw_name(),
            Way::Store => {}
            Way::XpmemOfTasks | Way::XpmemDevice => attached::remove(xpmem(self.way)?, &lap, self.id)?,
        }
        heap::free(&lap, self.address)
    }

    /// Writes every byte, in pages of 4 KiB: large ones may be had for memory of malloc only, and would be no comparison.
    pub fn fill(&self, value: u8) {
        let begin = self.address.map_addr(|address| address & !(PAGE - 1));
        // SAFETY: advice about the pages of our own block, then all its bytes, of which nobody knows any yet.
        unsafe {
            libc::madvise(begin.cast(), self.bytes, libc::MADV_NOHUGEPAGE);
            self.address.write_bytes(value, self.bytes);
        }
    }

    /// Reads a byte of each of the first `pages` pages.
    pub fn read(&self, pages: usize) {
        for page in 0..pages.min(self.pages()) {
            // SAFETY: within the segment, which its owner has filled.
            unsafe { self.address.add(place(page)).read_volatile() };
        }
    }

    /// Writes a byte of each page.
    pub fn write(&self, value: u8) {
        for page in 0..self.pages() {
            // SAFETY: within the segment. Several workers may write the byte at once, always the same, and nobody uses it.
            unsafe { self.address.add(place(page)).write_volatile(value) };
        }
    }

    /// How many pages of 4 KiB it has.
    pub fn pages(&self) -> usize {
        self.bytes / PAGE
    }
}

const PAGE: usize = 4096;

/// One line further in each page, so that they do not all want the same set of the cache.
fn place(page: usize) -> usize {
    page * PAGE + page % 64 * 64
}

fn way(board: &Board) -> Way {
    Way::ALL[board.way.load(Ordering::Relaxed) as usize % Way::ALL.len()]
}

fn bytes(board: &Board) -> usize {
    board.bytes.load(Ordering::Relaxed) as usize
}

fn name(board: &Board) -> CString {
    shm_name(board.owner.load(Ordering::Relaxed))
}

fn xpmem(way: Way) -> Result<&'static Xpmem, Failure> {
    let found = if way == Way::XpmemDevice { Xpmem::of_device() } else { Xpmem::of_tasks() };
    found.map_err(|_| Failure::new(Call::Make, libc::ENOSYS))
}
