//! Parses a command line and prints `-h`, both by the table of options.

use std::ffi::OsString;

use super::Options;
use super::table::{Action, Opt, TABLE};
use crate::kind::Kind;

/// The outcome of a correct command line.
#[derive(Debug)]
pub enum Parsed {
    /// Measure.
    Run(Box<Options>),
    /// `-h`
    Help,
    /// `-v`
    Version,
}

/// Parses a command line without the program's name.
///
/// # Errors
/// One sentence that begins as the original's and says what is allowed.
pub fn parse(kind: Kind, args: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let mut options = Options::new(kind);
    options.elements.clear();
    let mut windowed = false;
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next().map_err(|why| format!("{why}; -h lists the options."))? {
        let matches = |opt: &&Opt| match arg {
            lexopt::Arg::Short(short) => opt.short == short,
            lexopt::Arg::Long(long) => opt.long == long,
            lexopt::Arg::Value(_) => false,
        };
        let Some(opt) = TABLE.iter().filter(|opt| (opt.of)(kind)).find(matches) else {
            let name = match arg {
                lexopt::Arg::Short(short) => format!("-{short}"),
                lexopt::Arg::Long(long) => format!("--{long}"),
                lexopt::Arg::Value(value) => value.to_string_lossy().into_owned(),
            };
            return Err(format!("Invalid option [{name}]; -h lists the options of {}.", kind.program()));
        };
        let wrong = |name: &str, value: &str, allowed: &str| {
            format!("Invalid {name} [-{} {value}]; give {allowed}.", opt.short)
        };
        match opt.action {
            Action::Help => return Ok(Parsed::Help),
            Action::Version => return Ok(Parsed::Version),
            Action::Flag(set) => set(&mut options),
            Action::Optional(name, set, allowed) => {
                let value = parser.optional_value().map(|value| value.to_string_lossy().into_owned());
                let shown = value.clone().unwrap_or_default();
                set(&mut options, value.as_deref()).ok_or_else(|| wrong(name, &shown, allowed))?;
            }
            Action::Value(name, set, allowed) => {
                let missing = |_| format!("Option -{} needs a value: {allowed}.", opt.short);
                let value = parser.value().map_err(missing)?.to_string_lossy().into_owned();
                set(&mut options, &value).ok_or_else(|| wrong(name, &value, allowed))?;
                windowed |= opt.short == 'W';
            }
            Action::Refused(why) => return Err(format!("{why} [-{}].", opt.short)),
        }
    }
    if windowed && options.vary_window {
        return Err("Invalid option [-V]; it varies the window size and cannot be used with -W.".into());
    }
    if options.shape.is_some() && options.validate && kind.is_collective() {
        return Err("Derived data type does not support validation [-c]; give -D or -c.".into());
    }
    if options.elements.is_empty() {
        options.elements = Options::new(kind).elements;
    }
    options.element = options.elements[0];
    Ok(Parsed::Run(Box::new(options)))
}

/// The text of `-h`.
pub fn help(kind: Kind) -> String {
    let defaults = Options::new(kind);
    let mut text = format!("Usage: {} [options]\nOptions:\n", kind.program());
    for opt in TABLE.iter().filter(|opt| (opt.of)(kind)) {
        for (number, line) in opt.help.iter().enumerate() {
            let line = line
                .replace("{warmup}", &defaults.small.warmup.to_string())
                .replace("{iterations}", &defaults.small.iterations.to_string());
            match number {
                0 => text += &format!("  -{}, --{:<20}{line}\n", opt.short, opt.long),
                _ => text += &format!("{:28}{line}\n", ""),
            }
        }
    }
    if kind == Kind::MultiPair {
        text += "  Note: This benchmark relies on block ordering of the ranks.\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Form;
    use crate::layout::Shape;
    use crate::one_sided::{Passive, Synchronization};
    use crate::options::{BufferCount, Graph, Root};
    use crate::schedule::Schedule;
    use bench_harness::{Creation, Element, Operation};

    fn run(kind: Kind, line: &str) -> Result<Options, String> {
        match parse(kind, line.split_whitespace().map(OsString::from))? {
            Parsed::Run(options) => Ok(*options),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn sizes_are_given_as_in_the_original() {
        let sizes = |line: &str| run(Kind::Latency, line).map(|o| (o.min_size, o.max_size));
        assert_eq!(sizes(""), Ok((1, 1 << 22)));
        assert_eq!(sizes("-m 128"), Ok((1, 128)));
        assert_eq!(sizes("-m2:128"), Ok((2, 128)));
        assert_eq!(sizes("--message-size=2:"), Ok((2, 1 << 22)));
        for wrong in ["x", ":", "-1", "0", "8:4", "1:2:3", "2147483648", ":8"] {
            let why = sizes(&format!("-m {wrong}")).expect_err(wrong);
            assert!(why.starts_with(&format!("Invalid Message Size [-m {wrong}]")), "{why}");
        }
    }

    #[test]
    fn iterations_set_both_schedules() {
        let options = run(Kind::Bandwidth, "-i 7 -x 0 -W 3 -c -b multiple").expect("right options");
        assert_eq!(options.small, Schedule { warmup: 0, iterations: 7 });
        assert_eq!(options.large, options.small);
        assert_eq!((options.window, options.validate, options.buffers), (3, true, BufferCount::Multiple));
    }

    #[test]
    fn a_wrong_option_is_named() {
        let wrong = |kind, line| run(kind, line).expect_err(line);
        assert!(wrong(Kind::Latency, "-q").starts_with("Invalid option [-q]"));
        assert!(wrong(Kind::Latency, "-W 4").starts_with("Invalid option [-W]"));
        assert!(wrong(Kind::Latency, "--nonsense").starts_with("Invalid option [--nonsense]"));
        assert!(wrong(Kind::Latency, "H H").starts_with("Invalid option [H]"));
        assert!(wrong(Kind::Latency, "-d cuda").contains("Does Not Support Accelerator Transfers [-d]"));
        assert!(wrong(Kind::Latency, "-i 0").starts_with("Invalid Number of Iterations [-i 0]"));
        assert!(wrong(Kind::Latency, "-i").starts_with("Option -i needs a value"));
        assert!(wrong(Kind::MultiPair, "-R 2").contains("0 or 1"));
        assert!(wrong(Kind::MultiPair, "-V -W 8").contains("cannot be used with -W"));
        assert!(wrong(Kind::Latency, "-z0").starts_with("Invalid Percentiles [-z 0]"));
        assert!(wrong(Kind::Latency, "-u 11").starts_with("Invalid Number of Validation Warmup Iterations [-u 11]"));
        assert!(wrong(Kind::ThreadsLatency, "-t 2:").starts_with("Invalid Number of Threads [-t 2:]"));
        assert!(wrong(Kind::Hello, "-m 3").starts_with("Invalid option [-m]"));
    }

    #[test]
    fn a_derived_datatype_is_given_as_in_the_original() {
        let options = run(Kind::Latency, "-T mpi_double -D vect:2:1").expect("right options");
        assert_eq!((options.element, options.shape), (Element::Double, Some(Shape::Vector { stride: 2, length: 1 })));
        assert_eq!(run(Kind::Latency, "-D cont").expect("right").shape, Some(Shape::Contiguous));
        for wrong in ["vect", "vect:2", "vect:0:1", "vect:2:3", "indx:/nonexistent"] {
            let why = run(Kind::Latency, &format!("-D {wrong}")).expect_err(wrong);
            assert!(why.starts_with(&format!("Invalid Derived Datatype [-D {wrong}]")), "{why}");
        }
        assert!(run(Kind::Latency, "-T mpi_byte").expect_err("wrong").starts_with("Invalid Datatype [-T mpi_byte]"));
        assert!(run(Kind::PutBandwidth, "-D cont").is_err());
        assert_eq!(run(Kind::Bandwidth, "-T all").expect("right").elements.len(), 3);
        assert_eq!(run(Kind::Bandwidth, "-T mpi_int -T mpi_float").expect("right").elements.len(), 2);
    }

    #[test]
    fn one_sided_programs_take_the_originals_words() {
        let options = run(Kind::PutLatency, "").expect("no options");
        let flush = Synchronization::Passive(Passive::Flush);
        assert_eq!((options.creation, options.synchronization), (Creation::Allocate, flush));
        let options = run(Kind::GetAccumulateLatency, "").expect("no options");
        let lock = Synchronization::Passive(Passive::Lock);
        assert_eq!((options.creation, options.synchronization), (Creation::Create, lock));
        let options = run(Kind::PutBandwidth, "-w Dynamic -s PSCW -W 3").expect("right options");
        assert_eq!((options.creation, options.synchronization), (Creation::Dynamic, Synchronization::Pscw));
        assert_eq!(options.window, 3);
        for (kind, line) in
            [(Kind::GetLatency, "-s x"), (Kind::PutBiBandwidth, "-s flush"), (Kind::GetBandwidth, "-w x")]
        {
            let why = run(kind, line).expect_err(line);
            assert!(why.starts_with(&format!("Invalid option or invalid argument [{line}]; give ")), "{why}");
        }
        for (kind, line) in [(Kind::GetLatency, "-T mpi_int"), (Kind::GetBandwidth, "-b single")] {
            let why = run(kind, line).expect_err(line);
            assert!(why.starts_with(&format!("Invalid option [{}]", &line[..2])), "{line}");
        }
        assert!(run(Kind::FetchAndOpLatency, "-c -T mpi_float").is_ok());
        assert!(run(Kind::CompareAndSwapLatency, "-T mpi_float").is_err());
        let swapped = run(Kind::CompareAndSwapLatency, "-T all").expect("integers");
        assert_eq!(swapped.elements, [Element::Char, Element::Int]);
        assert!(run(Kind::Latency, "-w create").is_err());
    }

    #[test]
    fn collective_programs_take_their_own_options() {
        let gather = Kind::Collective(Operation::Gather, Form::Blocking);
        let options = run(gather, "-f -z90 -M 1000 -k fixed:1 -m 8").expect("right options");
        assert_eq!((options.full, options.memory_limit, options.root), (true, 1000, Root::Fixed(1)));
        assert_eq!((options.tails, options.small.iterations, options.large.iterations), (vec![90], 1000, 100));
        assert_eq!(run(gather, "-k rotate").expect("right").root, Root::Rotating);
        let persistent = Kind::Collective(Operation::Gather, Form::Persistent);
        assert!(run(persistent, "-k rotate").is_err() && run(persistent, "-t 3").is_err());
        let starting = Kind::Collective(Operation::Alltoall, Form::NonBlocking);
        assert_eq!(run(starting, "-t 100").expect("right").probes, 100);
        assert!(run(starting, "-c -D cont").expect_err("both").contains("does not support validation"));
        let barrier = Kind::Collective(Operation::Barrier, Form::Blocking);
        assert!(run(barrier, "-c").is_err() && run(barrier, "-m 3").is_err() && run(barrier, "-i 3").is_ok());
        let neighbors = Kind::Collective(Operation::NeighborAlltoall, Form::Blocking);
        let grid = Graph::Grid { dimensions: 2, radius: 1 };
        assert_eq!(run(neighbors, "-N cart:2:1").expect("right").graph, grid);
        assert!(run(neighbors, "-N cart:2").is_err() && run(gather, "-N cart:2:1").is_err());
    }

    #[test]
    fn threads_and_processes_are_counted_as_in_the_original() {
        assert_eq!(run(Kind::ThreadsLatency, "").expect("right").workers, (1, 2));
        assert_eq!(run(Kind::ProcessesLatency, "").expect("right").workers, (2, 2));
        assert_eq!(run(Kind::ThreadsLatency, "-t 4").expect("right").workers, (1, 4));
        assert_eq!(run(Kind::ThreadsLatency, "-t 4:6").expect("right").workers, (4, 6));
    }

    #[test]
    fn help_lists_only_the_programs_own_options() {
        assert!(!help(Kind::Latency).contains("--window-size"));
        assert!(
            help(Kind::Latency)
                .contains("  -i, --iterations          ITER - number of iterations for timing (default 10000)\n")
        );
        assert!(help(Kind::Bandwidth).contains("(default 100)"));
        assert!(help(Kind::MultiPair).contains("  -p, --num-pairs           PAIRS"));
        assert!(!help(Kind::Init).contains("--iterations"));
    }
}
