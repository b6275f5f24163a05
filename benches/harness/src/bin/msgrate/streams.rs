//! The streams of one rank: windows of messages to, or from, one rank of the other half.

use std::sync::Barrier;
use std::time::Duration;

use bench_harness::{Buffer, Datatype, Element, Part, Requests, World};

use crate::Options;

const TAG: i32 = 1;
const ACKNOWLEDGEMENT: i32 = 2;

/// A stream, with a communicator of its own where there are several.
struct Stream {
    world: Option<World>,
    requests: Requests,
    /// One message for all sends; one per receive.
    messages: Vec<Buffer>,
    number: usize,
}

/// What a thread is lent.
struct Lent<'a> {
    stream: &'a mut Stream,
    world: &'a World,
    options: &'a Options,
}

// SAFETY: handles of MPI objects, which a thread only passes to calls; with several threads MPI_THREAD_MULTIPLE allows that.
unsafe impl Send for Lent<'_> {}

/// What rank `from` sends in stream `number`.
fn byte(from: i32, number: usize) -> u8 {
    (31 * from as usize + 7 * number) as u8
}

/// Runs all streams. Returns the time of the slowest, and the wrong bytes.
pub fn measure(world: &World, options: &Options) -> Result<(Duration, i32), String> {
    let sends = world.rank() < world.size() / 2;
    let streams = (0..options.threads).map(|number| {
        let (count, fill) = if sends { (1, byte(world.rank(), number)) } else { (options.window, !0) };
        let messages = (0..count).map(|_| Buffer::filled(options.size, fill)).collect::<Result<_, String>>()?;
        Ok(Stream { world: None, requests: Requests::new(options.window), messages, number })
    });
    let mut streams = world.agree(streams.collect::<Result<Vec<_>, String>>())?;
    if options.threads > 1 {
        for stream in &mut streams {
            stream.world = world.split(Some(0), world.rank());
        }
    }
    let together = Barrier::new(options.threads);
    world.barrier();
    let together = &together;
    let outcomes: Vec<(Duration, i32)> = std::thread::scope(|scope| {
        let (first, rest) = streams.split_at_mut(1);
        let mut handles = Vec::with_capacity(rest.len());
        for stream in rest {
            let lent = Lent { stream, world, options };
            handles.push(scope.spawn(move || run(lent, together)));
        }
        // One stream is this thread's, so that a job without threads has none.
        let own = first.iter_mut().map(|stream| run(Lent { stream, world, options }, together)).collect::<Vec<_>>();
        let others = handles.into_iter().map(|handle| handle.join().unwrap_or_else(|_| std::process::abort()));
        own.into_iter().chain(others).collect()
    });
    world.barrier();
    let slowest = outcomes.iter().map(|outcome| outcome.0).max().unwrap_or_default();
    Ok((slowest, outcomes.iter().map(|outcome| outcome.1).fold(0, i32::saturating_add)))
}

fn run(lent: Lent<'_>, together: &Barrier) -> (Duration, i32) {
    let Lent { stream, world, options } = lent;
    let Stream { world: own, requests, messages, number } = stream;
    let (half, rank) = (world.size() / 2, world.rank());
    let sends = rank < half;
    let peer = if sends { rank + half } else { rank - half };
    let world = own.as_ref().unwrap_or(world);
    let datatype = Datatype::of(Element::Char);
    let part = Part { count: options.size as i32, datatype: &datatype };
    let mut window = || {
        for slot in 0..options.window {
            // SAFETY: the buffers hold the message; nobody writes the one of the sends, and each receive has its own, before
            // wait_all.
            unsafe {
                match sends {
                    true => requests.isend(slot, world, messages[0].as_ptr(), part, peer, TAG),
                    false => requests.irecv(slot, world, messages[slot].start(), part, peer, TAG),
                }
            }
        }
        requests.wait_all(options.window);
        match sends {
            true => world.recv(&mut [], 0, peer, ACKNOWLEDGEMENT),
            false => world.send(&[], 0, peer, ACKNOWLEDGEMENT),
        }
    };
    together.wait();
    (0..options.iterations.div_ceil(10)).for_each(|_| window());
    let start = world.now();
    (0..options.iterations).for_each(|_| window());
    let elapsed = Duration::from_secs_f64((world.now() - start).max(0.0));
    let expected = byte(peer, *number);
    let received = messages.iter().flat_map(|message| message.iter());
    let wrong = if sends { 0 } else { received.filter(|&&found| found != expected).count() };
    (elapsed, i32::try_from(wrong).unwrap_or(i32::MAX))
}
