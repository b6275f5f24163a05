//! Cases of one-sided communication: windows, and epochs whose operations have one possible outcome, since those that meet in
//! one region of memory either only read, or are accumulates whose order does not matter or is given. The player,
//! `programs/generated/one_sided.c`, places the regions and has the model.

use super::Program;
use super::communicators::{self, ALL, Communicator, Derivation, How};
use super::random::Random;
use super::script::Script;
use super::shrink::fewer;
use super::types::{self, Blueprint, Type};

/// A program; numbers mean something modulo what there is.
#[derive(Debug, Clone)]
pub struct Case {
    seed: u64,
    ranks: usize,
    communicators: Vec<Derivation>,
    types: Vec<Blueprint>,
    windows: Vec<Window>,
    steps: Vec<Step>,
}

/// A window on a communicator.
#[derive(Debug, Clone, Copy)]
struct Window {
    communicator: u32,
    /// Created, allocated, shared, dynamic.
    flavour: u32,
    bytes: u32,
    key: u32,
}

/// One epoch of one window.
#[derive(Debug, Clone)]
struct Step {
    window: u32,
    epoch: &'static str,
    key: u32,
    regions: Vec<Region>,
}

/// Memory of one target, and what happens to it.
#[derive(Debug, Clone)]
struct Region {
    sharing: Sharing,
    target: u32,
    datatype: u32,
    /// How many elements, about.
    count: usize,
    gap: usize,
    /// Which of the operations of a sum, and of which basic type.
    choice: u32,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone, Copy)]
struct Operation {
    origin: u32,
    datatype: u32,
    call: u32,
    op: u32,
    /// Through MPI_Count (1), with a request (2).
    form: u32,
    element: u32,
    key: u32,
}

/// What the operations of a region have in common; the numbers are the player's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    Read,
    Chain,
    Sum,
    Tickets,
}

const EPOCHS: [&str; 4] = ["fence", "groups", "locks", "lock_all"];

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

impl Program for Case {
    const PLAYER: &'static str = "generated/one_sided.c";
    const OPTION: &'static str = " --one-sided";

    fn draw(seed: u64, ranks: usize) -> Case {
        let mut random = Random::new(seed);
        let how: Vec<How> = ALL.into_iter().filter(|how| *how != How::Inter).collect();
        let communicators = (0..random.below(4))
            .map(|_| Derivation { how: random.pick(&how), parent: random.raw(), choice: random.raw() })
            .collect();
        let types = (0..random.below(8)).map(|_| Blueprint { of: random.raw(), seed: random.raw() }).collect();
        let windows = (0..random.between(1, 3)).map(|_| window(&mut random)).collect();
        let steps = (0..random.between(1, 6)).map(|_| step(&mut random)).collect();
        Case { seed, ranks, communicators, types, windows, steps }
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn ranks(&self) -> usize {
        self.ranks
    }

    fn threaded(&self) -> bool {
        false
    }

    /// MPICH 4.0.2 confuses windows on neighbouring memory, loses contended updates, and is slow where ranks outnumber cores.
    fn stock(&self) -> bool {
        self.ranks <= 2 && self.windows.len() == 1 && self.windows.iter().all(|window| [1, 2].contains(&(window.flavour % 4)))
    }

    fn script(&self) -> String {
        let mut script = Script::default();
        let communicators = communicators::derive(&mut script, self.ranks, &self.communicators);
        let usable: Vec<&Communicator> =
            communicators.iter().filter(|made| made.parts.iter().all(|part| !part.is_inter())).collect();
        let types = types::make(&mut script, &self.types);
        for (slot, window) in self.windows.iter().enumerate() {
            let comm = usable[window.communicator as usize % usable.len()].slot;
            let Window { flavour, bytes, key, .. } = window;
            script.everybody(&format!("win - slot={slot} comm={comm} flavour={} bytes={bytes} key={key}", flavour % 4));
        }
        for step in self.steps.iter().filter(|_| !self.windows.is_empty()) {
            script.everybody(&format!("step - win={}", step.window as usize % self.windows.len()));
            for region in &step.regions {
                write_region(&mut script, &types, region);
            }
            script.everybody(&format!("epoch {} key={}", step.epoch, step.key));
        }
        script.into_text()
    }

    fn smaller(&self) -> Vec<Case> {
        let mut found: Vec<Case> = Vec::new();
        found.extend(fewer(&self.steps).into_iter().map(|steps| Case { steps, ..self.clone() }));
        for (index, step) in self.steps.iter().enumerate() {
            for smaller in smaller_steps(step) {
                let mut steps = self.steps.clone();
                steps[index] = smaller;
                found.push(Case { steps, ..self.clone() });
            }
        }
        found.extend(fewer(&self.windows).into_iter().map(|windows| Case { windows, ..self.clone() }));
        found.extend(fewer(&self.communicators).into_iter().map(|communicators| Case { communicators, ..self.clone() }));
        found.extend(fewer(&self.types).into_iter().map(|types| Case { types, ..self.clone() }));
        if self.ranks > 2 {
            found.extend([2, self.ranks - 1].map(|ranks| Case { ranks, ..self.clone() }));
        }
        found
    }
}

fn smaller_steps(step: &Step) -> Vec<Step> {
    let mut found: Vec<Step> = fewer(&step.regions).into_iter().map(|regions| Step { regions, ..step.clone() }).collect();
    for (index, region) in step.regions.iter().enumerate() {
        let mut offer = |smaller: Region| {
            let mut regions = step.regions.clone();
            regions[index] = smaller;
            found.push(Step { regions, ..step.clone() });
        };
        fewer(&region.operations).into_iter().for_each(|operations| offer(Region { operations, ..region.clone() }));
        if region.count > 1 {
            offer(Region { count: region.count / 2, ..region.clone() });
        }
        if region.datatype != 0 {
            offer(Region { datatype: 0, ..region.clone() });
        }
    }
    found
}

fn window(random: &mut Random) -> Window {
    let bytes = random.pick(&[64, 1000, 5000, 20_000, 100_000]);
    Window { communicator: random.raw(), flavour: random.raw(), bytes, key: random.raw() }
}

fn step(random: &mut Random) -> Step {
    let regions = (0..random.between(1, 8)).map(|_| region(random)).collect();
    Step { window: random.raw(), epoch: random.pick(&EPOCHS), key: random.raw(), regions }
}

fn region(random: &mut Random) -> Region {
    let sharing = random.pick(&[Sharing::Alone, Sharing::Read, Sharing::Chain, Sharing::Sum, Sharing::Tickets]);
    let operations = if sharing == Sharing::Alone { 1 } else { random.between(1, 8) };
    Region {
        sharing,
        target: random.raw(),
        datatype: random.raw(),
        count: random.pick(&[0, 1, 1, 2, 3, 5, 17, 100]),
        gap: random.below(9),
        choice: random.raw(),
        operations: (0..operations)
            .map(|_| Operation {
                origin: random.raw(),
                datatype: random.raw(),
                call: random.raw(),
                op: random.raw(),
                form: random.raw(),
                element: random.raw(),
                key: random.raw(),
            })
            .collect(),
    }
}

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

fn write_region(script: &mut Script, types: &[Type], region: &Region) {
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
                let calls = &calls[..if swaps { 4 } else if single { 3 } else { 2 }];
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
