//! Spawned ranks on several hosts, by a client that speaks PMI without an MPI library; and by the MPI library that asks for it.

use super::on;
use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::{Outcome, Run};
use pip_tests::{places, sources};

const INIT: &str = "cmd=init pmi_version=1 pmi_subversion=1";
const FINALIZE: &str = "cmd=finalize";

/// What a spawned rank says of its place.
const SAY: &str = "echo $$PMI_RANK/$$PMI_SIZE local $$MPI_LOCALRANKID/$$MPI_LOCALNRANKS on $$MPIR_CVAR_CH3_INTERFACE_HOSTNAME \
    in $$PWD; sleep 0.2";

/// (host list and ranks, how many rank 0 spawns one time after the other, info keys): as under Hydra.
const AS_HYDRA: &[(&str, &[usize], &str)] = &[
    ("-hosts a,b,c -n 1", &[5], ""),
    ("-hosts a:2,b:2 -n 1", &[2, 2], ""),
    ("-hosts a,b,c -n 4", &[2], ""),
    ("-hosts a,b,c -n 1", &[5], "hosts=c:2,b"),
    ("-hosts a,b -n 2", &[3], "host=d"),
    ("-hosts a,b -n 1", &[3, 2], "wdir=/|host=b,a"),
    ("-hosts a,b -n 1", &[3], "hostfile=hosts"),
    ("-hosts a,b -n 1", &[2], "nonsense=1"),
];

pub fn add(cases: &mut Cases) {
    for &(options, counts, info) in AS_HYDRA {
        let name = format!("{} {counts:?} {info}", options).replace(' ', "_");
        cases.add(format!("nodes::spawning::ranks_go_where_hydra_sends_them::{name}"), move || {
            let folder = places::temporary()?;
            std::fs::write(folder.path().join("hosts"), "b:2 # two\na\n")?;
            let requests: Vec<String> = counts.iter().map(|&count| request(count, SAY, info)).collect();
            let requests: Vec<&str> = [INIT].into_iter().chain(requests.iter().map(String::as_str)).collect();
            let run =
                |run: Run| client(run.words(options).folder(folder.path()), &[&requests[..], &[FINALIZE]].concat());
            let stock = run(Run::stock("-launcher fork"))?.sorted();
            ensure!(stock.iter().filter(|line| line.contains(" local ")).count() >= counts[0], "{stock:?}");
            let pip = run(Run::pip("-launcher fork"))?;
            pip.expect_code(0)?.expect_quiet()?;
            pip.expect_lines(&stock.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
        });
    }
    cases.add("nodes::spawning::a_group_across_hosts_has_one_store", || {
        let talk = "mcmd=spawn|nprocs=4|execname=$S|totspawns=1|spawnssofar=1|argcnt=7|arg1=cmd=init pmi_version=1 pmi_subversion=1|\
            arg2=cmd=get_my_kvsname|arg3=cmd=put kvsname=$$K key=k value=v|arg4=cmd=barrier_in|arg5=cmd=get kvsname=$$K key=k|\
            arg6=cmd=get kvsname=$$K key=PARENT|arg7=cmd=finalize|preput_num=1|preput_key_0=PARENT|preput_val_0=port|info_num=0|endcmd";
        let outcome = client(on("-hosts a,b -n 2"), &[INIT, talk, FINALIZE])?;
        outcome.expect_code(0)?.expect_quiet()?;
        let count = |text: &str| outcome.out().matches(text).count();
        ensure!(count("value=v\n") == 8 && count("value=port\n") == 8 && count("barrier_out\n") == 8, "{outcome}");
        Ok(())
    });
    cases.add("nodes::spawning::a_host_whose_ranks_have_ended_takes_more", || {
        let program = sources::program("launcher/pmi_client.c")?;
        let script = format!("sleep 0.5; exec {} \"$@\"", program.display());
        let spawn = request(2, "echo here on $$MPIR_CVAR_CH3_INTERFACE_HOSTNAME", "host=b,a");
        let run = on("-hosts a,b -n 1 sh -c").arg(script).arg("sh").arg(INIT).arg(spawn).arg(FINALIZE);
        let outcome = run.words(": -n 1 true").end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        ensure!(outcome.out().contains("here on a\n") && outcome.out().contains("here on b\n"), "{outcome}");
        Ok(())
    });
    cases.add("nodes::spawning::what_one_host_cannot_start_ends_the_others_and_not_the_job", || {
        // The program is there on the host of the first rank only, whose working directory exists.
        let spawn = |program: &str, info: &str| {
            let say = format!("mcmd=spawn|nprocs=1|execname=/bin/sleep|totspawns=2|spawnssofar=1|argcnt=1|arg1=1000|preput_num=0|\
                info_num=1|info_key_0=host|info_val_0={info}|endcmd|mcmd=spawn|nprocs=1|execname={program}|totspawns=2|spawnssofar=2|\
                preput_num=0|info_num=0|endcmd");
            client(on("-launcher-exec /bin/false -hosts a,b -n 1"), &[INIT, &say, FINALIZE])
        };
        let outcome = spawn("/no/such", "a,b")?;
        outcome.expect_code(0)?.expect_err(&["rank 0 cannot spawn: host b: ", "/no/such"])?;
        ensure!(outcome.out().contains("cmd=spawn_result rc=-1"), "{outcome}");
        crate::launcher::one_line_of_the_launcher(&outcome)
    });
    cases.add("nodes::spawning::a_host_that_is_not_there_ends_the_request_and_not_the_job", || {
        let spawn = request(2, "sleep 1000", "host=localhost,elsewhere");
        let outcome = client(Run::pip("-launcher-exec /bin/false -n 1"), &[INIT, &spawn, FINALIZE])?;
        outcome.expect_code(0)?.expect_err(&["rank 0 cannot spawn: host elsewhere: false ended with status 1"])?;
        crate::launcher::one_line_of_the_launcher(&outcome)?;
        let outcome = client(Run::pip("-launcher-exec /no/ssh -n 1"), &[INIT, &spawn, FINALIZE])?;
        outcome
            .expect_code(0)?
            .expect_err(&["rank 0 cannot spawn: host elsewhere: /no/ssh cannot be run here"])
            .map(drop)
    });
    cases.add("nodes::spawning::an_agent_that_cannot_work_ends_the_request_and_not_the_job", || {
        let folder = places::temporary()?;
        let (ssh, gone) = (folder.path().join("ssh"), folder.path().join("gone"));
        std::fs::write(&ssh, "#!/bin/sh\nshift 2\nrmdir $GONE\ncd /\nexec sh -c \"$*\"\n")?;
        std::fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        std::fs::create_dir(&gone)?;
        let spawn = request(2, "sleep 1000", "host=localhost,far1");
        let run = Run::pip("-launcher-exec").arg(&ssh).words("-n 1").env("GONE", &gone).folder(&gone);
        let outcome = client(run, &[INIT, &spawn, FINALIZE])?;
        outcome.expect_code(0)?.expect_err(&["rank 0 cannot spawn: host far1: the working directory "])?;
        crate::launcher::one_line_of_the_launcher(&outcome)
    });
    cases.add("nodes::spawning::patterns_tell_the_hosts_apart", || {
        let spawn = request(3, "echo x", "");
        let outcome =
            client(on("-prepend-pattern %g.%r.%p.%h.").words("-hosts a,b,c -n 1"), &[INIT, &spawn, FINALIZE])?;
        let out = outcome.expect_code(0)?.out();
        let lines: Vec<&str> = out.lines().filter(|line| line.ends_with(".x")).collect();
        ensure!(["1.0.1.b.x", "1.1.2.c.x", "1.2.0.a.x"].iter().all(|line| lines.contains(line)), "{outcome}");
        Ok(())
    });
    cases.add("nodes::spawning::a_spawned_rank_that_dies_ends_all", || {
        let spawn = request(3, "if [ $$PMI_RANK = 2 ]; then sleep 0.2; kill -9 $$$$; fi; sleep 1000", "hosts=c,b");
        let outcome = client(on("-hosts a,b -n 2"), &[INIT, &spawn, "*"])?;
        outcome.expect_code(9)?.expect_err(&["rank 2 of spawned group ", " on c)", "signal 9"])?;
        crate::launcher::one_line_of_the_launcher(&outcome)
    });
    cases.add("nodes::spawning::nothing_outlives_a_killed_launcher", || {
        let spawn = request(4, "echo here; sleep 1000", "");
        let program = sources::program("launcher/pmi_client.c")?;
        let mut job = on("-hosts a,b -n 1").arg(&program).arg(INIT).arg(&spawn).arg("*").limit(40).start()?;
        job.await_lines(4, "here")?;
        job.signal(libc::SIGKILL);
        job.end().map(drop) // looks for processes
    });
    cases.add("nodes::spawning::the_status_of_spawned_ranks_counts", || {
        let spawn = request(2, "exit $$((PMI_RANK + 4))", "");
        client(on("-hosts a,b,c -n 1"), &[INIT, &spawn, FINALIZE])?.expect_code(5)?.expect_quiet().map(drop)
    });
    cases.add_if("nodes::spawning::mpi_comm_spawn", crate::pmi::wheel().map(drop), || {
        let folder = crate::pmi::wheel().map_err(anyhow::Error::msg)?;
        let program = sources::program("launcher/comm_spawn.c")?;
        let run = |run: Run| run.words("-n 1").arg(&program).env("LD_LIBRARY_PATH", &folder).end();
        let stock = run(Run::stock(""))?.expect_code(0)?.sorted();
        let pip = run(on("-hosts a,b,c"))?;
        pip.expect_code(0)?.expect_lines(&stock.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
    });
}

/// A request for shells that run a script; `info` holds `key=value|...`.
fn request(count: usize, script: &str, info: &str) -> String {
    let pairs: Vec<(&str, &str)> = info.split('|').filter_map(|pair| pair.split_once('=')).collect();
    let number = pairs.len();
    let pairs = pairs.iter().enumerate();
    let info: String = pairs.map(|(i, (key, value))| format!("info_key_{i}={key}|info_val_{i}={value}|")).collect();
    format!(
        "mcmd=spawn|nprocs={count}|execname=/bin/sh|totspawns=1|spawnssofar=1|argcnt=2|arg1=-c|arg2={script}|preput_num=0|\
         info_num={number}|{info}endcmd"
    )
}

/// Runs the client as rank 0; others, if there are, finalize as well.
fn client(run: Run, requests: &[&str]) -> Result<Outcome> {
    let program = sources::program("launcher/pmi_client.c")?;
    requests.iter().fold(run.arg(&program), Run::arg).limit(30).end()
}
