//! osu_mbw_mr: the added bandwidth and message rate of several pairs; rank i sends to rank i + pairs.

use bench_harness::emit;
use osu::{
    Buffers, Failure, Kind, Options, Requests, Schedule, VARIED_WINDOWS, World, multi_pair_header, profile_row,
    profile_sizes, report_validation, row, sizes,
};

const TAG: i32 = 100;
const ACKNOWLEDGEMENT: i32 = 101;

fn main() {
    osu::run(Kind::MultiPair, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    if world.size() < 2 {
        return Err(Failure::Run("This test requires at least two processes".into()));
    }
    let most = world.size() / 2;
    let pairs = options.pairs.unwrap_or(most);
    if pairs > most {
        let size = world.size();
        return Err(Failure::Usage(format!(
            "Invalid Number of Pairs [-p {pairs}]; {size} processes form at most {most}."
        )));
    }
    let windows = if options.vary_window { VARIED_WINDOWS.to_vec() } else { vec![options.window] };
    let widest = windows.iter().copied().max().unwrap_or(1);
    let mut test = Test {
        world,
        options,
        pairs,
        buffers: world.agree(Buffers::new(options, widest)).map_err(Failure::Run)?,
        requests: Requests::new(widest),
    };
    let root = world.rank() == 0;
    if root {
        emit(&multi_pair_header(options, pairs));
    }
    let mut profile = Vec::new();
    for size in sizes(options) {
        let mut rates = Vec::with_capacity(windows.len());
        let mut errors = 0i32;
        for &window in &windows {
            let (bandwidth, wrong) = test.run(size, window);
            rates.push(bandwidth);
            errors = errors.saturating_add(wrong);
        }
        if root {
            emit(&match (options.vary_window, options.print_rate) {
                (true, _) => profile_row(size, &rates),
                (false, true) => row(size, &[rates[0], messages(rates[0], size)], options.validate.then_some(errors)),
                (false, false) => row(size, &rates, options.validate.then_some(errors)),
            });
        }
        if options.validate {
            report_validation(options.kind, world.broadcast(errors), size)?;
        }
        profile.push((size, rates));
    }
    if root && options.vary_window && options.print_rate {
        emit(&profile_sizes());
        for (size, bandwidths) in profile {
            let rates: Vec<f64> = bandwidths.iter().map(|&bandwidth| messages(bandwidth, size)).collect();
            emit(&profile_row(size, &rates));
        }
    }
    Ok(())
}

/// Messages per second, from MB/s.
fn messages(bandwidth: f64, size: usize) -> f64 {
    1e6 * bandwidth / size as f64
}

struct Test<'a> {
    world: &'a World,
    options: &'a Options,
    pairs: i32,
    buffers: Buffers,
    requests: Requests,
}

impl Test<'_> {
    /// Measures one size with one window. Every rank takes part in the barriers, those beyond the pairs in nothing else.
    /// Returns, on rank 0, the bandwidth of all pairs in MB/s and the wrong bytes.
    fn run(&mut self, size: usize, window: usize) -> (f64, i32) {
        let (world, schedule) = (self.world, Schedule::of(self.options, size));
        let (mut seconds, mut errors) = (0.0, 0i32);
        for iteration in schedule.all() {
            if self.options.validate {
                self.buffers.stamp(size, window, iteration);
            }
            // As in OSU 7.4 the pairs start each window together, and the barrier is not timed.
            world.barrier();
            let start = world.now();
            let mut wrong = 0;
            if world.rank() < self.pairs {
                self.send_window(size, window);
                if iteration >= schedule.warmup {
                    seconds += world.now() - start;
                }
            } else if world.rank() < 2 * self.pairs {
                self.receive_window(size, window);
                if self.options.validate {
                    wrong = self.buffers.count_errors(size, window, iteration);
                }
            }
            if self.options.validate {
                errors = errors.saturating_add(world.sum_at_root(wrong));
            }
        }
        // The mean over the senders; the others hold 0.
        let total: f64 = world.gather_at_root(seconds).iter().sum();
        let megabytes = size as f64 / 1e6 * (schedule.iterations * window) as f64 * f64::from(self.pairs);
        (megabytes * f64::from(self.pairs) / total, errors)
    }

    fn send_window(&mut self, size: usize, window: usize) {
        let to = self.world.rank() + self.pairs;
        for slot in 0..window {
            let data = self.buffers.pair(slot).0.as_ptr();
            // SAFETY: the buffer holds the largest size, and nothing writes it before wait_all below.
            unsafe { self.requests.isend(slot, self.world, data, size as i32, to, TAG) };
        }
        self.requests.wait_all(window);
        self.world.recv(self.buffers.pair(0).1, 1, to, ACKNOWLEDGEMENT);
    }

    fn receive_window(&mut self, size: usize, window: usize) {
        let from = self.world.rank() - self.pairs;
        for slot in 0..window {
            let data = self.buffers.pair(slot).1.as_mut_ptr();
            // SAFETY: the buffer has room for the largest size and lives on. With one buffer all messages of the window go to the
            // same place, by the benchmark's definition, and carry the same bytes.
            unsafe { self.requests.irecv(slot, self.world, data, size as i32, from, TAG) };
        }
        self.requests.wait_all(window);
        self.world.send(self.buffers.pair(0).0, 1, from, ACKNOWLEDGEMENT);
    }
}
