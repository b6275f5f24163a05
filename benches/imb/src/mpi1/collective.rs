//! The collective operations.

use crate::benchmark::Times;
use crate::sample::Sample;

/// One call after the other. Each is timed alone; the processes start it together, unless `-sync off`.
pub fn pattern(sample: &mut Sample<'_>) -> Times {
    let (world, ranks) = (sample.world, sample.world.size() as usize);
    let mut call = sample.call.take()?;
    let mut seconds = 0.0;
    sample.together();
    for repetition in 0..sample.repetitions {
        (call.send, call.recv) = (sample.send.at(repetition), sample.recv.at(repetition));
        if sample.root_shift {
            call.root = (repetition % ranks) as i32;
        }
        let start = world.now();
        // SAFETY: the buffers hold all messages of this process, and nobody else uses them.
        unsafe { call.run() };
        seconds += world.now() - start;
        if sample.sync {
            sample.together();
        }
    }
    call.root = 0;
    sample.call = Some(call);
    Some([seconds / sample.repetitions as f64, 0.0])
}

/// MPI_Reduce, and MPI_Bcast of its result.
pub fn reduce_bcast(sample: &mut Sample<'_>) -> Times {
    let (world, ranks, part) = (sample.world, sample.world.size() as usize, sample.part());
    let mut seconds = 0.0;
    sample.together();
    for repetition in 0..sample.repetitions {
        let root = if sample.root_shift { (repetition % ranks) as i32 } else { 0 };
        let (send, recv) = (sample.send.at(repetition), sample.recv.at(repetition));
        let start = world.now();
        // SAFETY: two buffers that hold the message, and nobody else uses them.
        unsafe {
            world.reduce_at(send, recv, part, root);
            world.broadcast_at(recv, part, root);
        }
        seconds += world.now() - start;
        if sample.sync {
            sample.together();
        }
    }
    Some([seconds / sample.repetitions as f64, 0.0])
}

/// MPI_Reduce_local, which needs nobody else.
pub fn reduce_local(sample: &mut Sample<'_>) -> Times {
    let (world, part) = (sample.world, sample.part());
    let seconds = sample.timed(|sample| {
        for repetition in 0..sample.repetitions {
            // SAFETY: two buffers that hold the elements, and nobody else uses them.
            unsafe { world.reduce_local(sample.send.at(repetition), sample.recv.at(repetition), part) };
        }
    });
    Some([seconds, 0.0])
}
