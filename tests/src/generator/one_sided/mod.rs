//! Cases of one-sided communication: windows, and epochs whose operations have one possible outcome, since those that meet in
//! one region of memory either only read, or are accumulates whose order does not matter or is given. The player,
//! `programs/generated/one_sided.c`, places the regions and has the model.

use super::Program;
use super::communicators::{self, ALL, Communicator, Derivation, How};
use super::random::Random;
use super::script::Script;
use super::shrink::fewer;
use super::types::{self, Blueprint};

mod region;

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
        self.ranks <= 2
            && self.windows.len() == 1
            && self.windows.iter().all(|window| [1, 2].contains(&(window.flavour % 4)))
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
                region::write(&mut script, &types, region);
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
        found
            .extend(fewer(&self.communicators).into_iter().map(|communicators| Case { communicators, ..self.clone() }));
        found.extend(fewer(&self.types).into_iter().map(|types| Case { types, ..self.clone() }));
        if self.ranks > 2 {
            found.extend([2, self.ranks - 1].map(|ranks| Case { ranks, ..self.clone() }));
        }
        found
    }
}

fn smaller_steps(step: &Step) -> Vec<Step> {
    let mut found: Vec<Step> =
        fewer(&step.regions).into_iter().map(|regions| Step { regions, ..step.clone() }).collect();
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
