//! The readers' functions.

use crate::failure::{Failure, code};
use crate::{peer, pipid, sharing, text, timeout};
use pip_core::sharing::field::{Held, MAX_DIMS, Reader};
use std::ffi::{c_char, c_int, c_void};
use std::time::Instant;

/// `struct pip_field_info`
#[derive(Debug)]
#[repr(C)]
pub struct Info {
    dtype: [c_char; 8],
    pipid: c_int,
    dims: c_int,
    shape: [usize; MAX_DIMS],
    /// In bytes.
    strides: [isize; MAX_DIMS],
    places: c_int,
    live: c_int,
    has_step: c_int,
    newest: u64,
}

/// # Safety
/// Null or a view of `pip_field_attach`.
unsafe fn reader<'a>(view: *const Reader) -> Result<&'a Reader, Failure> {
    // SAFETY: the caller's promise.
    unsafe { view.as_ref() }.ok_or_else(|| Failure::Argument("view", "null".to_owned()))
}

fn checked<T>(place: *mut T, what: &'static str) -> Result<*mut T, Failure> {
    if place.is_null() { Err(Failure::Argument(what, "null".to_owned())) } else { Ok(place) }
}

/// `pip_field_attach`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_attach(
    id: c_int,
    name: *const c_char,
    seconds: f64,
    view: *mut *mut Reader,
) -> c_int {
    let attach = || {
        // SAFETY: the C caller's string.
        let name = unsafe { text(name, "name") }?;
        let (sharing, limit, start) = (sharing()?, timeout(seconds)?, Instant::now());
        let view = checked(view, "view")?;
        let peer = match peer(id)? {
            Some(peer) => peer,
            None => sharing.field_exporter(name, limit)?,
        };
        let reader = Reader::attach(sharing, peer, name, limit.saturating_sub(start.elapsed()))?;
        // SAFETY: not null; the C caller's pointer.
        unsafe { view.write(Box::into_raw(Box::new(reader))) };
        Ok(())
    };
    code(attach())
}

/// `pip_field_describe`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_describe(view: *const Reader, info: *mut Info) -> c_int {
    let describe = || {
        // SAFETY: the C caller's view.
        let reader = unsafe { reader(view) }?;
        let (layout, size) = (reader.layout(), reader.dtype().size());
        let mut dtype = [0; 8];
        dtype.iter_mut().zip(reader.dtype().as_str().bytes()).for_each(|(to, from)| *to = from as c_char);
        let padded =
            |values: &[usize], unit: usize| std::array::from_fn(|dim| values.get(dim).map_or(0, |value| value * unit));
        let newest = reader.newest();
        let described = Info {
            dtype,
            pipid: pipid(reader.peer()),
            dims: layout.shape().len() as c_int,
            shape: padded(layout.shape(), 1),
            strides: padded(layout.strides(), size).map(|stride| stride as isize),
            places: reader.places() as c_int,
            live: c_int::from(reader.is_live()),
            has_step: c_int::from(newest.is_some()),
            newest: newest.unwrap_or(0),
        };
        // SAFETY: not null; the C caller's pointer.
        unsafe { checked(info, "info")?.write(described) };
        Ok(())
    };
    code(describe())
}

/// `pip_field_wait`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_wait(view: *const Reader, step: u64, seconds: f64, newest: *mut u64) -> c_int {
    let wait = || {
        // SAFETY: the C caller's view.
        let found = unsafe { reader(view) }?.wait(step, timeout(seconds)?)?;
        if !newest.is_null() {
            // SAFETY: the C caller's pointer.
            unsafe { newest.write(found) };
        }
        Ok(())
    };
    code(wait())
}

/// `pip_field_hold`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_hold(
    view: *const Reader,
    step: u64,
    held: *mut *mut Held,
    data: *mut *const c_void,
) -> c_int {
    let hold = || {
        let (held, data) = (checked(held, "held")?, checked(data, "data")?);
        // SAFETY: the C caller's view.
        let reader = unsafe { reader(view) }?;
        let step = reader.hold(step)?;
        let first = step.address() + reader.layout().offset() * reader.dtype().size();
        // SAFETY: not null; the C caller's pointers.
        unsafe {
            data.write(first as *const c_void);
            held.write(Box::into_raw(Box::new(step)));
        }
        Ok(())
    };
    code(hold())
}

/// `pip_field_release`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_release(held: *mut Held) {
    if !held.is_null() {
        // SAFETY: from Box::into_raw; the C caller does not use it again.
        drop(unsafe { Box::from_raw(held) });
    }
}

/// `pip_field_detach`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_detach(view: *mut Reader) {
    if !view.is_null() {
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(view) });
    }
}
