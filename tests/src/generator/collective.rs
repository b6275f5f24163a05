//! Cases of collective operations on communicators of every kind, several of them under way at once, with messages and
//! one-sided operations in between.
//! The player, `programs/generated/collective.c`, has the model: what arrives follows from keys and ranks.

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
    steps: Vec<Vec<Call>>,
}

/// One collective call; those of a step are under way together if they are non-blocking.
#[derive(Debug, Clone, Copy)]
struct Call {
    operation: &'static str,
    communicator: u32,
    root: u32,
    key: u32,
    /// Blocking (0), non-blocking (1), persistent (2).
    form: u32,
    large: bool,
    in_place: bool,
    varies: bool,
    /// Types of both sides, or element and operation of a reduction.
    types: [u32; 2],
    count: usize,
    /// A message goes round the communicator meanwhile.
    letter: bool,
    /// Each rank leaves a note in a window.
    note: bool,
}

const MOVES: [&str; 7] = ["barrier", "bcast", "gather", "scatter", "allgather", "alltoall", "alltoallw"];
const REDUCTIONS: [&str; 6] = ["reduce", "allreduce", "reduce_scatter", "reduce_scatter_block", "scan", "exscan"];

/// The most bytes of a block, so that buffers for all ranks stay small.
const MOST_BYTES: usize = 30_000;

impl Program for Case {
    const PLAYER: &'static str = "generated/collective.c";
    const OPTION: &'static str = " --collectives";

    fn draw(seed: u64, ranks: usize) -> Case {
        let mut random = Random::new(seed);
        let how: Vec<How> = ALL.into_iter().filter(|how| *how != How::Inter || ranks > 1).collect();
        let communicators = (0..random.below(4))
            .map(|_| Derivation { how: random.pick(&how), parent: random.raw(), choice: random.raw() })
            .collect();
        let types = (0..random.below(6)).map(|_| Blueprint { of: random.raw(), seed: random.raw() }).collect();
        let steps = (0..random.between(1, 6)).map(|_| (0..random.between(1, 12)).map(|_| call(&mut random)).collect());
        Case { seed, ranks, communicators, types, steps: steps.collect() }
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

    /// Persistent collective operations of MPICH 4.0.2 fail, MPI_Reduce in place does at some roots, and MPI_Fetch_and_op loses
    /// updates.
    fn stock(&self) -> bool {
        self.ranks <= 2 && self.steps.iter().flatten().all(|call| call.form != 2 && !call.in_place && !call.note)
    }

    fn script(&self) -> String {
        let mut script = Script::default();
        let communicators = communicators::derive(&mut script, self.ranks, &self.communicators);
        let usable: Vec<&Communicator> =
            communicators.iter().filter(|made| made.parts.iter().all(|part| !part.is_inter())).collect();
        let types = types::make(&mut script, &self.types);
        for step in &self.steps {
            for call in step {
                write(&mut script, &usable, &types, call);
            }
            script.everybody(&format!("complete - key={}", step.first().map_or(0, |call| call.key)));
        }
        script.into_text()
    }

    fn smaller(&self) -> Vec<Case> {
        let mut found: Vec<Case> = Vec::new();
        found.extend(fewer(&self.steps).into_iter().map(|steps| Case { steps, ..self.clone() }));
        for (index, step) in self.steps.iter().enumerate() {
            let mut offer = |smaller: Vec<Call>| {
                let mut steps = self.steps.clone();
                steps[index] = smaller;
                found.push(Case { steps, ..self.clone() });
            };
            fewer(step).into_iter().for_each(&mut offer);
            for (place, &call) in step.iter().enumerate() {
                for simpler in simpler(call) {
                    let mut calls = step.clone();
                    calls[place] = simpler;
                    offer(calls);
                }
            }
        }
        found
            .extend(fewer(&self.communicators).into_iter().map(|communicators| Case { communicators, ..self.clone() }));
        found.extend(fewer(&self.types).into_iter().map(|types| Case { types, ..self.clone() }));
        if self.ranks > 2 {
            found.extend([2, self.ranks / 2, self.ranks - 1].map(|ranks| Case { ranks: ranks.max(2), ..self.clone() }));
        }
        found
    }
}

fn simpler(call: Call) -> Vec<Call> {
    let mut found = Vec::new();
    if call.count > 1 {
        found.push(Call { count: call.count / 2, ..call });
    }
    if call.form > 0 {
        found.push(Call { form: call.form - 1, ..call });
    }
    if call.large || call.in_place || call.varies || call.letter || call.note {
        found.push(Call { large: false, ..call });
        found.push(Call { in_place: false, ..call });
        found.push(Call { varies: false, ..call });
        found.push(Call { letter: false, ..call });
        found.push(Call { note: false, ..call });
    }
    found
}

fn call(random: &mut Random) -> Call {
    let reduction = random.chance(45);
    Call {
        operation: if reduction { random.pick(&REDUCTIONS) } else { random.pick(&MOVES) },
        communicator: random.raw(),
        root: random.raw(),
        key: random.raw(),
        form: random.pick(&[0, 0, 1, 1, 1, 2]),
        large: random.chance(20),
        in_place: random.chance(25),
        varies: random.chance(40),
        types: [random.raw(), random.raw()],
        count: random.pick(&[0, 1, 1, 2, 3, 7, 20, 59, 118, 200, 1000, 5000]),
        letter: random.chance(20),
        note: random.chance(15),
    }
}

fn write(script: &mut Script, communicators: &[&Communicator], types: &[Type], call: &Call) {
    let Call { operation, root, key, form, .. } = *call;
    let comm = communicators[call.communicator as usize % communicators.len()].slot;
    let [large, in_place, varies] = [call.large, call.in_place, call.varies].map(u32::from);
    let common =
        format!("comm={comm} root={root} key={key} form={form} starts={} large={large} in_place={in_place}", key % 3);
    if REDUCTIONS.contains(&operation) {
        let [element, op] = call.types;
        script.everybody(&format!("reduce {operation} {common} element={element} op={op} count={}", call.count));
    } else {
        let full: Vec<&Type> = types.iter().filter(|kind| kind.units > 0).collect();
        let receive = full[call.types[0] as usize % full.len()];
        let count = call.count.min(MOST_BYTES / receive.bytes());
        let units = receive.units * count;
        let fits = |other: &&&Type| other.period == receive.period && units.is_multiple_of(other.units);
        let alike: Vec<&&Type> = full.iter().filter(fits).collect();
        let send = alike[call.types[1] as usize % alike.len()];
        script.everybody(&format!(
            "move {operation} {common} varies={varies} stype={} scount={} rtype={} rcount={count}",
            send.slot,
            units / send.units,
            receive.slot
        ));
    }
    if call.letter {
        script.everybody(&format!("letter - comm={comm} key={key}"));
    }
    if call.note {
        script.everybody(&format!("note - comm={comm} key={key}"));
    }
}
