//! The command line: the original's spelling, `-name value` with one dash (two are accepted).

use std::ffi::OsString;

use crate::benchmarks::{Benchmark, TABLE, find};

/// What to run.
pub struct Options {
    /// The benchmarks, in order.
    pub benchmarks: Vec<&'static Benchmark>,
    /// `-include`: benchmarks besides these. Empty after parsing.
    pub(crate) included: Vec<&'static Benchmark>,
    /// `-exclude`: benchmarks to leave out. Empty after parsing.
    pub(crate) excluded: Vec<&'static Benchmark>,
    /// `-npmin`: the smallest number of processes.
    pub npmin: i32,
    /// `-iter`, first number: repetitions at most.
    pub repetitions: usize,
    /// `-iter`, second number: volume of all repetitions of one size at most, in MiB.
    pub volume_mib: usize,
    /// `-time`: seconds per sample at most.
    pub seconds: f64,
    /// `-msglog`: the smallest and largest power of two.
    pub msglog: (u32, u32),
    /// The command line, for the header.
    pub calling_sequence: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            benchmarks: TABLE.iter().collect(),
            included: Vec::new(),
            excluded: Vec::new(),
            npmin: 2,
            repetitions: 1000,
            volume_mib: 40,
            seconds: 10.0,
            msglog: (0, 22),
            calling_sequence: "IMB-MPI1".into(),
        }
    }
}

/// The outcome of a correct command line.
pub enum Parsed {
    /// Measure.
    Run(Options),
    /// Print this and end.
    Show(String),
}

struct Opt {
    name: &'static str,
    value: &'static str,
    help: &'static str,
    set: fn(&mut Options, &str) -> Option<()>,
}

const OPTIONS: &[Opt] = &[
    Opt { name: "npmin", value: "NPmin", help: "the minimum number of processes (default 2)", set: npmin },
    Opt {
        name: "iter",
        value: "msgspersample[,overall_vol]",
        help: "repetitions, and MBytes per sample, at most (default 1000,40)",
        set: iter,
    },
    Opt { name: "time", value: "max_runtime", help: "seconds per sample at most (default 10)", set: time },
    Opt {
        name: "msglog",
        value: "min_msglog:max_msglog",
        help: "message lengths 2^min to 2^max and 0, or only max (default 0:22)",
        set: msglog,
    },
    Opt {
        name: "include",
        value: "benchmark[,benchmark,[...]]",
        help: "benchmarks to run besides the named ones",
        set: include,
    },
    Opt { name: "exclude", value: "benchmark[,benchmark,[...]]", help: "benchmarks not to run", set: exclude },
];

fn positive(text: &str) -> Option<usize> {
    text.parse().ok().filter(|&value| value >= 1 && value <= i32::MAX as usize)
}

fn npmin(options: &mut Options, text: &str) -> Option<()> {
    options.npmin = positive(text)?.try_into().ok()?;
    Some(())
}

fn iter(options: &mut Options, text: &str) -> Option<()> {
    let numbers: Vec<usize> = text.split(',').map(positive).collect::<Option<_>>()?;
    match numbers[..] {
        [repetitions] => options.repetitions = repetitions,
        // The third number is of IMB-IO's non-aggregate mode.
        [repetitions, volume] | [repetitions, volume, _] => {
            (options.repetitions, options.volume_mib) = (repetitions, volume)
        }
        _ => return None,
    }
    Some(())
}

fn time(options: &mut Options, text: &str) -> Option<()> {
    options.seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)?;
    Some(())
}

fn msglog(options: &mut Options, text: &str) -> Option<()> {
    let (min, max) = text.split_once(':').unwrap_or(("0", text));
    let (min, max) = (min.parse().ok()?, max.parse().ok()?);
    // 2^30 is the largest power of two that a count of MPI_BYTE holds.
    (min <= max && max <= 30).then(|| options.msglog = (min, max))
}

fn named(text: &str) -> Option<Vec<&'static Benchmark>> {
    text.split(',').map(find).collect()
}

fn include(options: &mut Options, text: &str) -> Option<()> {
    options.included.extend(named(text)?);
    Some(())
}

fn exclude(options: &mut Options, text: &str) -> Option<()> {
    options.excluded.extend(named(text)?);
    Some(())
}

/// Parses a command line without the program's name.
///
/// # Errors
/// One sentence with what is wrong.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let args: Vec<String> = args.into_iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let mut options = Options::default();
    options.calling_sequence = std::iter::once(options.calling_sequence.as_str())
        .chain(args.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ");
    let mut names = Vec::new();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix('-') else {
            names.extend(named(word).ok_or_else(|| format!("Invalid benchmark name {word}; -list shows the names."))?);
            continue;
        };
        match name.strip_prefix('-').unwrap_or(name) {
            "help" | "h" => return Ok(Parsed::Show(help())),
            "list" => return Ok(Parsed::Show(list())),
            name => {
                let opt = OPTIONS
                    .iter()
                    .find(|opt| opt.name == name)
                    .ok_or_else(|| format!("Invalid option {word}; -help lists the options."))?;
                let value = words.next().ok_or_else(|| format!("Option {word} needs a value: {}.", opt.value))?;
                (opt.set)(&mut options, value)
                    .ok_or_else(|| format!("Invalid value {value} of option {word}: {}, {}.", opt.value, opt.help))?;
            }
        }
    }
    if !names.is_empty() {
        options.benchmarks = names;
    }
    options.benchmarks.append(&mut options.included);
    let excluded = std::mem::take(&mut options.excluded);
    options.benchmarks.retain(|test| excluded.iter().all(|other| other.name != test.name));
    Ok(Parsed::Run(options))
}

/// The heading of every text.
pub fn banner() -> String {
    format!("PiP MPI Benchmarks {}, in the format of IMB 2021.11", env!("CARGO_PKG_VERSION"))
}

fn list() -> String {
    let mut names: Vec<_> = TABLE.iter().map(|test| test.name).collect();
    names.sort_unstable();
    let names: String = names.iter().map(|name| format!("    {name}\n")).collect();
    format!("{}\nList of benchmarks:\nIMB-MPI1:\n{names}", banner())
}

fn help() -> String {
    let mut text = format!("{}\nUsage: IMB-MPI1 [-help]\n                [-list]\n              IMB-MPI1:\n", banner());
    for opt in OPTIONS {
        text += &format!("                [-{} {}]\n                    {}\n", opt.name, opt.value, opt.help);
    }
    text + "                [benchmark[,benchmark,[...]]]\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Options, String> {
        match parse(line.split_whitespace().map(OsString::from))? {
            Parsed::Run(options) => Ok(options),
            Parsed::Show(text) => Err(text),
        }
    }

    fn names(line: &str) -> Vec<&'static str> {
        run(line).map(|options| options.benchmarks.iter().map(|test| test.name).collect()).unwrap_or_default()
    }

    #[test]
    fn options_are_spelled_as_in_the_original() {
        let options = run("-iter 50,10 -msglog 3:5 pingpong -npmin 4 -time 2.5").unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((options.repetitions, options.volume_mib, options.msglog, options.npmin), (50, 10, (3, 5), 4));
        assert_eq!(options.seconds, 2.5);
        assert_eq!(options.calling_sequence, "IMB-MPI1 -iter 50,10 -msglog 3:5 pingpong -npmin 4 -time 2.5");
        assert_eq!(run("-msglog 4").map(|o| o.msglog).ok(), Some((0, 4)));
    }

    #[test]
    fn benchmarks_are_chosen_by_name_whatever_the_case() {
        assert_eq!(names("pingpong SENDRECV"), ["PingPong", "Sendrecv"]);
        assert_eq!(names("PingPong,PingPing"), ["PingPong", "PingPing"]);
        assert_eq!(names(""), ["PingPong", "PingPing", "Sendrecv"]);
        assert_eq!(names("-exclude PingPing"), ["PingPong", "Sendrecv"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, part) in [
            ("Nonsense", "Invalid benchmark name Nonsense"),
            ("-nonsense", "Invalid option -nonsense"),
            ("-iter", "needs a value"),
            ("-iter 0", "Invalid value 0"),
            ("-iter 1,x", "Invalid value 1,x"),
            ("-msglog 5:3", "Invalid value 5:3"),
            ("-msglog 31", "Invalid value 31"),
        ] {
            let why = run(line).err().unwrap_or_default();
            assert!(why.contains(part), "{line}: {why}");
        }
    }
}
