//! Calls under way: a blocking one steps until it is over; others are stepped whenever this rank is in the shim.

use super::call::{Call, Task, Trouble};
use super::circle::Circle;
use super::circle_of;
use crate::abi::{self, Comm, Request};
use crate::communicator;
use crate::completion;
use crate::engine::{self, Engine, Lane};
use crate::exports::Test;
use crate::failure::Failure;
use crate::job;
use crate::request::{Handle, Kind, Persistent};
use crate::stats;
use crate::tunables;
use crate::waiting::Patience;
use core::ffi::c_int;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A call; None leaves it to the library.
pub fn blocking<T: Task>(function: &'static str, comm: Comm, task: impl FnOnce(&Circle) -> Option<T>) -> Option<c_int> {
    // Tasks are large: nothing here moves one.
    let answer = quickly(function, comm, task);
    if answer.is_none() {
        stats::COLLECTIVES_PASSED.add();
    }
    answer
}

/// A call of a kind that does not fit all arguments; None leaves it to [`blocking`].
#[inline]
pub fn quickly<T: Task>(function: &'static str, comm: Comm, task: impl FnOnce(&Circle) -> Option<T>) -> Option<c_int> {
    let (communicator, circle) = circle_of(comm)?;
    let mut task = task(circle)?;
    Some(run(function, comm, communicator.lane, circle, &mut task))
}

/// Steps a call until it is over.
#[inline(never)] // as `Call::step`
fn run<T: Task>(function: &'static str, comm: Comm, lane: Lane, circle: &Circle, task: &mut T) -> c_int {
    if let Some(trouble) = task.refused() {
        return Failure::Collective(trouble).raise(function, comm);
    }
    stats::COLLECTIVES.add();
    let mut call = Call::begin(circle);
    if !call.step(circle, task) && !watch(lane, circle, || call.step(circle, task)) {
        completion::wait_at(Some(lane), |gate| {
            *gate = call.gate(circle, task);
            call.step(circle, task)
        });
    }
    call.trouble.map_or(abi::SUCCESS, |trouble| Failure::Collective(trouble).raise(function, comm))
}

/// A blocking call that is left to the library, and that `begin` begins there, for a communicator that is not the library's
/// alone: where ranks share cores they give them away while they wait. None if the library shall block.
pub fn patiently(comm: Comm, begin: impl FnOnce(*mut Request) -> c_int) -> Option<c_int> {
    if circle_of(comm).is_some() || communicator::get(comm).is_none() {
        return None; // wrong arguments
    }
    wait_for_library(begin)
}

/// Waits for a request of the library that `begin` makes. None if ranks have a core each: then the library shall block. All
/// ranks must come to the same answer, since a blocking call matches no non-blocking one; address spaces may differ in cores.
pub fn wait_for_library(begin: impl FnOnce(*mut Request) -> c_int) -> Option<c_int> {
    let job = job::current().filter(|job| job.is_oversubscribed() && !job.is_spread())?;
    let (mut request, mut flag) = (abi::REQUEST_NULL, 0);
    let code = begin(&mut request);
    if code != abi::SUCCESS {
        return Some(code);
    }
    let mut patience = Patience::new(job);
    loop {
        // SAFETY: our own request of the library.
        let code = unsafe { Test::real(&mut request, &mut flag, abi::STATUS_IGNORE) };
        if code != abi::SUCCESS || flag != 0 {
            crate::library::note_call();
            return Some(code);
        }
        engine::progress();
        patience.wait(tunables::get().spin, true, None, engine::progress);
    }
}

/// Waits for peers that are probably about to come: with nothing that is not needed for that.
#[inline]
fn watch(lane: engine::Lane, circle: &Circle, mut step: impl FnMut() -> bool) -> bool {
    const POLLS: usize = 2000;
    let polls = circle.job.polls(POLLS);
    for poll in 1..=polls {
        core::hint::spin_loop();
        if step() {
            return true;
        }
        if poll % 32 == 0 {
            engine::with(lane, Engine::progress);
            progress();
        }
    }
    false
}

/// A call in the background.
struct Pending {
    circle: Arc<Circle>,
    call: Call,
    task: Box<dyn Task>,
    handle: Handle,
    /// Where the task goes when the call is over, if it can be started again.
    home: Option<Arc<Again>>,
}

/// A persistent operation.
pub struct Again {
    circle: Arc<Circle>,
    /// Not there while a call is under way.
    task: Mutex<Option<Box<dyn Task>>>,
}

impl core::fmt::Debug for Again {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Again").field("circle", &self.circle).finish_non_exhaustive()
    }
}

/// Calls under way, in the order in which they began.
static PENDING: Mutex<Vec<Pending>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Whether calls are under way in the background.
#[inline]
pub fn is_pending() -> bool {
    COUNT.load(Ordering::Relaxed) > 0
}

/// Steps all calls that are under way in the background; true if one came to its end.
#[inline]
pub fn progress() -> bool {
    is_pending() && step_all()
}

#[cold]
fn step_all() -> bool {
    // Another thread does it; or this one, and a function of the program called us.
    let Ok(mut pending) = PENDING.try_lock() else { return false };
    let before = pending.len();
    let mut i = 0;
    while i < pending.len() {
        let Pending { circle, call, task, .. } = &mut pending[i];
        if call.step(circle, &mut **task) {
            pending.remove(i).finish();
        } else {
            i += 1;
        }
    }
    COUNT.store(pending.len(), Ordering::Relaxed);
    pending.len() < before
}

impl Pending {
    fn finish(self) {
        if let Some(home) = self.home {
            *home.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.task);
        }
        complete(self.handle, self.call.trouble);
    }

    /// Takes the first step, and lets the others follow.
    fn launch(mut self) {
        if self.call.step(&self.circle, &mut *self.task) {
            return self.finish();
        }
        let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
        pending.push(self);
        COUNT.store(pending.len(), Ordering::Relaxed);
    }
}

fn complete(handle: Handle, trouble: Option<Trouble>) {
    engine::with(handle.lane, |engine| {
        engine.requests.update(handle.index, |slot| {
            if let Kind::Collective(about) = &mut slot.kind {
                about.trouble = trouble;
            }
            slot.outcome.error = trouble.map_or(abi::SUCCESS, |trouble| trouble.class());
            slot.complete = true;
        });
    });
}

/// What a request of a collective call remembers for its errors.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub comm: Comm,
    pub trouble: Option<Trouble>,
}

/// A call that is made in the background; None leaves it to the library.
pub fn nonblocking<T: Task + 'static>(
    function: &'static str,
    comm: Comm,
    request: *mut Request,
    task: impl FnOnce(&Circle) -> Option<T>,
) -> Option<c_int> {
    let (lane, circle, task) = found(comm, request, task)?;
    launch(function, comm, lane, circle, task, request)
}

fn launch(
    function: &'static str,
    comm: Comm,
    lane: Lane,
    circle: &Arc<Circle>,
    task: Box<dyn Task>,
    request: *mut Request,
) -> Option<c_int> {
    if let Some(trouble) = task.refused() {
        return Some(Failure::Collective(trouble).raise(function, comm));
    }
    let call = Call::begin(circle);
    let handle = engine::with(lane, |engine| {
        let index = engine.requests.insert(Kind::Collective(About { comm, trouble: None }), None);
        engine.handle(index)
    })?;
    Pending { circle: circle.clone(), call, task, handle, home: None }.launch();
    // SAFETY: the program gives a request to fill.
    unsafe { *request = handle.request() };
    Some(abi::SUCCESS)
}

/// A call that can be started again and again; None leaves it to the library.
pub fn persistent<T: Task + 'static>(
    function: &'static str,
    comm: Comm,
    request: *mut Request,
    task: impl FnOnce(&Circle) -> Option<T>,
) -> Option<c_int> {
    let (lane, circle, task) = found(comm, request, task)?;
    if let Some(trouble) = task.refused() {
        return Some(Failure::Collective(trouble).raise(function, comm));
    }
    let again = Again { circle: circle.clone(), task: Mutex::new(Some(task)) };
    let kind = Kind::Collective(About { comm, trouble: None });
    completion::init_in(lane, kind, None, Persistent::Collective(Arc::new(again)), request)
}

type Found = (Lane, &'static Arc<Circle>, Box<dyn Task>);

fn found<T: Task + 'static>(
    comm: Comm,
    request: *mut Request,
    task: impl FnOnce(&Circle) -> Option<T>,
) -> Option<Found> {
    let found = circle_of(comm).filter(|_| !request.is_null());
    let boxed = |mut task: T| -> Box<dyn Task> {
        task.keep();
        Box::new(task)
    };
    let found = found.and_then(|(communicator, circle)| Some((communicator.lane, circle, boxed(task(circle)?))));
    if found.is_some() { stats::COLLECTIVES.add() } else { stats::COLLECTIVES_PASSED.add() }
    found
}

/// Starts a persistent operation, whose request is active already.
pub fn start(again: Arc<Again>, handle: Handle) {
    let circle = again.circle.clone();
    let call = Call::begin(&circle);
    let task = again.task.lock().unwrap_or_else(PoisonError::into_inner).take();
    match task {
        Some(task) => Pending { circle, call, task, handle, home: Some(again) }.launch(),
        None => complete(handle, None), // active requests are not started: nobody gets here
    }
}
