//! The operations, each timed for about as long as one is told.

use std::ffi::c_void;

use bench_harness::World;
use bench_harness::memory::available;
use mpi::ffi;

/// Bytes that each rank sends to each in the alltoall.
const BLOCK: usize = 64 << 10;
/// The most repetitions of a batch.
const MOST: i32 = 100_000;
/// A batch is this many times the last one at most.
const GROWTH: i32 = 8;
/// The tag of the ping-pong, and the one that ends the sleep of the others.
const PING: i32 = 1;
const WAKE: i32 = 2;

/// The ranks and the time for each operation.
pub struct Operations<'a> {
    world: &'a World,
    seconds: f64,
}

impl<'a> Operations<'a> {
    /// Operations of all ranks of `world`, each for about `seconds`.
    pub fn new(world: &'a World, seconds: f64) -> Self {
        Self { world, seconds }
    }

    /// MPI_Barrier: microseconds, and how often in the batch that counts. Collective, as are all.
    pub fn barrier(&mut self) -> (f64, i32) {
        let world = self.world;
        self.timed(|| world.barrier())
    }

    /// MPI_Allreduce of one double with MPI_SUM.
    pub fn allreduce(&mut self) -> (f64, i32) {
        let (world, value, mut sum) = (self.world, 1.0_f64, 0.0_f64);
        self.timed(|| {
            // SAFETY: two distinct doubles, alive during the call.
            unsafe {
                let (from, to) = ((&raw const value).cast::<c_void>(), (&raw mut sum).cast::<c_void>());
                ffi::MPI_Allreduce(from, to, 1, ffi::RSMPI_DOUBLE, ffi::RSMPI_SUM, world.comm());
            }
        })
    }

    /// MPI_Alltoall of 64 KiB for each pair.
    ///
    /// # Errors
    /// When the buffers of all ranks do not fit into the memory that is left; nothing is allocated then.
    pub fn alltoall(&mut self) -> Result<(f64, i32), String> {
        let (world, ranks) = (self.world, self.world.size() as usize);
        let needed = (2 * ranks * ranks * BLOCK) as u64;
        let room = world.broadcast(i32::from(available().is_none_or(|free| needed < free / 2)));
        if room == 0 {
            return Err(format!("no alltoall: its buffers take {} MiB, more than half of what is free", needed >> 20));
        }
        let (from, mut to) = (vec![1u8; ranks * BLOCK], vec![0u8; ranks * BLOCK]);
        Ok(self.timed(|| {
            // SAFETY: both buffers have a block for each rank.
            unsafe {
                let (from, to) = (from.as_ptr().cast::<c_void>(), to.as_mut_ptr().cast::<c_void>());
                let (count, byte) = (BLOCK as i32, ffi::RSMPI_INT8_T);
                ffi::MPI_Alltoall(from, count, byte, to, count, byte, world.comm());
            }
        }))
    }

    /// Half a round trip of 8 bytes between ranks 0 and 1, while all others block in MPI_Recv. The number of round trips to come
    /// is what rank 0 sends in each.
    pub fn ping_pong(&mut self) -> (f64, i32) {
        let world = self.world;
        let measured = match world.rank() {
            0 => {
                let measured = batches(self.seconds, |count| {
                    let start = world.now();
                    for left in (0..count).rev() {
                        send(world, 1, PING, i64::from(left) + 1);
                        receive(world, 1, PING);
                    }
                    world.now() - start
                });
                for rank in 1..world.size() {
                    send(world, rank, if rank == 1 { PING } else { WAKE }, 0);
                }
                measured
            }
            1 => {
                while receive(world, 0, PING) != 0 {
                    send(world, 0, PING, 0);
                }
                (0.0, 0)
            }
            _ => {
                receive(world, 0, WAKE);
                (0.0, 0)
            }
        };
        world.barrier();
        (measured.0 / 2.0, measured.1)
    }

    /// Times an operation of all ranks. Rank 0 says how often it is done next.
    fn timed(&mut self, mut operation: impl FnMut()) -> (f64, i32) {
        let world = self.world;
        operation(); // connections are made when they are first used
        let mut run = |count: i32| {
            world.barrier();
            let start = world.now();
            for _ in 0..count {
                operation();
            }
            world.now() - start
        };
        if world.rank() != 0 {
            loop {
                let count = world.broadcast(0);
                if count == 0 {
                    return (0.0, 0);
                }
                run(count);
            }
        }
        let measured = batches(self.seconds, |count| {
            world.broadcast(count);
            run(count)
        });
        world.broadcast(0);
        measured
    }
}

/// Runs batches of growing size for about `seconds`, and gives the microseconds per repetition of the largest, and its size. `run`
/// takes a number of repetitions and returns the seconds.
fn batches(seconds: f64, mut run: impl FnMut(i32) -> f64) -> (f64, i32) {
    let (mut count, mut spent) = (1, 0.0);
    loop {
        let took = run(count);
        spent += took;
        let each = took / f64::from(count);
        // As many as fit into what is left.
        let fit = ((seconds - spent) / each.max(1e-9)).clamp(0.0, f64::from(MOST)) as i32;
        let next = fit.min(count * GROWTH);
        if next <= count || count == MOST {
            return (each * 1e6, count);
        }
        count = next;
    }
}

/// MPI_Send of 8 bytes.
fn send(world: &World, to: i32, tag: i32, value: i64) {
    // SAFETY: 8 bytes, alive during the call.
    unsafe { ffi::MPI_Send((&raw const value).cast(), 8, ffi::RSMPI_INT8_T, to, tag, world.comm()) };
}

/// MPI_Recv of 8 bytes.
fn receive(world: &World, from: i32, tag: i32) -> i64 {
    let mut value = 0_i64;
    // SAFETY: 8 bytes, alive during the call; the status is ignored by the constant for that.
    unsafe {
        let ignored = ffi::RSMPI_STATUS_IGNORE;
        ffi::MPI_Recv((&raw mut value).cast(), 8, ffi::RSMPI_INT8_T, from, tag, world.comm(), ignored);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_until_the_time_is_over() {
        // 1 ms each: 1, 8, 64, 512 and then what is left of 2 s.
        let mut counts = Vec::new();
        let (each, count) = batches(2.0, |count| {
            counts.push(count);
            f64::from(count) * 1e-3
        });
        assert_eq!((counts.as_slice(), count), (&[1, 8, 64, 512, 1415][..], 1415));
        assert!((each - 1000.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_slow_is_done_once_and_what_is_fast_often() {
        assert_eq!(batches(1.0, |_| 5.0).1, 1);
        assert_eq!(batches(1e9, |count| f64::from(count) * 1e-9).1, MOST);
    }
}
