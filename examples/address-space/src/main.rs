//! Shows that the ranks live in one address space: the same static variable at a different address in every rank, with a
//! value of its own, and a value on a peer's heap read through a plain pointer.
//!
//! Under plain MPI the same program says that its ranks are separate processes, and follows no pointer.

use std::sync::atomic::{AtomicU64, Ordering};

use mpi::traits::{Communicator, CommunicatorCollectives, Root};

/// Every rank has its own copy of this, at an address of its own: PiP privatises static variables.
static VARIABLE: AtomicU64 = AtomicU64::new(0);

/// What each rank tells rank 0, as MPI_UINT64_T.
struct Report {
    pid: u64,
    address: u64,
    value: u64,
    /// Where the neighbour's value is, and what was read there.
    pointer: u64,
    read: u64,
    neighbour: u64,
}

const WORDS: usize = 6;

impl Report {
    fn words(&self) -> [u64; WORDS] {
        [self.pid, self.address, self.value, self.pointer, self.read, self.neighbour]
    }

    fn of(words: &[u64]) -> Option<Self> {
        let &[pid, address, value, pointer, read, neighbour] = words else { return None };
        Some(Self { pid, address, value, pointer, read, neighbour })
    }
}

/// What a rank puts on its heap for its neighbour.
fn secret(rank: i32) -> u64 {
    1_000_000 + rank as u64
}

fn main() {
    let Some(universe) = mpi::initialize() else {
        eprintln!("address-space: MPI is initialised already.");
        std::process::exit(1);
    };
    // The root of a PiP job sets this in each of its tasks.
    let task = std::env::var_os("PIP_REGISTRY").is_some();
    let world = universe.world();
    let rank = world.rank();
    VARIABLE.store(100 + rank as u64, Ordering::Relaxed);

    // Ranks of one node only: a pointer means nothing on another.
    let node = world.split_shared(rank);
    let mine = Box::new(AtomicU64::new(secret(rank)));
    let address = std::ptr::from_ref::<AtomicU64>(&mine) as u64;
    let mut addresses = vec![0u64; node.size() as usize];
    let mut ranks = vec![0u64; node.size() as usize];
    node.all_gather_into(&address, &mut addresses);
    node.all_gather_into(&(rank as u64), &mut ranks);
    // Rank r passes its pointer to rank r + 1: this rank looks at its left neighbour's.
    let left = ((node.rank() + node.size() - 1) % node.size()) as usize;
    let read = if task {
        let pointer = addresses[left] as *const AtomicU64;
        // SAFETY: as PiP tasks of one node all ranks share one address space, where the pointer is valid as it is; the neighbour
        // keeps the value alive until the barrier below, and it is an atomic.
        unsafe { &*pointer }.load(Ordering::Relaxed)
    } else {
        0
    };
    node.barrier();
    drop(mine);

    let report = Report {
        pid: u64::from(std::process::id()),
        address: (&raw const VARIABLE) as u64,
        value: VARIABLE.load(Ordering::Relaxed),
        pointer: addresses[left],
        read,
        neighbour: ranks[left],
    };
    let root = world.process_at_rank(0);
    let mut right = true;
    if rank == 0 {
        let mut all = vec![0u64; WORDS * world.size() as usize];
        root.gather_into_root(&report.words()[..], &mut all[..]);
        let reports: Vec<Report> = all.chunks(WORDS).filter_map(Report::of).collect();
        right = print(&reports, task);
    } else {
        root.gather_into(&report.words()[..]);
    }
    drop(universe);
    std::process::exit(i32::from(!right));
}

/// Prints everything in rank order. Returns whether each value that was read is the neighbour's.
fn print(reports: &[Report], task: bool) -> bool {
    println!("{} ranks; the same static variable in each of them:", reports.len());
    for (rank, report) in reports.iter().enumerate() {
        println!("  rank {rank}  PID {:<8} VARIABLE at {:#014x} holds {}", report.pid, report.address, report.value);
    }
    if !task {
        println!("The ranks are separate processes, each with an address space of its own: no pointer is followed.");
        println!("(pip-mpiexec runs them as tasks of one address space.)");
        return true;
    }
    println!("One address space: each rank reads a value on its neighbour's heap through a plain pointer.");
    let mut right = true;
    for (rank, report) in reports.iter().enumerate() {
        let expected = secret(report.neighbour as i32);
        println!(
            "  rank {rank}  reads {} at {:#014x}, which rank {} put there",
            report.read, report.pointer, report.neighbour
        );
        if report.read != expected {
            eprintln!("address-space: rank {rank} should have read {expected}.");
            right = false;
        }
    }
    right
}
