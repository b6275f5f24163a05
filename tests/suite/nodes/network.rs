//! Real hosts: network namespaces with a bridge between them, host names and PIDs of their own, and an sshd in each. Skipped,
//! and said so, where that is not permitted.

mod hosts;

use anyhow::{Result, bail, ensure};
use hosts::{Family, Network};
use pip_tests::cases::Cases;
use pip_tests::generator::Program;
use pip_tests::generator::case::Case;
use pip_tests::run::{Outcome, Run, Running};
use pip_tests::{places, sources};
use std::path::Path;
use std::time::{Duration, Instant};

pub fn add(cases: &mut Cases) {
    let possible = hosts::possible();
    let mut add = |name: &str, case: fn() -> Result<()>| {
        cases.add_if(format!("nodes::network::{name}"), possible.clone(), case);
    };
    add("ranks_know_their_hosts", places_of_ranks);
    add("programs_run_on_two_hosts", || programs("-hosts h1,h2", 2));
    add("programs_run_on_two_hosts_with_two_ranks_each", || programs("-hosts h1:2,h2:2", 4));
    add("programs_run_on_three_hosts_with_two_ranks_each", || programs("-hosts h3:2,h1:2,h2:2", 6));
    add("hosts_may_have_ipv6_only", ipv6);
    add("a_lost_rank_agent_or_launcher_ends_all", losses);
    add("a_cut_link_ends_all_on_both_sides", cut);
}

fn places_of_ranks() -> Result<()> {
    let network = Network::new(3, Family::V4)?;
    let script = "echo $PMI_RANK $MPI_LOCALRANKID $PIP_MPI_LOCAL_RANKS $(hostname)";
    let outcome = network.launch("-hosts h1:2,h2:2,h3 -n 5 sh -c").arg(script).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    outcome.expect_lines(&["0 0 0-1 h1", "1 1 0-1 h1", "2 0 2-3 h2", "3 1 2-3 h2", "4 0 4 h3"])?;
    let unknown = network.launch("-hosts h1,h9 -n 2 true").end()?;
    unknown.expect_code(1)?.expect_err(&["host h9", "ssh ended with status 255"])?;
    network.expect_empty()
}

fn programs(hosts: &str, ranks: usize) -> Result<()> {
    let network = Network::new(ranks.div_ceil(2).max(2), Family::V4)?;
    let np = ranks.to_string();
    let run = |program: &Path, words: &str| network.launch(hosts).words("-n").arg(&np).arg(program).words(words);
    if ranks == 2 {
        to_its_end(|| run(&places::built("osu_latency"), "-m 1:4096 -i 20"))?.expect_code(0)?;
    }
    if ranks < 6 {
        // Waiting ranks spin in MPICH, so each call takes tens of milliseconds.
        let out = output(&network, run(&places::built("osu_allreduce"), "-m 4:8 -i 5 -x 1 -c"), 2, "Pass")?;
        ensure!(!out.contains("Fail"), "{out}");
    }
    let program = sources::program("random_traffic.c")?;
    let stock = Run::stock("-n").arg(&np).arg(&program).words("78 10").end()?.expect_code(0)?.out();
    let out = output(&network, run(&program, "78 10"), 1, "digest")?;
    ensure!(out == stock, "{stock}\n{out}");
    let words = "--size 128 --iterations 10 --variant sendrecv";
    let out = output(&network, run(&places::built("stencil"), words), 1, "checksum")?;
    ensure!(out.contains("equal the serial run's to the last bit"), "{out}");
    generated(&network, ranks, run)
}

/// What a program prints until so many lines with `last` are there. With several ranks a host MPI_Finalize of MPICH 4.0.2 hangs more
/// often than not, under mpiexec.mpich, too: then the job is ended.
fn output(network: &Network, run: Run, count: usize, last: &str) -> Result<String> {
    let mut job = run.limit(100).start()?;
    let out = job.await_lines(count, last)?;
    end_finalizing(network, job)?;
    Ok(out)
}

/// Waits a little for the end of a job that has done its work, then makes it come.
fn end_finalizing(network: &Network, mut job: Running) -> Result<()> {
    if job.ends_within(Duration::from_millis(500))? {
        job.end()?.expect_code(0)?;
    } else {
        let _ = network.kill("h1", "pip-mpiexec -hosts");
        job.end()?;
    }
    network.expect_empty()
}

/// Generated programs (see `pip_tests::generator`): their digests are what they are under stock MPICH on one host.
fn generated(network: &Network, ranks: usize, run: impl Fn(&Path, &str) -> Run) -> Result<()> {
    let folder = places::temporary()?;
    let path = folder.path().canonicalize()?;
    let (script, results) = (path.join("script"), path.join("results"));
    // In their model all ranks share memory.
    let fits = |case: &Case| !case.threaded() && case.stock() && !case.script().contains("split_type");
    let cases = (0..).map(|seed| Case::draw(seed, ranks)).filter(fits);
    let text = cases.take(5).enumerate().map(|(index, case)| format!("case {index}\n{}", case.script()));
    std::fs::write(&script, text.collect::<String>())?;
    let player = sources::program(Case::PLAYER)?;
    let words = format!("{} {}", script.display(), results.display());
    Run::stock("-n").arg(ranks.to_string()).arg(&player).words(&words).end()?.expect_code(0)?;
    let wanted = std::fs::read_to_string(&results)?;
    ensure!(wanted.lines().count() == 5, "{wanted}");
    std::fs::remove_file(&results)?;
    let mut job = run(&player, &words).limit(100).start()?;
    let digests = || std::fs::read_to_string(&results).unwrap_or_default();
    while digests().len() < wanted.len() && !job.ends_within(Duration::from_millis(20))? {}
    end_finalizing(network, job)?;
    ensure!(digests() == wanted, "{wanted}\n{}", digests());
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
    let ipv6 = network.launch("-hosts h1:2,[fd77::2]:2 -n 4").arg(&program).words("78 10");
    let out = output(&network, ipv6.env("UCX_TCP_AF_PRIO", "inet6"), 1, "digest")?;
    ensure!(out == stock.out(), "{stock}\n{out}");
    Ok(())
}

/// Over TCP, MPI_Finalize of MPICH 4.0.2 may hang on a busy machine, under mpiexec.mpich, too. Such a run is repeated.
fn to_its_end(run: impl Fn() -> Run) -> Result<Outcome> {
    let mut hung = None;
    for _ in 0..3 {
        match run().limit(25).end() {
            Err(error) if error.to_string().contains("the watchdog ended it") => hung = Some(error),
            other => return other,
        }
    }
    bail!("three runs in a row hung; the last: {hung:?}")
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
