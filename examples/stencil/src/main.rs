//! A 5-point stencil on a 2-D grid of ranks: halo exchange by MPI_Sendrecv, columns as a derived datatype, and a result that
//! is compared with a serial run to the last bit.

mod cart;
mod grid;
mod options;

use std::time::Instant;

use mpi::ffi;
use mpi::traits::{AsRaw, Communicator};

use cart::{Cart, Halo};
use grid::{Grid, initial, part};
use options::{HELP, Options};

const RESULT: i32 = 10;

fn main() {
    let Some(universe) = mpi::initialize() else {
        eprintln!("stencil: MPI is initialised already.");
        std::process::exit(1);
    };
    let world = universe.world();
    let root = world.rank() == 0;
    let code = match options::parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => match run(world.as_raw(), world.size(), options) {
            Ok(()) => 0,
            Err(why) => {
                if root {
                    eprintln!("stencil: {why}.");
                }
                1
            }
        },
        Ok(None) => {
            if root {
                print!("{HELP}");
            }
            0
        }
        Err(why) => {
            if root {
                eprintln!("stencil: {why}; -h lists the options.");
            }
            2
        }
    };
    drop(universe);
    std::process::exit(code);
}

fn run(world: ffi::MPI_Comm, size: i32, options: Options) -> Result<(), String> {
    let cart = Cart::new(world, size);
    if cart.dims.iter().any(|&ranks| ranks as usize > options.size) {
        return Err(format!(
            "--size {}: smaller than the {} x {} ranks; give a larger one",
            options.size, cart.dims[0], cart.dims[1]
        ));
    }
    let (top, rows, left, columns) = block(&cart, options.size, cart.rank);
    let mut mine = Grid::new(rows, columns, |row, column| initial(row + top as isize, column + left as isize));
    let halo = Halo::new(&mine);

    // SAFETY: a valid communicator.
    unsafe { ffi::MPI_Barrier(cart.comm()) };
    let start = Instant::now();
    for _ in 0..options.iterations {
        halo.exchange(&cart, &mut mine);
        mine.sweep();
    }
    // SAFETY: as above; without it rank 0 would stop its clock before the slowest.
    unsafe { ffi::MPI_Barrier(cart.comm()) };
    let seconds = start.elapsed().as_secs_f64();

    let wrong = if cart.rank == 0 { compare(&cart, size, options, &mine) } else { send(&cart, &mine) };
    let mut wrong = wrong as u64;
    // SAFETY: one 64-bit integer, alive during the call. Every rank learns rank 0's verdict, for its exit code.
    unsafe { ffi::MPI_Bcast((&raw mut wrong).cast(), 1, ffi::RSMPI_UINT64_T, 0, cart.comm()) };
    if wrong > 0 {
        return Err(format!("{wrong} of {} points differ from the serial run", options.size * options.size));
    }
    if cart.rank == 0 {
        // One read and one write of 8 bytes per point: what memory has to move at least.
        let gigabytes = (options.size * options.size * options.iterations * 16) as f64 / 1e9;
        println!(
            "stencil: {n} x {n} points, {} iterations, {} x {} ranks: {seconds:.3} s, {:.2} GB/s, equal to the serial run to the last bit",
            options.iterations,
            cart.dims[0],
            cart.dims[1],
            gigabytes / seconds,
            n = options.size
        );
    }
    Ok(())
}

/// The block of `rank`: first row, rows, first column, columns.
fn block(cart: &Cart, size: usize, rank: i32) -> (usize, usize, usize, usize) {
    let (row, column) = cart.place(rank);
    let (top, rows) = part(size, cart.dims[0] as usize, row);
    let (left, columns) = part(size, cart.dims[1] as usize, column);
    (top, rows, left, columns)
}

/// Sends this rank's block to rank 0, row by row.
fn send(cart: &Cart, mine: &Grid) -> usize {
    let (rows, columns) = mine.shape();
    for row in 0..rows {
        let points = mine.row(row);
        // SAFETY: a slice of `columns` doubles.
        unsafe { ffi::MPI_Send(points.as_ptr().cast(), columns as i32, ffi::RSMPI_DOUBLE, 0, RESULT, cart.comm()) };
    }
    0
}

/// Runs serially and counts the points of all ranks that differ in any bit.
fn compare(cart: &Cart, size: i32, options: Options, mine: &Grid) -> usize {
    let mut serial = Grid::new(options.size, options.size, initial);
    (0..options.iterations).for_each(|_| serial.sweep());
    let differ = |a: &[f64], b: &[f64]| a.iter().zip(b).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
    let mut wrong = 0;
    for rank in 0..size {
        let (top, rows, left, columns) = block(cart, options.size, rank);
        let mut received = vec![0.0; columns];
        for row in 0..rows {
            let expected = &serial.row(top + row)[left..left + columns];
            if rank == 0 {
                wrong += differ(mine.row(row), expected);
                continue;
            }
            let mut status = std::mem::MaybeUninit::<ffi::MPI_Status>::uninit();
            // SAFETY: a vector of `columns` doubles, which the sender's row has too.
            unsafe {
                ffi::MPI_Recv(
                    received.as_mut_ptr().cast(),
                    columns as i32,
                    ffi::RSMPI_DOUBLE,
                    rank,
                    RESULT,
                    cart.comm(),
                    status.as_mut_ptr(),
                )
            };
            wrong += differ(&received, expected);
        }
    }
    wrong
}
