//! The way to other address spaces in one lane: calls of MPICH that are not complete, headers that are arriving, and numbers.

use super::agreement::{Private, private};
use super::header::{Header, Kind, Sequences, Tags};
use super::shapes::Described;
use crate::abi::{self, Count, Request, Status};
use crate::engine::{LANES, Lane};
use crate::job::Job;
use crate::layout::{self, View};
use crate::real;
use crate::request::{Index, Kind as SlotKind, Slab};
use crate::window::{Desk, Moving};
use core::ffi::c_int;
use std::collections::VecDeque;

/// What a call of MPICH was made for.
#[derive(Debug)]
pub enum Purpose {
    /// A header; its memory is used again.
    Header(Vec<u8>),
    /// The data of the send in a slot.
    Sent { slot: Index, data_tag: u32 },
    /// Data of ours to send; whether they count against the attached buffer.
    SentCopy { data: Box<[u8]>, data_tag: u32, buffered: bool, slot: Option<Index> },
    /// The data of the receive in a slot.
    Received { slot: Index },
    /// The same, to be copied from here.
    ReceivedAside { slot: Index, data: Box<[u8]> },
    /// Data of a long copy to or from a window.
    Window(Moving),
    /// Data that nobody wants.
    #[allow(dead_code)] // nobody reads it, but MPICH writes there
    Discarded { data: Box<[u8]> },
}

/// A header on its way in.
#[derive(Debug)]
struct Arriving {
    world: u32,
    message: Vec<u8>,
    request: Request,
}

/// A send whose data the program wants back.
#[derive(Debug)]
pub struct Asked {
    pub slot: Index,
    pub data_tag: u32,
    /// What the receiver answered: whether it was taken back.
    pub answer: Option<bool>,
    /// MPICH has brought the data to the receiver.
    pub moved: bool,
}

/// The way to other address spaces in one lane.
#[derive(Debug)]
pub struct Channel {
    private: Private,
    lane: Lane,
    pub sequences: Sequences,
    pub tags: Tags,
    /// Calls that are not complete, and what for.
    requests: Vec<Request>,
    purposes: Vec<Purpose>,
    /// How many of them are headers.
    headers: usize,
    /// Where the next look at them begins.
    cursor: usize,
    arriving: VecDeque<Arriving>,
    /// Memory of headers to use again.
    spare: Vec<Vec<u8>>,
    /// A slot that is taken while something is under way: then no receive of this space may go its short way, on which nobody
    /// looks here.
    token: Option<Index>,
    polls: u32,
    pub asked: Vec<Asked>,
    /// Windows that other spaces reach through this lane.
    pub desk: Desk,
}

/// Calls that one poll looks at.
const WINDOW: usize = 64;
/// Headers that one poll takes.
const BURST: usize = 64;
/// Polls of the engine between two of the idle channel.
const INTERVAL: u32 = 4;

impl Channel {
    /// The channel of a lane; None in a job of one space.
    pub fn new(lane: Lane) -> Option<Box<Channel>> {
        Some(Box::new(Channel {
            private: private()?,
            lane,
            sequences: Sequences::default(),
            tags: Tags::default(),
            requests: Vec::new(),
            purposes: Vec::new(),
            headers: 0,
            cursor: 0,
            arriving: VecDeque::new(),
            spare: Vec::new(),
            token: None,
            polls: 0,
            asked: Vec::new(),
            desk: Desk::default(),
        }))
    }

    /// Whether it is time to look.
    pub fn is_due(&mut self, job: &Job) -> bool {
        self.polls = self.polls.wrapping_add(1);
        !self.is_idle() || self.desk.is_waited_for() || self.polls.is_multiple_of(INTERVAL) || job.is_crowded()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.requests.is_empty() && self.arriving.is_empty()
    }

    /// Headers that MPICH still has.
    pub fn headers_under_way(&self) -> usize {
        self.headers
    }

    /// Keeps receives of this space from their short way while something is under way, or may come at any time.
    pub fn hold(&mut self, slots: &mut Slab) {
        match (self.is_idle() && self.desk.is_empty(), self.token) {
            (false, None) => self.token = Some(slots.insert(SlotKind::Nothing, None)),
            (true, Some(token)) => {
                slots.remove(token);
                self.token = None;
            }
            _ => {}
        }
    }

    /// Memory for a message of `len` bytes.
    pub fn memory(&mut self, len: usize) -> Vec<u8> {
        let mut memory = self.spare.pop().unwrap_or_default();
        memory.clear();
        memory.resize(len, 0);
        memory
    }

    /// Memory of a message that is no longer needed.
    pub fn recycle(&mut self, memory: Vec<u8>) {
        const MOST: usize = 64;
        const LONGEST: usize = 64 << 10;
        if self.spare.len() < MOST && memory.capacity() <= LONGEST {
            self.spare.push(memory);
        }
    }

    /// The tag in MPICH of number `data_tag`. Lanes count for themselves.
    fn tag(&self, data_tag: u32) -> c_int {
        (data_tag * LANES as u32 + self.lane) as c_int
    }

    /// A number for a second message.
    pub fn draw_tag(&mut self) -> u32 {
        const LIMIT: u32 = (abi::TAG_UB as u32 + 1) / LANES as u32;
        self.tags
            .draw(LIMIT)
            .unwrap_or_else(|| fatal(&format!("more than {LIMIT} long messages to other nodes are under way")))
    }

    /// Sends a header with `payload` behind it.
    pub fn send_header(&mut self, world: u32, header: Header, payload: Option<&View>) {
        let len = payload.map_or(0, View::len);
        self.send_filled(world, header, len, |memory| {
            if let Some(payload) = payload {
                let to = View::bytes(memory.as_mut_ptr(), len);
                // SAFETY: the program's send buffer, and memory of our own of that length.
                unsafe { layout::copy(payload, &to, len) };
            }
        });
    }

    /// Sends a header with `len` bytes behind it that `fill` writes.
    pub fn send_filled(&mut self, world: u32, header: Header, len: usize, fill: impl FnOnce(&mut [u8])) {
        let header = Header { sequence: self.sequences.next_to(world), ..header };
        let head = header.encode();
        let mut message = self.memory(head.len() + len);
        let (front, payload) = message.split_at_mut(head.len());
        front.copy_from_slice(&head);
        fill(payload);
        let (mut request, mut done) = (abi::REQUEST_NULL, 0);
        // SAFETY: the message stays in place until the call is complete: it goes along with it.
        unsafe {
            let (from, count, to) = (message.as_ptr().cast(), message.len() as c_int, world as c_int);
            real::Isend(from, count, abi::BYTE, to, self.lane as c_int, self.private.headers, &mut request);
            real::Test(&mut request, &mut done, abi::STATUS_IGNORE);
        }
        if done != 0 { self.recycle(message) } else { self.watch(request, Purpose::Header(message)) }
    }

    /// Sends `data` as the second message of number `data_tag`.
    pub fn send_data(&mut self, world: u32, data_tag: u32, data: &Described, purpose: Purpose) {
        let (mut request, to, tag, comm) = (abi::REQUEST_NULL, world as c_int, self.tag(data_tag), self.private.data);
        let &Described { base, count, datatype, .. } = data;
        // SAFETY: memory that stays as it is until the request is complete: the program's or that of the purpose.
        unsafe {
            match c_int::try_from(count) {
                Ok(count) => real::Issend(base, count, datatype, to, tag, comm, &mut request),
                Err(_) => real::Issend_c(base, count, datatype, to, tag, comm, &mut request),
            }
        };
        self.watch(request, purpose);
    }

    /// Asks for the second message of number `data_tag` from rank `world`.
    pub fn receive_data(&mut self, world: u32, data_tag: u32, data: &Described, purpose: Purpose) {
        let (mut request, from, tag, comm) = (abi::REQUEST_NULL, world as c_int, self.tag(data_tag), self.private.data);
        let &Described { base, count, datatype, .. } = data;
        // SAFETY: memory that is the receive's until the request is complete: the program's or that of the purpose.
        unsafe {
            match c_int::try_from(count) {
                Ok(count) => real::Irecv(base, count, datatype, from, tag, comm, &mut request),
                Err(_) => real::Irecv_c(base, count, datatype, from, tag, comm, &mut request),
            }
        };
        self.watch(request, purpose);
    }

    fn watch(&mut self, request: Request, purpose: Purpose) {
        self.headers += usize::from(matches!(purpose, Purpose::Header(_)));
        self.requests.push(request);
        self.purposes.push(purpose);
    }

    /// Whether there is an uncompleted send of the data of `slot`; its number.
    pub fn data_tag_of(&self, slot: Index) -> Option<u32> {
        self.purposes.iter().find_map(|purpose| match *purpose {
            Purpose::Sent { slot: of, data_tag } if of == slot => Some(data_tag),
            Purpose::SentCopy { slot: of, data_tag, .. } if of == Some(slot) => Some(data_tag),
            _ => None,
        })
    }

    /// Takes out calls that are complete, of those it looks at this time; true if there were any.
    pub fn finished(&mut self, done: &mut Vec<Purpose>) {
        if self.requests.is_empty() {
            return;
        }
        let from = if self.cursor < self.requests.len() { self.cursor } else { 0 };
        let window = WINDOW.min(self.requests.len() - from);
        let (mut count, mut indices) = (0, [0; WINDOW]);
        // SAFETY: so many requests of ours, and room for as many indices.
        unsafe {
            let first = self.requests.as_mut_ptr().add(from);
            real::Testsome(window as c_int, first, &mut count, indices.as_mut_ptr(), abi::STATUS_IGNORE);
        }
        self.cursor = from + window;
        let indices = &mut indices[..count.max(0) as usize];
        indices.sort_unstable_by(|a, b| b.cmp(a)); // so that what moves into a place has been looked at
        for &mut index in indices {
            self.requests.swap_remove(from + index as usize);
            let purpose = self.purposes.swap_remove(from + index as usize);
            self.headers -= usize::from(matches!(purpose, Purpose::Header(_)));
            done.push(purpose);
        }
    }

    /// Takes what has arrived in `messages`, with the senders, in their order; false if there may be more.
    pub fn arrived(&mut self, messages: &mut Vec<(u32, Vec<u8>)>) -> bool {
        for _ in 0..BURST {
            let (mut flag, mut message, mut status) = (0, abi::MESSAGE_NULL, Status::default());
            // SAFETY: a communicator of ours; results go to locals.
            unsafe {
                real::Improbe(
                    abi::ANY_SOURCE,
                    self.lane as c_int,
                    self.private.headers,
                    &mut flag,
                    &mut message,
                    &mut status,
                )
            };
            if flag == 0 {
                self.take_arrived(messages);
                return true;
            }
            let mut memory = self.memory(status.bytes());
            let (mut request, len) = (abi::REQUEST_NULL, memory.len() as c_int);
            // SAFETY: the memory goes along with the request.
            unsafe { real::Imrecv(memory.as_mut_ptr().cast(), len, abi::BYTE, &mut message, &mut request) };
            self.arriving.push_back(Arriving { world: status.source() as u32, message: memory, request });
            self.take_arrived(messages);
        }
        false
    }

    /// Those that are whole, but none before another of the same sender that came first.
    fn take_arrived(&mut self, messages: &mut Vec<(u32, Vec<u8>)>) {
        let mut late: Vec<u32> = Vec::new();
        self.arriving.retain_mut(|arriving| {
            let mut whole = 0;
            if !late.contains(&arriving.world) {
                // SAFETY: our own request; the result goes to a local.
                unsafe { real::Test(&mut arriving.request, &mut whole, abi::STATUS_IGNORE) };
            }
            if whole == 0 {
                late.push(arriving.world);
                return true;
            }
            messages.push((arriving.world, std::mem::take(&mut arriving.message)));
            false
        });
    }
}

/// A header about the message with number `data_tag`, or without one.
pub fn about(kind: Kind, context: u32, source: u32, tag: i32, data_tag: u32, bytes: usize) -> Header {
    Header { kind, context, source, tag, data_tag, sequence: 0, bytes: bytes as u64 }
}

/// Ends the job.
#[cold]
pub fn fatal(reason: &str) -> ! {
    let rank = crate::job::current().map_or(0, |job| job.rank);
    eprintln!("pip-mpi: rank {rank}: {reason}");
    // SAFETY: ends the process.
    unsafe { real::Abort(abi::COMM_WORLD, 1) };
    std::process::abort()
}

/// Bytes of memory of our own as arguments.
pub fn row(data: &mut [u8]) -> Described {
    let count: Count = data.len() as Count;
    Described { base: data.as_mut_ptr().cast(), count, datatype: abi::BYTE }
}
