//! osu_latency_mt: ping-pongs of threads of two ranks (MPI_THREAD_MULTIPLE).
//!
//! The iterations of a size are dealt out to the threads of either side. With one sender, whichever receiver is free answers; with
//! more, the tag says which iteration a message belongs to, and so who answers.

use std::sync::Barrier;

use bench_harness::{Buffer, Threading, World, emit};

use crate::layout::Message;
use crate::options::Options;
use crate::output::{Row, columns, preamble};
use crate::program::{Failure, check_pair, report_validation};
use crate::schedule::{Schedule, sizes};
use crate::validation::stamp;

/// What the standard promises of tags (MPI-4.0 section 9.1.2).
const TAGS: usize = 32768;
/// With one sender: of questions, and of answers.
const QUESTION: i32 = 1;
const ANSWER: i32 = 2;

/// Measures every size.
///
/// # Errors
/// When there are not two processes, threads are not allowed, memory is short, or the data was wrong.
pub fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    check_pair(world)?;
    let (senders, receivers) = options.workers;
    if options.validate && senders != receivers {
        let equal =
            "Number of sender and receiver threads must be same when validation is enabled. Use option -t to set";
        return Err(Failure::Run(equal.into()));
    }
    if world.threading() != Threading::Multiple {
        return Err(Failure::Run("MPI_Init_thread must return MPI_THREAD_MULTIPLE!".into()));
    }
    let root = world.rank() == 0;
    if root {
        let of = |side, count| format!("# Number of {side} threads: {count}");
        emit(&format!("{} \n{}\n{}", of("Sender", senders), of("Receiver", receivers), preamble(options)));
    }
    let threads = if root { senders } else { receivers };
    let buffers =
        (0..threads).map(|_| Ok((Buffer::filled(options.max_size, b'a')?, Buffer::filled(options.max_size, b'b')?)));
    let mut buffers = world.agree(buffers.collect::<Result<Vec<_>, String>>()).map_err(Failure::Run)?;
    for options in &options.each_element().collect::<Vec<_>>() {
        if root {
            emit(&columns(options));
        }
        for size in sizes(options) {
            let Some(message) = Message::of(options, size) else { continue };
            let schedule = Schedule::of(options, size);
            world.barrier();
            let outcomes = all_threads(&Shared { world, message: &message, options, schedule, threads }, &mut buffers);
            let errors = outcomes.iter().map(|outcome| outcome.errors).fold(0, i32::saturating_add);
            let errors = world.sum_at_root(errors);
            let mut samples: Vec<f64> = outcomes.into_iter().flat_map(|outcome| outcome.samples).collect();
            if root {
                let latency = vec![samples.iter().sum::<f64>() / schedule.iterations as f64];
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

/// What all threads of a rank are given.
struct Shared<'a> {
    world: &'a World,
    message: &'a Message,
    options: &'a Options,
    schedule: Schedule,
    threads: usize,
}

// SAFETY: handles of MPI objects, which the threads only pass to calls that MPI_THREAD_MULTIPLE allows at the same time.
unsafe impl Sync for Shared<'_> {}

/// What one thread found: microseconds one way, and wrong bytes.
#[derive(Default)]
struct Outcome {
    samples: Vec<f64>,
    errors: i32,
}

/// Runs all threads of this rank for one size.
fn all_threads(shared: &Shared<'_>, buffers: &mut [(Buffer, Buffer)]) -> Vec<Outcome> {
    let together = Barrier::new(shared.threads);
    std::thread::scope(|scope| {
        let (together, size) = (&together, shared.message.size);
        let mut handles = Vec::with_capacity(shared.threads);
        for (number, (outgoing, incoming)) in buffers.iter_mut().enumerate() {
            let (outgoing, incoming) = (&mut outgoing[..size], &mut incoming[..size]);
            handles.push(scope.spawn(move || {
                together.wait();
                shared.thread(number, outgoing, incoming)
            }));
        }
        // A thread that panicked has said so; its samples are missing, and the job's end is its end.
        handles.into_iter().map(|handle| handle.join().unwrap_or_else(|_| std::process::abort())).collect()
    })
}

impl Shared<'_> {
    /// The share of thread `number`.
    fn thread(&self, number: usize, outgoing: &mut [u8], incoming: &mut [u8]) -> Outcome {
        let mut outcome = Outcome::default();
        for iteration in self.schedule.all().skip(number).step_by(self.threads) {
            if self.options.validate {
                for _ in 0..self.options.validation_warmup {
                    self.exchange(iteration, outgoing, incoming);
                }
                stamp(outgoing, incoming, iteration);
            }
            let start = self.world.now();
            self.exchange(iteration, outgoing, incoming);
            if iteration >= self.schedule.warmup {
                outcome.samples.push((self.world.now() - start) * 1e6 / 2.0);
            }
            if self.options.validate {
                let wrong = self.message.layout.count_errors(incoming, iteration);
                outcome.errors = outcome.errors.saturating_add(wrong);
            }
        }
        outcome
    }

    /// One message there and back.
    #[inline(always)]
    fn exchange(&self, iteration: usize, outgoing: &[u8], incoming: &mut [u8]) {
        let Message { count, datatype, .. } = self.message;
        let (question, answer) = match self.options.workers.0 {
            1 => (QUESTION, ANSWER),
            _ => ((iteration % TAGS) as i32, (iteration % TAGS) as i32),
        };
        if self.world.rank() == 0 {
            self.world.send_typed(outgoing, *count, datatype, 1, question);
            self.world.recv_typed(incoming, *count, datatype, 1, answer);
        } else {
            self.world.recv_typed(incoming, *count, datatype, 0, question);
            self.world.send_typed(outgoing, *count, datatype, 0, answer);
        }
    }
}
