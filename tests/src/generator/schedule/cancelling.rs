//! MPI_Cancel while a message is on its way: either the request was cancelled and had no effect, or it was not and completed.

use super::super::case::{Form, Mode, Step};
use super::super::communicators::Part;
use super::super::random::{Random, mixed};
use super::super::script::Script;
use super::super::transfer::{Scope, Transfer, resolve};
use super::completing::{self, Pending};
use super::sending::Allowed;
use super::{Slots, check, receiving, sending};

/// Tags of messages whose receives or sends are cancelled, and of what is said about the latter.
const TAG: i64 = 2000;
const ABOUT: i64 = 3000;

/// The messages, each of a tag of its own.
fn messages(scope: &Scope, step: &Step) -> Vec<Transfer> {
    let mut transfers = resolve(scope, step, scope.communicators);
    // Those of intercommunicators are MPICH's. Over UCX, its 4.0.2 cannot cancel sends, and cancelled receives keep their types.
    let is_inter = |slot| scope.communicators.iter().any(|c| c.slot == slot && c.parts.iter().any(Part::is_inter));
    transfers.retain(|transfer| !is_inter(transfer.communicator.0));
    for (index, transfer) in transfers.iter_mut().enumerate() {
        transfer.tag = scope.tags + TAG + index as i64;
        (transfer.any_source, transfer.any_tag) = (transfer.any_source && scope.barrier.is_some(), false);
    }
    transfers
}

fn pause(script: &mut Script, scope: &Scope, rank: usize, step: &Step, random: &mut Random) {
    if step.extras.pauses > 0 && random.chance(50) {
        let us = random.below(step.extras.pauses + 1);
        script.line(rank, scope.thread, format!("pause - us={us}"));
    }
}

/// The receiver cancels, and receives again if that was in time.
pub fn write_receives(script: &mut Script, scope: &Scope, step: &Step) {
    let mut random = Random::new(step.order);
    let mut slots = Slots::new(scope.ranks);
    let mut pending: Vec<Vec<Pending>> = vec![Vec::new(); scope.ranks];
    for (index, transfer) in messages(scope, step).iter().enumerate() {
        let key = mixed(step.order ^ (index as u64) << 32) >> 8;
        let allowed = Allowed { blocking: transfer.source != transfer.dest, ready: false, persistent: false };
        script.line(transfer.dest, scope.thread, transfer.inbound(key));
        let (name, form) = sending::function(transfer, allowed);
        let sent = slots.next(transfer.source);
        let (posted, again) = (slots.next(transfer.dest), slots.next(transfer.dest));
        let to_itself_first = transfer.source == transfer.dest && random.chance(50);
        if to_itself_first {
            sending::line(script, scope, transfer, &name, sent, key);
        }
        receiving::line(script, scope, transfer, "irecv", posted, "");
        if !to_itself_first {
            pause(script, scope, transfer.source, step, &mut random);
            sending::line(script, scope, transfer, &name, sent, key);
        }
        pause(script, scope, transfer.dest, step, &mut random);
        script.line(transfer.dest, scope.thread, format!("cancel - slot={posted}"));
        completing::write(script, scope, transfer.dest, vec![Pending { slot: posted, is_send: false }], &mut random);
        script.line(transfer.dest, scope.thread, format!("again - slot={posted} into={again}"));
        if form != Form::Blocking {
            pending[transfer.source].push(Pending { slot: sent, is_send: true });
        }
    }
    for (rank, pending) in pending.into_iter().enumerate() {
        completing::write(script, scope, rank, pending, &mut random);
    }
    super::barrier(script, scope);
    check(script, scope);
}

/// The sender cancels, waits, which may not depend on the receiver, and tells the receiver whether to expect the message.
pub fn write_sends(script: &mut Script, scope: &Scope, step: &Step) {
    let mut random = Random::new(step.order);
    let mut slots = Slots::new(scope.ranks);
    for (index, transfer) in messages(scope, step).iter_mut().enumerate() {
        if transfer.source == transfer.dest || transfer.message.truncated {
            continue;
        }
        transfer.any_source = false;
        let key = mixed(step.order ^ (index as u64) << 32) >> 8;
        let name = match transfer.message.mode {
            Mode::Standard | Mode::Ready => "isend",
            Mode::Buffered => "ibsend",
            Mode::Synchronous => "issend",
        };
        script.line(transfer.dest, scope.thread, transfer.inbound(key));
        let (slot, received) = (slots.next(transfer.source), slots.next(transfer.dest));
        sending::line(script, scope, transfer, name, slot, key);
        pause(script, scope, transfer.source, step, &mut random);
        script.line(transfer.source, scope.thread, format!("cancel - slot={slot}"));
        completing::write(script, scope, transfer.source, vec![Pending { slot, is_send: false }], &mut random);
        let (comm, about) = (transfer.communicator.0, scope.tags + ABOUT);
        let (to, from) = (transfer.dest_name, transfer.source_name);
        script.line(transfer.source, scope.thread, format!("tell - slot={slot} comm={comm} to={to} tag={about}"));
        // Without a barrier behind it, the next step's message of this tag may be there already.
        let blind = if scope.barrier.is_none() { " blind=1" } else { "" };
        let line = format!("hear - comm={comm} from={from} tag={about} about={}{blind}", transfer.tag);
        script.line(transfer.dest, scope.thread, line);
        let (name, _) = receiving::function(scope, &blocking(transfer), true, false);
        receiving::line(script, scope, transfer, name, received, "");
    }
    super::barrier(script, scope);
    check(script, scope);
}

/// The same message with a receive that leaves no request.
fn blocking(transfer: &Transfer) -> Transfer {
    let mut copy = transfer.clone();
    copy.message.receive = super::super::case::Receive::Blocking;
    copy
}
