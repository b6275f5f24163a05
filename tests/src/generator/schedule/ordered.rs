//! Messages that all ranks play in one order with blocking calls. The first message that is not through has both its ranks'
//! attention, so something always moves.

use super::super::case::{Form, Receive, Step};
use super::super::random::{Random, mixed};
use super::super::script::Script;
use super::super::transfer::{Scope, Transfer, resolve, unite_group};
use super::completing::{self, Pending};
use super::sending::Allowed;
use super::{Slots, barrier, check, receiving, sending};

/// Writes an ordered step: MPI_ANY_TAG is allowed, since what comes from one source comes in order.
pub fn write(script: &mut Script, scope: &Scope, step: &Step) {
    let mut transfers = resolve(scope, step, scope.communicators);
    transfers.iter_mut().for_each(|transfer| transfer.any_source = false);
    play(script, scope, step, &transfers);
    check(script, scope);
}

/// Writes a step in which one rank receives from anywhere what all others send.
pub fn write_sink(script: &mut Script, scope: &Scope, step: &Step) {
    let mut transfers = resolve(scope, step, scope.communicators);
    let Some(first) = transfers.first().map(Transfer::group) else { return };
    transfers.retain(|transfer| transfer.group() == first && transfer.source != transfer.dest);
    let all: Vec<usize> = (0..transfers.len()).collect();
    unite_group(scope, &mut transfers, &all);
    let one_tag = transfers.windows(2).all(|pair| pair[0].tag == pair[1].tag);
    let wild = scope.barrier.is_some();
    for transfer in &mut transfers {
        transfer.any_source = wild;
        transfer.any_tag = wild && (!one_tag || transfer.message.any_tag);
    }
    // Of receives that differ, the narrower ones come first.
    let narrow = transfers.iter().filter(|transfer| !transfer.any_tag).count();
    for (index, transfer) in transfers.iter_mut().enumerate() {
        transfer.any_tag = wild && index >= narrow;
    }
    play(script, scope, step, &transfers);
    barrier(script, scope);
    check(script, scope);
}

fn play(script: &mut Script, scope: &Scope, step: &Step, transfers: &[Transfer]) {
    let mut random = Random::new(step.order);
    let mut slots = Slots::new(scope.ranks);
    let mut pending: Vec<Vec<Pending>> = vec![Vec::new(); scope.ranks];
    for (index, transfer) in transfers.iter().enumerate() {
        if step.extras.pauses > 0 && random.chance(20) {
            let us = random.below(step.extras.pauses + 1);
            script.line(random.pick(&[transfer.source, transfer.dest]), scope.thread, format!("pause - us={us}"));
        }
        let allowed = Allowed { blocking: transfer.source != transfer.dest, ready: false, persistent: false };
        let key = mixed(step.order ^ (index as u64) << 32) >> 8;
        script.line(transfer.dest, scope.thread, transfer.inbound(key));
        let mut message = transfer.clone();
        if message.message.form == Form::Persistent {
            message.message.form = Form::Blocking;
        }
        if message.message.receive == Receive::Persistent {
            message.message.receive = Receive::Blocking;
        }
        let (name, form) = sending::function(&message, allowed);
        let slot = slots.next(transfer.source);
        sending::line(script, scope, &message, &name, slot, key);
        if form != Form::Blocking {
            pending[transfer.source].push(Pending { slot, is_send: true });
        }
        let (name, leaves_request) = receiving::function(scope, &message, true, false);
        let slot = slots.next(transfer.dest);
        receiving::line(script, scope, &message, name, slot, "");
        if leaves_request {
            pending[transfer.dest].push(Pending { slot, is_send: false });
        }
        for rank in [transfer.source, transfer.dest] {
            if random.chance(25) {
                completing::write(script, scope, rank, std::mem::take(&mut pending[rank]), &mut random);
            }
        }
    }
    for (rank, pending) in pending.into_iter().enumerate() {
        completing::write(script, scope, rank, pending, &mut random);
    }
}
