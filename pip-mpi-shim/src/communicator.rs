//! Communicators whose messages the shim carries: every intracommunicator, since all ranks of the job have the shim.

use crate::abi::{self, Comm};
use crate::background;
use crate::contexts;
use crate::engine;
use crate::job::Job;
use crate::library;
use crate::real;
use std::collections::HashMap;

/// What messages need to know of a communicator.
#[derive(Debug, Clone)]
pub struct Communicator {
    pub context: u32,
    /// This process's rank.
    pub rank: u32,
    pub size: u32,
    /// Ranks in MPI_COMM_WORLD; None where they are the same.
    world: Option<Box<[u32]>>,
    /// Number of MPI_Comm_idup calls so far.
    idups: u32,
}

impl Communicator {
    /// Rank in MPI_COMM_WORLD of rank `peer`.
    #[inline]
    pub fn world_rank(&self, peer: u32) -> u32 {
        self.world.as_ref().map_or(peer, |world| world[peer as usize])
    }
}

/// All of them, by handle. MPI_COMM_WORLD, which most calls name, stands apart.
#[derive(Debug)]
pub struct Table {
    world: Communicator,
    others: HashMap<Comm, Communicator>,
    world_model: bool,
}

impl Table {
    /// MPI_COMM_WORLD and MPI_COMM_SELF of `job`.
    pub fn new(job: &Job) -> Table {
        let communicator = |context, rank, size, world| Communicator { context, rank, size, world, idups: 0 };
        let world = communicator(contexts::WORLD, job.rank, job.size(), None);
        let own = communicator(contexts::SELF, 0, 1, Some([job.rank].into()));
        Table { world, others: HashMap::from([(abi::COMM_SELF, own)]), world_model: false }
    }

    /// The communicator of a handle, unless it is the MPI library's affair.
    #[inline]
    pub fn get(&self, handle: Comm) -> Option<&Communicator> {
        if handle == abi::COMM_WORLD { Some(&self.world) } else { self.others.get(&handle) }
    }

    fn get_mut(&mut self, handle: Comm) -> Option<&mut Communicator> {
        if handle == abi::COMM_WORLD { Some(&mut self.world) } else { self.others.get_mut(&handle) }
    }

    /// After the handle was freed: it may come back for another communicator.
    pub fn forget(&mut self, handle: Comm) {
        self.others.remove(&handle);
        self.choose_to_poll();
    }

    /// The library is polled with a communicator that exists. MPI_COMM_WORLD does, unless the program only has sessions.
    fn choose_to_poll(&self) {
        if !self.world_model {
            let mut several = self.others.iter().filter(|(_, communicator)| communicator.size > 1);
            library::poll_with(several.next().map_or(abi::COMM_NULL, |(&handle, _)| handle));
        }
    }

    /// MPI_Init was called: the communicators of the world model exist.
    pub fn enter_world_model(&mut self) {
        self.world_model = true;
        library::poll_with(abi::COMM_WORLD);
    }
}

/// Takes over a communicator that the MPI library has just made. Collective over it, since its ranks agree on a context;
/// intercommunicators stay with the library.
pub fn adopt(handle: Comm) {
    let Some(own) = engine::with(|engine| engine.job.rank) else { return };
    if handle == abi::COMM_NULL {
        return;
    }
    let (mut inter, mut rank, mut size) = (0, 0, 0);
    // SAFETY: a communicator the library made; results go to locals.
    unsafe {
        real::Comm_test_inter(handle, &mut inter);
        if inter != 0 {
            return;
        }
        real::Comm_rank(handle, &mut rank);
        real::Comm_size(handle, &mut size);
    }
    let context = if rank == 0 { engine::with(|engine| engine.job.block(0).contexts.draw()).unwrap_or(0) } else { 0 };
    let mine = [own, context];
    let mut all = vec![[0u32; 2]; size as usize];
    // SAFETY: two numbers from each of `size` ranks.
    let code = background::during(|| unsafe {
        let (from, to) = (mine.as_ptr().cast(), all.as_mut_ptr().cast());
        real::Allgather(from, 2, abi::UNSIGNED, to, 2, abi::UNSIGNED, handle)
    });
    if code != abi::SUCCESS {
        return;
    }
    let ranks: Box<[u32]> = all.iter().map(|pair| pair[0]).collect();
    engine::with(|engine| engine.comms.insert(handle, all[0][1], rank as u32, ranks));
}

/// Takes over the communicator that MPI_Comm_idup of `parent` will make. Not collective: nobody waits here.
pub fn adopt_idup(parent: Comm, handle: Comm) {
    loop {
        let adopted = engine::with(|engine| {
            let Some(communicator) = engine.comms.get_mut(parent) else { return true };
            let (size, call) = (communicator.size, communicator.idups);
            let contexts = &engine.job.block(0).contexts;
            let Some(context) = contexts.of_idup(communicator.context, call, size) else { return false };
            communicator.idups += 1;
            let child = Communicator { context, idups: 0, ..communicator.clone() };
            engine.comms.others.insert(handle, child);
            true
        });
        if adopted.unwrap_or(true) {
            return;
        }
        engine::with(|engine| engine.progress()); // 256 unfinished calls: some rank is far behind
        std::thread::yield_now();
    }
}

impl Table {
    fn insert(&mut self, handle: Comm, context: u32, rank: u32, ranks: Box<[u32]>) {
        let size = ranks.len() as u32;
        let same = ranks.iter().enumerate().all(|(i, &world)| i as u32 == world);
        let world = if same { None } else { Some(ranks) };
        self.others.insert(handle, Communicator { context, rank, size, world, idups: 0 });
        self.choose_to_poll();
    }
}
