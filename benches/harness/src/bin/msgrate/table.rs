//! The cases side by side: the same number of streams as threads of one rank on either side, as PiP ranks, and as processes.

use std::process::{Command, Stdio};

use bench_harness::emit;

use crate::Options;

/// One way to have streams.
struct Case {
    title: &'static str,
    pip: bool,
    threads: bool,
}

const CASES: [Case; 4] = [
    Case { title: "threads", pip: false, threads: true },
    Case { title: "threads, PiP", pip: true, threads: true },
    Case { title: "PiP ranks", pip: true, threads: false },
    Case { title: "processes", pip: false, threads: false },
];

/// Starts all cases one after the other and prints the table, in messages per second. What cannot be had is a dash, and the reason
/// stands below.
///
/// # Errors
/// When no case could be measured.
pub fn print(options: &Options) -> Result<(), String> {
    let place = match &options.hosts {
        Some(hosts) => format!("between the hosts {hosts}"),
        None => "on one node".into(),
    };
    emit(&format!("# Messages of {} bytes per second {place}\n{:<10}", options.size, "# Streams"));
    emit(&(CASES.iter().map(|case| format!("{:>16}", case.title)).collect::<String>() + "\n"));
    let (mut reasons, mut measured): (Vec<String>, bool) = (Vec::new(), false);
    for &streams in &options.streams {
        emit(&format!("{streams:<10}"));
        for case in &CASES {
            match rate(options, case, streams) {
                Ok(rate) => {
                    measured = true;
                    emit(&format!("{rate:>16.0}"));
                }
                Err(why) => {
                    emit(&format!("{:>16}", "-"));
                    reasons.push(format!("# {}, {streams} streams: {why}\n", case.title));
                }
            }
        }
        emit("\n");
    }
    emit(&reasons.concat());
    if measured { Ok(()) } else { Err("no case could be measured".into()) }
}

/// Messages per second of one case.
fn rate(options: &Options, case: &Case, streams: usize) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|why| format!("this program's path is not known: {why}"))?;
    let beside = || program.with_file_name("pip-mpiexec").to_string_lossy().into_owned();
    let launcher = if case.pip { options.pip.clone().unwrap_or_else(beside) } else { options.stock.clone() };
    let (ranks, threads) = if case.threads { (1, streams) } else { (streams, 1) };
    let mut command = Command::new(&launcher);
    if let Some(hosts) = &options.hosts {
        command.args(["-launcher", "fork", "-hosts", hosts, "-ppn", &ranks.to_string()]);
    }
    command.arg("-n").arg((2 * ranks).to_string()).arg(&program);
    for (name, value) in [("-t", threads), ("-m", options.size), ("-W", options.window), ("-i", options.iterations)] {
        command.arg(name).arg(value.to_string());
    }
    let output = command.stdin(Stdio::null()).output().map_err(|why| format!("{launcher} cannot be started: {why}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let row = text.lines().find(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let rate = row.and_then(|row| row.split_whitespace().nth(2)?.parse().ok());
    if let Some(rate) = rate.filter(|_| output.status.success()) {
        return Ok(rate);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it printed no rate");
    Err(format!("{launcher} ended with {}: {why}", output.status))
}
