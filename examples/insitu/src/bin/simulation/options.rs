//! The command line of the simulation.

use insitu::Coupling;
use insitu::command_line::bounded;
use std::ffi::OsString;

/// What to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Points per side.
    pub size: usize,
    /// Steps, of each coupling if they are compared.
    pub steps: u64,
    /// The analysis gets to see one step in so many.
    pub every: u64,
    /// None: compare all.
    pub coupling: Option<Coupling>,
    /// How often each coupling has its turn if they are compared.
    pub rounds: u64,
    /// Buffers per field.
    pub buffers: usize,
}

/// The text of `-h`.
pub const HELP: &str = "\
Usage: pip-mpiexec -n RANKS simulation [options] : -no-rank analysis [options]
       mpiexec.mpich -n RANKS simulation --coupling shm [options] : -n 1 analysis [options]
Solves the Gray-Scott equations on a periodic square grid and lets an analysis read the arrays while it runs.
Options:
  --size N            points per side (default 512)
  --steps N           steps, of each coupling if they are compared (default 5000)
  --every N           the analysis sees one step in N (default 50)
  --coupling KIND     zero-copy  the solver computes in buffers that the analysis reads in place (default)
                      one-copy   the solver copies into such buffers
                      shm        the solver copies into shared memory, the analysis copies out of it
                      off        the solver alone
                      all        compares them in one run, in turn, and prints what each costs the solver
  --rounds N          with --coupling all: each has its turn so often (default 24)
  --buffers N         buffers per array, two more than steps are held at a time (default 4)
  -h, --help          print this help
";

/// Parses a command line without the program's name; None asks for help.
///
/// # Errors
/// What is wrong, with the value.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let coupling = Some(Coupling::ZeroCopy);
    let mut options = Options { size: 512, steps: 5000, every: 50, coupling, rounds: 24, buffers: 4 };
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("size") => options.size = bounded(&mut parser, "--size", 16, 16_384)? as usize,
            Long("steps") => options.steps = bounded(&mut parser, "--steps", 1, 1 << 40)?,
            Long("every") => options.every = bounded(&mut parser, "--every", 1, 1 << 40)?,
            Long("rounds") => options.rounds = bounded(&mut parser, "--rounds", 1, 10_000)?,
            Long("buffers") => options.buffers = bounded(&mut parser, "--buffers", 3, 16)? as usize,
            Long("coupling") => {
                let name = parser.value()?.string()?;
                let known = Coupling::ALL.into_iter().find(|coupling| coupling.name() == name);
                if known.is_none() && name != "all" {
                    return Err(format!("--coupling {name}: give zero-copy, one-copy, shm, off or all").into());
                }
                options.coupling = known;
            }
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Options>, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|why| why.to_string())
    }

    #[test]
    fn wrong_values_are_refused() {
        let options = of("--size 64 --steps 9 --every 3 --coupling all --rounds 5 --buffers 3").unwrap().unwrap();
        assert_eq!(options, Options { size: 64, steps: 9, every: 3, coupling: None, rounds: 5, buffers: 3 });
        assert_eq!(of("-h"), Ok(None));
        for wrong in ["--size 15", "--size x", "--steps 0", "--every 0", "--coupling two", "--buffers 2", "x", "--foo"]
        {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
