//! Post, start, complete and wait (MPI-4.0 section 12.5.2): counters per pair of ranks say who exposes memory to whom, a counter
//! per target says how many origins are done.

use super::failure::Failure;
use super::epochs::STARTED;
use super::remote::Action;
use super::{DONE, Window, order, window};
use crate::abi::{self, Group, Win};
use crate::{completion, library, real};
use core::ffi::c_int;
use core::sync::atomic::Ordering;

/// This rank's side of MPI_Win_post and MPI_Win_start.
#[derive(Debug)]
pub struct Exposure {
    open: bool,
    /// Completions after which the present epoch is over.
    expected: u64,
    /// Posts of each target that MPI_Win_start has used.
    used: Box<[u32]>,
}

impl Exposure {
    /// Nothing exposed, in a window of `size` ranks.
    pub fn new(size: u32) -> Exposure {
        Exposure { open: false, expected: 0, used: (0..size).map(|_| 0).collect() }
    }

    /// Whether memory is exposed.
    pub fn is_open(&self) -> bool {
        self.open
    }
}

/// The ranks of `group` in the window; None if it is no group, or has others.
fn members(window: &Window, group: Group) -> Option<Box<[u32]>> {
    let mut count = 0;
    // SAFETY: results go to locals of the lengths said; a handle that is none is refused before it is used.
    unsafe {
        if group == abi::GROUP_NULL || real::Group_size(group, &mut count) != abi::SUCCESS {
            return None;
        }
        let all: Vec<c_int> = (0..count).collect();
        let mut ranks = vec![abi::UNDEFINED; count as usize];
        real::Group_translate_ranks(group, count, all.as_ptr(), window.group, ranks.as_mut_ptr());
        ranks.into_iter().map(|rank| u32::try_from(rank).ok()).collect()
    }
}

/// MPI_Win_post; None leaves the call to the library.
pub fn post(group: Group, assert: c_int, win: Win) -> Option<c_int> {
    const KNOWN: c_int = abi::MODE_NOCHECK | abi::MODE_NOSTORE | abi::MODE_NOPUT;
    let window = window(win).filter(|_| assert & !KNOWN == 0)?;
    let origins = members(window, group)?;
    let mut exposure = window.epochs.exposure();
    if exposure.open {
        drop(exposure);
        return Some(Failure::Epoch("MPI_Win_post needs its MPI_Win_wait first").raise("MPI_Win_post", window));
    }
    exposure.open = true;
    exposure.expected += origins.len() as u64;
    drop(exposure);
    for &origin in &origins {
        match window.away(origin) {
            Some(remote) => window.notify_away(remote, origin, Action::Post, 0),
            None => _ = window.header.posts(origin, window.rank).fetch_add(1, Ordering::SeqCst),
        }
    }
    window.notify(origins);
    DONE
}

/// MPI_Win_start; None leaves the call to the library. Waits for the posts, unless they are known to have been.
pub fn start(group: Group, assert: c_int, win: Win) -> Option<c_int> {
    let window = window(win).filter(|_| assert & !abi::MODE_NOCHECK == 0)?;
    let targets = members(window, group)?;
    if let Err(failure) = window.epochs.leave_unused_fence().and_then(|()| window.epochs.has_no_target()) {
        return Some(failure.raise("MPI_Win_start", window));
    }
    for &target in &targets {
        let used = window.epochs.exposure().used[target as usize];
        let posts = window.header.posts(window.rank, target);
        completion::wait_until(None, || posts.load(Ordering::Acquire) != used);
        window.epochs.exposure().used[target as usize] = used.wrapping_add(1);
        window.epochs.set_target(target, STARTED);
    }
    *window.epochs.access() = Some(targets);
    DONE
}

/// MPI_Win_complete; None leaves the call to the library.
pub fn complete(win: Win) -> Option<c_int> {
    let window = window(win)?;
    let targets = window.epochs.access().take()?;
    window.flush_everywhere();
    order();
    for &target in &targets {
        window.epochs.close_target(target);
        match window.away(target) {
            Some(remote) => window.notify_away(remote, target, Action::Complete, 0),
            None => _ = window.header.seat(target).completed.fetch_add(1, Ordering::SeqCst),
        }
    }
    window.notify(targets);
    DONE
}

/// Ends the exposure epoch if all origins are done; None if there is no epoch.
fn is_over(window: &Window) -> Option<bool> {
    let mut exposure = window.epochs.exposure();
    let over = window.header.seat(window.rank).completed.load(Ordering::Acquire) >= exposure.expected;
    exposure.open.then(|| {
        exposure.open = !over;
        over
    })
}

/// MPI_Win_wait; None leaves the call to the library.
pub fn wait(win: Win) -> Option<c_int> {
    let window = window(win).filter(|window| window.epochs.exposure().open)?;
    completion::wait_until(None, || is_over(window).unwrap_or(true));
    DONE
}

/// MPI_Win_test; None leaves the call to the library.
pub fn test(win: Win) -> Option<bool> {
    let window = window(win)?;
    let over = is_over(window)?;
    if !over {
        crate::engine::progress();
        library::poll_seldom(window.job.is_crowded());
    }
    Some(over)
}
