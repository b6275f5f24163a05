//! Windows of messages between two ranks: osu_bw, osu_bibw and their persistent forms.

use bench_harness::{Part, Requests, World, emit};

use super::Buffers;
use crate::kind::Kind;
use crate::layout::Message;
use crate::options::Options;
use crate::output::{Row, columns, preamble};
use crate::program::{Failure, check_pair, report_validation};
use crate::schedule::{Schedule, sizes};

/// The tags of messages from either rank.
const TAGS: [i32; 2] = [100, 10];
const ACKNOWLEDGEMENT: i32 = 101;

/// Measures every size.
///
/// # Errors
/// When there are not two processes, memory is short, or the data was wrong.
pub fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    check_pair(world)?;
    let mut buffers = world.agree(Buffers::new(options, options.window)).map_err(Failure::Run)?;
    let root = world.rank() == 0;
    let directions = if options.kind.is_both_ways() { 2 } else { 1 };
    if root {
        emit(&preamble(options));
    }
    for options in &options.each_element().collect::<Vec<_>>() {
        if root {
            emit(&columns(options));
        }
        for size in sizes(options) {
            let Some(message) = Message::of(options, size) else { continue };
            let schedule = Schedule::of(options, size);
            let mut windows = Windows::new(world, options, &mut buffers, &message);
            world.barrier();
            let (seconds, samples, errors) = windows.measure(options, schedule);
            windows.end();
            if root {
                let megabytes = (message.layout.transmitted() * options.window * directions) as f64 / 1e6;
                let mut rates: Vec<f64> = samples.iter().map(|&sample| megabytes / sample).collect();
                let bandwidth = vec![megabytes * schedule.iterations as f64 / seconds];
                let row = Row::of(options, size, bandwidth, errors, &mut rates, message.layout.transmitted());
                emit(&row.text(options.kind));
            }
            if options.validate {
                report_validation(options.kind, world.broadcast(errors), size)?;
            }
        }
    }
    Ok(())
}

/// The messages of one size.
struct Windows<'a> {
    world: &'a World,
    buffers: &'a mut Buffers,
    message: &'a Message,
    /// The sends of a window, and its receives; none where this rank does not send or receive.
    sends: Requests,
    receives: Requests,
    persistent: bool,
    both_ways: bool,
}

impl<'a> Windows<'a> {
    fn new(world: &'a World, options: &Options, buffers: &'a mut Buffers, message: &'a Message) -> Self {
        let (persistent, both_ways) = match options.kind {
            Kind::BandwidthPersistent => (true, false),
            Kind::BiBandwidthPersistent => (true, true),
            kind => (false, kind.is_both_ways()),
        };
        let of = |does: bool| Requests::new(if does { options.window } else { 0 });
        let (sends, receives) = (of(both_ways || world.rank() == 0), of(both_ways || world.rank() == 1));
        let mut windows = Self { world, buffers, message, sends, receives, persistent, both_ways };
        if persistent {
            windows.prepare();
        }
        windows
    }

    fn part(&self) -> Part<'a> {
        Part { count: self.message.count, datatype: &self.message.datatype }
    }

    fn tags(&self) -> (i32, i32) {
        (TAGS[self.world.rank() as usize], TAGS[1 - self.world.rank() as usize])
    }

    /// Makes the persistent requests.
    fn prepare(&mut self) {
        let (world, part, peer, (outgoing, incoming)) = (self.world, self.part(), 1 - self.world.rank(), self.tags());
        for slot in 0..self.sends.len() {
            let data = self.buffers.pair(slot).0.as_ptr();
            // SAFETY: the buffer holds the largest size and outlives the requests, which `end` frees; nothing writes it while they
            // are active.
            unsafe { self.sends.send_init(slot, world, data, part, peer, outgoing) };
        }
        for slot in 0..self.receives.len() {
            let data = self.buffers.pair(slot).1.as_mut_ptr();
            // SAFETY: as above; with one buffer all messages of the window go to the same place, by the benchmark's definition.
            unsafe { self.receives.recv_init(slot, world, data, part, peer, incoming) };
        }
    }

    /// Starts all messages of a window of this rank. Receives are posted first, where there are both.
    #[inline(always)]
    fn start(&mut self) {
        if self.persistent {
            self.receives.start_all();
            self.sends.start_all();
            return;
        }
        let (world, part, peer, (outgoing, incoming)) = (self.world, self.part(), 1 - self.world.rank(), self.tags());
        for slot in 0..self.receives.len() {
            let data = self.buffers.pair(slot).1.as_mut_ptr();
            // SAFETY: the buffer has room for the largest size and lives on. With one buffer all messages of the window go to the
            // same place, by the benchmark's definition, and carry the same bytes.
            unsafe { self.receives.irecv(slot, world, data, part, peer, incoming) };
        }
        for slot in 0..self.sends.len() {
            let data = self.buffers.pair(slot).0.as_ptr();
            // SAFETY: the buffer holds the largest size, and nothing writes it before the wait of `window`.
            unsafe { self.sends.isend(slot, world, data, part, peer, outgoing) };
        }
    }

    /// One window. One way, it is acknowledged (by one byte, as in OSU 7.4); both ways, who has all messages goes on.
    #[inline(always)]
    fn window(&mut self) {
        self.start();
        self.sends.wait_all(self.sends.len());
        self.receives.wait_all(self.receives.len());
        match (self.both_ways, self.world.rank()) {
            (true, _) => {}
            (false, 0) => self.world.recv(self.buffers.pair(0).1, 1, 1, ACKNOWLEDGEMENT),
            (false, _) => self.world.send(self.buffers.pair(0).0, 1, 0, ACKNOWLEDGEMENT),
        }
    }

    /// The seconds of all iterations, those of each where they are wanted, and, on rank 0, the wrong bytes.
    fn measure(&mut self, options: &Options, schedule: Schedule) -> (f64, Vec<f64>, i32) {
        if options.validate {
            return self.validated(options, schedule);
        }
        (0..schedule.warmup).for_each(|_| self.window());
        let mut samples = Vec::new();
        let start = self.world.now();
        let mut last = start;
        for _ in 0..schedule.iterations {
            self.window();
            if !options.tails.is_empty() {
                let now = self.world.now();
                samples.push(now - last);
                last = now;
            }
        }
        (self.world.now() - start, samples, 0)
    }

    /// The same with stamped messages, checked by who receives them.
    fn validated(&mut self, options: &Options, schedule: Schedule) -> (f64, Vec<f64>, i32) {
        let (mut seconds, mut samples, mut errors) = (0.0, Vec::new(), 0i32);
        for iteration in schedule.all() {
            (0..options.validation_warmup).for_each(|_| self.window());
            self.buffers.stamp(self.message.size, options.window, iteration);
            self.world.barrier();
            let start = self.world.now();
            self.window();
            let elapsed = self.world.now() - start;
            if iteration >= schedule.warmup {
                seconds += elapsed;
                samples.push(elapsed);
            }
            let wrong = match self.both_ways || self.world.rank() == 1 {
                true => self.buffers.count_errors(self.message, options.window, iteration),
                false => 0,
            };
            errors = errors.saturating_add(self.world.sum_at_root(wrong));
        }
        (seconds, samples, errors)
    }

    fn end(mut self) {
        if self.persistent {
            self.sends.free_all();
            self.receives.free_all();
        }
    }
}
