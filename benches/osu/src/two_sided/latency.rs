//! Half the round trip of a ping-pong: osu_latency, osu_latency_persistent, osu_multi_lat.

use bench_harness::{Part, Requests, World, emit};

use super::Buffers;
use crate::kind::Kind;
use crate::layout::Message;
use crate::options::Options;
use crate::output::{Row, columns, preamble};
use crate::program::{Failure, check_pair, check_pairs, report_validation};
use crate::schedule::{Schedule, sizes};
use crate::validation::stamp;

const TAG: i32 = 1;

/// Measures every size.
///
/// # Errors
/// When there are not enough processes, memory is short, or the data was wrong.
pub fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    match options.kind {
        Kind::MultiLatency => check_pairs(world)?,
        _ => check_pair(world)?,
    }
    let root = world.rank() == 0;
    if root {
        emit(&preamble(options));
    }
    tables(world, options)
}

/// The tables of all types of elements.
pub(super) fn tables(world: &World, options: &Options) -> Result<(), Failure> {
    let root = world.rank() == 0;
    let pairs = world.size() / 2;
    let leads = world.rank() < pairs;
    let partner = if leads { world.rank() + pairs } else { world.rank() - pairs };
    let mut buffers = world.agree(Buffers::new(options, 1)).map_err(Failure::Run)?;
    for options in &options.each_element().collect::<Vec<_>>() {
        if root {
            emit(&columns(options));
        }
        for size in sizes(options) {
            let Some(message) = Message::of(options, size) else { continue };
            let schedule = Schedule::of(options, size);
            let (outgoing, incoming) = buffers.pair(0);
            let (outgoing, incoming) = (&mut outgoing[..size], &mut incoming[..size]);
            let mut test = Test::new(world, options, &message, (leads, partner), outgoing, incoming);
            world.barrier();
            let (seconds, errors) = match options.validate {
                true => test.validated(options, schedule),
                false => (test.timed(schedule, !options.tails.is_empty()), 0),
            };
            drop(test.exchange);
            let microseconds = |seconds: f64| seconds * 1e6 / (2.0 * f64::from(pairs));
            let total = world.sums_at_root(&[if leads { seconds.total } else { 0.0 }])[0];
            let mut samples: Vec<f64> =
                seconds.samples.iter().map(|&sample| if leads { sample } else { 0.0 }).collect();
            samples = world.sums_at_root(&samples).into_iter().map(microseconds).collect();
            if root {
                let latency = vec![microseconds(total) / schedule.iterations as f64];
                let row = Row::of(options, size, latency, errors, &mut samples, message.layout.transmitted());
                emit(&row.text(options.kind));
            }
            if options.validate {
                report_validation(options.kind, world.broadcast(errors), size)?;
            }
        }
    }
    Ok(())
}

/// How messages go there and back.
enum Exchange {
    /// MPI_Send and MPI_Recv.
    Blocking,
    /// MPI_Start and MPI_Wait of persistent requests: the send and the receive.
    Persistent(Requests, Requests),
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Exchange::Persistent(send, receive) = self {
            send.free_all();
            receive.free_all();
        }
    }
}

/// What was measured, in seconds.
#[derive(Default)]
struct Seconds {
    total: f64,
    /// Each round trip, where the clock was read for it.
    samples: Vec<f64>,
}

struct Test<'a> {
    world: &'a World,
    message: &'a Message,
    /// Whether this rank sends first.
    leads: bool,
    partner: i32,
    outgoing: &'a mut [u8],
    incoming: &'a mut [u8],
    exchange: Exchange,
}

impl<'a> Test<'a> {
    fn new(
        world: &'a World,
        options: &Options,
        message: &'a Message,
        (leads, partner): (bool, i32),
        outgoing: &'a mut [u8],
        incoming: &'a mut [u8],
    ) -> Self {
        let exchange = if options.kind == Kind::LatencyPersistent {
            let (mut send, mut receive) = (Requests::new(1), Requests::new(1));
            let part = Part { count: message.count, datatype: &message.datatype };
            // SAFETY: both buffers hold the message and live as long as the test, whose exchange frees the requests; nobody
            // touches them while a request is active.
            unsafe {
                send.send_init(0, world, outgoing.as_ptr(), part, partner, TAG);
                receive.recv_init(0, world, incoming.as_mut_ptr(), part, partner, TAG);
            }
            Exchange::Persistent(send, receive)
        } else {
            Exchange::Blocking
        };
        Self { world, message, leads, partner, outgoing, incoming, exchange }
    }

    /// The timed loop: the two calls of each way, nothing else. (OSU 7.4 also reads the clock in every iteration; here, as up to
    /// 5.x, it is read around the loop, which leaves some 20 ns of clock out of the latency.)
    #[inline(never)]
    fn ping_pong(&mut self, iterations: usize) {
        let Self { world, message, partner, outgoing, incoming, .. } = self;
        let Message { datatype, count, .. } = message;
        match (&mut self.exchange, self.leads) {
            (Exchange::Blocking, true) => {
                for _ in 0..iterations {
                    world.send_typed(outgoing, *count, datatype, *partner, TAG);
                    world.recv_typed(incoming, *count, datatype, *partner, TAG);
                }
            }
            (Exchange::Blocking, false) => {
                for _ in 0..iterations {
                    world.recv_typed(incoming, *count, datatype, *partner, TAG);
                    world.send_typed(outgoing, *count, datatype, *partner, TAG);
                }
            }
            (Exchange::Persistent(send, receive), leads) => {
                let (first, second) = if leads { (send, receive) } else { (receive, send) };
                for _ in 0..iterations {
                    first.start_and_wait(0);
                    second.start_and_wait(0);
                }
            }
        }
    }

    fn clocked(&mut self, iterations: usize) -> f64 {
        let start = self.world.now();
        self.ping_pong(iterations);
        self.world.now() - start
    }

    fn timed(&mut self, schedule: Schedule, each: bool) -> Seconds {
        self.ping_pong(schedule.warmup);
        if !each {
            return Seconds { total: self.clocked(schedule.iterations), samples: Vec::new() };
        }
        let samples: Vec<f64> = (0..schedule.iterations).map(|_| self.clocked(1)).collect();
        Seconds { total: samples.iter().sum(), samples }
    }

    /// The same with every message of both directions stamped and checked; only the transfers are timed.
    /// Also returns, on rank 0, the wrong bytes on all ranks.
    fn validated(&mut self, options: &Options, schedule: Schedule) -> (Seconds, i32) {
        let (mut seconds, mut errors) = (Seconds::default(), 0i32);
        for iteration in schedule.all() {
            self.ping_pong(options.validation_warmup);
            stamp(self.outgoing, self.incoming, iteration);
            self.world.barrier();
            let elapsed = self.clocked(1);
            if iteration >= schedule.warmup {
                seconds.total += elapsed;
                seconds.samples.push(elapsed);
            }
            let wrong = self.message.layout.count_errors(self.incoming, iteration);
            errors = errors.saturating_add(self.world.sum_at_root(wrong));
        }
        (seconds, errors)
    }
}
