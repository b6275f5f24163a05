//! Datatypes as elements of one predefined type, for operations that compute.

use super::contents::{Pairs, leaf, take_apart};
use super::layout;
use crate::abi::{self, Datatype};
use crate::layout::Layout;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// A datatype made of one predefined type only, for operations on its elements.
#[derive(Debug, Clone)]
pub struct Elements {
    /// Blocks of whole elements; those of value and index include the gap between the two.
    pub layout: Arc<Layout>,
    pub leaf: Datatype,
    /// Bytes of an element.
    pub span: usize,
}

/// Why a datatype has no [`Elements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is not fit for communication, which the MPI library will say.
    Library,
    /// It has elements of different predefined types.
    Mixed,
}

static ELEMENTS: LazyLock<Mutex<HashMap<Datatype, Elements>>> = LazyLock::new(Mutex::default);

/// The elements of a datatype.
pub fn elements(datatype: Datatype) -> Result<Elements, Unfit> {
    let known = || ELEMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(elements) = known().get(&datatype) {
        return Ok(elements.clone());
    }
    let usual = layout_of(datatype).ok_or(Unfit::Library)?;
    let leaf = leaf(datatype).ok_or(Unfit::Mixed)?;
    let whole = take_apart(datatype, Pairs::Whole).ok_or(Unfit::Library)?;
    let layout = if whole == *usual { usual } else { Arc::new(whole) };
    let span = take_apart(leaf, Pairs::Whole).ok_or(Unfit::Library)?.size();
    let elements = Elements { layout, leaf, span };
    known().insert(datatype, elements.clone());
    Ok(elements)
}

/// The layout of any datatype.
fn layout_of(datatype: Datatype) -> Option<Arc<Layout>> {
    abi::builtin_size(datatype).map(|size| Arc::new(Layout::contiguous(size))).or_else(|| layout(datatype))
}

/// After MPI_Type_free.
pub fn forget(datatype: Datatype) {
    ELEMENTS.lock().unwrap_or_else(PoisonError::into_inner).remove(&datatype);
}
