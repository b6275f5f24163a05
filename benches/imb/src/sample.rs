//! What a pattern is given: the processes, the buffers, and how often.

use bench_harness::{Call, Datatype, Element, Exposure, Part, Requests, World};

use crate::benchmark::Mode;

/// One buffer, of which each repetition uses the next part with `-off_cache`.
#[derive(Clone, Copy)]
pub struct Place {
    /// Its first byte.
    pub start: *mut u8,
    /// Bytes from one part to the next.
    pub step: usize,
    /// The number of parts.
    pub parts: usize,
}

impl Place {
    /// Where `repetition` begins, in bytes behind the start.
    #[inline(always)]
    pub fn offset(&self, repetition: usize) -> usize {
        if self.parts == 1 { 0 } else { repetition % self.parts * self.step }
    }

    /// The same as an address.
    #[inline(always)]
    pub fn at(&self, repetition: usize) -> *mut u8 {
        self.start.wrapping_add(self.offset(repetition))
    }
}

/// One row of a table, on one process.
pub struct Sample<'a> {
    /// The processes of its group.
    pub world: &'a World,
    /// What is sent.
    pub send: Place,
    /// Where it arrives: also the memory of the window.
    pub recv: Place,
    /// The bytes of a message.
    pub size: usize,
    /// How many elements that is.
    pub count: i32,
    /// Their type.
    pub element: Element,
    /// The same for MPI.
    pub datatype: &'a Datatype,
    /// How often.
    pub repetitions: usize,
    /// Whether all operations complete together.
    pub mode: Mode,
    /// `-root_shift`: every repetition has another root.
    pub root_shift: bool,
    /// `-sync`: the processes of a collective operation start each repetition together.
    pub sync: bool,
    /// `-imb_barrier`: by a barrier that is not the library's.
    pub own_barrier: bool,
    /// `-window_size`
    pub window_size: usize,
    /// The collective operation, where it is one.
    pub call: Option<Call<'a>>,
    /// The window over `recv`, where one is needed.
    pub window: Option<&'a Exposure<'a>>,
    /// Slots for non-blocking calls.
    pub requests: &'a mut Requests,
}

impl<'a> Sample<'a> {
    /// The message.
    #[inline(always)]
    pub fn part(&self) -> Part<'a> {
        Part { count: self.count, datatype: self.datatype }
    }

    /// Lets all processes begin at the same time.
    pub fn together(&self) {
        if self.own_barrier {
            self.dissemination();
        } else {
            self.world.barrier();
        }
    }

    /// Seconds per repetition of `work`, which does all of them.
    pub fn timed(&mut self, work: impl FnOnce(&mut Self)) -> f64 {
        self.together();
        let start = self.world.now();
        work(self);
        (self.world.now() - start) / self.repetitions as f64
    }

    /// A barrier of messages: in each round every process tells one that is twice as far away as in the round before.
    fn dissemination(&self) {
        let (rank, all) = (self.world.rank(), self.world.size());
        let mut distance = 1;
        while distance < all {
            let (to, from) = ((rank + distance) % all, (rank + all - distance) % all);
            self.world.sendrecv(&[], to, &mut [], from, 0, 2);
            distance *= 2;
        }
    }
}
