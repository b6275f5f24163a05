//! The simulation: an MPI program that lets an analysis look at its arrays, and never waits for it.

mod compare;
mod halo;
mod options;
mod run;
mod solver;
mod store;

use anyhow::{Result, ensure};
use halo::Ring;
use insitu::{Coupling, meeting};
use mpi::topology::{Communicator, SimpleCommunicator};
use options::{HELP, Options};
use pip_core::sharing::Sharing;
use run::Run;
use store::Store;

fn main() {
    let options = insitu::command_line::options_or_exit("simulation", HELP, options::parse);
    let Some(universe) = mpi::initialize() else {
        eprintln!("simulation: MPI is initialised already.");
        std::process::exit(1);
    };
    let world = universe.world();
    let sharing = pip_core::current::current().map(|task| task.sharing());
    if let Some(why) = impossible(options, sharing) {
        // An analysis that is a rank of the job comes here too.
        let told = meeting::same_program(&world, true).map(|comm| drop(Ring::new(comm)));
        let _nobody_has_any = meeting::exchange(&world, None);
        if world.rank() == 0 {
            eprintln!("simulation: {why}.");
        }
        drop(universe);
        std::process::exit(if told.is_ok() { 2 } else { 1 });
    }
    if let Err(why) = simulate(options, &world, sharing) {
        eprintln!("simulation: {why:#}.");
        // The other ranks would wait.
        world.abort(1);
    }
}

/// Why the coupling cannot be had, for all ranks alike.
fn impossible(options: Options, sharing: Option<Sharing>) -> Option<String> {
    let name = options.coupling.map_or("all", Coupling::name);
    let without = matches!(options.coupling, Some(Coupling::Off | Coupling::Shm));
    (sharing.is_none() && !without)
        .then(|| format!("--coupling {name} needs one address space: run this by pip-mpiexec, or take --coupling shm"))
}

fn simulate(options: Options, world: &SimpleCommunicator, sharing: Option<Sharing>) -> Result<()> {
    let ring = Ring::new(meeting::same_program(world, true)?);
    let (size, ranks) = (options.size, ring.size);
    ensure!(ranks <= size, "--size {size}: fewer rows than the {ranks} ranks; give a larger one");
    let mut run = Run::new(options, ring, sharing)?;
    let couplings = options.coupling.map_or(Coupling::ALL.to_vec(), |coupling| vec![coupling]);
    let store = |coupling: &Coupling| Store::new(&run.part, *coupling, sharing, options.buffers);
    let mut stores = couplings.iter().map(store).collect::<Result<Vec<_>>>()?;
    // The only time that the analysis takes part in something collective, if it is a rank, before MPI_Finalize.
    let segments = meeting::exchange(world, stores.iter().find_map(Store::place));
    run.begin(&mut stores[0])?;
    match options.coupling {
        None => compare::run(&mut run, &mut stores, &segments)?,
        Some(coupling) => {
            run.announce(coupling, &segments, false)?;
            run.simulate(&mut stores[0], coupling)?;
            run.announce(coupling, &segments, true)?;
        }
    }
    stores.into_iter().for_each(Store::leave);
    run.leave();
    Ok(())
}
