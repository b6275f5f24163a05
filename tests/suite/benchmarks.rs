//! The benchmarks and the example of pointers run under both launchers and print what they should; how fast is not tested.

use anyhow::{Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::places;
use pip_tests::run::Run;

/// (program, arguments, ranks, sizes that the first column must show).
const TABLES: [(&str, &str, usize, &[&str]); 7] = [
    ("osu_latency", "-m 1:4096 -i 100 -x 10", 2, &["1", "64", "4096"]),
    ("osu_latency", "-m 1048576:1048576 -i 10 -x 2", 2, &["1048576"]),
    ("osu_latency", "-c -T mpi_double -D vect:2:1 -m 64:524288 -i 10 -x 2", 2, &["64", "8192", "524288"]),
    ("osu_bibw", "-c -m 1:65536 -i 10 -x 2", 2, &["1", "64", "65536"]),
    ("osu_bw", "-c -m 1:65536 -i 10 -x 2", 2, &["1", "64", "65536"]),
    ("osu_mbw_mr", "-m 1:4096 -i 10 -x 2", 4, &["1", "64", "4096"]),
    ("IMB-MPI1", "PingPong -iter 50", 2, &["0", "1", "4096", "4194304"]),
];

pub fn add(cases: &mut Cases) {
    for (program, args, np, sizes) in TABLES {
        for launcher in ["stock", "pip"] {
            let name = format!("benchmarks::{launcher}::{program}::{}", args.replace([' ', ':'], "_"));
            cases.add(name, move || table(launcher, program, args, np, sizes));
        }
    }
    cases.add("benchmarks::pip::address_space", || {
        let outcome = start("pip", 4).arg(places::built("address-space")).end()?;
        ensure!(outcome.expect_code(0)?.out().lines().count() >= 4, "{outcome}");
        Ok(())
    });
    cases.add_if("benchmarks::pip::NPmpich2", needs("NPmpich2"), || {
        let folder = places::temporary()?; // it writes np.out
        let outcome = start("pip", 2).words("NPmpich2 -u 4096").folder(folder.path()).limit(120).end()?;
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
    for size in sizes {
        let row =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|row| row.first() == Some(size));
        let numbers =
            row.as_ref().map(|row| row[1..].iter().filter_map(|word| word.parse::<f64>().ok()).collect::<Vec<_>>());
        let good = numbers.is_some_and(|numbers| !numbers.is_empty() && numbers.iter().all(|number| *number >= 0.0));
        ensure!(good, "no good row for size {size}\n{outcome}");
    }
    Ok(())
}
