//! Jobs on several hosts. `-launcher fork` gives virtual ones, which need nothing of the machine; `network` makes real ones.

mod faults;
mod launchers;
mod network;
mod spawning;
mod strangers;
mod streams;

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::Run;
use pip_tests::{places, sources};

/// (host list and number of ranks: where each rank is).
const PLACEMENTS: [&str; 5] = [
    "-hosts a:2,b:2 -n 4",
    "-hosts a,b -n 5",
    "-hosts a:2,b:1 -n 7",
    "-hosts a,b,c -ppn 2 -n 5",
    "-hosts c:1,a:3 -n 2",
];

pub fn add(cases: &mut Cases) {
    for line in PLACEMENTS {
        cases.add(format!("nodes::ranks_know_their_place::{}", line.replace(' ', "_")), move || {
            let script = "echo $PMI_RANK $PMI_SIZE $MPI_LOCALRANKID $MPI_LOCALNRANKS $MPIR_CVAR_CH3_INTERFACE_HOSTNAME";
            let stock = Run::stock("-launcher fork").words(line).words("sh -c").arg(script).end()?;
            let expected = stock.expect_code(0)?.sorted();
            let pip = on(line).words("sh -c").arg(script).end()?;
            pip.expect_code(0)?.expect_quiet()?;
            ensure!(pip.sorted() == expected, "{stock}\n{pip}");
            Ok(())
        });
    }
    cases.add("nodes::the_mpi_library_sees_the_hosts", || {
        let program = sources::program("launcher/nodes.c")?;
        let stock = Run::stock("-launcher fork -hosts a:2,b:1 -n 7").arg(&program).end()?;
        let expected = stock.expect_code(0)?.sorted();
        let pip = on("-no-shim -hosts a:2,b:1 -n 7").arg(&program).end()?;
        ensure!(pip.expect_code(0)?.sorted() == expected, "{stock}\n{pip}");
        Ok(())
    });
    cases.add("nodes::address_spaces_are_told_to_ranks", || {
        let run = on("-hosts a:2,b:1 -n 5 sh -c").arg("echo $PMI_RANK $PIP_MPI_LOCAL_RANKS");
        run.end()?.expect_code(0)?.expect_lines(&["0 0-1,3-4", "1 0-1,3-4", "2 2", "3 0-1,3-4", "4 0-1,3-4"]).map(drop)
    });
    cases.add("nodes::tasks_beside_the_ranks_go_round_the_hosts", || {
        let script = "echo $MPIR_CVAR_CH3_INTERFACE_HOSTNAME ${PMI_RANK-none}";
        let run = on("-hosts a,b -n 2 sh -c").arg(script).words(": -no-rank -n 3 sh -c").arg(script);
        run.end()?.expect_code(0)?.expect_lines(&["a 0", "a none", "a none", "b 1", "b none"]).map(drop)
    });
    // On several hosts Hydra hangs if a rank leaves without MPI_Finalize, and does not tell a signal.
    for (args, code) in [("code 3", 3), ("abort 7", 7), ("exit 5", 5), ("fault", libc::SIGSEGV)] {
        cases.add(format!("nodes::exit_status_as_on_one_host::{}", args.replace(' ', "_")), move || {
            let act = sources::program("launcher/act.c")?;
            on("-no-shim -hosts a,b -n 2").arg(&act).words(args).end()?.expect_code(code).map(drop)
        });
    }
    cases.add("nodes::what_cannot_start_is_named_with_its_host", || {
        on("-hosts a,b -n 2 ./no-such-program").end()?.expect_code(127)?.expect_err(&["host ", "no-such-program"])?;
        on("-hosts a,b -n 2 /dev/null").end()?.expect_code(126)?.expect_err(&["host ", "/dev/null"]).map(drop)
    });
    cases.add("nodes::the_job_looks_the_same_everywhere", || {
        let folder = places::temporary()?;
        let path = folder.path().canonicalize()?.display().to_string();
        let script = "echo $PWD $FROM_OPTION $FROM_HERE";
        let run =
            on("-genv FROM_OPTION 1 -hosts a,b -n 2 sh -c").arg(script).env("FROM_HERE", "2").folder(folder.path());
        let line = format!("{path} 1 2");
        run.end()?.expect_code(0)?.expect_lines(&[&line, &line]).map(drop)
    });
    cases.add("nodes::random_traffic", || {
        let program = sources::program("random_traffic.c")?;
        let stock = Run::stock("-n 4").arg(&program).words("77 20").end()?;
        let expected = stock.expect_code(0)?.sorted();
        let pip = on("-hosts a:2,b:2 -n 4").arg(&program).words("77 20").limit(100).end()?;
        ensure!(pip.expect_code(0)?.sorted() == expected, "{stock}\n{pip}");
        Ok(())
    });
    cases.add("nodes::windows", || {
        let program = sources::program("windows/contended_everywhere.c")?;
        let run = on("-hosts a:2,b:1 -n 3").arg(&program).env("WITHOUT_SHARED_WINDOWS", "1").limit(100);
        run.end()?.expect_code(0)?.expect_lines(&[
            "created: right",
            "allocated: right",
            "shared: right",
            "dynamic: right",
        ])?;
        let stencil = on("-hosts a:2,b:2 -n 4").arg(places::built("stencil"));
        let outcome = stencil.words("--size 128 --iterations 10 --variant put").end()?;
        ensure!(outcome.expect_code(0)?.out().contains("equal the serial run's to the last bit"), "{outcome}");
        Ok(())
    });
    cases.add("nodes::benchmark_and_stencil", || {
        on("-hosts a,b -n 2").arg(places::built("osu_latency")).words("-m 1:4096 -i 20").end()?.expect_code(0)?;
        let run = on("-hosts a:2,b:2 -n 4")
            .arg(places::built("stencil"))
            .words("--size 128 --iterations 10 --variant sendrecv");
        let outcome = run.end()?;
        outcome.expect_code(0)?;
        ensure!(outcome.out().contains("equal the serial run's to the last bit"), "{outcome}");
        Ok(())
    });
    cases.add("nodes::many_ranks_on_several_hosts", many);
    cases.add("nodes::ipv6_addresses_are_hosts", || {
        let script = "echo $PMI_RANK $MPI_LOCALNRANKS";
        let local = Run::pip("-hosts [::1]:2,localhost -n 3 sh -c").arg(script).end()?;
        local.expect_code(0)?.expect_quiet()?.expect_lines(&["0 3", "1 3", "2 3"])?;
        let folder = places::temporary()?;
        std::fs::write(folder.path().join("hosts"), "[fd77::1]:2\nfd77::2 # one\n[fe80::1%eth0]:1\n")?;
        let script = "echo $PMI_RANK $MPIR_CVAR_CH3_INTERFACE_HOSTNAME";
        let virtual_hosts = on("-f hosts -n 4 sh -c").arg(script).folder(folder.path()).end()?;
        let lines = ["0 fd77::1", "1 fd77::1", "2 fd77::2", "3 fe80::1%eth0"];
        virtual_hosts.expect_code(0)?.expect_quiet()?.expect_lines(&lines).map(drop)
    });
    cases.add("nodes::time_is_up_on_all_hosts", || {
        let outcome = on("-timeout 1 -hosts a,b -n 2 sleep 100").end()?;
        outcome.expect_code(255)?.expect_err(&["TIMED OUT"]).map(drop)
    });
    streams::add(cases);
    faults::add(cases);
    strangers::add(cases);
    launchers::add(cases);
    spawning::add(cases);
    network::add(cases);
}

/// 512 ranks on four hosts: nobody's output, status or standard input is lost, and nothing is left.
fn many() -> Result<()> {
    let on_four = |words: &str| on("-hosts a,b,c,d -ppn 128").words(words).limit(100);
    on_four("/bin/true").end()?.expect_code(0)?.expect_quiet()?.expect_lines(&[])?;
    let script = "read -r line; echo $PMI_RANK of $PMI_SIZE, $MPI_LOCALRANKID of $MPI_LOCALNRANKS: $line; \
        echo error $PMI_RANK >&2; exit $((PMI_RANK & 64))";
    let outcome = on_four("-s all sh -c").arg(script).input(b"input\n".to_vec()).end()?;
    let wanted: Vec<String> = (0..512).map(|rank| format!("{rank} of 512, {} of 128: input", rank % 128)).collect();
    outcome.expect_code(64)?.expect_lines(&wanted.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut errors: Vec<String> = outcome.err().lines().map(str::to_owned).collect();
    errors.sort_by_key(|line| line.rsplit(' ').next().and_then(|number| number.parse::<usize>().ok()));
    ensure!(errors == (0..512).map(|rank| format!("error {rank}")).collect::<Vec<_>>(), "{outcome}");
    // With as few descriptors as systems give.
    let launcher = places::built("pip-mpiexec");
    let command =
        format!("ulimit -Sn 1024; {} -launcher fork -hosts a,b,c,d -ppn 128 sh -c 'ulimit -Sn'", launcher.display());
    let outcome = Run::new("bash").arg("-c").arg(command).limit(100).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    ensure!(outcome.out().lines().count() == 512, "{outcome}");
    Ok(())
}

/// A job on virtual hosts.
fn on(args: &str) -> Run {
    Run::pip("-launcher fork").words(args)
}
