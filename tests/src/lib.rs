//! What the suites share: where things are ([`places`]), compiling test programs ([`sources`]), running a command under a
//! watchdog and looking for what it left behind ([`run`], [`traces`]), and collecting cases ([`cases`]).
//!
//! To add a test of an MPI program, put a C, C++ or Fortran file into `programs/mpi`, or
//! `programs/windows` if it is about windows: stock MPICH says what is right. A
//! program in `programs/tasks` is compared with itself as an ordinary process. The first comment of the file says how to
//! run it, see [`sources::Directives`]. A program of `programs/pip` uses PiP's C interface in both modes, see
//! [`pip_programs`]. Programs in any number are drawn from seeds by the [`generator`]; `make test-generated CASES=10000` is its
//! long run.

pub mod cases;
pub mod generator;
pub mod pip_programs;
pub mod places;
pub mod run;
pub mod sources;
pub mod spread;
pub mod traces;
