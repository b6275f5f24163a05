//! IMB-EXT: operations between fences.

use bench_harness::{Exposure, Part};

use crate::benchmark::{Mode, Times};
use crate::sample::Sample;

/// One operation: the window, the message, the repetition.
type Operation<'o> = &'o dyn Fn(&Exposure<'_>, &Sample<'_>, Part<'_>, usize);

/// All processes fence; those that are origins issue operations: between all of which, or between two of which, a fence completes
/// them.
fn between_fences(sample: &mut Sample<'_>, is_origin: bool, operation: Operation<'_>) -> Times {
    let window = sample.window?;
    let part = sample.part();
    let aggregate = sample.mode == Mode::Aggregate;
    window.fence();
    let seconds = sample.timed(|sample| {
        for repetition in 0..sample.repetitions {
            if is_origin {
                operation(window, sample, part, repetition);
            }
            if !aggregate {
                window.fence();
            }
        }
        if aggregate {
            window.fence();
        }
    });
    Some([seconds, 0.0])
}

fn put(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, repetition: usize) {
    let (data, target) = (sample.send.at(repetition), 1 - sample.world.rank());
    // SAFETY: between fences; both buffers hold the message, and nobody writes it before the next fence.
    unsafe { window.put(data, part, target, sample.recv.offset(repetition)) };
}

fn get(window: &Exposure<'_>, sample: &Sample<'_>, part: Part<'_>, repetition: usize) {
    let (data, target) = (sample.recv.at(repetition), 1 - sample.world.rank());
    // SAFETY: as in `put`; the window is over the send buffer.
    unsafe { window.get(data, part, target, sample.send.offset(repetition)) };
}

/// Process 0 puts.
pub fn unidir_put(sample: &mut Sample<'_>) -> Times {
    between_fences(sample, sample.world.rank() == 0, &put)
}

/// Process 0 gets.
pub fn unidir_get(sample: &mut Sample<'_>) -> Times {
    between_fences(sample, sample.world.rank() == 0, &get)
}

/// Both put.
pub fn bidir_put(sample: &mut Sample<'_>) -> Times {
    between_fences(sample, true, &put)
}

/// Both get.
pub fn bidir_get(sample: &mut Sample<'_>) -> Times {
    between_fences(sample, true, &get)
}

/// All processes add to the memory of process 0.
pub fn accumulate(sample: &mut Sample<'_>) -> Times {
    between_fences(sample, true, &|window, sample, part, repetition| {
        // SAFETY: as in `put`.
        unsafe { window.accumulate(sample.send.at(repetition), part, 0, sample.recv.offset(repetition)) };
    })
}

/// Makes a window, fences, puts one element into this process's own part, fences, and frees it.
pub fn window(sample: &mut Sample<'_>) -> Times {
    let part = Part { count: 1, datatype: sample.datatype };
    let seconds = sample.timed(|sample| {
        for repetition in 0..sample.repetitions {
            // SAFETY: the receive buffer holds the message and lives longer than the window, which ends here.
            unsafe {
                let window = Exposure::new(sample.world, sample.recv.at(repetition), sample.size);
                window.fence();
                if sample.count > 0 {
                    window.put(sample.send.at(repetition), part, sample.world.rank(), 0);
                }
                window.fence();
            }
        }
    });
    Some([seconds, 0.0])
}
