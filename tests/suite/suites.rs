//! Every program of the OSU and IMB suites runs with its data checked, under stock MPICH, pip-mpiexec and, where `make rivals`
//! has built them for it, Open MPI; tables have the originals' columns; wrong use is refused as there.

use anyhow::{Context, Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::places;
use pip_tests::run::{Outcome, Run};
use std::path::{Path, PathBuf};

const LAUNCHERS: [&str; 3] = ["stock", "pip", "openmpi"];

/// Persistent collectives of MPICH 4.0.2 send what was in the buffer when the request was made: the originals' validation
/// fails there too. Persistent collectives are MPICH's under PiP.
const WRONG_IN_MPICH: [&str; 3] = ["osu_allgather_persistent", "osu_gather_persistent", "osu_scatter_persistent"];

/// (program, arguments, a line it must print). From the output of OSU 7.4 and IMB 2021.11.
const COLUMNS: [(&str, &str, &str); 9] = [
    (
        "osu_allreduce",
        "-f -c -z -m 4:4 -i 4 -x 1 -u 0",
        "# Size       Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations        Validation  P50 Tail Lat(us)  \
         P90 Tail Lat(us)  P99 Tail Lat(us)",
    ),
    (
        "osu_ialltoall",
        "-m 4:4 -i 4 -x 1 -t 3",
        "# Size           Overall(us)       Compute(us)    Pure Comm.(us)        Overlap(%)",
    ),
    ("osu_bcast", "-D vect:4:2 -m 8:8 -i 4 -x 1", "# Size       Avg Latency(us)     Transmit Size"),
    ("osu_scatter", "-k rotate -c -T all -m 4:4 -i 4 -x 1", "# Datatype: MPI_FLOAT."),
    ("osu_bw", "-z50 -m 8:8 -i 4 -x 1", "# Size      Bandwidth (MB/s) P50 Tail BW(MB/s)"),
    ("IMB-MPI1", "Uniband -iter 2 -msglog 2:2", "       #bytes #repetitions   Mbytes/sec      Msg/sec"),
    ("IMB-MPI1", "Barrier -iter 2 -multi 1", "        Group #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]"),
    ("IMB-RMA", "Truly_passive_put -iter 2 -msglog 2:2", "       #bytes #repetitions t_pure[usec] t_ovrl[usec]"),
    ("IMB-EXT", "Unidir_Put -iter 2 -msglog 2:2", "#    MODE: NON-AGGREGATE "),
];

/// Programs with checked data on four processes.
const ON_FOUR: [(&str, &str); 6] = [
    ("osu_reduce_scatter", "-c -f -u 0 -T all -m 2:32 -i 2 -x 0"),
    ("osu_ialltoallv", "-c -u 0 -m 32:64 -i 2 -x 0"),
    ("osu_gatherv", "-c -u 0 -k rotate -m 32:64 -i 4 -x 0"),
    ("osu_neighbor_alltoallw", "-c -u 0 -m 32:64 -i 2 -x 0"),
    ("osu_multi_lat", "-c -u 0 -D cont -m 32:70000 -i 2 -x 0"),
    ("osu_mbw_mr", "-c -u 0 -W 4 -b multiple -m 32:70000 -i 2 -x 0"),
];

/// msgrate's arguments and processes.
const RATES: [(&str, usize); 3] = [("-i 5 -W 8", 2), ("-i 5 -W 8 -t 3", 2), ("-i 5 -W 8 -m 5000", 4)];

/// (program, arguments, processes, what rank 0 says).
const REFUSED: [(&str, &str, usize, &str); 14] = [
    ("osu_latency", "", 1, "This test requires exactly two processes"),
    ("osu_bibw", "", 3, "This test requires exactly two processes"),
    ("osu_put_latency", "", 1, "This test requires exactly two processes"),
    ("osu_allreduce", "", 1, "This test requires at least two processes"),
    ("osu_mbw_mr", "", 1, "This test requires at least two processes"),
    ("osu_mbw_mr", "", 3, "This test requires an even number of processes; 3 were started"),
    ("osu_multi_lat", "", 3, "This test requires an even number of processes; 3 were started"),
    ("osu_latency_mt", "-c", 2, "Number of sender and receiver threads must be same when validation is enabled"),
    ("osu_bcast", "-m 8:4", 2, "Invalid Message Size [-m 8:4]"),
    ("osu_gather", "-k fixed:2", 2, "Root rank('-k') cannot be more than number of processes"),
    ("osu_neighbor_alltoall", "", 2, "The neighborhood radius 1 is greater than half of the smallest dimension, 2"),
    ("osu_latency", "-m 1:99999999999999", 2, "Invalid Message Size [-m 1:99999999999999]"),
    ("IMB-MPI1", "PingPong", 1, "no chosen benchmark runs on 1 processes"),
    ("IMB-EXT", "-iter x", 2, "Invalid value x of option -iter"),
];

pub fn add(cases: &mut Cases) {
    let programs = programs();
    cases.add("benchmarks::suites::programs_are_found", {
        let count = programs.len();
        move || {
            ensure!(count > 70, "{count} programs of OSU");
            Ok(())
        }
    });
    for launcher in LAUNCHERS {
        for program in &programs {
            let (program, possible) = (program.clone(), available(launcher, program));
            let name = format!("benchmarks::{launcher}::validated::{program}");
            cases.add_if(name, possible, move || validated(launcher, &program));
        }
        for program in ["IMB-MPI1", "IMB-RMA", "IMB-EXT"] {
            let name = format!("benchmarks::{launcher}::validated::{program}");
            cases.add_if(name, available(launcher, program), move || checked(launcher, program));
        }
    }
    for launcher in ["stock", "pip"] {
        for (program, args) in ON_FOUR {
            let name = format!("benchmarks::{launcher}::on_four::{program}");
            cases.add(name, move || all_right(&start(launcher, 4, program).words(args).end()?, args));
        }
        for (args, processes) in RATES {
            let name = format!("benchmarks::{launcher}::msgrate::{}_{processes}", args.replace(' ', "_"));
            cases.add(name, move || {
                let outcome = start(launcher, processes, "msgrate").words(args).end()?;
                let text = outcome.expect_code(0)?.out();
                let row: Vec<&str> = text.lines().last().unwrap_or_default().split_whitespace().collect();
                let rate = row.get(2).and_then(|rate| rate.parse::<f64>().ok());
                ensure!(row.len() == 3 && rate.is_some_and(|rate| rate > 0.0), "no rate\n{outcome}");
                Ok(())
            });
        }
    }
    cases.add("benchmarks::stock::msgrate::table", || {
        let run = Run::new(places::built("msgrate")).words("--table --streams 1,2 -i 5 --pip /nonexistent");
        let outcome = run.limit(120).end()?;
        let text = outcome.expect_code(0)?.out();
        let rows = text.lines().filter(|line| line.starts_with('1') || line.starts_with('2'));
        let numbers = rows.map(|row| row.split_whitespace().filter(|word| word.parse::<f64>().is_ok()).count());
        ensure!(numbers.eq([3, 3]) && text.contains("/nonexistent cannot be started"), "{outcome}");
        Ok(())
    });
    for (program, args, line) in COLUMNS {
        cases.add(format!("benchmarks::pip::columns::{program}::{}", args.replace([' ', ':'], "_")), move || {
            let outcome = start("pip", 2, program).words(args).end()?;
            let text = outcome.expect_code(0)?.out();
            ensure!(text.lines().any(|found| found == line), "no line {line:?}\n{outcome}");
            Ok(())
        });
    }
    for (program, args, processes, sentence) in REFUSED {
        let args_name = args.replace([' ', ':'], "_");
        cases.add(format!("benchmarks::pip::refused::{program}::{args_name}_{processes}"), move || {
            let outcome = start("pip", processes, program).words(args).end()?;
            let said = outcome.expect_code(1)?.err();
            let told = said.lines().filter(|line| line.contains(sentence)).count();
            ensure!(told == 1, "not refused once\n{outcome}");
            Ok(())
        });
    }
    cases.add("benchmarks::pip::refused::no_memory", || {
        // Each of 64 messages has a buffer of 2 GiB, in 1 GiB of address space.
        let script =
            format!("ulimit -v 1048576; exec {} -b multiple -m 1:2147483647", places::built("osu_bw").display());
        let outcome = Run::stock("-n 2 sh -c").arg(script).end()?;
        let said = outcome.expect_code(1)?.err();
        ensure!(said.contains("cannot allocate 2147483647 bytes for a message buffer"), "{outcome}");
        Ok(())
    });
}

/// The programs of benches/osu.
fn programs() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/osu/src/bin");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

fn path(launcher: &str, program: &str) -> PathBuf {
    let own = places::built(program);
    match (launcher, own.parent().and_then(Path::parent)) {
        ("openmpi", Some(target)) => target.join("rivals/openmpi/release").join(program),
        _ => own,
    }
}

fn available(launcher: &str, program: &str) -> Result<(), String> {
    if launcher != "openmpi" {
        return Ok(());
    }
    needs("mpiexec.openmpi")?;
    let path = path(launcher, program);
    if path.exists() { Ok(()) } else { Err(format!("{} is not built; run make rivals", path.display())) }
}

fn start(launcher: &str, processes: usize, program: &str) -> Run {
    let run = match launcher {
        "stock" => Run::stock(&format!("-n {processes}")),
        "pip" => Run::pip(&format!("-n {processes}")),
        _ => Run::rival("mpiexec.openmpi")
            .words(&format!("--allow-run-as-root --oversubscribe -n {processes}"))
            .env("OMPI_MCA_btl_base_warn_component_unused", "0"),
    };
    run.arg(path(launcher, program)).limit(120)
}

/// A run with `-c`, where there is something to check: every row says so.
fn validated(launcher: &'static str, program: &str) -> Result<()> {
    let processes = if program.contains("neighbor") { 3 } else { 2 };
    let barrier = program.contains("barrier");
    let args = match program {
        "osu_init" | "osu_hello" => "",
        _ if barrier => "-i 2 -x 1",
        "osu_latency_mt" => "-c -t 2:2 -u 1 -m 32:32 -i 4 -x 1",
        _ if WRONG_IN_MPICH.contains(&program) && launcher != "openmpi" => "-m 32:64 -i 2 -x 1",
        _ if one_sided(program) => "-c -m 32:64 -i 2 -x 1",
        _ => "-c -u 1 -m 32:64 -i 2 -x 1",
    };
    let outcome = start(launcher, processes, program).words(args).end()?;
    if launcher == "openmpi" && program.ends_with("_persistent") && lacks_it(&outcome, program) {
        return Ok(());
    }
    all_right(&outcome, args)
}

/// There is a title and, where anything is measured, there are rows, which say that the data was right.
fn all_right(outcome: &Outcome, args: &str) -> Result<()> {
    let text = outcome.expect_code(0)?.out();
    let rows = text.lines().filter(|line| line.trim_start().starts_with(|first: char| first.is_ascii_digit()));
    let rows: Vec<&str> = rows.collect();
    let right = |row: &&str| row.contains(" Pass") || row.contains(" passed");
    ensure!(!args.contains("-c") || rows.iter().all(right), "not all rows were validated\n{outcome}");
    ensure!(!rows.is_empty() || args.is_empty(), "no rows\n{outcome}");
    ensure!(text.contains(" Test v"), "no title\n{outcome}");
    Ok(())
}

fn one_sided(program: &str) -> bool {
    ["_put_", "_get_", "_acc_", "_fop_", "_cas_"].iter().any(|word| program.contains(word))
}

/// Whether a library of before MPI 4.0 was refused for what it lacks: then the program did what it should.
fn lacks_it(outcome: &Outcome, program: &str) -> bool {
    let collective = !["latency", "bw"].iter().any(|word| program.contains(word));
    collective && outcome.code == Some(1) && outcome.err().contains("_init; use one of MPI 4.0 or newer")
}

/// A suite of IMB with `-check on`: all benchmarks on two processes, and those with patterns of their own on four.
fn checked(launcher: &'static str, program: &'static str) -> Result<()> {
    let all =
        "PingPongAnySource,PingPingAnySource,PingPongSpecificSource,PingPingSpecificSource,Uniband,Biband,Reduce_bcast";
    let (more, many) = match program {
        "IMB-MPI1" => (format!("-include {all}"), "Sendrecv Exchange Uniband Alltoallv Reduce_scatter Reduce_bcast"),
        "IMB-RMA" => ("-include Get_local,Get_all_local".into(), "All_put_all One_get_all Exchange_put Exchange_get"),
        _ => (String::new(), "Window Accumulate"),
    };
    for (processes, rest) in [(2, more.as_str()), (4, many)] {
        let args = format!("-check on -iter 1 -msgsize 0,4,200 -window_size 3 -npmin {processes} {rest}");
        let outcome = start(launcher, processes, program).words(&args).end()?;
        let text = outcome.expect_code(0)?.out();
        let tables = text.split("# Benchmarking ").skip(1);
        let mut rows = 0;
        for table in tables {
            let name = table.split_whitespace().next().context("a name")?;
            let in_table = table.lines().filter(|line| line.starts_with(' ') && !line.contains('#'));
            let in_table: Vec<&str> = in_table.collect();
            ensure!(!in_table.is_empty(), "no rows of {name}\n{outcome}");
            ensure!(in_table.iter().all(|row| row.ends_with(" 0.00")), "{name} has defects\n{outcome}");
            rows += in_table.len();
        }
        ensure!(rows > 3 && text.ends_with("# All processes entering MPI_Finalize\n\n"), "incomplete\n{outcome}");
    }
    Ok(())
}
