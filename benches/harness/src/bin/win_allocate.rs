//! `win_allocate`: what a window of MPI_Win_allocate_shared costs: to make and to free untouched, in page faults when each rank
//! writes its part and then reads its neighbour's, and in page tables. Sizes are those of all ranks together.

use std::path::{Path, PathBuf};

use bench_harness::{SharedWindow, World, emit, library, memory, page_size};

const SMALLEST: usize = 4 << 10;
const LARGEST: usize = 4 << 30;
/// How often an untouched window is made; the median counts.
const TIMES: usize = 9;

const HELP: &str = "\
Usage: win_allocate [options]
Two or more ranks make windows by MPI_Win_allocate_shared, from 4 KiB to 4 GiB in all, each four times the one before.
Columns: bytes of all ranks; microseconds of MPI_Win_allocate_shared and of MPI_Win_free, untouched; minor page faults of all
ranks when each writes every page of its part, and when each then reads its neighbour's; KiB of page tables (VmPTE) of all
address spaces while the window is there, and how many these are.
Options:
  -m, --max BYTES     the largest window (default 4294967296)
  -h, --help          print this help
";

fn main() {
    let world = match World::init() {
        Ok(world) => world,
        Err(why) => {
            eprintln!("win_allocate: {why}.");
            std::process::exit(1);
        }
    };
    let root = world.rank() == 0;
    let code = match parse(lexopt::Parser::from_env()) {
        Err(why) => {
            if root {
                eprintln!("win_allocate: {why}; -h lists the options.");
            }
            2
        }
        Ok(None) => {
            if root {
                emit(HELP);
            }
            0
        }
        Ok(Some(_)) if world.size() < 2 => {
            eprintln!("win_allocate: one rank has no neighbour; start two or more.");
            1
        }
        Ok(Some(largest)) => {
            measure(&world, largest);
            0
        }
    };
    drop(world);
    std::process::exit(code)
}

/// The largest size; None for `-h`.
fn parse(mut parser: lexopt::Parser) -> Result<Option<usize>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut largest = LARGEST;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('m') | Long("max") => {
                largest = parser.value()?.parse()?;
                if largest < SMALLEST {
                    return Err(format!("--max {largest}: give {SMALLEST} or more").into());
                }
            }
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(largest))
}

fn measure(world: &World, largest: usize) {
    let root = world.rank() == 0;
    if root {
        emit(&format!(
            "# {} ranks on {}\n{:<12}{:>12}{:>12}{:>14}{:>14}{:>12}{:>8}\n",
            world.size(),
            library::version(),
            "# Size",
            "create(us)",
            "free(us)",
            "own faults",
            "read faults",
            "VmPTE(KiB)",
            "spaces"
        ));
    }
    let sizes = std::iter::successors(Some(SMALLEST), |size| size.checked_mul(4)).take_while(|&size| size <= largest);
    let mut file = None;
    for size in sizes {
        let short = if root { shortage(file.take(), size) } else { None };
        if world.broadcast(i32::from(short.is_some())) != 0 {
            if let Some(why) = short {
                emit(&format!("# A window of {size} bytes is not made: {why}\n"));
            }
            return;
        }
        let (create, free) = untouched(world, size);
        let window = SharedWindow::new(world, size / world.size() as usize);
        file = library::mapped_at(window.part(0).0 as usize);
        let touched = touched(world, &window);
        if root {
            let [own, read, tables, spaces] = touched;
            emit(&format!("{size:<12}{create:>12.2}{free:>12.2}{own:>14}{read:>14}{tables:>12}{spaces:>8}\n"));
        }
    }
}

/// Median microseconds of making and of freeing, on this rank.
fn untouched(world: &World, size: usize) -> (f64, f64) {
    let (mut creates, mut frees) = ([0.0; TIMES], [0.0; TIMES]);
    for (create, free) in creates.iter_mut().zip(&mut frees) {
        world.barrier();
        let start = world.now();
        let window = SharedWindow::new(world, size / world.size() as usize);
        let made = world.now();
        drop(window);
        (*create, *free) = ((made - start) * 1e6, (world.now() - made) * 1e6);
    }
    creates.sort_by(f64::total_cmp);
    frees.sort_by(f64::total_cmp);
    (creates[TIMES / 2], frees[TIMES / 2])
}

/// Why a window of `size` bytes is not made, in a sentence: half of what is left stays with others. A library that took the
/// smaller window before from a `file` in /dev/shm is bound by that too.
fn shortage(file: Option<PathBuf>, size: usize) -> Option<String> {
    let short = |left: Option<u64>, place: &str| {
        let left = left.filter(|&left| left / 2 < size as u64)?;
        Some(format!("{place} has {left} bytes left, and this takes no more than half of them."))
    };
    let shm = Path::new("/dev/shm");
    let shared = file.is_some_and(|file| file.starts_with(shm));
    short(memory::available(), "the machine").or_else(|| short(memory::free_in(shm).filter(|_| shared), "/dev/shm"))
}

/// The last columns on rank 0, as text; a dash where the kernel does not tell.
fn touched(world: &World, window: &SharedWindow<'_>) -> [String; 4] {
    let pages = |rank: i32| {
        let (start, bytes) = window.part(rank);
        (0..bytes).step_by(page_size()).map(move |offset| start.wrapping_add(offset))
    };
    let all = |value: f64| world.gather_at_root(value);
    world.barrier();
    let before = memory::minor_faults();
    for page in pages(world.rank()) {
        // SAFETY: inside this rank's part, which nobody else uses before the barrier below.
        unsafe { page.write_volatile(1) };
    }
    let own = memory::minor_faults() - before;
    world.barrier();
    let before = memory::minor_faults();
    for page in pages((world.rank() + 1) % world.size()) {
        // SAFETY: inside the neighbour's part, which nobody writes behind the barrier above.
        unsafe { page.read_volatile() };
    }
    let read = memory::minor_faults() - before;
    world.barrier();
    let (own, read) = (all(own as f64), all(read as f64));
    let processes = all(f64::from(std::process::id()));
    let tables = all(memory::page_tables().map_or(f64::NAN, |tables| tables as f64));
    // Everybody is still there when rank 0 asks for address spaces.
    let known = tables.iter().all(|value| value.is_finite());
    let once = |values: &[f64]| {
        let pairs: Vec<_> =
            processes.iter().zip(values).map(|(&process, &value)| (process as i32, value as u64)).collect();
        memory::once_per_address_space(&pairs)
    };
    let text = |value: Option<u64>| value.map_or_else(|| "-".into(), |value| value.to_string());
    let sum = |values: &[f64]| format!("{:.0}", values.iter().sum::<f64>());
    let (tables, spaces) = (once(&tables).filter(|_| known), once(&vec![1.0; processes.len()]));
    world.barrier();
    [sum(&own), sum(&read), text(tables), text(spaces)]
}
