//! The command line of `compare scaling`.

use std::path::PathBuf;
use std::time::Duration;

/// What to measure, and how long.
#[derive(Debug)]
pub struct Options {
    /// The numbers of ranks, ascending.
    pub ranks: Vec<usize>,
    /// The most rounds.
    pub rounds: usize,
    /// No run begins later.
    pub budget: Duration,
    /// The time for each operation in a run, in seconds.
    pub each: f64,
    /// No run lasts longer.
    pub limit: Duration,
    /// Where to write JSON.
    pub json: Option<PathBuf>,
    /// Where to write the page.
    pub html: Option<PathBuf>,
    /// A record to report on, instead of measuring.
    pub from: Option<PathBuf>,
    /// Cores of the calibration, as A,B.
    pub cores: Option<String>,
    /// The folder of this project's programs.
    pub programs: Option<PathBuf>,
    /// The stock launcher.
    pub stock: PathBuf,
    /// PiP's launcher; None: beside this program.
    pub pip: Option<PathBuf>,
}

/// The text of `-h`.
pub const HELP: &str = "\
Usage: compare scaling [options]
Measures what 2 to 64 ranks cost on the cores of this machine under stock mpiexec and under pip-mpiexec: barriers, collectives,
a ping-pong while all others wait, launching, page tables and memory. More ranks than cores are marked as such. Fits a cost
model (hand-off, software time, copy) and predicts 64 to 1024 ranks with a core each, with the assumptions beside each curve.
Options:
  --ranks LIST        numbers of ranks, with commas (default 2,4,8,16,32,64)
  --rounds N          the most rounds (default 4)
  --seconds N         begin no run later than this (default 600)
  --each SECONDS      time for each operation in a run (default 0.5)
  --limit SECONDS     no run lasts longer; what is slower is not measured (default 60)
  --json FILE         write everything that was measured: a record
  --html FILE         write a page with plots and tables
  --from FILE         report on this record instead of measuring
  --cores A,B         the cores of the calibration (default: the first two of the affinity mask)
  --programs DIR      where the benchmarks are (default: beside this program)
  --stock PROGRAM     the stock launcher (default mpiexec.mpich)
  --pip PROGRAM       PiP's launcher (default: pip-mpiexec beside this program)
  -h, --help          print this help
Exit code: 0; 1 if nothing could be measured; 2 for wrong usage; 130 after Ctrl-C.
";

/// Parses what follows `scaling`; None for `-h`.
///
/// # Errors
/// What is wrong, with the value.
pub fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        ranks: vec![2, 4, 8, 16, 32, 64],
        rounds: 4,
        budget: Duration::from_secs(600),
        each: 0.5,
        limit: Duration::from_secs(60),
        json: None,
        html: None,
        from: None,
        cores: None,
        programs: None,
        stock: "mpiexec.mpich".into(),
        pip: None,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Long("ranks") => options.ranks = ranks(&parser.value()?.string()?)?,
            Long("rounds") => options.rounds = crate::options::positive(&mut parser, "--rounds")?,
            Long("seconds") => options.budget = seconds(crate::options::positive(&mut parser, "--seconds")?),
            Long("limit") => options.limit = seconds(crate::options::positive(&mut parser, "--limit")?),
            Long("each") => match parser.value()?.parse()? {
                each if (0.0..=1e4).contains(&each) => options.each = each,
                each => return Err(format!("--each {each}: give seconds from 0").into()),
            },
            Long("json") => options.json = Some(parser.value()?.into()),
            Long("html") => options.html = Some(parser.value()?.into()),
            Long("from") => options.from = Some(parser.value()?.into()),
            Long("cores") => options.cores = Some(parser.value()?.string()?),
            Long("programs") => options.programs = Some(parser.value()?.into()),
            Long("stock") => options.stock = parser.value()?.into(),
            Long("pip") => options.pip = Some(parser.value()?.into()),
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

fn seconds(count: usize) -> Duration {
    Duration::from_secs(count as u64)
}

/// `2,4,8`, sorted.
fn ranks(text: &str) -> Result<Vec<usize>, String> {
    let number = |word: &str| word.trim().parse().ok().filter(|ranks| (2..=4096).contains(ranks));
    let ranks: Option<Vec<usize>> = text.split(',').map(number).collect();
    let mut ranks = ranks.ok_or_else(|| format!("--ranks {text}: give numbers from 2 to 4096, with commas"))?;
    ranks.sort_unstable();
    ranks.dedup();
    Ok(ranks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_and_wrong_ones_named() {
        let of = |line: &str| parse(lexopt::Parser::from_args(line.split_whitespace())).map_err(|why| why.to_string());
        let options = of("--ranks 8,2,8 --each 0.1 --from a").expect("right").expect("no help");
        assert_eq!((options.ranks, options.each, options.from), (vec![2, 8], 0.1, Some("a".into())));
        for (wrong, said) in [
            ("--ranks 1,2", "--ranks 1,2"),
            ("--ranks x", "--ranks x"),
            ("--rounds 0", "--rounds 0"),
            ("--each -1", "--each -1"),
            ("scaling", "scaling"),
        ] {
            assert!(of(wrong).expect_err(wrong).contains(said));
        }
        assert!(of("-h").expect("help").is_none());
    }
}
