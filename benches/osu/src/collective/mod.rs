//! The collective benchmarks, in all forms: sizes, the clock, validation and rows around one operation.
//!
//! [`setup`] holds the buffers and the call of one size, [`overlap`] is what non-blocking operations are measured with besides.

mod overlap;
mod setup;

use bench_harness::{Datatype, Neighborhood, Operation, World, emit, neighborhood, sides};

use crate::kind::Kind;
use crate::layout::Message;
use crate::options::{Graph, Options, Root};
use crate::output::{Row, columns, preamble};
use crate::program::{Failure, check_many, report_validation};
use crate::schedule::{Schedule, sizes};
use crate::statistics::percentiles;
use setup::{Job, Memory, Setup};

/// Measures every size.
///
/// # Errors
/// When there are not enough processes, memory is short, the library lacks the operation, or the data was wrong.
pub fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    let Kind::Collective(operation, form) = options.kind else {
        return Err(Failure::Usage(format!("{} is not a collective benchmark.", options.kind.program())));
    };
    check_many(world)?;
    if let Root::Fixed(root) = options.root
        && root >= world.size()
    {
        return Err(Failure::Usage("Root rank('-k') cannot be more than number of processes".into()));
    }
    let mut options = options.clone();
    limit(world, &mut options, operation);
    let start = world.now();
    let graph = if operation.is_neighborhood() { Some(graph(world, &options)?) } else { None };
    if graph.is_some() {
        let mean = latencies(world, world.now() - start, false)[0];
        if world.rank() == 0 {
            emit(&format!("Time took to create topology graph:{mean:.2} us.\n"));
        }
    }
    let memory = world.agree(Memory::new(world, &options, operation, graph.as_ref())).map_err(Failure::Run)?;
    let mut job = Job { world, operation, form, graph: graph.as_ref(), memory };
    if world.rank() == 0 {
        emit(&preamble(&options));
    }
    for options in options.each_element() {
        if world.rank() == 0 {
            emit(&columns(&options));
        }
        if operation == Operation::Barrier {
            let datatype = Datatype::of(options.element);
            job.row(&options, None, &datatype, 0)?;
            continue;
        }
        for size in sizes(&options) {
            let Some(message) = Message::of(&options, size) else { continue };
            job.row(&options, Some(&message), &message.datatype, message.count as usize)?;
        }
    }
    Ok(())
}

/// `-M`: lowers the largest size until a buffer of all messages of a rank fits, and MPI's `int` counts it.
fn limit(world: &World, options: &mut Options, operation: Operation) {
    let messages = if operation.is_many_fold() { world.size() as usize } else { 1 };
    let limit = options.memory_limit.min(i32::MAX as usize);
    if options.max_size.saturating_mul(messages) > limit {
        options.max_size = limit / messages;
        if world.rank() == 0 && options.kind.has_size() {
            let size = options.max_size;
            eprintln!(
                "Warning! Limiting max message size to: {size}. Increase -M, --mem-limit for higher message sizes."
            );
        }
    }
}

/// The neighbours that `-N` asks for.
fn graph(world: &World, options: &Options) -> Result<Neighborhood, Failure> {
    let (rank, ranks) = (world.rank(), world.size());
    match &options.graph {
        &Graph::Grid { dimensions, radius } => {
            let sides = sides(ranks as usize, dimensions);
            let Some(neighbors) = neighborhood(rank as usize, &sides, radius) else {
                let smallest = sides.iter().min().copied().unwrap_or(1);
                return Err(Failure::Run(format!(
                    "The neighborhood radius {radius} is greater than half of the smallest dimension, {smallest}; \
                     start more processes, or give fewer dimensions or a smaller radius with -N."
                )));
            };
            if rank == 0 {
                let sides: String = sides.iter().map(|side| format!("{side} ")).collect();
                emit(&format!("Dimensions size = {sides}\n"));
            }
            Ok(Neighborhood::new(world, neighbors.clone(), neighbors))
        }
        Graph::Edges(edges) => {
            if edges.iter().any(|&(from, to)| from.max(to) >= ranks) {
                let fewer = "Number of processes is less than graph nodes. Please increase number of processes.";
                return Err(Failure::Run(fewer.into()));
            }
            let of = |one: fn(&(i32, i32)) -> i32, other: fn(&(i32, i32)) -> i32| {
                edges.iter().filter(|edge| one(edge) == rank).map(other).collect()
            };
            Ok(Neighborhood::new(world, of(|edge| edge.1, |edge| edge.0), of(|edge| edge.0, |edge| edge.1)))
        }
    }
}

impl Job<'_> {
    /// One row; `count` elements of `datatype` are a message.
    fn row(
        &mut self,
        options: &Options,
        message: Option<&Message>,
        datatype: &Datatype,
        count: usize,
    ) -> Result<(), Failure> {
        let (world, kind, size) = (self.world, options.kind, message.map_or(0, |message| message.size));
        let schedule = Schedule::of(options, size);
        let mut setup = Setup::new(self, options, datatype, count).map_err(Failure::Run)?;
        world.barrier();
        let (mut samples, mut errors) = setup.measure(options, schedule);
        let own = samples.iter().sum::<f64>() / schedule.iterations as f64;
        let mut values = latencies(world, own, options.full || kind.is_non_blocking());
        if kind.is_non_blocking() {
            let (overall, more) = setup.overlapped(options, schedule, own);
            errors = errors.saturating_add(more);
            values = overall.columns(world, schedule.iterations, &values, options.full);
            samples = overall.samples;
        }
        drop(setup);
        let mut means: Vec<f64> = Vec::new();
        if !options.tails.is_empty() {
            let ranks = f64::from(world.size());
            means = world.sums_at_root(&samples).into_iter().map(|sum| sum * 1e6 / ranks).collect();
        }
        if world.rank() == 0 {
            let row = Row {
                size: message.map(|message| message.size),
                values,
                iterations: (options.full && !kind.is_non_blocking()).then_some(schedule.iterations),
                errors: options.validate.then_some(errors),
                tails: percentiles(&mut means, &options.tails),
                transmitted: options.shape.as_ref().and(message).map(|message| message.layout.transmitted()),
            };
            emit(&row.text(kind));
        }
        if options.validate {
            report_validation(kind, world.broadcast(errors), size)?;
        }
        Ok(())
    }
}

/// The mean of all ranks' `seconds` in microseconds on rank 0, and the smallest and the largest, if wanted.
fn latencies(world: &World, seconds: f64, full: bool) -> Vec<f64> {
    let all: Vec<f64> = world.gather_at_root(seconds).into_iter().map(|seconds| seconds * 1e6).collect();
    let mean = all.iter().sum::<f64>() / all.len().max(1) as f64;
    let (min, max) = all.iter().fold((f64::INFINITY, 0f64), |(min, max), &value| (min.min(value), max.max(value)));
    if full { vec![mean, min, max] } else { vec![mean] }
}
