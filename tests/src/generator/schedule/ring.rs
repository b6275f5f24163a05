//! A permutation of the ranks of one communicator: everybody sends to its image and receives from its origin, by
//! MPI_Sendrecv, a relative of it, or calls that amount to the same. Some pairs are left out: there MPI_PROC_NULL stands.

use super::super::case::Step;
use super::super::communicators::Part;
use super::super::random::{Random, mixed};
use super::super::script::Script;
use super::super::transfer::{Scope, Transfer, resolve};
use super::completing::{self, Pending};
use super::{NULL_PEER, check};

/// Writes a ring of the kind of each message, one after the other.
pub fn write(script: &mut Script, scope: &Scope, step: &Step) {
    let mut random = Random::new(step.order);
    for transfer in resolve(scope, step, scope.communicators) {
        let communicator = scope.communicators.iter().find(|known| known.slot == transfer.communicator.0);
        let Some(part) = communicator.and_then(|known| known.parts.get(transfer.communicator.1)) else { continue };
        if !part.is_inter() {
            ring(script, scope, part, &transfer, &mut random);
            check(script, scope);
        }
    }
}

fn ring(script: &mut Script, scope: &Scope, part: &Part, model: &Transfer, random: &mut Random) {
    let size = part.local.len();
    let mut images: Vec<usize> = (0..size).collect();
    random.shuffle(&mut images);
    let absent: Vec<bool> = (0..size).map(|_| random.chance(10)).collect();
    let seed = random.draw();
    let keys: Vec<u64> = (0..size).map(|own| mixed(seed ^ own as u64) >> 8).collect();
    for (own, &rank) in part.local.iter().enumerate() {
        let origin = images.iter().position(|&image| image == own).unwrap_or(0);
        let place = Place {
            to: if absent[own] { NULL_PEER } else { images[own] as i64 },
            from: if absent[origin] { NULL_PEER } else { origin as i64 },
            key: keys[own],
        };
        if place.from >= 0 {
            let (comm, tag, bytes, key) = (model.communicator.0, model.tag, model.bytes, keys[origin]);
            script.line(
                rank,
                scope.thread,
                format!("inbound - comm={comm} source={origin} tag={tag} bytes={bytes} key={key}"),
            );
        }
        place.write(script, scope, rank, model, random);
    }
}

/// What one rank does.
struct Place {
    to: i64,
    from: i64,
    key: u64,
}

impl Place {
    fn write(&self, script: &mut Script, scope: &Scope, rank: usize, model: &Transfer, random: &mut Random) {
        let Place { to, from, key } = *self;
        let ((comm, _), tag, (stype, scount)) = (model.communicator, model.tag, model.sent);
        let rtag = if model.any_tag { -1 } else { tag };
        // What is replaced must be as long as what is sent; what is not, may be received into more.
        let (rtype, rcount) = model.received;
        let capacity = scope.types[rtype].bytes() * rcount;
        let (rtype, rcount) = if capacity < model.bytes { (stype, scount) } else { (rtype, rcount) };
        let large = if model.message.large & 1 == 1 { " large=1" } else { "" };
        let peers = format!("comm={comm} from={from} rtag={rtag} to={to} stag={tag} key={key}{large}");
        // Stock MPICH 4.0.2 leaves the status of MPI_Isendrecv unset,
        let how = match random.below(if scope.stock { 4 } else { 6 }) {
            0 | 1 => "sendrecv",
            3 if from >= 0 || !scope.stock => "parts", // as it does that of MPI_Irecv from MPI_PROC_NULL
            2 | 3 => "replace",
            4 => "isendrecv",
            _ => "ireplace",
        };
        let mut line = |text: String| script.line(rank, scope.thread, text);
        match how {
            "parts" => {
                line(format!("recv irecv slot=0 comm={comm} from={from} tag={rtag} type={rtype} count={rcount}"));
                line(format!("send ssend slot=1 comm={comm} to={to} tag={tag} type={stype} count={scount} key={key}"));
            }
            "replace" | "ireplace" => line(format!("sendrecv {how} slot=0 rtype={stype} rcount={scount} {peers}")),
            _ => line(format!(
                "sendrecv {how} slot=0 rtype={rtype} rcount={rcount} stype={stype} scount={scount} {peers}"
            )),
        }
        if matches!(how, "parts" | "isendrecv" | "ireplace") {
            completing::write(script, scope, rank, vec![Pending { slot: 0, is_send: false }], random);
        }
    }
}
