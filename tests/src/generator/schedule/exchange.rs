//! Messages that are all posted before any rank waits for one. A rank may block only where its peers have posted all that it
//! depends on, or will without waiting: in sends if everybody posts all receives first, in receives if all sends come first.
//!
//! Wildcards: every message has a receive that fits it, and the receives of one rank and communicator are posted from the
//! narrowest to the widest, and of those with one wildcard only one kind is used. So each set of messages that a receive
//! accepts contains or excludes that of an earlier one; then no choice of matches can leave a receive without a message.

use super::super::case::{Form, Posting, Step};
use super::super::communicators::Communicator;
use super::super::random::{Random, mixed};
use super::super::script::Script;
use super::super::transfer::{Scope, Transfer, resolve};
use super::completing::{self, Pending};
use super::sending::Allowed;
use super::{NULL_PEER, Slots, barrier, check, receiving, sending};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// A tag that nothing is sent with.
const PHANTOM_TAG: i64 = 5000;

/// What a rank does in its turn.
#[derive(Debug, Clone, Copy)]
enum Action {
    Send(usize),
    Receive(usize),
    Collective(usize),
    Phantom,
    NullSend,
    NullReceive,
    Pause,
    Barrier,
}

/// A step being written.
struct Exchange<'a> {
    scope: &'a Scope<'a>,
    step: &'a Step,
    transfers: Vec<Transfer>,
    communicators: Vec<Communicator>,
    /// The communicator is the step's own, and is freed before its requests have ended.
    temporary: bool,
    random: Random,
    slots: Slots,
    /// Slots of persistent requests: of the send and of the receive of a message.
    persistent: HashMap<(usize, bool), usize>,
}

/// Writes an exchange.
pub fn write(script: &mut Script, scope: &Scope, step: &Step) {
    let mut communicators = scope.communicators.to_vec();
    let temporary = step.extras.temporary && scope.barrier.is_some(); // collectives of a communicator are one thread's
    if temporary {
        let chosen = step.messages.first().map_or(0, |message| message.communicator as usize);
        let parent = &communicators[chosen % communicators.len()];
        communicators = vec![parent.dup(script, scope.thread, scope.temporary)];
    }
    let mut transfers = resolve(scope, step, &communicators);
    let mut random = Random::new(step.order);
    narrow(&mut transfers, &mut random);
    let slots = Slots::new(scope.ranks);
    let persistent = HashMap::new();
    let mut exchange = Exchange { scope, step, transfers, communicators, temporary, random, slots, persistent };
    exchange.prepare(script);
    let last = step.extras.repeats;
    for round in 0..=last {
        exchange.round(script, round as u64, round == last);
    }
    for (&(index, is_send), slot) in &sorted(&exchange.persistent) {
        let transfer = &exchange.transfers[index];
        let rank = if is_send { transfer.source } else { transfer.dest };
        script.line(rank, scope.thread, format!("free - slot={slot}"));
    }
    check(script, scope);
}

fn sorted(map: &HashMap<(usize, bool), usize>) -> std::collections::BTreeMap<(usize, bool), usize> {
    map.iter().map(|(&key, &slot)| (key, slot)).collect()
}

/// Leaves each group only one kind of receive with one wildcard.
fn narrow(transfers: &mut [Transfer], random: &mut Random) {
    let mut kinds = HashMap::new();
    for transfer in transfers {
        let by_source = *kinds.entry(transfer.group()).or_insert_with(|| random.chance(50));
        if transfer.any_source != transfer.any_tag && transfer.any_source != by_source {
            (transfer.any_source, transfer.any_tag) = (by_source, !by_source);
        }
    }
}

impl Exchange<'_> {
    fn posting(&self) -> Posting {
        self.step.extras.posting
    }

    /// A barrier between receives and sends.
    fn parted(&self) -> bool {
        self.posting() == Posting::ReceivesFirst && self.step.extras.barrier && self.scope.barrier.is_some()
    }

    fn sends(&self) -> Allowed {
        let blocking = self.posting() == Posting::ReceivesFirst;
        Allowed { blocking, ready: self.parted(), persistent: true }
    }

    /// The receive of a message, and whether it leaves a request.
    fn receive(&self, index: usize) -> (&'static str, bool) {
        let blocking = self.posting() == Posting::SendsFirst;
        receiving::function(self.scope, &self.transfers[index], blocking, true)
    }

    /// Makes the persistent requests.
    fn prepare(&mut self, script: &mut Script) {
        for index in 0..self.transfers.len() {
            let transfer = &self.transfers[index];
            let (name, form) = sending::function(transfer, self.sends());
            if form == Form::Persistent {
                let slot = self.slots.next(transfer.source);
                sending::line(script, self.scope, transfer, &name, slot, 0);
                self.persistent.insert((index, true), slot);
            }
            let (name, _) = self.receive(index);
            if name == "recv_init" {
                let slot = self.slots.next(transfer.dest);
                receiving::line(script, self.scope, transfer, name, slot, "");
                self.persistent.insert((index, false), slot);
            }
        }
    }

    /// Posts and completes everything once.
    fn round(&mut self, script: &mut Script, round: u64, last: bool) {
        let mut pending = Vec::new();
        for rank in 0..self.scope.ranks {
            let plan = self.plan(rank);
            pending.push(self.post(script, rank, &plan, round));
        }
        if last && self.temporary {
            for rank in self.communicators[0].members() {
                script.line(rank, self.scope.thread, format!("free_comm - slot={}", self.scope.temporary));
            }
        } else if self.step.extras.barrier {
            barrier(script, self.scope);
        }
        for (rank, pending) in pending.into_iter().enumerate() {
            completing::write(script, self.scope, rank, pending, &mut self.random);
        }
        // The next messages must not meet this round's wildcards, and what was sent by requests that were freed has arrived.
        if self.frees() || self.transfers.iter().any(|transfer| transfer.any_source || transfer.any_tag) {
            barrier(script, self.scope);
        }
        check(script, self.scope);
        self.keep_persistent();
    }

    fn frees(&self) -> bool {
        self.step.extras.frees && self.scope.barrier.is_some()
    }

    /// After a check all slots but the persistent requests' are free again; later ones are simply taken beyond them.
    fn keep_persistent(&mut self) {
        let mut first_free = vec![0; self.scope.ranks];
        for (&(index, is_send), &slot) in &self.persistent {
            let transfer = &self.transfers[index];
            let rank = if is_send { transfer.source } else { transfer.dest };
            first_free[rank] = first_free[rank].max(slot + 1);
        }
        self.slots = Slots(first_free);
    }

    /// In which order a rank posts.
    fn plan(&mut self, rank: usize) -> Vec<Action> {
        let indices = 0..self.transfers.len();
        let mut sends: Vec<usize> = indices.clone().filter(|&index| self.transfers[index].source == rank).collect();
        self.random.shuffle(&mut sends);
        pair(&self.transfers, &mut sends);
        let mut sends: Vec<Action> = sends.into_iter().map(Action::Send).collect();
        let mut receives: Vec<usize> = indices.filter(|&index| self.transfers[index].dest == rank).collect();
        self.random.shuffle(&mut receives);
        pair(&self.transfers, &mut receives);
        widen(&self.transfers, &mut receives);
        let mut receives: Vec<Action> = receives.into_iter().map(Action::Receive).collect();
        for _ in 0..self.step.extras.phantoms {
            receives.insert(self.random.below(receives.len() + 1), Action::Phantom);
        }
        for _ in 0..self.step.extras.nulls {
            receives.insert(self.random.below(receives.len() + 1), Action::NullReceive);
            sends.insert(self.random.below(sends.len() + 1), Action::NullSend);
        }
        let mut plan = match self.posting() {
            Posting::ReceivesFirst => {
                let parted = if self.parted() { vec![Action::Barrier] } else { Vec::new() };
                [receives, parted, sends].concat()
            }
            Posting::SendsFirst => [sends, receives].concat(),
            Posting::Mixed => self.merge(receives, sends),
        };
        // All ranks must call the collectives of a communicator in the same order: one of each, and before the barrier.
        let last = plan.iter().position(|action| matches!(action, Action::Barrier)).unwrap_or(plan.len());
        for index in 0..self.step.extras.collectives.min(self.collective_communicators().len()) {
            plan.insert(self.random.below(last + index + 1), Action::Collective(index));
        }
        if self.step.extras.pauses > 0 {
            plan.insert(self.random.below(plan.len() + 1), Action::Pause);
        }
        plan
    }

    fn merge(&mut self, first: Vec<Action>, second: Vec<Action>) -> Vec<Action> {
        let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
        let mut merged = Vec::new();
        while first.peek().is_some() || second.peek().is_some() {
            let from = if self.random.chance(50) { &mut first } else { &mut second };
            merged.extend(from.next());
        }
        merged
    }

    /// Communicators on which a thread may call collectives.
    fn collective_communicators(&self) -> Vec<&Communicator> {
        if self.scope.barrier.is_none() {
            Vec::new()
        } else {
            self.communicators.iter().filter(|c| c.slot != 1).collect()
        }
    }

    /// Writes a plan; returns the requests it leaves.
    fn post(&mut self, script: &mut Script, rank: usize, plan: &[Action], round: u64) -> Vec<Pending> {
        let thread = self.scope.thread;
        let seed = mixed(self.step.order ^ round << 32 ^ (rank as u64) << 48) >> 8;
        let mut pending = Vec::new();
        let mut cancels = Vec::new();
        let mut at = 0;
        while at < plan.len() {
            let started = self.started_together(&plan[at..]);
            if !started.is_empty() {
                at += started.len();
                self.start(script, rank, &started, seed, &mut pending);
                continue;
            }
            let action = plan[at];
            at += 1;
            match action {
                Action::Send(index) => {
                    let (name, form) = sending::function(&self.transfers[index], self.sends());
                    let (slot, key) = (self.slots.next(rank), seed + 1000 + at as u64);
                    let transfer = &self.transfers[index];
                    script.line(transfer.dest, thread, transfer.inbound(key));
                    sending::line(script, self.scope, transfer, &name, slot, key);
                    if form == Form::Blocking {
                        continue;
                    }
                    // Stock MPICH 4.0.2 forgets about a message to itself whose request is freed.
                    let to_itself = self.scope.stock && self.transfers[index].source == self.transfers[index].dest;
                    if self.frees() && !to_itself && self.random.chance(50) {
                        script.line(rank, thread, format!("free - slot={slot}"));
                    } else {
                        pending.push(Pending { slot, is_send: true });
                    }
                }
                Action::Receive(index) => {
                    let (name, leaves_request) = self.receive(index);
                    let slot = self.slots.next(rank);
                    receiving::line(script, self.scope, &self.transfers[index], name, slot, "");
                    if leaves_request {
                        pending.push(Pending { slot, is_send: false });
                    }
                }
                Action::Phantom => {
                    let slot = self.slots.next(rank);
                    script.line(
                        rank,
                        thread,
                        format!("recv irecv slot={slot} {} count=9 cancel=1", self.phantom(rank)),
                    );
                    cancels.push(slot);
                    pending.push(Pending { slot, is_send: false });
                }
                Action::NullSend => {
                    let slot = self.slots.next(rank);
                    let name = self.random.pick(&["isend", "issend", "send", "ssend", "irsend"]);
                    script.line(
                        rank,
                        thread,
                        format!("send {name} slot={slot} comm=0 to={NULL_PEER} tag=1 type=3 count=5 key=1"),
                    );
                    if name.starts_with('i') {
                        pending.push(Pending { slot, is_send: true });
                    }
                }
                Action::NullReceive => {
                    let slot = self.slots.next(rank);
                    // Stock MPICH 4.0.2 leaves the status of MPI_Irecv from MPI_PROC_NULL unset.
                    let names = ["recv", "probe", "mprobe_imrecv", "improbe_mrecv", "irecv"];
                    let name = self.random.pick(&names[..if self.scope.stock { 4 } else { 5 }]);
                    script.line(
                        rank,
                        thread,
                        format!("recv {name} slot={slot} comm=0 from={NULL_PEER} tag=1 type=3 count=5"),
                    );
                    if name == "irecv" || name.ends_with("imrecv") {
                        pending.push(Pending { slot, is_send: false });
                    }
                }
                Action::Collective(index) => self.collective(script, rank, index, &mut pending),
                Action::Pause => {
                    let us = self.random.below(self.step.extras.pauses + 1);
                    script.line(rank, thread, format!("pause - us={us}"));
                }
                Action::Barrier => {
                    let slot = self.scope.barrier.unwrap_or(0);
                    script.line(rank, thread, format!("barrier - comm={slot}"));
                }
            }
        }
        for slot in cancels {
            script.line(rank, thread, format!("cancel - slot={slot}"));
        }
        pending
    }

    /// A receive that nothing fits.
    fn phantom(&mut self, rank: usize) -> String {
        let mine: Vec<&Communicator> =
            self.communicators.iter().filter(|c| c.slot != 1 && c.members().any(|member| member == rank)).collect();
        let comm = mine.get(self.random.below(mine.len())).map_or(1, |communicator| communicator.slot);
        let from = if self.scope.barrier.is_some() && self.random.chance(50) { -1 } else { 0 };
        format!("comm={comm} from={from} tag={} type=3", self.scope.tags + PHANTOM_TAG)
    }

    fn collective(&mut self, script: &mut Script, rank: usize, index: usize, pending: &mut Vec<Pending>) {
        let Some(communicator) = self.collective_communicators().get(index).map(|&c| c.clone()) else { return };
        let Some(part) = communicator.parts.iter().find(|part| part.members().any(|member| member == rank)) else {
            return;
        };
        let slot = self.slots.next(rank);
        let line = if self.step.order >> index & 1 == 1 || part.is_inter() {
            format!("collective ibarrier slot={slot} comm={}", communicator.slot)
        } else {
            let sum: usize = part.members().map(|member| member * 3 + 1).sum();
            format!("collective iallreduce slot={slot} comm={} value={} sum={sum}", communicator.slot, rank * 3 + 1)
        };
        script.line(rank, self.scope.thread, line);
        pending.push(Pending { slot, is_send: true });
    }

    /// The persistent requests at the head of a plan that may be started by one call: no two of one peer and communicator,
    /// since MPI_Startall starts in any order.
    fn started_together(&self, plan: &[Action]) -> Vec<(usize, bool)> {
        let mut streams = HashSet::new();
        let mut started = Vec::new();
        for action in plan {
            let (index, is_send) = match *action {
                Action::Send(index) => (index, true),
                Action::Receive(index) => (index, false),
                _ => break,
            };
            let transfer = &self.transfers[index];
            let peer = if is_send { transfer.dest } else { transfer.source };
            let ambiguous = !is_send && (transfer.any_source || transfer.any_tag);
            let known = self.persistent.contains_key(&(index, is_send));
            if !known || (ambiguous && !started.is_empty()) || !streams.insert((transfer.communicator, peer, is_send)) {
                break;
            }
            started.push((index, is_send));
            if ambiguous {
                break;
            }
        }
        started
    }

    fn start(
        &mut self,
        script: &mut Script,
        rank: usize,
        started: &[(usize, bool)],
        seed: u64,
        pending: &mut Vec<Pending>,
    ) {
        let mut slots = Vec::new();
        for &(index, is_send) in started {
            let slot = self.persistent[&(index, is_send)];
            if is_send {
                let transfer = &self.transfers[index];
                script.line(transfer.dest, self.scope.thread, transfer.inbound(seed + slot as u64));
                if transfer.message.mode == super::super::case::Mode::Buffered {
                    script.buffer(rank, transfer.bytes);
                }
            }
            slots.push(slot.to_string());
            pending.push(Pending { slot, is_send });
        }
        let how = if self.random.chance(50) { "all" } else { "-" };
        script.line(rank, self.scope.thread, format!("start {how} slots={} key={seed}", slots.join(",")));
    }
}

/// Orders the messages that only their order tells apart, so that each meets the receive that was made for it.
fn pair(transfers: &[Transfer], list: &mut [usize]) {
    reorder(list, |index| (transfers[index].group(), transfers[index].source, transfers[index].tag), |index| index);
}

/// Orders the receives of each group from the narrowest to the widest, and leaves the groups' places as they are.
fn widen(transfers: &[Transfer], receives: &mut [usize]) {
    let width = |index: usize| u8::from(transfers[index].any_source) + u8::from(transfers[index].any_tag);
    reorder(receives, |index| transfers[index].group(), width);
}

/// Sorts the entries of each class by their rank among the places that the class has.
fn reorder<C: Eq + Hash, R: Ord>(list: &mut [usize], class: impl Fn(usize) -> C, rank: impl Fn(usize) -> R) {
    let mut classes: HashMap<C, Vec<usize>> = HashMap::new();
    for (place, &index) in list.iter().enumerate() {
        classes.entry(class(index)).or_default().push(place);
    }
    for places in classes.into_values() {
        let mut members: Vec<usize> = places.iter().map(|&place| list[place]).collect();
        members.sort_by_key(|&index| rank(index));
        for (place, index) in places.into_iter().zip(members) {
            list[place] = index;
        }
    }
}
