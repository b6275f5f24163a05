//! osu_bw: windows of MPI_Isend from rank 0 to rank 1, each answered by one short message.

use bench_harness::emit;
use osu::{
    Buffers, Failure, Kind, Options, Requests, Schedule, World, check_processes, header, report_validation, row, sizes,
};

const TAG: i32 = 100;
const ACKNOWLEDGEMENT: i32 = 101;
const VERDICT: i32 = 102;

fn main() {
    osu::run(Kind::Bandwidth, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    check_processes(world)?;
    let mut buffers = world.agree(Buffers::new(options, options.window)).map_err(Failure::Run)?;
    let mut requests = Requests::new(options.window);
    let root = world.rank() == 0;
    if root {
        emit(&header(options));
    }
    for size in sizes(options) {
        let schedule = Schedule::of(options, size);
        world.barrier();
        let (mut seconds, mut errors) = (0.0, 0);
        if options.validate {
            (seconds, errors) = validated(world, &mut buffers, &mut requests, size, schedule);
        } else {
            let mut start = world.now();
            for iteration in schedule.all() {
                if iteration == schedule.warmup {
                    start = world.now();
                }
                window(world, &mut buffers, &mut requests, size, options.window);
            }
            seconds += world.now() - start;
        }
        if root {
            let megabytes = size as f64 / 1e6 * (schedule.iterations * options.window) as f64;
            emit(&row(size, &[megabytes / seconds], options.validate.then_some(errors)));
        }
        if options.validate {
            report_validation(options.kind, world.broadcast(errors), size)?;
        }
    }
    Ok(())
}

/// One window and its acknowledgement (one byte, as in OSU 7.4).
#[inline(always)]
fn window(world: &World, buffers: &mut Buffers, requests: &mut Requests, size: usize, messages: usize) {
    let count = size as i32;
    if world.rank() == 0 {
        for slot in 0..messages {
            let data = buffers.pair(slot).0.as_ptr();
            // SAFETY: the buffer holds the largest size, and nothing writes it before wait_all below.
            unsafe { requests.isend(slot, world, data, count, 1, TAG) };
        }
        requests.wait_all(messages);
        world.recv(buffers.pair(0).1, 1, 1, ACKNOWLEDGEMENT);
    } else {
        for slot in 0..messages {
            let data = buffers.pair(slot).1.as_mut_ptr();
            // SAFETY: the buffer has room for the largest size and lives on. With one buffer all messages of the window go to the
            // same place, by the benchmark's definition, and carry the same bytes.
            unsafe { requests.irecv(slot, world, data, count, 0, TAG) };
        }
        requests.wait_all(messages);
        world.send(buffers.pair(0).0, 1, 0, ACKNOWLEDGEMENT);
    }
}

/// The same with stamped messages, checked by rank 1. Returns the seconds and, on rank 0, the wrong bytes.
fn validated(
    world: &World,
    buffers: &mut Buffers,
    requests: &mut Requests,
    size: usize,
    schedule: Schedule,
) -> (f64, i32) {
    let messages = requests.len();
    let (mut seconds, mut errors) = (0.0, 0i32);
    for iteration in schedule.all() {
        buffers.stamp(size, messages, iteration);
        world.barrier();
        let start = world.now();
        window(world, buffers, requests, size, messages);
        if iteration >= schedule.warmup {
            seconds += world.now() - start;
        }
        if world.rank() == 0 {
            let mut theirs = [0; 4];
            world.recv(&mut theirs, 4, 1, VERDICT);
            errors = errors.saturating_add(i32::from_ne_bytes(theirs));
        } else {
            world.send(&buffers.count_errors(size, messages, iteration).to_ne_bytes(), 4, 0, VERDICT);
        }
    }
    (seconds, errors)
}
