//! MPI datatypes: the elements that OSU's `-T` names, and vectors of them.

use std::mem::MaybeUninit;

use mpi::ffi;

/// The type of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// One byte (MPI_CHAR).
    Char,
    /// Four bytes (MPI_INT).
    Int,
    /// Four bytes (MPI_FLOAT).
    Float,
    /// Eight bytes (MPI_DOUBLE).
    Double,
}

impl Element {
    /// Its size in bytes.
    pub fn size(self) -> usize {
        match self {
            Element::Char => 1,
            Element::Int | Element::Float => 4,
            Element::Double => 8,
        }
    }

    /// `value` as an element of this type, in the first bytes. Bytes wrap around.
    pub fn encoded(self, value: i64) -> [u8; 8] {
        let mut bytes = [0; 8];
        match self {
            Element::Char => bytes[0] = value as u8,
            Element::Int => bytes[..4].copy_from_slice(&(value as i32).to_ne_bytes()),
            Element::Float => bytes[..4].copy_from_slice(&(value as f32).to_ne_bytes()),
            Element::Double => bytes.copy_from_slice(&(value as f64).to_ne_bytes()),
        }
        bytes
    }

    /// Writes `value` as element `position` of `bytes`.
    pub fn write(self, bytes: &mut [u8], position: usize, value: i64) {
        let size = self.size();
        bytes[position * size..][..size].copy_from_slice(&self.encoded(value)[..size]);
    }

    fn raw(self) -> ffi::MPI_Datatype {
        // SAFETY: constants that rsmpi's C part defines, valid as soon as the library is loaded.
        unsafe {
            match self {
                Element::Char => ffi::RSMPI_INT8_T,
                Element::Int => ffi::RSMPI_INT32_T,
                Element::Float => ffi::RSMPI_FLOAT,
                Element::Double => ffi::RSMPI_DOUBLE,
            }
        }
    }
}

/// A datatype that messages can be sent with.
pub struct Datatype {
    raw: ffi::MPI_Datatype,
    derived: bool,
}

impl Datatype {
    /// An element's own type.
    pub fn of(element: Element) -> Self {
        Self { raw: element.raw(), derived: false }
    }

    /// `blocks` blocks of `length` elements whose starts are `stride` elements apart (MPI_Type_vector), committed.
    /// It must be dropped before MPI ends.
    pub fn vector(element: Element, blocks: i32, length: i32, stride: i32) -> Self {
        // SAFETY: the element's type is valid.
        Self::made(|raw| unsafe { ffi::MPI_Type_vector(blocks, length, stride, element.raw(), raw) })
    }

    /// `count` elements (MPI_Type_contiguous), committed. It must be dropped before MPI ends.
    pub fn contiguous(element: Element, count: i32) -> Self {
        // SAFETY: the element's type is valid.
        Self::made(|raw| unsafe { ffi::MPI_Type_contiguous(count, element.raw(), raw) })
    }

    /// Blocks of these `lengths` at these `starts`, in elements (MPI_Type_indexed), committed. It must be dropped before MPI
    /// ends.
    pub fn indexed(element: Element, lengths: &[i32], starts: &[i32]) -> Self {
        let blocks = lengths.len().min(starts.len()) as i32;
        // SAFETY: both arrays have `blocks` numbers, and the element's type is valid.
        Self::made(|raw| unsafe {
            ffi::MPI_Type_indexed(blocks, lengths.as_ptr(), starts.as_ptr(), element.raw(), raw)
        })
    }

    fn made(make: impl FnOnce(*mut ffi::MPI_Datatype) -> i32) -> Self {
        let mut raw = MaybeUninit::uninit();
        make(raw.as_mut_ptr());
        // SAFETY: MPI is initialised, and has written the handle.
        let raw = unsafe {
            ffi::MPI_Type_commit(raw.as_mut_ptr());
            raw.assume_init()
        };
        Self { raw, derived: true }
    }

    /// The bytes from one element to the next (MPI_Type_get_extent).
    pub fn extent(&self) -> ffi::MPI_Aint {
        let (mut lower, mut extent) = (0 as ffi::MPI_Aint, 0 as ffi::MPI_Aint);
        // SAFETY: a valid datatype; MPI writes both numbers.
        unsafe { ffi::MPI_Type_get_extent(self.raw, &raw mut lower, &raw mut extent) };
        extent
    }

    /// MPI's handle.
    #[inline(always)]
    pub fn raw(&self) -> ffi::MPI_Datatype {
        self.raw
    }
}

impl Drop for Datatype {
    fn drop(&mut self) {
        if self.derived {
            // SAFETY: made in `made`, freed only here, while MPI is initialised.
            unsafe { ffi::MPI_Type_free(&raw mut self.raw) };
        }
    }
}
