//! The run: the serial one, then the variants one after the other, with the limit of memory measured in between.

use anyhow::{Result, bail, ensure};
use mpi::ffi;
use std::time::Instant;

use crate::cart::Cart;
use crate::check::{Serial, checksum};
use crate::comm::Comm;
use crate::field::Problem;
use crate::halo;
use crate::limit;
use crate::memory;
use crate::options::{Options, Variant};
use crate::picture::Picture;
use crate::plot;
use crate::report::{Report, Row};
use crate::usage::{AddressSpaces, minor_faults};

/// What all ranks know while variants run.
struct Job<'a> {
    options: &'a Options,
    cart: Cart,
    /// The ranks that this one can share memory with.
    node: Comm,
    spaces: AddressSpaces,
    serial: Option<Serial>,
}

/// Does what the options say, and prints the table on rank 0.
///
/// # Errors
/// On all ranks, with one and the same sentence.
pub fn run(world: ffi::MPI_Comm, ranks: i32, options: &Options) -> Result<()> {
    let cart = Cart::new(world, ranks, options.size)?;
    let node = cart.comm.node();
    let comm = &cart.comm;
    comm.agree(memory::enough(&node, needs(&cart, options.check), options.size))?;
    let file = options.plot.as_deref().filter(|_| comm.rank == 0);
    comm.agree(file.map_or(Ok(()), plot::try_file))?;
    let spaces = AddressSpaces::find(comm, &node);
    let report = Report { options, shown: comm.rank == 0 };
    report.problem(&cart, &spaces);
    let variants = possible(options, &cart, &node, &report)?;
    let problem = Problem { size: options.size };
    let serial = if options.check { Some(Serial::run(problem, &cart, options.iterations)?) } else { None };
    if let Some(serial) = &serial {
        report.serial(serial.time);
    }

    let job = Job { options, cart, node, spaces, serial };
    let (mut rates, mut rows, mut picture) = (job.limit()?, Vec::new(), None);
    for variant in variants {
        rows.push(job.measure(variant, &mut picture)?);
        rates.extend(job.limit()?);
    }
    report.table(&rows, &rates);
    verdict(options, &rows)?;
    report.verdict(&rows);
    let Some(file) = &options.plot else { return Ok(()) };
    let drawn = picture.map_or(Ok(()), |picture| plot::draw(&picture, options, file));
    job.cart.comm.agree(drawn)
}

impl Job<'_> {
    fn limit(&self) -> Result<Vec<f64>> {
        limit::measure(&self.cart.comm, self.cart.mine().shape, self.options.points())
    }

    /// Runs one variant; all ranks call. Rank 0 gets a picture of the field if the options want one.
    fn measure(&self, variant: Variant, picture: &mut Option<Picture>) -> Result<Row> {
        let comm = &self.cart.comm;
        let faults = minor_faults();
        let mut halo = halo::start(variant, Problem { size: self.options.size }, &self.cart, &self.node)?;
        comm.barrier();
        let start = Instant::now();
        (0..self.options.iterations).for_each(|_| halo.step());
        // Without this, rank 0 would stop its clock before the slowest.
        comm.barrier();
        let seconds = start.elapsed().as_secs_f64();
        let faults = comm.sum(minor_faults() - faults);
        let page_tables = self.spaces.page_tables(comm);

        let block = self.cart.mine();
        if self.options.plot.is_some() {
            *picture = Picture::gather(comm, block, self.options.size, halo.now());
        }
        let differing = self.serial.as_ref().map(|serial| comm.sum(serial.differing(block.shape, halo.now())));
        let checksum = comm.sum(checksum(block, self.options.size, halo.now()));
        Ok(Row { variant, seconds, faults, page_tables, differing, checksum })
    }
}

/// Bytes that this rank needs at most: a variant's two arrays (or the limit's) beside the expected result, or the serial run's.
fn needs(cart: &Cart, check: bool) -> u64 {
    let mine = cart.mine().shape.len();
    let arrays = if check { 3 * mine } else { 2 * mine };
    let whole = Problem { size: cart.size() }.whole().shape.len();
    let serial = if check && cart.comm.rank == 0 { 2 * whole + mine } else { 0 };
    (arrays.max(serial) * size_of::<f64>()) as u64
}

/// The variants that these ranks can run.
fn possible(options: &Options, cart: &Cart, node: &Comm, report: &Report<'_>) -> Result<Vec<Variant>> {
    let (mut variants, together, all) = (options.variants.clone(), node.size, cart.comm.size);
    if together < all && variants.contains(&Variant::Shared) {
        variants.retain(|&variant| variant != Variant::Shared);
        ensure!(
            !variants.is_empty(),
            "--variant shared needs ranks that share memory, and only {together} of {all} do with rank 0; run all on one node"
        );
        report.left_out(together, all);
    }
    Ok(variants)
}

fn verdict(options: &Options, rows: &[Row]) -> Result<()> {
    let points = options.points();
    for row in rows {
        let differing = row.differing.unwrap_or(0);
        if differing > 0 {
            bail!("{}: {differing} of {points} points differ from the serial run", row.variant.name());
        }
        if row.checksum != rows[0].checksum {
            bail!("the results of {} and {} differ", rows[0].variant.name(), row.variant.name());
        }
    }
    Ok(())
}
