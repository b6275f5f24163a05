//! A message with all raw numbers resolved: who sends what to whom.

use super::case::{Message, Step};
use super::communicators::Communicator;
use super::types::Type;
use std::collections::HashMap;

/// What there is to choose from, for a rank or for its threads of one number.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// Ranks of MPI_COMM_WORLD.
    pub ranks: usize,
    /// Whether stock MPICH will play it too.
    pub stock: bool,
    /// Communicators.
    pub communicators: &'a [Communicator],
    /// Datatypes.
    pub types: &'a [Type],
    /// The thread that plays, if several do.
    pub thread: Option<usize>,
    /// Where this thread's tags begin.
    pub tags: i64,
    /// A communicator of all ranks for this thread's blocking collectives. Without one there are no wildcards either: nothing
    /// would keep the messages of the next step away from them.
    pub barrier: Option<usize>,
    /// Number of the communicator that a step makes for itself.
    pub temporary: usize,
}

/// A message that will be sent.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// What it was resolved from.
    pub message: Message,
    /// The communicator's number and part.
    pub communicator: (usize, usize),
    /// Ranks in MPI_COMM_WORLD.
    pub source: usize,
    /// Ranks in MPI_COMM_WORLD.
    pub dest: usize,
    /// What the receiver calls the sender.
    pub source_name: usize,
    /// What the sender calls the receiver.
    pub dest_name: usize,
    /// The tag.
    pub tag: i64,
    /// Number and count of the type sent.
    pub sent: (usize, usize),
    /// Number and count of the type received.
    pub received: (usize, usize),
    /// Bytes sent.
    pub bytes: usize,
    /// Received with MPI_ANY_SOURCE.
    pub any_source: bool,
    /// Received with MPI_ANY_TAG.
    pub any_tag: bool,
}

impl Transfer {
    /// Receives of one group may compete for messages.
    pub fn group(&self) -> ((usize, usize), usize) {
        (self.communicator, self.dest)
    }

    /// The sender's pattern as the receiver gives it.
    pub fn from(&self) -> i64 {
        if self.any_source { -1 } else { self.source_name as i64 }
    }

    /// The tag as the receiver gives it.
    pub fn wanted_tag(&self) -> i64 {
        if self.any_tag { -1 } else { self.tag }
    }

    /// The line that announces it to the receiver's checks.
    pub fn inbound(&self, key: u64) -> String {
        let (slot, _) = self.communicator;
        format!("inbound - comm={slot} source={} tag={} bytes={} key={key}", self.source_name, self.tag, self.bytes)
    }
}

/// Longest message with a derived type on either side that stock MPICH 4.0.2 over UCX takes: beyond about 8000 bytes it
/// reports truncation where there is none.
const STOCK_DERIVED: usize = 7000;
/// Longest message into too small a receive; with longer ones stock hangs or aborts.
const STOCK_TRUNCATED: usize = 4000;

/// Resolves all messages of a step.
pub fn resolve(scope: &Scope, step: &Step, communicators: &[Communicator]) -> Vec<Transfer> {
    let mut transfers: Vec<Transfer> = step
        .messages
        .iter()
        .map(|&message| one(scope, message, &communicators[message.communicator as usize % communicators.len()]))
        .collect();
    if scope.barrier.is_some() {
        unite(scope, &mut transfers);
    } else {
        transfers.iter_mut().for_each(|transfer| (transfer.any_source, transfer.any_tag) = (false, false));
    }
    transfers
}

fn one(scope: &Scope, message: Message, communicator: &Communicator) -> Transfer {
    let index = message.part as usize % communicator.parts.len();
    let part = &communicator.parts[index];
    let (senders, receivers) = match (part.is_inter(), message.part / 64 % 2 == 1) {
        (false, _) => (&part.local, &part.local),
        (true, false) => (&part.local, &part.remote),
        (true, true) => (&part.remote, &part.local),
    };
    let (source_name, dest_name) = (message.source as usize % senders.len(), message.dest as usize % receivers.len());
    let far = message.tag % 5 == 4 && scope.tags == 0;
    let tag = if far { 268_435_455 - i64::from(message.tag / 5 % 2) } else { scope.tags + i64::from(message.tag % 3) };
    let mut transfer = Transfer {
        message,
        communicator: (communicator.slot, index),
        source: senders[source_name],
        dest: receivers[dest_name],
        source_name,
        dest_name,
        tag,
        sent: (0, 0),
        received: (0, 0),
        bytes: 0,
        any_source: message.any_source && !part.is_inter(),
        any_tag: message.any_tag && !part.is_inter(),
    };
    let sent = &scope.types[message.send_type as usize % scope.types.len()];
    let fitting: Vec<&Type> = scope.types.iter().filter(|kind| kind.period == sent.period).collect();
    let received = fitting[message.receive_type as usize % fitting.len()];
    transfer.measure(scope.stock || part.is_inter(), sent, received);
    transfer
}

impl Transfer {
    /// Sets counts for these types. `by_mpich`: within what stock MPICH can, which also carries intercommunicators' messages.
    fn measure(&mut self, by_mpich: bool, sent: &Type, received: &Type) {
        let mut most = self.message.bytes as usize;
        if by_mpich && (sent.is_derived() || received.is_derived()) {
            most = most.min(STOCK_DERIVED);
        }
        if by_mpich && self.message.truncated {
            most = most.min(STOCK_TRUNCATED);
        }
        let count = most.checked_div(sent.bytes()).unwrap_or(most % 3);
        self.sent = (sent.slot, count);
        self.bytes = count * sent.bytes();
        let units = count * sent.units;
        let (received, wanted) = match (units, received.units) {
            (1.., 0) => (sent, units.div_ceil(sent.units)),
            (_, 0) => (received, 0),
            (_, each) => (received, units.div_ceil(each)),
        };
        let short = (units.saturating_sub(1)).checked_div(received.units).unwrap_or(0);
        let enough = wanted + self.message.spare as usize % 3;
        self.received = (received.slot, if self.message.truncated && units > 0 { short } else { enough });
    }

    fn capacity(&self, types: &[Type]) -> usize {
        types[self.received.0].bytes() * self.received.1
    }
}

/// Where one receive of a group has a wildcard, any may get any message: all become as long as the longest, of one type.
fn unite(scope: &Scope, transfers: &mut [Transfer]) {
    let mut groups: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, transfer) in transfers.iter().enumerate() {
        groups.entry(transfer.group()).or_default().push(index);
    }
    for members in groups.into_values() {
        if !members.iter().any(|&index| transfers[index].any_source || transfers[index].any_tag) {
            continue;
        }
        unite_group(scope, transfers, &members);
    }
}

/// Gives the transfers with these numbers types of one period and receives long enough for each.
pub fn unite_group(scope: &Scope, transfers: &mut [Transfer], members: &[usize]) {
    let types = scope.types;
    let Some(&first) = members.first() else { return };
    let period = &types[transfers[first].sent.0].period;
    let basic = types.iter().find(|kind| kind.period == *period && kind.units == 1);
    let kind = types.get(transfers[first].received.0);
    let kind = kind.filter(|kind| kind.units > 0).or(basic);
    let Some(kind) = kind.or_else(|| types.first()) else { return };
    for &index in members {
        let transfer = &mut transfers[index];
        if types[transfer.sent.0].period != kind.period {
            let count = transfer.bytes / kind.bytes();
            (transfer.sent, transfer.bytes) = ((kind.slot, count), count * kind.bytes());
        }
    }
    let longest = members.iter().map(|&index| transfers[index].bytes).max().unwrap_or(0);
    for &index in members {
        let transfer = &mut transfers[index];
        let spare = transfer.message.spare as usize % 3;
        transfer.received = (kind.slot, longest.div_ceil(kind.bytes()) + spare);
        debug_assert!(transfer.capacity(types) >= longest);
    }
}
