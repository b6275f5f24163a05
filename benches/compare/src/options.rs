//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::benchmarks::{self, Benchmark};
use crate::rivals::choice;
use crate::rivals::given::Given;

/// What to compare, and how long.
#[derive(Debug)]
pub struct Options {
    /// The folder of this project's programs.
    pub programs: Option<PathBuf>,
    /// The stock launcher.
    pub stock: PathBuf,
    /// PiP's launcher; None: beside this program.
    pub pip: Option<PathBuf>,
    /// Which rivals take part, as given.
    pub rivals: String,
    /// The folder of `make rivals`; None: `../rivals` as seen from this program.
    pub rivals_folder: Option<PathBuf>,
    /// Only say which rivals there are.
    pub list: bool,
    /// Launchers that the user names.
    pub given: Vec<Given>,
    /// What is measured.
    pub benchmarks: Vec<Benchmark>,
    /// Measure PiP's settings instead.
    pub tune: bool,
    /// NetPIPE.
    pub netpipe: PathBuf,
    /// The most rounds.
    pub rounds: usize,
    /// No run begins later.
    pub budget: Duration,
    /// The order's seed.
    pub seed: Option<u64>,
    /// Cores of the calibration, as A,B.
    pub cores: Option<String>,
    /// Where to write JSON.
    pub json: Option<PathBuf>,
    /// Where to write the page.
    pub html: Option<PathBuf>,
    /// The folder for plots as files of their own.
    pub pictures: Option<PathBuf>,
    /// A record to compare with.
    pub baseline: Option<PathBuf>,
    /// A record to report on, instead of measuring.
    pub from: Option<PathBuf>,
}

/// What is measured when the command line does not say.
const ONLY: &str = "latency,bandwidth,rate,programs";

/// The text of `-h`.
pub const HELP: &str = "\
Usage: compare [options]          measures messages, one-sided operations, collectives and startup with two ranks
       compare scaling [options]  measures and predicts more ranks (compare scaling -h)
Runs the benchmarks under stock mpiexec, under pip-mpiexec and under other MPI libraries, interleaved in random order, and
prints a table per state of the machine, which is calibrated before and after each run; only runs in the same state are
compared. A ratio that the runs cannot support is not printed; the table says why. Ctrl-C reports what was measured so far.
Options:
  --rivals LIST       which libraries: found (all that are installed), all, or names with commas; stock and PiP always take
                      part (default stock)
  --mpiexec NAME=PATH another MPI library by its launcher; may be given more than once
  --list-rivals       print the names, whether they are installed, and their settings
  --only LIST         what is measured, by name or group with commas: all, latency, bandwidth, rate, one-sided,
                      collectives, startup, programs, or osu_latency, NetPIPE, ... (default latency,bandwidth,rate,programs)
  --rounds N          the most rounds (default 20)
  --seconds N         begin no run later than this (default 100)
  --seed N            the order's seed (default: random, printed)
  --json FILE         write everything that was measured: a record
  --html FILE         write a page with plots and tables
  --pictures DIR      write each plot as an SVG file, too
  --baseline FILE     a record of before: print what got slower and faster since
  --from FILE         report on this record instead of measuring
  --tune              measure PiP's settings at several values each, and name the best on this machine
  --cores A,B         the cores of the calibration (default: the first two of the affinity mask)
  --programs DIR      where the benchmarks are (default: beside this program)
  --stock PROGRAM     the stock launcher (default mpiexec.mpich)
  --pip PROGRAM       PiP's launcher (default: pip-mpiexec beside this program)
  --rivals-dir DIR    what make rivals has installed (default: ../rivals as seen from this program)
  --netpipe PROGRAM   NetPIPE (default /usr/bin/NPmpich2)
  -h, --help          print this help
  -V, --version       print the version
Exit code: 0; 1 if a run failed or nothing could be measured; 2 for wrong usage; 130 after Ctrl-C.
";

/// The outcome of a correct command line.
#[derive(Debug)]
pub enum Parsed {
    /// Compare.
    Run(Box<Options>),
    /// `-h`
    Help,
    /// `-V`
    Version,
}

/// Parses the command line.
///
/// # Errors
/// What is wrong, with the value.
pub fn parse(mut parser: lexopt::Parser) -> Result<Parsed, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        programs: None,
        stock: "mpiexec.mpich".into(),
        pip: None,
        rivals: "stock".into(),
        rivals_folder: None,
        list: false,
        given: Vec::new(),
        benchmarks: benchmarks::named(ONLY)?,
        tune: false,
        netpipe: "/usr/bin/NPmpich2".into(),
        rounds: 20,
        budget: Duration::from_secs(100),
        seed: None,
        cores: None,
        json: None,
        html: None,
        pictures: None,
        baseline: None,
        from: None,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Long("rounds") => options.rounds = positive(&mut parser, "--rounds")?,
            Long("seconds") => options.budget = Duration::from_secs(positive(&mut parser, "--seconds")? as u64),
            Long("seed") => options.seed = Some(parser.value()?.parse()?),
            Long("json") => options.json = Some(parser.value()?.into()),
            Long("cores") => options.cores = Some(parser.value()?.string()?),
            Long("programs") => options.programs = Some(parser.value()?.into()),
            Long("stock") => options.stock = parser.value()?.into(),
            Long("pip") => options.pip = Some(parser.value()?.into()),
            Long("rivals") => {
                options.rivals = parser.value()?.string()?;
                choice::check(&options.rivals)?;
            }
            Long("rivals-dir") => options.rivals_folder = Some(parser.value()?.into()),
            Long("list-rivals") => options.list = true,
            Long("mpiexec") => options.given.push(Given::parse(&parser.value()?.string()?)?),
            Long("only") => options.benchmarks = benchmarks::named(&parser.value()?.string()?)?,
            Long("html") => options.html = Some(parser.value()?.into()),
            Long("pictures") => options.pictures = Some(parser.value()?.into()),
            Long("baseline") => options.baseline = Some(parser.value()?.into()),
            Long("from") => options.from = Some(parser.value()?.into()),
            Long("tune") => options.tune = true,
            Long("netpipe") => options.netpipe = parser.value()?.into(),
            Short('h') | Long("help") => return Ok(Parsed::Help),
            Short('V') | Long("version") => return Ok(Parsed::Version),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Parsed::Run(Box::new(options)))
}

/// A number from 1.
///
/// # Errors
/// What is wrong, with the value.
pub fn positive(parser: &mut lexopt::Parser, name: &str) -> Result<usize, lexopt::Error> {
    use lexopt::prelude::*;
    match parser.value()?.parse()? {
        0 => Err(format!("{name} 0: give a number from 1").into()),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Parsed, String> {
        parse(lexopt::Parser::from_args(line.split_whitespace())).map_err(|why| why.to_string())
    }

    #[test]
    fn values_are_taken_and_wrong_ones_named() {
        let Ok(Parsed::Run(options)) = of("--rounds 3 --seed 7 --pip /a/b --json out.json") else {
            panic!("right options")
        };
        assert_eq!((options.rounds, options.seed, options.pip), (3, Some(7), Some("/a/b".into())));
        let Ok(Parsed::Run(options)) = of("--rivals all --list-rivals") else { panic!("right options") };
        assert_eq!((options.rivals.as_str(), options.list), ("all", true));
        let Ok(Parsed::Run(options)) = of("--only osu_put_bw --mpiexec a=/b --from c") else { panic!("right options") };
        assert_eq!((options.benchmarks.len(), options.given.len(), options.from), (1, 1, Some("c".into())));
        assert!(of("--only nothing").expect_err("unknown").contains("--only nothing"));
        assert!(of("--mpiexec /b").expect_err("no name").contains("NAME=PATH"));
        assert!(of("--rounds 0").expect_err("zero").contains("--rounds 0"));
        assert!(of("--rounds x").expect_err("no number").contains('x'));
        assert!(of("--nonsense").expect_err("unknown").contains("--nonsense"));
        assert!(matches!(of("-h"), Ok(Parsed::Help)));
    }
}
