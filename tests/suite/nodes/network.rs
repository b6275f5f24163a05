//! Real hosts: network namespaces with a bridge between them, host names and PIDs of their own, and an sshd in each. Skipped,
//! and said so, where that is not permitted.

mod hosts;

use anyhow::{Result, bail, ensure};
use hosts::{Family, Network};
use pip_tests::cases::Cases;
use pip_tests::generator::Program;
use pip_tests::generator::case::Case;
use pip_tests::run::{Outcome, Run};
use pip_tests::{places, sources};
use std::time::{Duration, Instant};

pub fn add(cases: &mut Cases) {
    let possible = hosts::possible();
    let mut add = |name: &str, case: fn() -> Result<()>| {
        cases.add_if(format!("nodes::network::{name}"), possible.clone(), case);
    };
    add("programs_run_on_two_and_three_hosts", programs);
    add("hosts_may_have_ipv6_only", ipv6);
    add("a_lost_rank_agent_or_launcher_ends_all", losses);
    add("a_cut_link_ends_all_on_both_sides", cut);
}

fn programs() -> Result<()> {
    let network = Network::new(3, Family::V4)?;
    let script = "echo $PMI_RANK $MPI_LOCALRANKID $PIP_MPI_LOCAL_RANKS $(hostname)";
    let outcome = network.launch("-hosts h1:2,h2:2,h3 -n 5 sh -c").arg(script).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    outcome.expect_lines(&["0 0 0-1 h1", "1 1 0-1 h1", "2 0 2-3 h2", "3 1 2-3 h2", "4 0 4 h3"])?;
    let unknown = network.launch("-hosts h1,h9 -n 2 true").end()?;
    unknown.expect_code(1)?.expect_err(&["host h9", "ssh ended with status 255"])?;
    for hosts in ["-hosts h1,h2 -n 2", "-hosts h1:2,h2:2 -n 4", "-hosts h3:2,h1:2,h2:2 -n 6"] {
        let ranks = hosts.rsplit(' ').next().unwrap_or_default();
        let bench = |name: &str, words: &str| {
            to_its_end(|| network.launch(hosts).arg(places::built(name)).words(words))?.expect_code(0).map(drop)
        };
        if ranks == "2" {
            bench("osu_latency", "-m 1:4096 -i 20")?;
        }
        bench("osu_allreduce", "-m 4:4096 -i 10 -c")?;
        let program = sources::program("random_traffic.c")?;
        let stock = Run::stock("-n").arg(ranks).arg(&program).words("78 10").end()?;
        let outcome = to_its_end(|| network.launch(hosts).arg(&program).words("78 10"))?;
        ensure!(outcome.expect_code(0)?.sorted() == stock.sorted(), "{stock}\n{outcome}");
        let words = "--size 128 --iterations 10 --variant sendrecv";
        let outcome = to_its_end(|| network.launch(hosts).arg(places::built("stencil")).words(words))?;
        ensure!(outcome.expect_code(0)?.out().contains("equal the serial run's to the last bit"), "{outcome}");
        generated(&network, hosts, ranks.parse()?)?;
    }
    network.expect_empty()
}

/// Generated programs (see `pip_tests::generator`): each rank's digest is what it is under stock MPICH on one host.
fn generated(network: &Network, hosts: &str, ranks: usize) -> Result<()> {
    let folder = places::temporary()?;
    let (script, results) = (folder.path().join("script"), folder.path().join("results"));
    let cases = (0..).map(|seed| Case::draw(seed, ranks)).filter(|case| !case.threaded() && case.stock());
    let text = cases.take(5).enumerate().map(|(index, case)| format!("case {index}\n{}", case.script()));
    std::fs::write(&script, text.collect::<String>())?;
    let player = sources::program(Case::PLAYER)?;
    let digests = || std::fs::read_to_string(&results);
    let stock = Run::stock("-n").arg(ranks.to_string()).arg(&player).arg(&script).arg(&results).end()?;
    stock.expect_code(0)?;
    let wanted = digests()?;
    std::fs::remove_file(&results)?;
    to_its_end(|| network.launch(hosts).arg(&player).arg(&script).arg(&results))?.expect_code(0)?;
    ensure!(wanted.lines().count() == 5 && digests()? == wanted, "{hosts}: {wanted}\n{}", digests()?);
    Ok(())
}

/// Hosts that have nothing but IPv6, by name, by address, and by an address that holds on one cable only.
fn ipv6() -> Result<()> {
    let network = Network::new(2, Family::V6)?;
    let script = "echo $PMI_RANK $MPI_LOCALRANKID $(hostname)";
    let lines = ["0 0 h1", "1 0 h2", "2 1 h2"];
    for options in [
        "-hosts h1,h2:2",
        "-hosts [fd77::1],[fd77::2]:2",
        "-hosts fd77::1,[fe80::77:2%eth0]:2",
        "-iface eth0 -hosts h1,h2:2",
        "-localhost fe80::77:1 -hosts h1,h2:2",
    ] {
        let outcome = network.launch(options).words("-n 3 sh -c").arg(script).end()?;
        outcome.expect_code(0)?.expect_quiet()?.expect_lines(&lines)?;
    }
    let program = sources::program("random_traffic.c")?;
    let stock = Run::stock("-n 4").arg(&program).words("78 10").end()?;
    let ipv6 = || network.launch("-hosts h1:2,[fd77::2]:2 -n 4").arg(&program).words("78 10");
    let outcome = to_its_end(|| ipv6().env("UCX_TCP_AF_PRIO", "inet6"))?;
    ensure!(outcome.expect_code(0)?.sorted() == stock.sorted(), "{stock}\n{outcome}");
    network.expect_empty()
}

/// Over TCP, MPI_Finalize of MPICH 4.0.2 may hang on a busy machine, under mpiexec.mpich, too. Such a run is repeated.
fn to_its_end(run: impl Fn() -> Run) -> Result<Outcome> {
    for _ in 0..3 {
        match run().limit(25).end() {
            Err(error) if error.to_string().contains("the watchdog ended it") => {}
            other => return other,
        }
    }
    bail!("three runs in a row hung")
}

fn losses() -> Result<()> {
    let network = Network::new(3, Family::V4)?;
    let start = || network.launch("-hosts h1,h2,h3 -n 3 sh -c").arg("echo here; sleep 1000 & wait").limit(40).start();
    let mut job = start()?;
    job.await_lines(3, "here")?;
    network.kill("h2", "sleep 1000")?;
    // The rank ends by itself when its child has gone, and the job goes on.
    std::thread::sleep(Duration::from_millis(100));
    network.kill("h3", "-agent h3")?;
    job.end()?.expect_code(1)?.expect_err(&["host h3", "has ended"])?;
    network.expect_empty()?;

    // Without MPI, which over TCP may hang by itself.
    let dying = "if [ $PMI_RANK = 2 ]; then sleep 0.3; kill -9 $$; fi; sleep 1000";
    let outcome = network.launch("-hosts h1,h2:2 -n 3 sh -c").arg(dying).limit(40).end()?;
    outcome.expect_code(9)?.expect_err(&["rank 2 (PID ", " on h2)", "signal 9"])?;
    network.expect_empty()?;

    let mut job = start()?;
    job.await_lines(3, "here")?;
    network.kill("h1", "pip-mpiexec -hosts")?;
    job.end()?;
    network.expect_empty()
}

fn cut() -> Result<()> {
    let network = Network::new(2, Family::V4)?;
    let run = network.launch("-hosts h1,h2 -n 2 sh -c").arg("echo here; sleep 1000").limit(40);
    let mut job = run.env("PIP_MPI_NODE_TIMEOUT", "3").start()?;
    job.await_lines(2, "here")?;
    let begin = Instant::now();
    network.set_link("h2", "down")?;
    let outcome = job.end()?;
    outcome.expect_code(1)?.expect_err(&["host h2", "3 seconds"])?;
    network.expect_ended("h2", "sleep 1000")?;
    ensure!(begin.elapsed() < Duration::from_secs(30), "{:?} for the end of both sides", begin.elapsed());
    network.set_link("h2", "up")?;
    Ok(())
}
