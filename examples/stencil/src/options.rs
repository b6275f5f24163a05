//! The command line.

use std::ffi::OsString;

/// The problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Points per side, without the fixed border.
    pub size: usize,
    /// Sweeps over the grid.
    pub iterations: usize,
}

/// The text of `-h`.
pub const HELP: &str = "\
Usage: stencil [options]
Averages every point of a square grid with its four neighbours, over and over, on a 2-D grid of MPI ranks, and compares
the result with a serial run on rank 0 to the last bit.
Options:
  --size N            points per side (default 512)
  --iterations N      sweeps (default 200)
  -h, --help          print this help
";

/// Parses a command line without the program's name; None asks for help.
///
/// # Errors
/// What is wrong, with the value.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options { size: 512, iterations: 200 };
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("size") => options.size = bounded(&mut parser, "--size", 1, 32_768)?,
            Long("iterations") => options.iterations = bounded(&mut parser, "--iterations", 0, usize::MAX)?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

/// A number from `least` to `most`: 32768 points per side are 8 GiB, and a row's bytes still fit MPI's int.
fn bounded(parser: &mut lexopt::Parser, name: &str, least: usize, most: usize) -> Result<usize, lexopt::Error> {
    use lexopt::prelude::*;
    let value = parser.value()?.parse()?;
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(format!("{name} {value}: give a number from {least} to {most}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Options>, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|why| why.to_string())
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(of("--size 7 --iterations 3"), Ok(Some(Options { size: 7, iterations: 3 })));
        assert_eq!(of("-h"), Ok(None));
        for wrong in ["--size 0", "--size x", "--size 40000", "--foo", "--iterations"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
