//! Contexts of communicators that MPI_Comm_idup makes across address spaces: it must not wait for its peers, so one of them draws
//! a number and tells the others, who look for it when they use the communicator first.

use super::channel::about;
use super::header::Kind;
use crate::engine::{self, Lane};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// By the parent's context and the number of the call.
static ANNOUNCED: LazyLock<Mutex<HashMap<(u32, u32), u32>>> = LazyLock::new(Mutex::default);

/// Tells ranks `worlds` the context of the child that call number `call` on `parent` makes; None if there is none.
pub fn announce_context(lane: Lane, parent: u32, call: u32, context: Option<u32>, worlds: impl Iterator<Item = u32>) {
    let header = about(Kind::Context, parent, 0, call as i32, context.unwrap_or(0), 0);
    engine::with(lane, |engine| {
        engine.with_channel(|_, channel| worlds.for_each(|world| channel.send_header(world, header, None)));
    });
}

/// It has been told.
pub(super) fn note(parent: u32, call: u32, context: u32) {
    ANNOUNCED.lock().unwrap_or_else(PoisonError::into_inner).insert((parent, call), context);
}

/// What was told, once it has been: the inner None for a communicator that has no context.
pub fn announced_context(parent: u32, call: u32) -> Option<Option<u32>> {
    let told = ANNOUNCED.lock().unwrap_or_else(PoisonError::into_inner).remove(&(parent, call))?;
    Some((told != 0).then_some(told))
}
