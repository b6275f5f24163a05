//! osu_latency: half the round trip of a blocking ping-pong between two processes.

use bench_harness::{Datatype, emit};
use osu::{
    Buffers, Failure, Kind, Layout, Options, Schedule, World, check_processes, derived_row, header, report_validation,
    row, sizes, stamp,
};

const TAG: i32 = 1;
const VERDICT: i32 = 2;

fn main() {
    osu::run(Kind::Latency, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    check_processes(world)?;
    let mut buffers = world.agree(Buffers::new(options, 1)).map_err(Failure::Run)?;
    let root = world.rank() == 0;
    if root {
        emit(&header(options));
    }
    for size in sizes(options) {
        let Some(layout) = Layout::of(options, size) else { continue };
        let (datatype, count) = layout.datatype();
        let message = Message { datatype, count };
        let schedule = Schedule::of(options, size);
        let (outgoing, incoming) = buffers.pair(0);
        let (outgoing, incoming) = (&mut outgoing[..size], &mut incoming[..size]);
        world.barrier();
        let (seconds, errors) = if options.validate {
            validated(world, &message, &layout, outgoing, incoming, schedule)
        } else {
            ping_pong(world, &message, outgoing, incoming, schedule.warmup);
            let start = world.now();
            ping_pong(world, &message, outgoing, incoming, schedule.iterations);
            (world.now() - start, 0)
        };
        if root {
            let latency = seconds * 1e6 / (2 * schedule.iterations) as f64;
            let errors = options.validate.then_some(errors);
            emit(&match options.vector {
                None => row(size, &[latency], errors),
                Some(_) => derived_row(size, &[latency], errors, layout.transmitted()),
            });
        }
        if options.validate {
            report_validation(options.kind, world.broadcast(errors), size)?;
        }
    }
    Ok(())
}

/// What every call is given.
struct Message {
    datatype: Datatype,
    count: i32,
}

/// The timed loop: MPI_Send and MPI_Recv, nothing else. (OSU 7.4 also reads the clock in every iteration; here, as up to
/// 5.x, it is read around the loop, which leaves some 20 ns of clock out of the latency.)
#[inline(never)]
fn ping_pong(world: &World, message: &Message, outgoing: &[u8], incoming: &mut [u8], iterations: usize) {
    let Message { datatype, count } = message;
    if world.rank() == 0 {
        for _ in 0..iterations {
            world.send_typed(outgoing, *count, datatype, 1, TAG);
            world.recv_typed(incoming, *count, datatype, 1, TAG);
        }
    } else {
        for _ in 0..iterations {
            world.recv_typed(incoming, *count, datatype, 0, TAG);
            world.send_typed(outgoing, *count, datatype, 0, TAG);
        }
    }
}

/// The same with every message of both directions stamped and checked; only the transfers are timed.
/// Returns the seconds and, on rank 0, the wrong bytes on both ranks.
fn validated(
    world: &World,
    message: &Message,
    layout: &Layout,
    outgoing: &mut [u8],
    incoming: &mut [u8],
    schedule: Schedule,
) -> (f64, i32) {
    let (mut seconds, mut errors) = (0.0, 0);
    for iteration in schedule.all() {
        stamp(outgoing, incoming, iteration);
        world.barrier();
        let start = world.now();
        ping_pong(world, message, outgoing, incoming, 1);
        if iteration >= schedule.warmup {
            seconds += world.now() - start;
        }
        let mut wrong = layout.count_errors(incoming, iteration);
        if world.rank() == 0 {
            let mut theirs = [0; 4];
            world.recv(&mut theirs, 4, 1, VERDICT);
            wrong = wrong.saturating_add(i32::from_ne_bytes(theirs));
        } else {
            world.send(&wrong.to_ne_bytes(), 4, 0, VERDICT);
        }
        errors = wrong.saturating_add(errors);
    }
    (seconds, errors)
}
