//! The exporter's functions.

use crate::failure::{Failure, code};
use crate::{sharing, text};
use pip_core::sharing::field::{Dtype, Layout, MAX_DIMS, Writer};
use std::ffi::{c_char, c_int, c_void};

/// # Safety
/// Null or a writer of `pip_field_export` that nobody else uses meanwhile.
unsafe fn writer<'a>(field: *mut Writer) -> Result<&'a mut Writer, Failure> {
    // SAFETY: the caller's promise.
    unsafe { field.as_mut() }.ok_or_else(|| Failure::Argument("field", "null".to_owned()))
}

/// `pip_field_export`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_export(
    name: *const c_char,
    dtype: *const c_char,
    dims: c_int,
    shape: *const usize,
    buffers: c_int,
    field: *mut *mut Writer,
) -> c_int {
    let export = || {
        // SAFETY: the C caller's strings.
        let (name, code) = unsafe { (text(name, "name")?, text(dtype, "dtype")?) };
        let dtype = Dtype::parse(code).ok_or_else(|| {
            let value =
                format!("{code:?}: give numpy's code of numbers in this machine's byte order, such as <f8 or |u1");
            Failure::Argument("dtype", value)
        })?;
        let dims = usize::try_from(dims).ok().filter(|dims| *dims <= MAX_DIMS && !shape.is_null() && !field.is_null());
        let dims = dims.ok_or_else(|| Failure::Argument("ndim, shape or field", "null or out of range".to_owned()))?;
        // SAFETY: the C caller's array of so many numbers.
        let shape = unsafe { std::slice::from_raw_parts(shape, dims) };
        let layout = Layout::dense(shape)?;
        let writer = Writer::export(sharing()?, name, dtype, &layout, usize::try_from(buffers).unwrap_or(0))?;
        // SAFETY: not null, as checked; the C caller's pointer.
        unsafe { field.write(Box::into_raw(Box::new(writer))) };
        Ok(())
    };
    code(export())
}

/// `pip_field_next`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_next(field: *mut Writer) -> *mut c_void {
    // SAFETY: the C caller's field.
    unsafe { writer(field) }.map_or(std::ptr::null_mut(), |writer| writer.addresses().1 as *mut c_void)
}

/// `pip_field_current`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_current(field: *mut Writer) -> *const c_void {
    // SAFETY: the C caller's field.
    let current = unsafe { writer(field) }.ok().and_then(|writer| writer.addresses().0);
    current.unwrap_or(0) as *const c_void
}

/// `pip_field_publish`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_publish(field: *mut Writer, step: u64) -> c_int {
    // SAFETY: the C caller's field.
    code(unsafe { writer(field) }.and_then(|writer| Ok(writer.publish(step)?)))
}

/// `pip_field_advance`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_advance(field: *mut Writer) -> c_int {
    // SAFETY: the C caller's field.
    code(unsafe { writer(field) }.map(Writer::advance))
}

/// `pip_field_withdraw`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_withdraw(field: *mut Writer) {
    if !field.is_null() {
        // SAFETY: from Box::into_raw; the C caller does not use it again.
        drop(unsafe { Box::from_raw(field) });
    }
}

/// `pip_field_leave`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_field_leave(field: *mut Writer) {
    if !field.is_null() {
        // SAFETY: as above.
        unsafe { Box::from_raw(field) }.leave();
    }
}
