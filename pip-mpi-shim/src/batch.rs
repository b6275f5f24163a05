//! Completion of many requests, the shim's and the library's in one array (MPI-4.0 section 3.7.5).

use crate::abi::{self, Outcome, Request, Status};
use crate::completion::{Standing, advance, idle, is_complete, is_library, lane_of, wait_until};
use crate::engine;
use crate::exports::Testall;
use crate::failure::Failure;
use crate::request::Handle;
use core::ffi::c_int;

/// An array of requests and, unless ignored, of statuses.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    pub count: c_int,
    pub handles: *mut Request,
    pub statuses: *mut Status,
    /// What the program called.
    pub function: &'static str,
}

impl Batch {
    fn indices(&self) -> std::ops::Range<usize> {
        0..self.count.max(0) as usize
    }

    fn handle(&self, i: usize) -> *mut Request {
        self.handles.wrapping_add(i)
    }

    fn status(&self, i: usize) -> *mut Status {
        if self.statuses == abi::STATUS_IGNORE { self.statuses } else { self.statuses.wrapping_add(i) }
    }

    /// Sets MPI_ERROR in a status of a call that will return MPI_ERR_IN_STATUS.
    unsafe fn set_error(&self, i: usize, code: c_int) {
        if self.statuses != abi::STATUS_IGNORE {
            // SAFETY: one of the program's statuses.
            unsafe { (*self.status(i)).error = code };
        }
    }

    /// MPI_Waitall.
    ///
    /// # Safety
    /// The arrays are the program's, `count` long.
    pub unsafe fn wait_all(&self) -> c_int {
        let mut errors = Errors::default();
        let mut i = 0;
        while i < self.indices().end {
            // SAFETY: the caller's promise, here and below.
            i = unsafe { self.take_received(i) };
            if i < self.indices().end {
                // SAFETY: as above.
                if let Err(code) = unsafe { self.wait_for(i, &mut errors) } {
                    return code;
                }
                i += 1;
            }
        }
        // SAFETY: as above.
        unsafe { self.verdict(self.indices(), &errors) }
    }

    /// Completes the receives from request `i` on that are over and have nothing special to them; the first other request.
    unsafe fn take_received(&self, mut i: usize) -> usize {
        // SAFETY: the caller's promise, here and below.
        let Some(first) = Handle::of(unsafe { *self.handle(i) }) else { return i };
        let Some(mut engine) = engine::enter(first.lane) else { return i };
        while i < self.indices().end {
            let (handle, status) = (self.handle(i), self.status(i));
            // SAFETY: as above.
            let Some(Handle { lane, index }) = Handle::of(unsafe { *handle }) else { break };
            if lane != first.lane {
                break;
            }
            let Some(received) = engine.requests.take_received(index) else { break };
            // SAFETY: as above.
            unsafe {
                *handle = abi::REQUEST_NULL;
                received.outcome.store(status);
            }
            i += 1;
        }
        i
    }

    /// Waits for one of many; an error code if it is no request.
    unsafe fn wait_for(&self, i: usize, errors: &mut Errors) -> Result<(), c_int> {
        let (handle, status) = (self.handle(i), self.status(i));
        // SAFETY: the caller's promise, here and below.
        let (request, mut standing) = unsafe { (*handle, advance(handle, status, None)) };
        if standing == Standing::Pending {
            wait_until(lane_of(request), || {
                // SAFETY: see above.
                standing = unsafe { advance(handle, status, None) };
                standing != Standing::Pending
            });
        }
        match standing {
            Standing::Done(code) => errors.note(i, request, code),
            Standing::Invalid(code) => return Err(code),
            // SAFETY: see above.
            Standing::Inactive => unsafe { Outcome::EMPTY.store(status) },
            Standing::Pending => {}
        }
        Ok(())
    }

    /// MPI_Testall.
    ///
    /// # Safety
    /// As [`Batch::wait_all`]; `flag` may be written.
    pub unsafe fn test_all(&self, flag: *mut c_int) -> c_int {
        engine::progress();
        // SAFETY: the caller's promise.
        unsafe {
            *flag = 0;
            let (theirs, ours): (Vec<usize>, Vec<usize>) = self.indices().partition(|&i| is_library(*self.handle(i)));
            for &i in &ours {
                match is_complete(*self.handle(i)) {
                    Ok(true) => {}
                    Ok(false) => {
                        idle();
                        return abi::SUCCESS;
                    }
                    Err(code) => return code,
                }
            }
            let mut errors = Errors::default();
            match self.test_library(&theirs, &mut errors) {
                Ok(true) => {}
                Ok(false) => {
                    idle();
                    return abi::SUCCESS;
                }
                Err(code) => return code,
            }
            *flag = 1;
            for i in ours {
                if let Err(code) = self.wait_for(i, &mut errors) {
                    return code;
                }
            }
            self.verdict(self.indices(), &errors)
        }
    }

    /// Completes all requests of the library, or none; an error code if one is no request. Only the library's MPI_Testall
    /// makes progress with file requests.
    unsafe fn test_library(&self, indices: &[usize], errors: &mut Errors) -> Result<bool, c_int> {
        if indices.is_empty() {
            return Ok(true);
        }
        // SAFETY: the caller's promise; the library gets arrays of the length said.
        unsafe {
            let mut handles: Vec<Request> = indices.iter().map(|&i| *self.handle(i)).collect();
            let mut statuses = vec![Status::default(); indices.len()];
            let mut flag = 0;
            let code = Testall::real(handles.len() as c_int, handles.as_mut_ptr(), &mut flag, statuses.as_mut_ptr());
            let in_status = abi::error_class(code) == abi::ERR_IN_STATUS;
            if code != abi::SUCCESS && !in_status {
                return Err(code);
            }
            if flag == 0 && !in_status {
                return Ok(false);
            }
            for ((&i, handle), status) in indices.iter().zip(handles).zip(statuses) {
                errors.note(i, *self.handle(i), if in_status { status.error } else { abi::SUCCESS });
                *self.handle(i) = handle;
                if self.statuses != abi::STATUS_IGNORE {
                    *self.status(i) = status;
                }
            }
        }
        Ok(true)
    }

    /// One pass for MPI_Waitany and MPI_Testany: the first request that completes, Some(None) if all are inactive.
    unsafe fn any(&self) -> Option<Option<(usize, c_int)>> {
        let mut pending = false;
        for i in self.indices() {
            // One status for the one request that completes.
            // SAFETY: the caller's promise.
            match unsafe { advance(self.handle(i), self.statuses, Some(self.function)) } {
                Standing::Done(code) | Standing::Invalid(code) => return Some(Some((i, code))),
                Standing::Pending => pending = true,
                Standing::Inactive => {}
            }
        }
        (!pending).then_some(None)
    }

    /// MPI_Waitany; `self.statuses` is a single status.
    ///
    /// # Safety
    /// As [`Batch::wait_all`]; `index` may be written.
    pub unsafe fn wait_any(&self, index: *mut c_int) -> c_int {
        let mut found = None;
        wait_until(None, || {
            // SAFETY: the caller's promise.
            found = unsafe { self.any() };
            found.is_some()
        });
        // SAFETY: as above.
        unsafe { self.answer_any(found.flatten(), index) }
    }

    /// MPI_Testany; `self.statuses` is a single status.
    ///
    /// # Safety
    /// As [`Batch::wait_any`]; `flag` may be written.
    pub unsafe fn test_any(&self, index: *mut c_int, flag: *mut c_int) -> c_int {
        engine::progress();
        // SAFETY: the caller's promise.
        unsafe {
            let found = self.any();
            *flag = c_int::from(found.is_some());
            match found {
                Some(found) => self.answer_any(found, index),
                None => {
                    *index = abi::UNDEFINED;
                    idle();
                    abi::SUCCESS
                }
            }
        }
    }

    unsafe fn answer_any(&self, found: Option<(usize, c_int)>, index: *mut c_int) -> c_int {
        // SAFETY: the caller's promise.
        unsafe {
            match found {
                Some((i, code)) => {
                    *index = i as c_int;
                    code
                }
                None => {
                    *index = abi::UNDEFINED;
                    Outcome::EMPTY.store(self.statuses);
                    abi::SUCCESS
                }
            }
        }
    }

    /// One pass for MPI_Waitsome and MPI_Testsome: how many completed, or None if all are inactive; an error code if one
    /// is no request.
    unsafe fn some(&self, indices: *mut c_int, errors: &mut Errors) -> Result<Option<usize>, c_int> {
        let (mut done, mut active) = (0, false);
        for i in self.indices() {
            // SAFETY: the caller's promise; statuses and indices are filled from the front.
            let (request, standing) = unsafe { (*self.handle(i), advance(self.handle(i), self.status(done), None)) };
            match standing {
                Standing::Done(code) => {
                    // SAFETY: as above.
                    unsafe { *indices.add(done) = i as c_int };
                    errors.note(done, request, code);
                    (done, active) = (done + 1, true);
                }
                Standing::Invalid(code) => return Err(code),
                Standing::Pending => active = true,
                Standing::Inactive => {}
            }
        }
        Ok(active.then_some(done))
    }

    /// MPI_Waitsome (`blocking`) and MPI_Testsome.
    ///
    /// # Safety
    /// As [`Batch::wait_all`]; `done` and `indices` may be written.
    pub unsafe fn some_of(&self, blocking: bool, done: *mut c_int, indices: *mut c_int) -> c_int {
        let (mut errors, mut found) = (Errors::default(), Ok(None));
        let mut pass = || {
            // SAFETY: the caller's promise.
            found = unsafe { self.some(indices, &mut errors) };
            found != Ok(Some(0))
        };
        if blocking {
            wait_until(None, pass);
        } else {
            engine::progress();
            if !pass() {
                idle();
            }
        }
        let found = match found {
            Ok(found) => found,
            Err(code) => return code,
        };
        // SAFETY: as above.
        unsafe {
            *done = found.map_or(abi::UNDEFINED, |n| n as c_int);
            self.verdict(0..found.unwrap_or(0), &errors)
        }
    }

    /// MPI_SUCCESS, or MPI_ERR_IN_STATUS with all errors set, raised unless the library has raised one already.
    unsafe fn verdict(&self, range: std::ops::Range<usize>, errors: &Errors) -> c_int {
        if errors.codes.is_empty() {
            return abi::SUCCESS;
        }
        // SAFETY: the caller's promise.
        unsafe {
            range.for_each(|i| self.set_error(i, abi::SUCCESS));
            errors.codes.iter().for_each(|&(i, code)| self.set_error(i, code));
        }
        if errors.raised { abi::ERR_IN_STATUS } else { Failure::InStatus(errors.codes.len()).raise(self.function, abi::COMM_WORLD) }
    }
}

/// The requests of an array that failed, by the place of their status.
#[derive(Debug, Default)]
struct Errors {
    codes: Vec<(usize, c_int)>,
    raised: bool,
}

impl Errors {
    fn note(&mut self, at: usize, request: Request, code: c_int) {
        if code != abi::SUCCESS {
            self.codes.push((at, code));
            self.raised |= lane_of(request).is_none(); // the library's own: it has called the error handler
        }
    }
}
