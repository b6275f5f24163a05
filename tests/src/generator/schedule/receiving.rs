//! Lines that receive.

use super::super::case::Receive;
use super::super::script::Script;
use super::super::transfer::{Scope, Transfer};

/// Probes before receives, in the script's words. Those that poll are left out where stock MPICH makes no progress for them.
pub const PROBING: [&str; 6] = ["probe", "iprobe", "mprobe_mrecv", "mprobe_imrecv", "improbe_mrecv", "improbe_imrecv"];

/// The function for a message, in the script's words, and whether it leaves a request behind.
pub fn function(scope: &Scope, transfer: &Transfer, blocking: bool, persistent: bool) -> (&'static str, bool) {
    match transfer.message.receive {
        Receive::Blocking if blocking => ("recv", false),
        Receive::Probing(name) if blocking => {
            let alone = scope.communicators.iter().any(|c| {
                c.slot == transfer.communicator.0
                    && c.parts.get(transfer.communicator.1).is_some_and(|p| p.members().count() == 1)
            });
            // MPI_Iprobe on a communicator of one rank never sees a message under stock MPICH 4.0.2.
            let name = match name {
                _ if !(scope.stock && alone) => name,
                "iprobe" => "probe",
                "improbe_mrecv" => "mprobe_mrecv",
                "improbe_imrecv" => "mprobe_imrecv",
                other => other,
            };
            (name, name.ends_with("imrecv"))
        }
        Receive::Persistent if persistent => ("recv_init", true),
        _ => ("irecv", true),
    }
}

/// Receives a message by the function of that name; `more` goes to the end of the line.
pub fn line(script: &mut Script, scope: &Scope, transfer: &Transfer, name: &str, slot: usize, more: &str) {
    let ((comm, _), (kind, count)) = (transfer.communicator, transfer.received);
    let large = if transfer.message.large & 2 == 2 { " large=1" } else { "" };
    let line = format!(
        "recv {name} slot={slot} comm={comm} from={} tag={} type={kind} count={count}{large}{more}",
        transfer.from(),
        transfer.wanted_tag()
    );
    script.line(transfer.dest, scope.thread, line);
}
