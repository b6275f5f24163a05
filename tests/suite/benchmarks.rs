//! The benchmarks and the example of pointers run under both launchers and print what they should; how fast is not tested.

use anyhow::{Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::places;
use pip_tests::run::Run;

/// (program, arguments, ranks, sizes that the first column must show).
const TABLES: [(&str, &str, usize, &[&str]); 8] = [
    ("osu_latency", "-m 1:4096 -i 100 -x 10", 2, &["1", "64", "4096"]),
    ("osu_latency", "-m 1048576:1048576 -i 10 -x 2", 2, &["1048576"]),
    ("osu_latency", "-c -T mpi_double -D vect:2:1 -m 64:524288 -i 10 -x 2", 2, &["64", "8192", "524288"]),
    ("osu_bibw", "-c -m 1:65536 -i 10 -x 2", 2, &["1", "64", "65536"]),
    ("osu_bw", "-c -m 1:65536 -i 10 -x 2", 2, &["1", "64", "65536"]),
    ("osu_mbw_mr", "-m 1:4096 -i 10 -x 2", 4, &["1", "64", "4096"]),
    ("win_allocate", "--max 65536", 2, &["4096", "16384", "65536"]),
    ("IMB-MPI1", "PingPong -iter 50", 2, &["0", "1", "4096", "4194304"]),
];

/// One-sided programs, in the same way. One of every way to make a window and to complete operations.
const ONE_SIDED: [(&str, &str, &[&str]); 14] = [
    ("osu_put_latency", "-m 1:65536 -i 20 -x 2", &["1", "64", "65536"]),
    ("osu_put_latency", "-w create -s pscw -m 8:64 -i 20 -x 2", &["8", "64"]),
    ("osu_get_latency", "-m 1:65536 -i 20 -x 2", &["1", "64", "65536"]),
    ("osu_get_latency", "-w dynamic -s fence -m 8:64 -i 20 -x 2", &["8", "64"]),
    ("osu_get_acc_latency", "-m 1:4096 -i 20 -x 2", &["1", "64", "4096"]),
    ("osu_acc_latency", "-c -m 1:4096 -i 10 -x 2", &["1", "64", "4096"]),
    ("osu_acc_latency", "-c -T mpi_float -w dynamic -s lock_all -m 4:64 -i 10 -x 2", &["4", "64"]),
    ("osu_fop_latency", "-c -i 10 -x 2", &["1"]),
    ("osu_fop_latency", "-c -T mpi_int -w create -s fence -i 10 -x 2", &["4"]),
    ("osu_cas_latency", "-c -T mpi_int -i 10 -x 2", &["4"]),
    ("osu_cas_latency", "-c -s pscw -i 10 -x 2", &["1"]),
    ("osu_put_bw", "-m 1:65536 -W 8 -i 10 -x 2 -s flush_local", &["1", "64", "65536"]),
    ("osu_get_bw", "-m 1:65536 -W 8 -i 10 -x 2 -s lock", &["1", "64", "65536"]),
    ("osu_put_bibw", "-m 1:65536 -W 8 -i 10 -x 2", &["1", "64", "65536"]),
];

/// (program, arguments that are wrong, how its sentence begins).
const WRONG: [(&str, &str, &str); 3] = [
    ("osu_put_latency", "-w nowhere", "Invalid option or invalid argument [-w nowhere]"),
    ("osu_put_bibw", "-s flush", "Invalid option or invalid argument [-s flush]"),
    ("osu_fop_latency", "-i 0", "Invalid Number of Iterations [-i 0]"),
];

pub fn add(cases: &mut Cases) {
    let one_sided = ONE_SIDED.iter().map(|&(program, args, sizes)| (program, args, 2, sizes));
    for (program, args, np, sizes) in TABLES.into_iter().chain(one_sided) {
        for launcher in ["stock", "pip"] {
            let name = format!("benchmarks::{launcher}::{program}::{}", args.replace([' ', ':'], "_"));
            cases.add(name, move || table(launcher, program, args, np, sizes));
        }
    }
    for (program, args, sentence) in WRONG {
        let name = format!("benchmarks::pip::{program}::{}_is_wrong", args.replace(' ', "_"));
        cases.add(name, move || {
            let outcome = start("pip", 2).arg(places::built(program)).words(args).end()?;
            let said = outcome.expect_code(1)?.err();
            ensure!(said.contains(sentence) && outcome.out().is_empty(), "not refused\n{outcome}");
            Ok(())
        });
    }
    cases.add("benchmarks::pip::address_space", || {
        let outcome = start("pip", 4).arg(places::built("address-space")).end()?;
        ensure!(outcome.expect_code(0)?.out().lines().count() >= 4, "{outcome}");
        Ok(())
    });
    cases.add_if("benchmarks::pip::NPmpich2", needs("NPmpich2"), || {
        let folder = places::temporary()?; // it writes np.out
        // Without -n it repeats each size as often as its first guess says, which is wrong while others use the cores.
        let outcome = start("pip", 2).words("NPmpich2 -n 500 -u 4096").folder(folder.path()).end()?;
        let text = outcome.expect_code(0)?.out() + &outcome.err();
        ensure!(text.contains("4096 bytes") && text.contains("Mbps"), "{outcome}");
        Ok(())
    });
}

fn start(launcher: &str, np: usize) -> Run {
    let np = format!("-n {np}");
    if launcher == "stock" { Run::stock(&np) } else { Run::pip(&np) }
}

/// A table with these numbers in its first column and positive numbers in all others.
fn table(launcher: &str, program: &str, args: &str, np: usize, sizes: &[&str]) -> Result<()> {
    let outcome = start(launcher, np).arg(places::built(program)).words(args).limit(120).end()?;
    let text = outcome.expect_code(0)?.out();
    let validated = args.split(' ').any(|word| word == "-c");
    for size in sizes {
        let row =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|row| row.first() == Some(size));
        let numbers =
            row.as_ref().map(|row| row[1..].iter().filter_map(|word| word.parse::<f64>().ok()).collect::<Vec<_>>());
        let good = numbers.is_some_and(|numbers| !numbers.is_empty() && numbers.iter().all(|number| *number >= 0.0));
        ensure!(good, "no good row for size {size}\n{outcome}");
        let passed = row.is_some_and(|row| row.contains(&"Pass") || row.contains(&"passed"));
        ensure!(!validated || passed, "size {size} was not validated\n{outcome}");
    }
    Ok(())
}
