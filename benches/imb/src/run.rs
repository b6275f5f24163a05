//! The run: every benchmark on every number of processes, in one group or in several, the others waiting in MPI_Barrier.

use bench_harness::{Buffer, Call, Datatype, Exposure, Requests, World, emit};

use crate::benchmark::{Benchmark, Exposes, Mode, Space, Times};
use crate::checking;
use crate::options::{Multi, Options};
use crate::output::{self, Groups, Measured};
use crate::sample::{Place, Sample};
use crate::schedule::{WARMUP, process_counts, repetitions, sizes};

/// Runs all chosen benchmarks.
///
/// # Errors
/// When there are too few processes for all of them, memory for the messages is short, or `-check` found wrong data.
pub fn run(world: &World, options: &Options) -> Result<(), String> {
    let root = world.rank() == 0;
    let mapped = map(world, options)?;
    if root {
        emit(&output::start(options, world.standard()));
    }
    let (mut ran, mut defects) = (false, 0i32);
    if let Some(world) = &mapped {
        for test in &options.benchmarks {
            let counts = process_counts(test.processes, options.npmin, world.size());
            if counts.is_empty() && root {
                emit(&output::invalid(test, world.size()));
            }
            for processes in counts {
                ran = true;
                for &mode in test.modes {
                    defects = defects.saturating_add(table(world, test, options, mode, processes)?);
                }
            }
        }
    }
    if root {
        emit(output::END);
    }
    let (ran, defects) = (world.broadcast(i32::from(ran)) != 0, world.broadcast(defects));
    match (ran, defects) {
        (false, _) if !options.benchmarks.is_empty() => {
            Err(format!("no chosen benchmark runs on {} processes", world.size()))
        }
        (_, 0) => Ok(()),
        (_, defects) => Err(format!("-check found {defects} defects; see the last column")),
    }
}

/// `-map`: the processes in their new order; None on those that stay out.
fn map(world: &World, options: &Options) -> Result<Option<World>, String> {
    let (rank, all) = (world.rank(), world.size());
    let Some((p, q)) = options.map else { return Ok(world.first(all)) };
    if p * q > all {
        return Err(format!("-map {p}x{q} takes {} processes, and there are {all}", p * q));
    }
    Ok(world.split((rank < p * q).then_some(0), rank % p * q + rank / p))
}

/// One table. Returns the defects, on rank 0.
fn table(world: &World, test: &Benchmark, options: &Options, mode: Mode, processes: i32) -> Result<i32, String> {
    let count = if options.multi == Multi::Off { 1 } else { world.size() / processes };
    let groups = Groups { count, processes, all: world.size() };
    if world.rank() == 0 {
        emit(&output::heading(test, options, mode, groups));
    }
    let mut outcome = Ok(0);
    if let Some(active) = world.first(count * processes)
        && let Some(part) = active.split(Some(active.rank() / processes), active.rank())
    {
        outcome = Table::new(&active, &part, test, options, mode, groups).and_then(|table| table.rows());
    }
    world.barrier();
    // Those that waited must not go on where the others end.
    world.agree_on(outcome, "could not go on")
}

struct Table<'a> {
    /// All groups that run.
    active: &'a World,
    /// This process's group.
    part: &'a World,
    test: &'a Benchmark,
    options: &'a Options,
    mode: Mode,
    groups: Groups,
    datatype: Datatype,
    send: Buffer,
    recv: Buffer,
}

impl<'a> Table<'a> {
    fn new(
        active: &'a World,
        part: &'a World,
        test: &'a Benchmark,
        options: &'a Options,
        mode: Mode,
        groups: Groups,
    ) -> Result<Self, String> {
        let element = test.element(options.element.0, options.reduction.0);
        let processes = groups.processes as usize;
        let mut longest = (0, 0);
        for size in sizes_of(test, options) {
            let needed = lengths(test, options, processes, size);
            if needed.0 + needed.1 <= limit(options) {
                longest = (longest.0.max(needed.0), longest.1.max(needed.1));
            }
        }
        let both = Buffer::filled(longest.0, 1).and_then(|send| Ok((send, Buffer::filled(longest.1, 0)?)));
        let (send, recv) = active.agree(both)?;
        Ok(Self { active, part, test, options, mode, groups, datatype: Datatype::of(element), send, recv })
    }

    /// All rows. Returns the defects, on rank 0.
    fn rows(&self) -> Result<i32, String> {
        let (test, options) = (self.test, self.options);
        let (root, each) = (self.active.rank() == 0, options.multi == Multi::EachGroup);
        let (mut previous, mut defects) = (None, 0i32);
        // Two for Exchange, and the messages of a window, both ways.
        let mut requests = Requests::new((2 * options.window_size).max(2));
        for size in sizes_of(test, options) {
            let (send, recv) = lengths(test, options, self.groups.processes as usize, size);
            let (sent, received) = test.blocks(self.groups.processes as usize);
            if size.saturating_mul(sent.max(received)) > i32::MAX as usize {
                if root {
                    emit(&output::overflow(each, size));
                }
                continue;
            }
            if send + recv > limit(options) {
                if root {
                    emit(&output::out_of_memory(each, size, send + recv));
                }
                continue;
            }
            defects = defects.saturating_add(self.row(size, &mut previous, &mut requests));
        }
        Ok(defects)
    }

    /// One row, or one of each group. Returns the defects, on rank 0.
    fn row(&self, size: usize, previous: &mut Option<usize>, requests: &mut Requests) -> i32 {
        let Self { active, part, test, options, mode, groups, .. } = *self;
        let element = test.element(options.element.0, options.reduction.0);
        let (count, processes) = (size / element.size(), groups.processes as usize);
        let bytes = count * element.size();
        let blocks = test.blocks(processes);
        let place = |buffer: &Buffer, blocks: usize| {
            let (parts, step) = parts(options, bytes * blocks);
            Place { start: buffer.start(), step, parts }
        };
        let (send, recv) = (place(&self.send, blocks.0), place(&self.recv, blocks.1));
        let expose = |place: Place| {
            // SAFETY: the buffers of the table are this long, live longer, and are used between barriers and epochs only.
            unsafe { Exposure::new(part, place.start, place.step * place.parts) }
        };
        let window = match test.exposes {
            Exposes::Nothing => None,
            Exposes::Recv => Some(expose(recv)),
            Exposes::Send => Some(expose(send)),
        };
        let call = match test.space {
            Space::Collective(operation) => Some(Call::new(part, None, operation, &self.datatype, count)),
            _ => None,
        };
        let mut sample = Sample {
            world: part,
            send,
            recv,
            size: bytes,
            count: count as i32,
            element,
            datatype: &self.datatype,
            repetitions: 1,
            mode,
            root_shift: options.root_shift,
            sync: options.sync,
            own_barrier: options.own_barrier,
            window_size: options.window_size,
            call,
            window: window.as_ref(),
            requests,
        };
        let errors = if options.check { checked(test, &mut sample, blocks) } else { 0 };
        // Always once, which tells how long a repetition takes.
        sample.repetitions = if options.warm_up { WARMUP } else { 1 };
        let once = (test.pattern)(&mut sample).map_or(0.0, |times| times[0].max(times[1]));
        // Process 0 decides for all: the processes' clocks may differ.
        let slowest = active.gather_at_root(once).into_iter().fold(0.0, f64::max);
        let most = options.single_repetitions.filter(|_| mode == Mode::NonAggregate).unwrap_or(usize::MAX);
        let times = repetitions(options, test, size, processes, slowest, *previous).min(most);
        sample.repetitions = active.broadcast(times as i32) as usize;
        let first = previous.replace(sample.repetitions).is_none();
        let times = (test.pattern)(&mut sample);
        let repetitions = sample.repetitions;
        if !first && active.rank() == 0 && options.multi == Multi::EachGroup {
            emit("\n");
        }
        self.print(size, repetitions, times, errors)
    }

    /// Gathers what all processes measured, and prints it. Returns the defects, on rank 0.
    fn print(&self, size: usize, repetitions: usize, times: Times, errors: i32) -> i32 {
        let (active, test, options, groups) = (self.active, self.test, self.options, self.groups);
        // Processes that were idle say so by a negative time.
        let [first, second] = times.unwrap_or([-1.0, -1.0]);
        let (first, second) = (active.gather_at_root(first), active.gather_at_root(second));
        let errors = active.gather_at_root(f64::from(errors));
        if active.rank() > 0 {
            return 0;
        }
        let (processes, mut defects) = (groups.processes as usize, 0i32);
        let chunk = if options.multi == Multi::EachGroup { processes } else { processes * groups.count as usize };
        for (group, ((first, second), errors)) in
            first.chunks(chunk).zip(second.chunks(chunk)).zip(errors.chunks(chunk)).enumerate()
        {
            let seconds: Vec<[f64; 2]> = first
                .iter()
                .zip(second)
                .map(|(&first, &second)| [first, second])
                .filter(|times| times[0] >= 0.0)
                .collect();
            let wrong = errors.iter().sum::<f64>() as i32;
            defects = defects.saturating_add(wrong);
            emit(&output::row(
                test,
                options.multi,
                &Measured {
                    group: (options.multi == Multi::EachGroup).then_some(group as i32),
                    size,
                    repetitions,
                    seconds: &seconds,
                    defects: options.check.then_some(wrong),
                    window: options.window_size,
                    pairs: groups.processes / 2,
                },
            ));
        }
        defects
    }
}

/// The sizes of `test`: those that hold an element, and 0; or one element.
fn sizes_of(test: &Benchmark, options: &Options) -> Vec<usize> {
    let element = test.element(options.element.0, options.reduction.0).size();
    match test.space {
        Space::Collective(bench_harness::Operation::Barrier) => vec![0],
        _ if test.single_element => vec![element],
        _ => sizes(options).into_iter().filter(|&size| size == 0 || size >= element).collect(),
    }
}

fn limit(options: &Options) -> usize {
    (options.memory_gb * 1e9) as usize
}

/// The parts of a buffer for messages of `bytes`, and the bytes from one to the next: with `-off_cache` twice the cache, and two
/// lines between messages.
fn parts(options: &Options, bytes: usize) -> (usize, usize) {
    match options.off_cache {
        None => (1, bytes),
        Some((cache, line)) => {
            let step = bytes.div_ceil(line).max(1) * line + 2 * line;
            ((2 * cache).div_ceil(step).max(2), step)
        }
    }
}

/// The bytes of both buffers for messages of `size` on `processes` processes.
fn lengths(test: &Benchmark, options: &Options, processes: usize, size: usize) -> (usize, usize) {
    let (send, recv) = test.blocks(processes);
    let length = |blocks: usize| {
        let (parts, step) = parts(options, size.saturating_mul(blocks));
        parts.saturating_mul(step)
    };
    (length(send), length(recv))
}

/// `-check`: repetitions of one operation each. Returns the defects of this process.
fn checked(test: &Benchmark, sample: &mut Sample<'_>, blocks: (usize, usize)) -> i32 {
    let mut errors = 0i32;
    sample.repetitions = 1;
    for pass in 0..checking::PASSES {
        checking::prepare(test, sample, blocks, pass);
        sample.world.barrier();
        (test.pattern)(sample);
        sample.world.barrier();
        errors = errors.saturating_add(checking::count_errors(test, sample, blocks, pass));
        sample.world.barrier();
    }
    errors
}
