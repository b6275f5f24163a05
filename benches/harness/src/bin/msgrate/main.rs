//! `msgrate`: the message rate of many streams between two halves of a job: of ranks, or of threads of one rank each side
//! (MPI_THREAD_MULTIPLE). As in the PiP paper, whose ranks of a node have an MPI library each where threads share one.
//!
//! [`streams`] measures; [`table`] starts the cases one after the other and prints them side by side.

mod streams;
mod table;

use bench_harness::{Threading, World, emit};

const HELP: &str = "\
Usage: msgrate [options]                    under an MPI launcher
       msgrate --table [options]            prints the cases side by side, and starts them itself
Every rank of the first half of the job sends to one of the second half: windows of messages, each acknowledged.
Options:
  -t, --threads T       T threads of every rank instead of one, with a communicator each (MPI_THREAD_MULTIPLE)
  -m, --message-size B  bytes of a message (default 8)
  -W, --window-size W   messages before an acknowledgement (default 64)
  -i, --iterations N    windows that are timed (default 1000); a tenth of them goes before
  --table               threads of one rank, PiP ranks, and processes
  --streams S,S,...     how many streams to compare (default 1,2)
  --hosts A,B           the hosts of the two halves (default a,b: virtual ones on this machine); none: one node
  --pip PATH            the launcher of PiP (default: pip-mpiexec beside this program)
  --stock PATH          the launcher of threads and processes (default mpiexec.mpich)
  -h, --help            print this help
";

/// What the command line asks for.
struct Options {
    threads: usize,
    size: usize,
    window: usize,
    iterations: usize,
    table: bool,
    streams: Vec<usize>,
    hosts: Option<String>,
    pip: Option<String>,
    stock: String,
}

fn main() {
    let options = match parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            emit(HELP);
            return;
        }
        Err(why) => {
            eprintln!("msgrate: {why}; -h lists the options.");
            std::process::exit(1);
        }
    };
    let (root, outcome) = if options.table { (true, table::print(&options)) } else { ranks(&options) };
    if let Err(why) = outcome {
        if root {
            eprintln!("msgrate: {why}.");
        }
        std::process::exit(1);
    }
}

/// None for `-h`.
fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        threads: 1,
        size: 8,
        window: 64,
        iterations: 1000,
        table: false,
        streams: vec![1, 2],
        hosts: Some("a,b".into()),
        pip: None,
        stock: "mpiexec.mpich".into(),
    };
    let positive = |text: &str, most: usize| {
        let number = text.parse().ok().filter(|&value: &usize| value >= 1 && value <= most);
        number.ok_or_else(|| lexopt::Error::from(format!("{text}: give a number from 1 to {most}")))
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('t') | Long("threads") => options.threads = positive(&parser.value()?.string()?, 128)?,
            Short('m') | Long("message-size") => options.size = positive(&parser.value()?.string()?, 1 << 30)?,
            Short('W') | Long("window-size") => options.window = positive(&parser.value()?.string()?, 1 << 20)?,
            Short('i') | Long("iterations") => options.iterations = positive(&parser.value()?.string()?, 1 << 30)?,
            Long("table") => options.table = true,
            Long("streams") => {
                let list = parser.value()?.string()?;
                options.streams = list.split(',').map(|text| positive(text, 128)).collect::<Result<_, _>>()?;
            }
            Long("hosts") => options.hosts = Some(parser.value()?.string()?).filter(|hosts| hosts != "none"),
            Long("pip") => options.pip = Some(parser.value()?.string()?),
            Long("stock") => options.stock = parser.value()?.string()?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(options))
}

/// Measures as a rank of a job. Also returns whether this is rank 0, which alone says what went wrong.
fn ranks(options: &Options) -> (bool, Result<(), String>) {
    let wanted = if options.threads > 1 { Threading::Multiple } else { Threading::Single };
    match World::with_threads(wanted) {
        Ok(world) => (world.rank() == 0, measure(&world, options, wanted)),
        Err(why) => (true, Err(why)),
    }
}

/// Measures and, on rank 0, prints the rate of all streams together.
fn measure(world: &World, options: &Options, wanted: Threading) -> Result<(), String> {
    let ranks = world.size();
    if ranks < 2 || ranks % 2 != 0 {
        return Err(format!("this test requires an even number of processes; {ranks} were started"));
    }
    if wanted == Threading::Multiple && world.threading() != wanted {
        return Err("MPI_Init_thread must return MPI_THREAD_MULTIPLE".into());
    }
    let (elapsed, wrong) = streams::measure(world, options)?;
    let slowest = world.gather_at_root(elapsed.as_secs_f64()).into_iter().fold(0.0, f64::max);
    let wrong = world.broadcast(world.sum_at_root(wrong));
    let streams = options.threads * ranks as usize / 2;
    if world.rank() == 0 {
        let rate = (streams * options.window * options.iterations) as f64 / slowest;
        emit(&format!("{:<10}{:>10}{:>18}\n", "# Size", "Streams", "Messages/s"));
        emit(&format!("{:<10}{streams:>10}{rate:>18.2}\n", options.size));
    }
    match wrong {
        0 => Ok(()),
        wrong => Err(format!("{wrong} bytes were not what was sent")),
    }
}
