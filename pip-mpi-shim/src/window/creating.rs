//! Windows come and go (MPI-4.0 section 12.2). Their ranks tell each other once what they bring, and rank 0 allocates what is
//! shared; from then on nobody needs the MPI library.

use super::epochs::Epochs;
use super::failure::Failure as Misuse;
use super::memory::{Huge, Memory, PAGE};
use super::shared::Header;
use super::remote::{self, Member, Remote};
use super::{Flavor, Part, WINDOWS, Window, attributes, owner_of, window};
use crate::abi::{self, Comm, Count, Info, Win};
use crate::communicator::Communicator;
use crate::failure::Failure;
use crate::handles::Handles;
use crate::job::Job;
use crate::{adoption, communicator, completion, real, waiting};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The arguments that all constructors have.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// The MPI function's name.
    pub function: &'static str,
    pub bytes: Count,
    /// Bytes per unit of displacement.
    pub unit: Count,
    pub info: Info,
    pub comm: Comm,
}

/// What the ranks of a new window tell each other.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct Notice {
    world: u32,
    /// An error class if this rank cannot take part.
    status: c_int,
    /// Not 0: parts of a shared window may lie apart.
    apart: u32,
    /// By which this rank will know the window, where others are in other address spaces.
    number: u32,
    /// From the first rank in an address space: where the header of that is.
    header: u64,
    base: u64,
    bytes: u64,
    unit: i64,
}

/// MPI_Win_create; None leaves the call to the library.
///
/// # Safety
/// As MPI says for its arguments.
pub unsafe fn create(base: *mut c_void, segment: &Segment, win: *mut Win) -> Option<c_int> {
    let making = Making::begin(segment, Flavor::Create, win)?;
    // SAFETY: the caller's promise.
    Some(unsafe { making.with_base(base.cast(), None) })
}

/// MPI_Win_create_dynamic; None leaves the call to the library.
///
/// # Safety
/// As MPI says for its arguments.
pub unsafe fn create_dynamic(segment: &Segment, win: *mut Win) -> Option<c_int> {
    let making = Making::begin(segment, Flavor::Dynamic, win)?;
    // SAFETY: the caller's promise.
    Some(unsafe { making.with_base(core::ptr::null_mut(), None) })
}

/// MPI_Win_allocate; None leaves the call to the library.
///
/// # Safety
/// As MPI says for its arguments.
pub unsafe fn allocate(segment: &Segment, base: *mut *mut c_void, win: *mut Win) -> Option<c_int> {
    let making = Making::begin(segment, Flavor::Allocate, win).filter(|_| !base.is_null())?;
    let memory = Memory::new(segment.bytes.max(0) as usize, false, making.huge());
    // SAFETY: the program's place for the result.
    unsafe { *base = memory.as_ref().map_or(core::ptr::null_mut(), |memory| memory.base.cast()) };
    // SAFETY: the caller's promise.
    Some(unsafe {
        match memory {
            Some(memory) => making.with_base(memory.base, Some(memory)),
            None => making.without_memory(),
        }
    })
}

/// MPI_Win_allocate_shared; None leaves the call to the library.
///
/// # Safety
/// As MPI says for its arguments.
pub unsafe fn allocate_shared(segment: &Segment, base: *mut *mut c_void, win: *mut Win) -> Option<c_int> {
    let making = Making::begin(segment, Flavor::Shared, win).filter(|_| !base.is_null())?;
    // SAFETY: the caller's promise.
    Some(unsafe { making.shared(base) })
}

/// A window in the making.
struct Making<'a> {
    segment: &'a Segment,
    flavor: Flavor,
    job: &'static Job,
    communicator: &'static Communicator,
    win: *mut Win,
    rank: u32,
    size: u32,
    /// The first rank in this address space, and how many there are.
    leader: u32,
    here: u32,
}

/// All ranks' notices and what they share.
struct Agreement {
    notices: Vec<Notice>,
    header: &'static Header,
}

impl<'a> Making<'a> {
    /// None if the window is the MPI library's affair: whether memory can be shared by ranks of several address spaces, it knows.
    fn begin(segment: &'a Segment, flavor: Flavor, win: *mut Win) -> Option<Making<'a>> {
        let (job, communicator) = owner_of(segment.comm).filter(|_| !win.is_null())?;
        if flavor == Flavor::Shared && !communicator.local {
            return None;
        }
        let (mut rank, mut size) = (0, 0);
        // SAFETY: a communicator of the program; results go to locals.
        unsafe {
            real::Comm_rank(segment.comm, &mut rank);
            real::Comm_size(segment.comm, &mut size);
        }
        sweep();
        let (rank, size) = (rank as u32, size as u32);
        let mut all_here = (0..size).filter(|&rank| job.is_local(communicator.world_rank(rank)));
        let leader = all_here.next().unwrap_or(rank);
        let here = 1 + all_here.count() as u32;
        Some(Making { segment, flavor, job, communicator, win, rank, size, leader, here })
    }

    fn hint(&self, key: &CStr) -> Option<bool> {
        if !abi::is_info(self.segment.info) {
            return None; // none, or a wrong one, which the window behind this one will report
        }
        let (mut value, mut flag) = ([0 as c_char; 16], 0);
        // SAFETY: the buffer has room for so many characters and the end.
        let code = unsafe {
            real::Info_get(self.segment.info, key.as_ptr(), value.len() as c_int - 1, value.as_mut_ptr(), &mut flag)
        };
        // SAFETY: ends with the zero byte that was there or that the library wrote.
        (code == abi::SUCCESS && flag != 0).then(|| unsafe { CStr::from_ptr(value.as_ptr()) } == c"true")
    }

    fn huge(&self) -> Huge {
        match self.hint(c"pip_huge_pages") {
            Some(true) => Huge::Always,
            Some(false) => Huge::Never,
            None => Huge::BySize,
        }
    }

    /// What is wrong with this rank's arguments.
    fn status(&self, base: *mut u8) -> c_int {
        let Segment { bytes, unit, .. } = *self.segment;
        match self.flavor {
            _ if bytes < 0 => abi::ERR_SIZE,
            _ if unit <= 0 => abi::ERR_DISP,
            Flavor::Create if bytes > 0 && base.is_null() => abi::ERR_ARG,
            _ => abi::SUCCESS,
        }
    }

    /// Collective: tells the others what this rank brings; an error that any rank has is everybody's.
    fn agree(&self, status: c_int, base: *mut u8) -> Result<Agreement, c_int> {
        let own_header = (self.rank == self.leader).then(|| Header::new(self.size, self.here));
        let own = Notice {
            world: self.job.rank,
            status,
            apart: u32::from(self.flavor == Flavor::Shared && self.hint(c"alloc_shared_noncontig") == Some(true)),
            number: if self.communicator.local { 0 } else { remote::draw_number() },
            header: own_header.map_or(0, |header| core::ptr::from_ref(header) as u64),
            base: base as u64,
            bytes: self.segment.bytes as u64,
            unit: self.segment.unit,
        };
        let agreement = adoption::exchange(self.segment.comm, own, self.size as c_int)
            .ok_or(abi::ERR_OTHER)
            .and_then(|notices| match notices.iter().enumerate().find(|(_, notice)| notice.status != abi::SUCCESS) {
                Some((rank, notice)) => {
                    let failure = Failure::Window { class: notice.status, rank, bytes: notice.bytes as Count, unit: notice.unit };
                    Err(failure.raise(self.segment.function, self.segment.comm))
                }
                // SAFETY: the first rank of this address space has just told it.
                None => match unsafe { Header::at(notices[self.leader as usize].header as usize, self.size) } {
                    Some(header) => Ok(Agreement { notices, header }),
                    None => Err(abi::ERR_OTHER),
                },
            });
        if let (Err(_), Some(header)) = (&agreement, own_header) {
            // SAFETY: made above; nobody else has used it.
            unsafe { header.discard() };
        }
        agreement
    }

    /// SAFETY of callers: `base` has as many bytes as the segment says, or is null.
    unsafe fn with_base(self, base: *mut u8, memory: Option<Memory>) -> c_int {
        let agreement = match self.agree(self.status(base), base) {
            Ok(agreement) => agreement,
            Err(code) => return code,
        };
        let part = |notice: &Notice| Part { base: notice.base as *mut u8, bytes: notice.bytes as usize, unit: notice.unit };
        let parts = agreement.notices.iter().map(part).collect();
        self.finish(agreement, parts, memory)
    }

    fn without_memory(self) -> c_int {
        let status = match self.status(core::ptr::null_mut()) {
            abi::SUCCESS => abi::ERR_NO_MEM,
            other => other,
        };
        self.agree(status, core::ptr::null_mut()).map_or_else(|code| code, |_| abi::ERR_OTHER)
    }

    /// SAFETY of callers: `base` is the program's place for the address.
    unsafe fn shared(self, base: *mut *mut c_void) -> c_int {
        let agreement = match self.agree(self.status(core::ptr::null_mut()), core::ptr::null_mut()) {
            Ok(agreement) => agreement,
            Err(code) => return code,
        };
        let layout = offsets(&agreement.notices, agreement.notices.iter().all(|notice| notice.apart != 0));
        let header = agreement.header;
        let mut memory = None;
        if self.rank == 0 {
            memory = layout.as_ref().and_then(|(_, total)| Memory::new(*total, true, self.huge()));
            header.announce(memory.as_ref().map(|memory| memory.base));
            agreement.notices.iter().for_each(|notice| waiting::notify(self.job, self.job.block(notice.world)));
        } else {
            completion::wait_until(None, || header.segment().is_some());
        }
        let (Some(start), Some((offsets, _))) = (header.segment().flatten(), layout) else {
            let bytes = agreement.notices.iter().map(|notice| notice.bytes as Count).fold(0, Count::saturating_add);
            self.depart(header);
            let failure = Failure::Window { class: abi::ERR_NO_MEM, rank: 0, bytes, unit: 1 };
            return failure.raise(self.segment.function, self.segment.comm);
        };
        let part = |(notice, &offset): (&Notice, &usize)| Part {
            base: if notice.bytes == 0 { core::ptr::null_mut() } else { start.wrapping_add(offset) },
            bytes: notice.bytes as usize,
            unit: notice.unit,
        };
        let parts: Box<[Part]> = agreement.notices.iter().zip(&offsets).map(part).collect();
        // SAFETY: the caller's promise.
        unsafe { *base = parts[self.rank as usize].base.cast() };
        self.finish(agreement, parts, memory)
    }

    /// Puts the window in place.
    fn finish(self, Agreement { notices, header }: Agreement, parts: Box<[Part]>, memory: Option<Memory>) -> c_int {
        let (own, mut group) = (parts[self.rank as usize], abi::GROUP_NULL);
        let alone = Alone::new(self.segment.comm, self.rank);
        let _one_at_a_time = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: a window of this process alone, without memory; results go to the program's place and to a local.
        let code = unsafe {
            real::Comm_group(self.segment.comm, &mut group);
            if self.flavor == Flavor::Dynamic {
                real::Win_create_dynamic(self.segment.info, alone.comm, self.win)
            } else {
                real::Win_create(core::ptr::null_mut(), 0, 1, self.segment.info, alone.comm, self.win)
            }
        };
        if code != abi::SUCCESS {
            // SAFETY: our own reference.
            unsafe { real::Group_free(&mut group) };
            self.depart(header);
            return code;
        }
        // SAFETY: the library has filled it.
        let handle = unsafe { *self.win };
        let number = notices[self.rank as usize].number;
        let window = Window {
            job: self.job,
            handle,
            flavor: self.flavor,
            header,
            rank: self.rank,
            parts,
            world: notices.iter().map(|notice| notice.world).collect(),
            group,
            epochs: Epochs::new(self.size),
            barriers: AtomicU64::new(0),
            attributes: attributes::Values::new(own.bytes, own.unit, self.flavor),
            remote: self.remote(&notices),
            _memory: memory,
        };
        WINDOWS.insert(handle, window);
        if let Some(window) = super::window(handle) {
            window.open_to_spaces(number);
        }
        abi::SUCCESS
    }

    fn remote(&self, notices: &[Notice]) -> Option<Box<Remote>> {
        let member = |notice: &Notice| Member { number: notice.number, space: self.job.space(notice.world) };
        let members: Vec<Member> = notices.iter().map(member).collect();
        (!self.communicator.local).then(|| Remote::new(&members, self.rank, self.communicator.lane))
    }

    fn depart(&self, header: &'static Header) {
        depart(header, self.rank == self.leader);
    }
}

/// A communicator of this process alone for the library's window behind: MPI_COMM_SELF, or in a program of sessions only, where
/// there is none, one that lasts until that window is made.
struct Alone {
    comm: Comm,
}

impl Alone {
    /// Collective over `comm`, in which this process has `rank`.
    fn new(comm: Comm, rank: u32) -> Alone {
        let mut alone = Alone { comm: abi::COMM_SELF };
        if !communicator::is_world_model() {
            // SAFETY: a communicator of the program; the result goes to a local.
            unsafe { real::Comm_split(comm, rank as c_int, 0, &mut alone.comm) };
        }
        alone
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if self.comm != abi::COMM_SELF {
            // SAFETY: made above; the window holds what it needs of it.
            unsafe { real::Comm_free(&mut self.comm) };
        }
    }
}

/// Where each rank's part begins, and the bytes of all; None if there are more than an address space has.
fn offsets(notices: &[Notice], apart: bool) -> Option<(Vec<usize>, usize)> {
    let mut offsets = Vec::with_capacity(notices.len());
    let mut end = 0usize;
    for notice in notices {
        offsets.push(end);
        end = end.checked_add(usize::try_from(notice.bytes).ok()?)?;
        if apart {
            end = end.checked_next_multiple_of(PAGE)?;
        }
    }
    Some((offsets, end))
}

/// Held while handles come or go: the library gives a handle that was freed to the next window at once.
static CHANGES: Mutex<()> = Mutex::new(());

/// Headers of windows that are gone here, but that others may still be leaving.
static RETIRED: Mutex<Vec<&'static Header>> = Mutex::new(Vec::new());

/// This rank uses a header no more; whether it has made it.
fn depart(header: &'static Header, made: bool) {
    header.departed.fetch_add(1, Ordering::Release);
    if made {
        RETIRED.lock().unwrap_or_else(PoisonError::into_inner).push(header);
        sweep();
    }
}

/// Frees headers that nobody uses any more.
fn sweep() {
    RETIRED.lock().unwrap_or_else(PoisonError::into_inner).retain(|header| {
        let in_use = header.departed.load(Ordering::Acquire) < header.here();
        if !in_use {
            // SAFETY: all ranks have departed; it is that rank's which made it, and alone keeps it here.
            unsafe { header.discard() };
        }
        in_use
    });
}

/// MPI_Win_free; None leaves the call to the library.
///
/// # Safety
/// `win` is the program's handle.
pub unsafe fn free(win: *mut Win) -> Option<c_int> {
    // SAFETY: the caller's promise.
    let handle = if win.is_null() { return None } else { unsafe { *win } };
    let found = window(handle)?;
    if let Err(failure) = found.epochs.are_over().and_then(|()| found.epochs.leave_unused_fence()) {
        let failure: Misuse = failure;
        return Some(failure.raise("MPI_Win_free", found));
    }
    let window = {
        let _one_at_a_time = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: as above. Functions of the program that delete attributes may still look at the window.
        let code = unsafe { real::Win_free(win) };
        if code != abi::SUCCESS {
            return Some(code);
        }
        Handles::take(&WINDOWS, handle)?
    };
    window.flush_everywhere();
    window.barrier();
    let (header, mut group) = (window.header, window.group);
    let made = window.rank == window.remote.as_ref().map_or(0, |remote| remote.leader());
    window.close_to_spaces();
    drop(window);
    // SAFETY: our own reference.
    unsafe { real::Group_free(&mut group) };
    depart(header, made);
    super::DONE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_bytes(bytes: &[u64]) -> Vec<Notice> {
        bytes.iter().map(|&bytes| Notice { bytes, ..Notice::default() }).collect()
    }

    #[test]
    fn parts_follow_each_other_or_begin_on_pages() {
        let notices = with_bytes(&[10, 0, 5000, 1]);
        assert_eq!(offsets(&notices, false), Some((vec![0, 10, 10, 5010], 5011)));
        assert_eq!(offsets(&notices, true), Some((vec![0, 4096, 4096, 12288], 16384)));
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        assert_eq!(offsets(&with_bytes(&[u64::MAX / 2, u64::MAX / 2, 2]), false), None);
        assert_eq!(offsets(&with_bytes(&[u64::MAX - 1]), true), None);
    }
}
