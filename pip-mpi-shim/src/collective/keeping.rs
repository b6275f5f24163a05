//! Operations and datatypes of the program that calls in the background still need. A program may free them once the call has
//! begun (MPI-4.0 sections 5.1.9 and 6.9.7): the MPI library is told when the last call is over.

use crate::abi::{self, Datatype, Op};
use crate::{datatype, exports};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Handles in use; operations and datatypes never have the same.
static IN_USE: LazyLock<Mutex<HashMap<i32, Use>>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct Use {
    calls: usize,
    /// The program has freed it.
    freed: bool,
}

/// Keeps an operation and a datatype for a call.
#[derive(Debug)]
pub struct Kept {
    handles: Vec<i32>,
}

impl Kept {
    /// Keeps those that can be freed.
    pub fn new(op: Op, datatype: Datatype) -> Kept {
        let derived = abi::builtin_size(datatype).is_none();
        let handles: Vec<i32> =
            abi::is_user_op(op).then_some(op).into_iter().chain(derived.then_some(datatype)).collect();
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        handles.iter().for_each(|&handle| in_use.entry(handle).or_default().calls += 1);
        drop(in_use);
        Kept { handles }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for &handle in &self.handles {
            let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(usage) = in_use.get_mut(&handle) else { continue };
            usage.calls -= 1;
            if usage.calls == 0 {
                let freed = usage.freed;
                in_use.remove(&handle);
                drop(in_use);
                if freed {
                    free(handle);
                }
            }
        }
    }
}

fn free(mut handle: i32) {
    // SAFETY: the program has given the handle up, and no call needs it.
    unsafe {
        if abi::is_user_op(handle) {
            exports::Op_free::real(&mut handle);
        } else {
            datatype::forget(handle);
            exports::Type_free::real(&mut handle);
        }
    }
}

/// The program frees an operation or a datatype. True if a call needs it: then it is freed later.
pub fn is_kept(handle: i32) -> bool {
    let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    in_use.get_mut(&handle).map(|usage| usage.freed = true).is_some()
}
