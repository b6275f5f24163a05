//! Diffusion of a wave in a periodic cube that the ranks share: per step six faces go to the neighbours, and the sum of
//! squares over all ranks is compared with the exact one. Many short messages and one MPI_Allreduce per step: what ranks that
//! share cores wait for.

mod block;

use anyhow::{Result, bail, ensure};
use block::{Block, Extent};
use lexopt::prelude::*;
use mpi::collective::SystemOperation;
use mpi::topology::CartesianCommunicator;
use mpi::traits::*;
use std::time::Instant;

const USAGE: &str = "\
usage: halo3d [--cells N] [--steps N]
Diffusion in a cube of N (48) cells in each direction for N (200) steps. Prints the time per step, and whether the result is
the exact one. Runs under any MPI launcher.";

/// Of what a step lets flow to each neighbour.
const RATE: f64 = 0.1;

struct Options {
    cells: usize,
    steps: usize,
}

fn main() -> Result<()> {
    let options = options()?;
    let universe = mpi::initialize();
    let Some(universe) = universe else { bail!("MPI was initialised before") };
    run(&options, &universe.world())
}

fn options() -> Result<Options> {
    let mut options = Options { cells: 48, steps: 200 };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("cells") => options.cells = parser.value()?.parse()?,
            Long("steps") => options.steps = parser.value()?.parse()?,
            _ => bail!("{}\n{USAGE}", argument.unexpected()),
        }
    }
    Ok(options)
}

fn run(options: &Options, world: &impl Communicator) -> Result<()> {
    let dims = dims_of(world.size());
    ensure!(
        dims.iter().all(|&n| options.cells >= n as usize),
        "{} cells cannot be divided among {dims:?} ranks; take more cells",
        options.cells
    );
    let Some(grid) = world.create_cartesian_communicator(&dims, &[true; 3], false) else {
        bail!("no Cartesian communicator of {dims:?} ranks");
    };
    let coordinates = grid.rank_to_coordinates(grid.rank());
    let part = |d: usize, c: i32| options.cells * c as usize / dims[d] as usize;
    let origin: Extent = std::array::from_fn(|d| part(d, coordinates[d]));
    let extent: Extent = std::array::from_fn(|d| part(d, coordinates[d] + 1) - origin[d]);
    let mut block = Block::new([options.cells; 3], extent, origin);
    let (decay, cells) = (block.decay(RATE), (options.cells as f64).powi(3));
    let mut amplitude = 1.0;
    grid.barrier();
    let start = Instant::now();
    for step in 0..options.steps {
        exchange(&grid, &mut block);
        let (own, mut sum) = (block.step(RATE), 0.0);
        grid.all_reduce_into(&own, &mut sum, SystemOperation::sum());
        amplitude *= decay;
        // The mean of the square of a cosine is a half.
        let exact = amplitude * amplitude * cells / 8.0;
        ensure!((sum - exact).abs() <= 1e-9 * exact, "step {step}: the sum of squares is {sum} instead of {exact}");
    }
    let seconds = start.elapsed().as_secs_f64();
    let (error, mut worst) = (block.error(amplitude), 0.0);
    grid.all_reduce_into(&error, &mut worst, SystemOperation::max());
    ensure!(worst <= 1e-10, "a cell differs by {worst} from the exact solution");
    if grid.rank() == 0 {
        println!("{} cells on {dims:?} ranks, {} steps: the exact solution", options.cells, options.steps);
        eprintln!("{:.1} us per step", seconds / options.steps.max(1) as f64 * 1e6);
    }
    Ok(())
}

/// Sends the outer layers to the neighbours, which may be this rank itself, and receives theirs.
fn exchange(grid: &CartesianCommunicator, block: &mut Block) {
    for direction in 0..3 {
        for last in [false, true] {
            let (source, destination) = grid.shift(direction as i32, if last { 1 } else { -1 });
            // A periodic grid has neighbours everywhere.
            let (Some(source), Some(destination)) = (source, destination) else { continue };
            let face = block.face(direction, last);
            let mut halo = vec![0.0; face.len()];
            mpi::point_to_point::send_receive_into(
                &face[..],
                &grid.process_at_rank(destination),
                &mut halo[..],
                &grid.process_at_rank(source),
            );
            // What the neighbour's last layer is goes before the own first one.
            block.set_halo(direction, !last, &halo);
        }
    }
}

/// Ranks in each direction, as equal as possible.
fn dims_of(ranks: i32) -> [i32; 3] {
    let divisors = |n: i32| (1..=n).filter(move |d| n % d == 0);
    let all = divisors(ranks).flat_map(|a| divisors(ranks / a).map(move |b| [a, b, ranks / a / b]));
    all.min_by_key(|dims| dims[0] * dims[1] + dims[1] * dims[2] + dims[0] * dims[2]).unwrap_or([ranks, 1, 1])
}
