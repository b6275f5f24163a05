//! osu_mbw_mr: the added bandwidth and message rate of several pairs; rank i sends to rank i + pairs.

use bench_harness::{Part, Requests, World, emit};

use super::Buffers;
use crate::layout::Message;
use crate::options::Options;
use crate::output::{Row, columns, multi_pair_preamble, profile_row, profile_sizes, varied_columns};
use crate::program::{Failure, check_many, check_pairs, report_validation};
use crate::schedule::{Schedule, VARIED_WINDOWS, sizes};

const TAG: i32 = 100;
const ACKNOWLEDGEMENT: i32 = 101;

/// Measures every size with every window.
///
/// # Errors
/// When there are too few processes, memory is short, or the data was wrong.
pub fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    let most = world.size() / 2;
    match options.pairs {
        None => check_pairs(world)?,
        Some(_) => check_many(world)?,
    }
    let pairs = options.pairs.unwrap_or(most);
    if pairs > most {
        let size = world.size();
        return Err(Failure::Usage(format!(
            "Invalid Number of Pairs [-p {pairs}]; {size} processes form at most {most}."
        )));
    }
    let windows = if options.vary_window { VARIED_WINDOWS.to_vec() } else { vec![options.window] };
    let widest = windows.iter().copied().max().unwrap_or(1);
    let mut buffers = world.agree(Buffers::new(options, widest)).map_err(Failure::Run)?;
    let mut requests = Requests::new(widest);
    if world.rank() == 0 {
        emit(&multi_pair_preamble(options, pairs));
    }
    for options in &options.each_element().collect::<Vec<_>>() {
        table(world, options, pairs, &windows, &mut buffers, &mut requests)?;
    }
    Ok(())
}

/// The table, or the two matrices, of one type of elements.
fn table(
    world: &World,
    options: &Options,
    pairs: i32,
    windows: &[usize],
    buffers: &mut Buffers,
    requests: &mut Requests,
) -> Result<(), Failure> {
    let root = world.rank() == 0;
    if root {
        emit(&if options.vary_window { varied_columns(options) } else { columns(options) });
    }
    let mut profile = Vec::new();
    for size in sizes(options) {
        let Some(message) = Message::of(options, size) else { continue };
        let transmitted = message.layout.transmitted();
        let mut test = Test { world, options, pairs, message: &message, buffers, requests };
        let outcomes: Vec<Outcome> = windows.iter().map(|&window| test.run(window)).collect();
        let errors = outcomes.iter().map(|outcome| outcome.errors).fold(0, i32::saturating_add);
        let rates: Vec<f64> = outcomes.iter().map(|outcome| outcome.bandwidth).collect();
        if root {
            let mut tails = outcomes.into_iter().next().map(|outcome| outcome.samples).unwrap_or_default();
            let mut values = vec![rates[0]];
            values.extend(options.print_rate.then(|| messages(rates[0], transmitted)));
            let row = Row::of(options, size, values, errors, &mut tails, transmitted);
            emit(&if options.vary_window { profile_row(size, &rates) } else { row.text(options.kind) });
        }
        if options.validate {
            report_validation(options.kind, world.broadcast(errors), size)?;
        }
        profile.push((size, transmitted, rates));
    }
    if root && options.vary_window && options.print_rate {
        emit(&profile_sizes());
        for (size, transmitted, bandwidths) in profile {
            let rates: Vec<f64> = bandwidths.iter().map(|&bandwidth| messages(bandwidth, transmitted)).collect();
            emit(&profile_row(size, &rates));
        }
    }
    Ok(())
}

/// Messages of `bytes` per second, from MB/s.
fn messages(bandwidth: f64, bytes: usize) -> f64 {
    1e6 * bandwidth / bytes as f64
}

/// What one size with one window gave, on rank 0.
struct Outcome {
    /// MB/s of all pairs.
    bandwidth: f64,
    /// The same of each iteration, where it is wanted.
    samples: Vec<f64>,
    /// Wrong bytes.
    errors: i32,
}

struct Test<'a> {
    world: &'a World,
    options: &'a Options,
    pairs: i32,
    message: &'a Message,
    buffers: &'a mut Buffers,
    requests: &'a mut Requests,
}

impl Test<'_> {
    /// Measures one window. Every rank takes part in the barriers, those beyond the pairs in nothing else.
    fn run(&mut self, window: usize) -> Outcome {
        let (world, options) = (self.world, self.options);
        let schedule = Schedule::of(options, self.message.size);
        let (mut seconds, mut samples, mut errors) = (0.0, Vec::new(), 0i32);
        for iteration in schedule.all() {
            if options.validate {
                for _ in 0..options.validation_warmup {
                    self.window(window);
                }
                self.buffers.stamp(self.message.size, window, iteration);
            }
            // As in OSU 7.4 the pairs start each window together, and the barrier is not timed.
            world.barrier();
            let start = world.now();
            self.window(window);
            if iteration >= schedule.warmup {
                let elapsed = if world.rank() < self.pairs { world.now() - start } else { 0.0 };
                seconds += elapsed;
                if !options.tails.is_empty() {
                    samples.push(elapsed);
                }
            }
            if options.validate {
                let receives = (self.pairs..2 * self.pairs).contains(&world.rank());
                let wrong = if receives { self.buffers.count_errors(self.message, window, iteration) } else { 0 };
                errors = errors.saturating_add(world.sum_at_root(wrong));
            }
        }
        let pairs = f64::from(self.pairs);
        let megabytes = self.message.layout.transmitted() as f64 / 1e6 * window as f64 * pairs;
        // The mean over the senders; the others hold 0.
        let total = world.sums_at_root(&[seconds])[0] / pairs;
        let samples = world.sums_at_root(&samples).into_iter().map(|sum| megabytes * pairs / sum).collect();
        Outcome { bandwidth: megabytes * schedule.iterations as f64 / total, samples, errors }
    }

    fn window(&mut self, window: usize) {
        let rank = self.world.rank();
        if rank < self.pairs {
            self.send_window(window, rank + self.pairs);
        } else if rank < 2 * self.pairs {
            self.receive_window(window, rank - self.pairs);
        }
    }

    fn send_window(&mut self, window: usize, to: i32) {
        let part = Part { count: self.message.count, datatype: &self.message.datatype };
        for slot in 0..window {
            let data = self.buffers.pair(slot).0.as_ptr();
            // SAFETY: the buffer holds the largest size, and nothing writes it before wait_all below.
            unsafe { self.requests.isend(slot, self.world, data, part, to, TAG) };
        }
        self.requests.wait_all(window);
        self.world.recv(self.buffers.pair(0).1, 1, to, ACKNOWLEDGEMENT);
    }

    fn receive_window(&mut self, window: usize, from: i32) {
        let part = Part { count: self.message.count, datatype: &self.message.datatype };
        for slot in 0..window {
            let data = self.buffers.pair(slot).1.as_mut_ptr();
            // SAFETY: the buffer has room for the largest size and lives on. With one buffer all messages of the window go to the
            // same place, by the benchmark's definition, and carry the same bytes.
            unsafe { self.requests.irecv(slot, self.world, data, part, from, TAG) };
        }
        self.requests.wait_all(window);
        self.world.send(self.buffers.pair(0).0, 1, from, ACKNOWLEDGEMENT);
    }
}
