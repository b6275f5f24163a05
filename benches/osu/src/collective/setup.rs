//! The memory of a collective benchmark, and the call of one size in its form.

use bench_harness::{Buffer, Call, Datatype, Neighborhood, Operation, Pattern, Pending, World};

use crate::kind::Form;
use crate::options::{Options, Root};
use crate::schedule::Schedule;

/// What all sizes share.
pub struct Job<'a> {
    pub world: &'a World,
    pub operation: Operation,
    pub form: Form,
    pub graph: Option<&'a Neighborhood>,
    pub memory: Memory,
}

/// The buffers of one rank, for the largest size.
pub struct Memory {
    send: Buffer,
    recv: Buffer,
    /// Where operations receive that are not checked, with `-c`.
    unchecked: Buffer,
    /// How many messages each holds, where this rank may be a root.
    blocks: (usize, usize),
}

impl Memory {
    /// Allocates them.
    ///
    /// # Errors
    /// A sentence when memory is short.
    pub fn new(
        world: &World,
        options: &Options,
        operation: Operation,
        graph: Option<&Neighborhood>,
    ) -> Result<Self, String> {
        let ranks = world.size() as usize;
        let (sources, destinations) =
            graph.map_or((ranks, ranks), |graph| (graph.sources.len(), graph.destinations.len()));
        let may_be_root = match options.root {
            Root::Fixed(root) => root == world.rank(),
            Root::Rotating => true,
        };
        let blocks = operation.blocks(may_be_root, sources, destinations);
        let of = |blocks: usize, fill| Buffer::filled(blocks * options.max_size, fill);
        Ok(Self {
            send: of(blocks.0, 1)?,
            recv: of(blocks.1, 0)?,
            unchecked: of(if options.validate { blocks.1 } else { 0 }, 0)?,
            blocks,
        })
    }
}

/// One size.
pub struct Setup<'a> {
    world: &'a World,
    operation: Operation,
    form: Form,
    graph: Option<&'a Neighborhood>,
    memory: &'a mut Memory,
    root: Root,
    count: usize,
    /// The bytes of a message's elements: what is left of the size behind them is not sent.
    bytes: usize,
    pub(super) call: Call<'a>,
    /// The same with another receive buffer.
    warming: Call<'a>,
    pub(super) request: Pending,
    warming_request: Pending,
}

impl<'a> Setup<'a> {
    /// The call with `count` elements of `datatype`.
    ///
    /// # Errors
    /// When the library has no persistent form of it.
    pub fn new(job: &'a mut Job<'_>, options: &Options, datatype: &'a Datatype, count: usize) -> Result<Self, String> {
        let Job { world, operation, form, graph, memory } = job;
        let root = match options.root {
            Root::Fixed(root) => root,
            Root::Rotating => 0,
        };
        let call = |recv: &Buffer| {
            let mut call = Call::new(world, *graph, *operation, datatype, count);
            (call.send, call.recv, call.root) = (memory.send.start(), recv.start(), root);
            call
        };
        let (call, warming) = (call(&memory.recv), call(&memory.unchecked));
        let mut setup = Self {
            world,
            operation: *operation,
            form: *form,
            graph: *graph,
            memory,
            root: options.root,
            count,
            bytes: count * options.element.size(),
            call,
            warming,
            request: Pending::default(),
            warming_request: Pending::default(),
        };
        if setup.form == Form::Persistent {
            // SAFETY: the buffers hold the largest size and live longer than the requests, which `drop` frees; they are not
            // touched between start and wait. The calls are not changed.
            unsafe { setup.call.prepare(&mut setup.request)? };
            if options.validate {
                // SAFETY: as above.
                unsafe { setup.warming.prepare(&mut setup.warming_request)? };
            }
        }
        Ok(setup)
    }

    /// The operation once, in its form.
    #[inline(always)]
    fn once(&mut self) {
        operate(self.form, &self.call, &mut self.request);
    }

    /// The same into the other receive buffer, so often.
    fn warm(&mut self, times: usize) {
        for _ in 0..times {
            self.world.barrier();
            operate(self.form, &self.warming, &mut self.warming_request);
        }
        self.world.barrier();
    }

    /// Turns to an iteration: its root and, with `-c`, its data.
    pub(super) fn turn(&mut self, options: &Options, iteration: usize) {
        if self.root == Root::Rotating {
            let root = (iteration % self.world.size() as usize) as i32;
            (self.call.root, self.warming.root) = (root, root);
        }
        if options.validate {
            let pattern = self.pattern(options, iteration);
            let (sent, received) = self.parts();
            pattern.prepare(&mut self.memory.send[..sent], &mut self.memory.recv[..received]);
            self.warm(options.validation_warmup);
        }
    }

    /// With `-c`: the errors of the iteration on all ranks, on rank 0.
    pub(super) fn check(&mut self, options: &Options, iteration: usize) -> i32 {
        if !options.validate {
            return 0;
        }
        let (pattern, (_, received)) = (self.pattern(options, iteration), self.parts());
        let wrong = pattern.count_errors(&mut self.memory.recv[..received]);
        self.world.sum_at_root(wrong)
    }

    /// The bytes of the buffers that one size uses.
    fn parts(&self) -> (usize, usize) {
        let (send, recv) = self.memory.blocks;
        (send * self.bytes, recv * self.bytes)
    }

    fn pattern(&self, options: &Options, iteration: usize) -> Pattern<'a> {
        Pattern {
            operation: self.operation,
            element: options.element,
            count: self.count,
            rank: self.world.rank() as usize,
            ranks: self.world.size() as usize,
            root: self.call.root as usize,
            neighbors: self.graph,
            iteration,
        }
    }

    /// The seconds of each iteration on this rank and, on rank 0, the errors of all. As in the originals a barrier, which is not
    /// timed, is behind each.
    pub fn measure(&mut self, options: &Options, schedule: Schedule) -> (Vec<f64>, i32) {
        let (mut samples, mut errors) = (Vec::with_capacity(schedule.iterations), 0i32);
        for iteration in schedule.all() {
            self.turn(options, iteration);
            let start = self.world.now();
            self.once();
            let elapsed = self.world.now() - start;
            self.world.barrier();
            errors = errors.saturating_add(self.check(options, iteration));
            if iteration >= schedule.warmup {
                samples.push(elapsed);
            }
        }
        (samples, errors)
    }

    pub(super) fn world(&self) -> &'a World {
        self.world
    }
}

impl Drop for Setup<'_> {
    fn drop(&mut self) {
        if self.form == Form::Persistent {
            self.request.free();
            self.warming_request.free();
        }
    }
}

/// The operation once.
#[inline(always)]
fn operate(form: Form, call: &Call<'_>, request: &mut Pending) {
    match form {
        // SAFETY: the buffers of `Memory` hold all messages of the largest size, and this thread does not touch them before the
        // operation is complete, which it is here.
        Form::Blocking => unsafe { call.run() },
        Form::NonBlocking => {
            // SAFETY: as above.
            unsafe { call.start(request) };
            request.wait();
        }
        Form::Persistent => {
            request.restart();
            request.wait();
        }
    }
}
