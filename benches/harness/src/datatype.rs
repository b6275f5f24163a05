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
        let mut raw = MaybeUninit::uninit();
        // SAFETY: MPI is initialised, the element's type is valid, and MPI writes the handle before it is read.
        let raw = unsafe {
            ffi::MPI_Type_vector(blocks, length, stride, element.raw(), raw.as_mut_ptr());
            ffi::MPI_Type_commit(raw.as_mut_ptr());
            raw.assume_init()
        };
        Self { raw, derived: true }
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
            // SAFETY: made in `vector`, freed only here, while MPI is initialised.
            unsafe { ffi::MPI_Type_free(&raw mut self.raw) };
        }
    }
}
