//! `launch`: what a launcher costs: start, MPI_Init, MPI_Finalize and end of 2, 16 and 64 ranks, and the forwarding of output, each
//! under `pip-mpiexec` and under a rival in turn. Started by a launcher itself, it is the rank.

use bench_harness::{World, emit};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const HELP: &str = "\
Usage: launch [options]
Not to be started by a launcher: it starts them, in turn, and prints medians. Columns: ranks; for the rival and for pip-mpiexec
milliseconds from start to end, milliseconds of processor time of all processes, and thousands of minor page faults; then how
many times the rival's time pip-mpiexec's is (above 1: the rival takes longer). Last, the forwarding of 200 MB of one rank's output.
Options:
  -n, --ranks LIST    numbers of ranks (default 2,16,64)
  -r, --runs COUNT    runs of each (default 5)
      --rival NAME    the other launcher (default mpiexec.mpich)
  -h, --help          print this help
";

/// Bytes of output of the forwarding, in lines of 64.
const FLOOD: usize = 200_000_000;

struct Options {
    ranks: Vec<usize>,
    runs: usize,
    rival: PathBuf,
}

/// What one run took.
#[derive(Clone, Copy)]
struct Cost {
    milliseconds: f64,
    processor: f64,
    faults: f64,
}

fn main() -> ExitCode {
    if std::env::var_os("PMI_RANK").is_some() {
        return rank();
    }
    match parse(lexopt::Parser::from_env()) {
        Err(why) => {
            eprintln!("launch: {why}; -h lists the options.");
            ExitCode::from(2)
        }
        Ok(None) => {
            emit(HELP);
            ExitCode::SUCCESS
        }
        Ok(Some(options)) => match measure(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("launch: {why}.");
                ExitCode::FAILURE
            }
        },
    }
}

/// What a rank does: with `flood` it only writes.
fn rank() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("flood") {
        let lines = [&b"x".repeat(63)[..], b"\n"].concat().repeat(1024);
        let mut out = std::io::stdout().lock();
        let whole = (0..FLOOD / lines.len()).all(|_| out.write_all(&lines).is_ok());
        return if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match World::init() {
        Ok(_finalized_when_dropped) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("launch: {why}.");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options { ranks: vec![2, 16, 64], runs: 5, rival: PathBuf::from("mpiexec.mpich") };
    while let Some(option) = parser.next()? {
        match option {
            Short('n') | Long("ranks") => {
                let list = parser.value()?.string()?;
                options.ranks = list
                    .split(',')
                    .map(str::parse)
                    .collect::<Result<_, _>>()
                    .map_err(|error| format!("{list:?}: {error}"))?;
            }
            Short('r') | Long("runs") => options.runs = parser.value()?.parse()?,
            Long("rival") => options.rival = parser.value()?.into(),
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    if options.runs == 0 || options.ranks.contains(&0) {
        return Err("numbers of ranks and runs must be at least 1".into());
    }
    Ok(Some(options))
}

fn measure(options: &Options) -> Result<(), String> {
    let own = std::env::current_exe().map_err(|error| format!("the path of this program: {error}"))?;
    let launchers = [options.rival.clone(), own.with_file_name("pip-mpiexec")];
    emit(&format!(
        "# rival: {}\n#ranks   rival ms     cpu ms  k faults     pip ms     cpu ms  k faults   times\n",
        options.rival.display()
    ));
    for &ranks in &options.ranks {
        let mut costs = [Vec::new(), Vec::new()];
        for run in 0..options.runs {
            // In either order, as often as not.
            for which in [run % 2, 1 - run % 2] {
                costs[which].push(launch(&launchers[which], ranks, &own)?);
            }
        }
        let [rival, pip] = costs.map(|costs| {
            [|cost: &Cost| cost.milliseconds, |cost: &Cost| cost.processor, |cost: &Cost| cost.faults]
                .map(|value| median(costs.iter().map(value).collect()))
        });
        emit(&format!(
            "{ranks:>6} {:>10.0} {:>10.0} {:>9.1} {:>10.0} {:>10.0} {:>9.1} {:>7.2}\n",
            rival[0],
            rival[1],
            rival[2],
            pip[0],
            pip[1],
            pip[2],
            rival[0] / pip[0]
        ));
    }
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..options.runs {
        let mut direct = Command::new(&own);
        rates[0].push(flood(direct.env("PMI_RANK", "0").arg("flood"), true)?);
        for (which, launcher) in launchers.iter().enumerate() {
            rates[which + 1].push(flood(Command::new(launcher).args(["-n", "1"]).arg(&own).arg("flood"), false)?);
        }
    }
    let [cat, rival, pip] = rates.map(median);
    emit(&format!(
        "# output of one rank, MB/s: through cat {cat:.0}, rival {rival:.0}, pip {pip:.0} ({:.2} of cat)\n",
        pip / cat
    ));
    Ok(())
}

/// Starts ranks and waits for their end.
fn launch(launcher: &Path, ranks: usize, program: &Path) -> Result<Cost, String> {
    let before = children();
    let start = Instant::now();
    let mut command = Command::new(launcher);
    let status = command.arg("-n").arg(ranks.to_string()).arg(program).env("HWLOC_COMPONENTS", "-gl").status();
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    match status {
        Ok(status) if status.success() => {
            let (processor, faults) = children();
            Ok(Cost { milliseconds, processor: (processor - before.0) * 1e3, faults: (faults - before.1) / 1e3 })
        }
        Ok(status) => Err(format!("{} -n {ranks}: {status}", launcher.display())),
        Err(error) => Err(format!("{}: {error}", launcher.display())),
    }
}

/// Processor time in seconds and minor page faults of all processes that have been waited for.
fn children() -> (f64, f64) {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    usage.map_or((0.0, 0.0), |usage| {
        let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        (seconds(usage.user_time()) + seconds(usage.system_time()), usage.minor_page_faults() as f64)
    })
}

/// Megabytes a second that come out of a command, or out of `cat` behind it.
fn flood(command: &mut Command, through_cat: bool) -> Result<f64, String> {
    let failed = |error: std::io::Error| format!("{command:?}: {error}");
    let start = Instant::now();
    let mut source = Command::new(command.get_program());
    source.args(command.get_args()).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut source = source.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut out = source.stdout.take().ok_or("no output")?;
    let mut cat = None;
    if through_cat {
        let mut behind =
            Command::new("cat").stdin(out).stdout(Stdio::piped()).spawn().map_err(|error| format!("cat: {error}"))?;
        out = behind.stdout.take().ok_or("no output of cat")?;
        cat = Some(behind);
    }
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    while let count @ 1.. = out.read(&mut buffer).map_err(failed)? {
        bytes += count;
    }
    let seconds = start.elapsed().as_secs_f64();
    for child in [Some(&mut source), cat.as_mut()].into_iter().flatten() {
        let _ = child.wait();
    }
    if bytes < FLOOD / 2 {
        Err(format!("only {bytes} bytes came out of {command:?}"))
    } else {
        Ok(bytes as f64 / 1e6 / seconds)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
