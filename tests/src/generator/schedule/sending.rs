//! Lines that send.

use super::super::case::{Form, Mode};
use super::super::script::Script;
use super::super::transfer::{Scope, Transfer};

/// What the place of a send allows.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// It may wait for its receive.
    pub blocking: bool,
    /// Its receive is posted.
    pub ready: bool,
    /// It may use a persistent request.
    pub persistent: bool,
}

/// The function for a message, in the script's words, and its form.
pub fn function(transfer: &Transfer, allowed: Allowed) -> (String, Form) {
    let mode = match transfer.message.mode {
        Mode::Ready if !allowed.ready => Mode::Synchronous,
        mode => mode,
    };
    let form = match transfer.message.form {
        Form::Blocking if allowed.blocking || mode == Mode::Buffered => Form::Blocking,
        Form::Persistent if allowed.persistent => Form::Persistent,
        _ => Form::Nonblocking,
    };
    let letter = match mode {
        Mode::Standard => "",
        Mode::Buffered => "b",
        Mode::Synchronous => "s",
        Mode::Ready => "r",
    };
    let name = match form {
        Form::Blocking => format!("{letter}send"),
        Form::Nonblocking => format!("i{letter}send"),
        Form::Persistent => format!("{letter}send_init"),
    };
    (name, form)
}

/// Sends a message by the function of that name.
pub fn line(script: &mut Script, scope: &Scope, transfer: &Transfer, name: &str, slot: usize, key: u64) {
    if transfer.message.mode == Mode::Buffered {
        script.buffer(transfer.source, transfer.bytes);
    }
    let ((comm, _), (kind, count)) = (transfer.communicator, transfer.sent);
    let large = if transfer.message.large & 1 == 1 { " large=1" } else { "" };
    let line = format!(
        "send {name} slot={slot} comm={comm} to={} tag={} type={kind} count={count} key={key}{large}",
        transfer.dest_name, transfer.tag
    );
    script.line(transfer.source, scope.thread, line);
}
