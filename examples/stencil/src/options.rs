//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

/// How the ranks get at their neighbours' points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Sendrecv,
    Put,
    Shared,
}

impl Variant {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 3] = [Self::Sendrecv, Self::Put, Self::Shared];

    /// As the command line and the table call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sendrecv => "sendrecv",
            Self::Put => "put",
            Self::Shared => "shared",
        }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which variants run, one after the other.
    pub variants: Vec<Variant>,
    /// Points per side, without the fixed border.
    pub size: usize,
    /// Sweeps over the grid.
    pub iterations: usize,
    /// Whether to compare with a serial run.
    pub check: bool,
    /// Where to draw the field.
    pub plot: Option<PathBuf>,
}

impl Options {
    /// Points of the whole plate.
    pub fn points(&self) -> usize {
        self.size * self.size
    }
}

/// The text of `-h`.
pub const HELP: &str = "\
Usage: stencil [options]
Heat on a square plate: every point becomes the mean of itself and its four neighbours, over and over, on a 2-D grid of MPI
ranks. Compares three ways to get at the neighbours' points, and each result with a serial run to the last bit.
Options:
  --variant V         sendrecv: edges by MPI_Sendrecv; put: edges by MPI_Put; shared: neighbours' points are read where they
                      are, in a shared window; all: the three, one after the other (default)
  --size N            points per side (default 512)
  --iterations N      sweeps (default 200)
  --no-check          no serial run: variants are compared with each other only
  --plot FILE.png     draw the field
  -h, --help          print this help
";

/// Parses a command line without the program's name; None asks for help.
///
/// # Errors
/// What is wrong, with the value.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options { variants: Variant::ALL.to_vec(), size: 512, iterations: 200, check: true, plot: None };
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("variant") => options.variants = variants(&parser.value()?.string()?)?,
            // A row's points must fit MPI's int; whether they fit the memory is found out later.
            Long("size") => options.size = bounded(&mut parser, "--size", 1_000_000)?,
            Long("iterations") => options.iterations = bounded(&mut parser, "--iterations", 1_000_000_000)?,
            Long("no-check") => options.check = false,
            Long("plot") => options.plot = Some(parser.value()?.into()),
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

fn variants(name: &str) -> Result<Vec<Variant>, lexopt::Error> {
    if name == "all" {
        return Ok(Variant::ALL.to_vec());
    }
    let known = Variant::ALL.into_iter().find(|variant| variant.name() == name);
    known
        .map(|variant| vec![variant])
        .ok_or_else(|| format!("--variant {name}: there is no such variant; give sendrecv, put, shared or all").into())
}

fn bounded(parser: &mut lexopt::Parser, name: &str, most: usize) -> Result<usize, lexopt::Error> {
    let value = parser.value()?.string()?;
    match value.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("{name} {value}: give a whole number from 1 to {most}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Options>, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|why| why.to_string())
    }

    #[test]
    fn options_are_read() {
        let expected = Options {
            variants: vec![Variant::Put],
            size: 7,
            iterations: 3,
            check: false,
            plot: Some(PathBuf::from("a.png")),
        };
        assert_eq!(of("--size 7 --iterations 3 --variant put --no-check --plot a.png"), Ok(Some(expected)));
        assert_eq!(of("-h"), Ok(None));
        assert_eq!(of("").map(|options| options.map(|options| options.variants)), Ok(Some(Variant::ALL.to_vec())));
    }

    #[test]
    fn wrong_values_are_named() {
        for wrong in ["--size 0", "--size x", "--size 1000001", "--foo", "--variant get", "--iterations 0", "extra"] {
            let why = of(wrong).expect_err(wrong);
            assert!(why.contains(wrong.split(' ').next_back().unwrap()), "{wrong}: {why}");
        }
        assert!(of("--iterations").is_err());
    }
}
