//! What is decided about a region: a datatype that its operations can have, and which of them the basic type below knows.

use super::{Region, Sharing};
use crate::generator::script::Script;
use crate::generator::types::Type;

// The player's numbers of calls.
const PUT: usize = 0;
const GET: usize = 1;
const ACCUMULATE: usize = 2;
const GET_ACCUMULATE: usize = 3;
const FETCH_AND_OP: usize = 4;
const COMPARE_AND_SWAP: usize = 5;

// Slots of basic types, and the player's numbers of operations.
const BYTE: u8 = 0;
const CHAR: u8 = 1;
const FLOAT: u8 = 4;
const DOUBLE: u8 = 5;
const LONG_LONG: u8 = 6;
const INTEGERS: [u8; 4] = [2, 3, LONG_LONG, 7];
const SUM: usize = 0;
const BAND: usize = 4;
const REPLACE: usize = 7;
const NO_OP: usize = 8;

/// Which types a region may have, and the basic type below.
fn datatype_of<'a>(types: &'a [Type], region: &Region) -> &'a Type {
    let chosen = region.choice as usize;
    let fits = |kind: &Type| {
        let basic = kind.period[0];
        kind.units > 0
            && match region.sharing {
                Sharing::Alone | Sharing::Read => true,
                Sharing::Chain => kind.period.len() == 1,
                Sharing::Sum => kind.period.len() == 1 && INTEGERS.contains(&basic),
                Sharing::Tickets => kind.period.len() == 1 && basic == LONG_LONG && kind.units <= 8,
            }
    };
    let fitting: Vec<&Type> = types.iter().filter(|kind| fits(kind)).collect();
    // The basic types are among them, so there is always one.
    let derived: Vec<&Type> = fitting.iter().copied().filter(|kind| kind.is_derived()).collect();
    let list = if derived.is_empty() || chosen.is_multiple_of(3) { &fitting } else { &derived };
    list[region.datatype as usize % list.len()]
}

/// An operation's number that the basic type has, for a chain.
fn op_for(basic: u8, raw: u32) -> usize {
    let raw = raw as usize;
    match basic {
        BYTE => [BAND, BAND + 1, BAND + 2, REPLACE, NO_OP][raw % 5],
        CHAR | FLOAT | DOUBLE => [REPLACE, NO_OP][raw % 2],
        _ => raw % 9,
    }
}

/// Writes a region and its operations.
pub fn write(script: &mut Script, types: &[Type], region: &Region) {
    let kind = datatype_of(types, region);
    let basic = kind.period[0];
    let count = if region.sharing == Sharing::Tickets { region.count.min(8 / kind.units) } else { region.count };
    script.everybody(&format!(
        "region - sharing={} target={} type={} basic={basic} count={count} gap={}",
        region.sharing as usize, region.target, kind.slot, region.gap
    ));
    let units = kind.units * count;
    let alike: Vec<&Type> = types
        .iter()
        .filter(|other| other.units > 0 && other.period == kind.period && units.is_multiple_of(other.units))
        .collect();
    for operation in &region.operations {
        let mine = alike[operation.datatype as usize % alike.len()];
        let origin = if region.sharing == Sharing::Chain { region.operations[0].origin } else { operation.origin };
        // Single elements have a basic type, and are there.
        let single = !kind.is_derived() && count > 0;
        let swaps = single && ![FLOAT, DOUBLE].contains(&basic) && basic != CHAR;
        let (call, op) = match region.sharing {
            Sharing::Alone => (PUT, SUM),
            Sharing::Read => (GET, SUM),
            Sharing::Chain => {
                let calls = [ACCUMULATE, GET_ACCUMULATE, FETCH_AND_OP, COMPARE_AND_SWAP];
                let calls = &calls[..if swaps {
                    4
                } else if single {
                    3
                } else {
                    2
                }];
                let call = calls[operation.call as usize % calls.len()];
                let op = op_for(basic, operation.op);
                (call, if op == NO_OP && call == ACCUMULATE { REPLACE } else { op })
            }
            Sharing::Sum => {
                let calls = [ACCUMULATE, GET_ACCUMULATE, FETCH_AND_OP];
                let calls = &calls[..if single { 3 } else { 2 }];
                (calls[operation.call as usize % calls.len()], region.choice as usize % REPLACE)
            }
            Sharing::Tickets => (if single && count == 1 { FETCH_AND_OP } else { GET_ACCUMULATE }, SUM),
        };
        script.everybody(&format!(
            "op - call={call} origin={origin} type={} count={} op={op} form={} element={} key={}",
            mine.slot,
            units / mine.units,
            operation.form % 4,
            operation.element % 1000,
            operation.key
        ));
    }
}
