//! The options of all programs, as one table: it parses, and it prints `-h`.

use std::ffi::OsString;

use bench_harness::{Creation, Element};

use crate::kind::Kind;
use crate::layout::{Vector, element};
use crate::one_sided::{Passive, Synchronization, creation};
use crate::schedule::Schedule;

/// `-b`: whether all messages of a window share one buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferCount {
    /// All messages use the same one (the default).
    Single,
    /// Each message of a window has its own.
    Multiple,
}

/// What the command line asks for. Sizes are in bytes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The benchmark these options are for.
    pub kind: Kind,
    /// The smallest message.
    pub min_size: usize,
    /// The largest message.
    pub max_size: usize,
    /// The schedule up to 8192 bytes.
    pub small: Schedule,
    /// The schedule above 8192 bytes.
    pub large: Schedule,
    /// Messages in flight before an acknowledgement.
    pub window: usize,
    /// One buffer, or one per message of the window.
    pub buffers: BufferCount,
    /// Check the data of every message.
    pub validate: bool,
    /// Pairs of processes; None: half of the processes.
    pub pairs: Option<i32>,
    /// The type of a message's elements.
    pub element: Element,
    /// Where they lie; None: one after the other.
    pub vector: Option<Vector>,
    /// Print the message rate.
    pub print_rate: bool,
    /// Measure with all of [`crate::VARIED_WINDOWS`].
    pub vary_window: bool,
    /// How the window is made.
    pub creation: Creation,
    /// How one-sided operations are completed.
    pub synchronization: Synchronization,
}

impl Options {
    /// The originals' defaults (the warm-up of the latency tests as their help states it).
    pub fn new(kind: Kind) -> Self {
        let (small, large) = if kind.is_bandwidth() {
            (Schedule { warmup: 10, iterations: 100 }, Schedule { warmup: 2, iterations: 20 })
        } else {
            (Schedule { warmup: 200, iterations: 10_000 }, Schedule { warmup: 10, iterations: 1000 })
        };
        let (creation, synchronization) = match kind {
            Kind::GetAccumulateLatency => (Creation::Create, Synchronization::Passive(Passive::Lock)),
            Kind::PutBiBandwidth => (Creation::Allocate, Synchronization::Pscw),
            _ => (Creation::Allocate, Synchronization::Passive(Passive::Flush)),
        };
        Self {
            kind,
            min_size: 1,
            max_size: 1 << 22,
            small,
            large,
            window: 64,
            buffers: BufferCount::Single,
            validate: false,
            pairs: None,
            element: Element::Char,
            vector: None,
            print_rate: true,
            vary_window: false,
            creation,
            synchronization,
        }
    }
}

/// The outcome of a correct command line.
#[derive(Debug)]
pub enum Parsed {
    /// Measure.
    Run(Options),
    /// `-h`
    Help,
    /// `-v`
    Version,
}

/// What an option does.
#[derive(Clone, Copy)]
enum Action {
    Help,
    Version,
    Flag(fn(&mut Options)),
    /// The name of the value in error messages, how to set it, and what is allowed.
    Value(&'static str, fn(&mut Options, &str) -> Option<()>, &'static str),
}

struct Opt {
    short: char,
    long: &'static str,
    help: &'static [&'static str],
    kinds: &'static [Kind],
    action: Action,
}

const LATENCY: &[Kind] = &[Kind::Latency];
const PAIRS: &[Kind] = &[Kind::MultiPair];
/// Those whose messages have a datatype.
const TYPED: &[Kind] = &[Kind::Latency, Kind::AccumulateLatency, Kind::FetchAndOpLatency, Kind::CompareAndSwapLatency];
const VALIDATED: &[Kind] = &[
    Kind::Latency,
    Kind::Bandwidth,
    Kind::BiBandwidth,
    Kind::MultiPair,
    Kind::AccumulateLatency,
    Kind::FetchAndOpLatency,
    Kind::CompareAndSwapLatency,
];
/// Those with one origin, which can synchronise alone.
const ONE_ORIGIN: &[Kind] = Kind::ONE_SIDED.split_at(Kind::ONE_SIDED.len() - 1).0;
const TWO_ORIGINS: &[Kind] = Kind::ONE_SIDED.split_at(Kind::ONE_SIDED.len() - 1).1;
/// The originals' words for a wrong `-w` or `-s`, behind "Invalid".
const ARGUMENT: &str = "option or invalid argument";

const TABLE: &[Opt] = &[
    Opt {
        short: 'w',
        long: "win-options",
        kinds: Kind::ONE_SIDED,
        action: Action::Value(
            ARGUMENT,
            |o, v| creation(v).map(|value| o.creation = value),
            "create, allocate or dynamic",
        ),
        help: &[
            "WIN_OPTION - how the window is made:",
            "create       use MPI_Win_create",
            "allocate     use MPI_Win_allocate",
            "dynamic      use MPI_Win_create_dynamic",
        ],
    },
    Opt {
        short: 's',
        long: "sync-option",
        kinds: ONE_ORIGIN,
        action: Action::Value(ARGUMENT, synchronization, "pscw, fence, lock, flush, flush_local or lock_all"),
        help: &[
            "SYNC_OPTION - how operations are completed:",
            "pscw         use MPI_Win_post/start/complete/wait",
            "fence        use MPI_Win_fence",
            "lock         use MPI_Win_lock/unlock",
            "flush        use MPI_Win_flush",
            "flush_local  use MPI_Win_flush_local",
            "lock_all     use MPI_Win_lock_all/unlock_all",
        ],
    },
    Opt {
        short: 's',
        long: "sync-option",
        kinds: TWO_ORIGINS,
        action: Action::Value(ARGUMENT, synchronization, "pscw or fence"),
        help: &[
            "SYNC_OPTION - how operations are completed:",
            "pscw         use MPI_Win_post/start/complete/wait",
            "fence        use MPI_Win_fence",
        ],
    },
    Opt { short: 'h', long: "help", kinds: Kind::ALL, action: Action::Help, help: &["print this help"] },
    Opt { short: 'v', long: "version", kinds: Kind::ALL, action: Action::Version, help: &["print version info"] },
    Opt {
        short: 'p',
        long: "num-pairs",
        kinds: PAIRS,
        help: &["PAIRS - Number of pairs involved (default np / 2)"],
        action: Action::Value(
            "Number of Pairs",
            |o, v| {
                o.pairs = Some(at_least(v, 1)?.try_into().ok()?);
                Some(())
            },
            "a number from 1 to half of the processes",
        ),
    },
    Opt {
        short: 'm',
        long: "message-size",
        kinds: Kind::ALL,
        action: Action::Value("Message Size", message_size, "[MIN:]MAX in bytes, up to 2147483647"),
        help: &[
            "[MIN:]MAX - set the minimum and/or the maximum message size to MIN and/or MAX",
            "bytes respectively. Examples:",
            "-m 128      // min = default, max = 128",
            "-m 2:128    // min = 2, max = 128",
            "-m 2:       // min = 2, max = default",
        ],
    },
    Opt {
        short: 'x',
        long: "warmup",
        kinds: Kind::ALL,
        action: Action::Value("Number of Warmup Iterations", warmup, "a number from 0"),
        help: &["ITER - set number of warmup", "iterations to skip before timing (default {warmup})"],
    },
    Opt {
        short: 'i',
        long: "iterations",
        kinds: Kind::ALL,
        action: Action::Value("Number of Iterations", iterations, "a number from 1"),
        help: &["ITER - number of iterations for timing (default {iterations})"],
    },
    Opt {
        short: 'W',
        long: "window-size",
        kinds: Kind::BANDWIDTHS,
        action: Action::Value("Window Size", window, "a number from 1"),
        help: &["SIZE - set number of messages to send before synchronization (default 64)"],
    },
    Opt {
        short: 'R',
        long: "print-rate",
        kinds: PAIRS,
        action: Action::Value("Print Rate", print_rate, "0 or 1"),
        help: &["[0|1] - Print uni-directional message rate (default 1)"],
    },
    Opt {
        short: 'V',
        long: "vary-window",
        kinds: PAIRS,
        action: Action::Flag(|o| o.vary_window = true),
        help: &["Vary the window size (default no)", "[cannot be used with -W]"],
    },
    Opt {
        short: 'b',
        long: "buffer-num",
        kinds: Kind::TWO_SIDED,
        action: Action::Value("Buffer Number", buffer_count, "single or multiple"),
        help: &["Use different buffers to perform data transfer (default single)", "Options: single, multiple"],
    },
    Opt {
        short: 'T',
        long: "type",
        kinds: TYPED,
        action: Action::Value("Datatype", |o, v| element(v).map(|value| o.element = value), "a type of the list in -h"),
        help: &[
            "TYPE - Set the elements' type (default mpi_char)",
            "Options: mpi_char, mpi_int, mpi_float, mpi_double",
        ],
    },
    Opt {
        short: 'D',
        long: "ddt",
        kinds: LATENCY,
        action: Action::Value("Derived Datatype", derived, "cont or vect:STRIDE:BLOCK_LENGTH"),
        help: &[
            "Send a derived datatype (default cont). Options, with lengths in elements:",
            "cont                       // contiguous",
            "vect:STRIDE:BLOCK_LENGTH   // MPI_Type_vector; the message size is its extent",
        ],
    },
    Opt {
        short: 'c',
        long: "validation",
        kinds: VALIDATED,
        action: Action::Flag(|o| o.validate = true),
        help: &["Enable validation. Disabled by default."],
    },
];

/// A decimal number of at least `least` that fits MPI's `int`.
fn at_least(text: &str, least: usize) -> Option<usize> {
    text.parse().ok().filter(|&value| value >= least && value <= i32::MAX as usize)
}

fn message_size(options: &mut Options, text: &str) -> Option<()> {
    let (min, max) = match text.split_once(':') {
        None => (None, Some(text)),
        Some((min, "")) => (Some(min), None),
        Some((min, max)) => (Some(min), Some(max)),
    };
    if let Some(min) = min {
        options.min_size = at_least(min, 0)?;
    }
    if let Some(max) = max {
        options.max_size = at_least(max, 1)?;
    }
    (options.min_size <= options.max_size).then_some(())
}

fn derived(options: &mut Options, text: &str) -> Option<()> {
    options.vector = match text {
        "cont" => None,
        _ => {
            let (stride, length) = text.strip_prefix("vect:")?.split_once(':')?;
            let (stride, length) = (at_least(stride, 1)?, at_least(length, 1)?);
            (length <= stride).then_some(())?;
            Some(Vector { stride, length })
        }
    };
    Some(())
}

fn synchronization(options: &mut Options, text: &str) -> Option<()> {
    options.synchronization = Synchronization::parse(options.kind, text)?;
    Some(())
}

fn warmup(options: &mut Options, text: &str) -> Option<()> {
    let value = at_least(text, 0)?;
    (options.small.warmup, options.large.warmup) = (value, value);
    Some(())
}

fn iterations(options: &mut Options, text: &str) -> Option<()> {
    let value = at_least(text, 1)?;
    (options.small.iterations, options.large.iterations) = (value, value);
    Some(())
}

fn window(options: &mut Options, text: &str) -> Option<()> {
    options.window = at_least(text, 1)?;
    Some(())
}

fn print_rate(options: &mut Options, text: &str) -> Option<()> {
    options.print_rate = match text {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    Some(())
}

fn buffer_count(options: &mut Options, text: &str) -> Option<()> {
    options.buffers = match text {
        "single" => BufferCount::Single,
        "multiple" => BufferCount::Multiple,
        _ => return None,
    };
    Some(())
}

/// Parses a command line without the program's name.
///
/// # Errors
/// One sentence that begins as the original's and says what is allowed.
pub fn parse(kind: Kind, args: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let mut options = Options::new(kind);
    let mut windowed = false;
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next().map_err(|why| format!("{why}; -h lists the options."))? {
        let matches = |opt: &&Opt| match arg {
            lexopt::Arg::Short(short) => opt.short == short,
            lexopt::Arg::Long(long) => opt.long == long,
            lexopt::Arg::Value(_) => false,
        };
        let Some(opt) = TABLE.iter().filter(|opt| opt.kinds.contains(&kind)).find(matches) else {
            let name = match arg {
                lexopt::Arg::Short(short) => format!("-{short}"),
                lexopt::Arg::Long(long) => format!("--{long}"),
                lexopt::Arg::Value(value) => value.to_string_lossy().into_owned(),
            };
            return Err(format!("Invalid option [{name}]; -h lists the options of {}.", kind.program()));
        };
        match opt.action {
            Action::Help => return Ok(Parsed::Help),
            Action::Version => return Ok(Parsed::Version),
            Action::Flag(set) => set(&mut options),
            Action::Value(name, set, allowed) => {
                let missing = |_| format!("Option -{} needs a value: {allowed}.", opt.short);
                let value = parser.value().map_err(missing)?.to_string_lossy().into_owned();
                set(&mut options, &value)
                    .ok_or_else(|| format!("Invalid {name} [-{} {value}]; give {allowed}.", opt.short))?;
                windowed |= opt.short == 'W';
            }
        }
    }
    if windowed && options.vary_window {
        return Err("Invalid option [-V]; it varies the window size and cannot be used with -W.".into());
    }
    if kind == Kind::CompareAndSwapLatency && !matches!(options.element, Element::Char | Element::Int) {
        return Err(
            "Invalid Datatype [-T]; MPI_Compare_and_swap compares integers, so give mpi_char or mpi_int.".into()
        );
    }
    Ok(Parsed::Run(options))
}

/// The text of `-h`.
pub fn help(kind: Kind) -> String {
    let defaults = Options::new(kind);
    let mut text = format!("Usage: {} [options]\nOptions:\n", kind.program());
    for opt in TABLE.iter().filter(|opt| opt.kinds.contains(&kind)) {
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

    fn run(kind: Kind, line: &str) -> Result<Options, String> {
        match parse(kind, line.split_whitespace().map(OsString::from))? {
            Parsed::Run(options) => Ok(options),
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
        assert!(run(Kind::Latency, "-q").expect_err("wrong").starts_with("Invalid option [-q]"));
        assert!(run(Kind::Latency, "-W 4").expect_err("not of latency").starts_with("Invalid option [-W]"));
        assert!(run(Kind::Latency, "--nonsense").expect_err("wrong").starts_with("Invalid option [--nonsense]"));
        assert!(run(Kind::Latency, "H H").expect_err("wrong").starts_with("Invalid option [H]"));
        assert!(run(Kind::Latency, "-i 0").expect_err("wrong").starts_with("Invalid Number of Iterations [-i 0]"));
        assert!(run(Kind::Latency, "-i").expect_err("no value").starts_with("Option -i needs a value"));
        assert!(run(Kind::MultiPair, "-R 2").expect_err("wrong").contains("0 or 1"));
        assert!(run(Kind::MultiPair, "-V -W 8").expect_err("both").contains("cannot be used with -W"));
    }

    #[test]
    fn a_derived_datatype_is_given_as_in_the_original() {
        let options = run(Kind::Latency, "-T mpi_double -D vect:2:1").expect("right options");
        assert_eq!((options.element, options.vector), (Element::Double, Some(Vector { stride: 2, length: 1 })));
        assert_eq!(run(Kind::Latency, "-D cont").expect("right").vector, None);
        for wrong in ["vect", "vect:2", "vect:0:1", "vect:2:3", "indx:x"] {
            let why = run(Kind::Latency, &format!("-D {wrong}")).expect_err(wrong);
            assert!(why.starts_with(&format!("Invalid Derived Datatype [-D {wrong}]")), "{why}");
        }
        assert!(run(Kind::Latency, "-T mpi_byte").expect_err("wrong").starts_with("Invalid Datatype [-T mpi_byte]"));
        assert!(run(Kind::Bandwidth, "-D cont").is_err());
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
        for (kind, line) in
            [(Kind::PutLatency, "-c"), (Kind::GetLatency, "-T mpi_int"), (Kind::GetBandwidth, "-b single")]
        {
            assert!(
                run(kind, line).expect_err(line).starts_with(&format!("Invalid option [{}]", &line[..2])),
                "{line}"
            );
        }
        assert!(run(Kind::FetchAndOpLatency, "-c -T mpi_float").is_ok());
        assert!(run(Kind::CompareAndSwapLatency, "-T mpi_float").expect_err("floats").contains("mpi_int"));
        assert!(run(Kind::Latency, "-w create").is_err());
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
    }
}
