//! Ways to start agents, by stand-ins for ssh and srun: what they are given, and what their failures lead to.

use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::Run;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// What ssh does, without a network: option -x, host, then words for a shell in another folder with another environment.
const SSH: &str = "#!/bin/sh\n[ \"$1\" = -x ] && shift\n[ \"$1\" = -l ] && shift 2\nhost=$1; shift\ncd /\n\
    case $host in refused) echo \"ssh: connect to host $host port 22: Connection refused\" >&2; exit 255;; esac\n\
    exec env -i PATH=/usr/bin:/bin PIP_TESTS_MARK=$PIP_TESTS_MARK sh -c \"$*\"\n";

/// What srun does: the same standard input for one task per host of --nodelist.
const SRUN: &str = "#!/bin/bash\nwhile [ $# -gt 0 ]; do case $1 in --nodelist) hosts=$2; shift 2;; -N|-n) count=$2; shift 2;; \
    --*) shift;; *) break;; esac; done\nread -r line\nIFS=, read -ra names <<<\"$hosts\"\n\
    [ ${#names[@]} = $count ] || exit 3\n\
    for name in \"${names[@]}\"; do SLURMD_NODENAME=$name \"$@\" <<<\"$line\" & done\nwait\n";

pub fn add(cases: &mut Cases) {
    cases.add("nodes::launchers::ssh_starts_agents_elsewhere", || {
        let folder = places::temporary()?;
        let ssh = script(&folder, "ssh", SSH)?;
        let run = Run::pip("-launcher-exec").arg(&ssh).words("-hosts far1,far2 -genv A 1 -n 2 sh -c");
        let outcome =
            run.arg("echo $PMI_RANK $A $HOME_OF_TEST $PWD").env("HOME_OF_TEST", "x y").folder(folder.path()).end()?;
        let path = folder.path().canonicalize()?.display().to_string();
        let lines = [format!("0 1 x y {path}"), format!("1 1 x y {path}")];
        outcome.expect_code(0)?.expect_quiet()?.expect_lines(&[&lines[0], &lines[1]]).map(drop)
    });
    cases.add("nodes::launchers::agents_come_by_ipv6", || {
        let folder = places::temporary()?;
        let ssh = script(&folder, "ssh", SSH)?;
        for options in ["-localhost ::1", "-iface lo", "-localhost ::1 -iface lo"] {
            let run = Run::pip("-launcher-exec").arg(&ssh).words(options).words("-hosts [fd77::1]:2,far2 -n 3 sh -c");
            let outcome = run.arg("echo $PMI_RANK $MPI_LOCALRANKID").end()?;
            outcome.expect_code(0)?.expect_quiet()?.expect_lines(&["0 0", "1 1", "2 0"])?;
        }
        Ok(())
    });
    cases.add("nodes::launchers::a_host_that_refuses_is_named", || {
        let folder = places::temporary()?;
        let ssh = script(&folder, "ssh", SSH)?;
        let outcome = Run::pip("-launcher-exec").arg(&ssh).words("-hosts far1,refused -n 2 sleep 100").end()?;
        outcome.expect_code(1)?.expect_err(&["host refused", "status 255", "Connection refused"])?;
        crate::launcher::one_line_of_the_launcher(&outcome)
    });
    cases.add("nodes::launchers::a_missing_agent_is_named", || {
        let folder = places::temporary()?;
        let ssh = script(&folder, "ssh", SSH)?;
        let run = Run::pip("-launcher-exec").arg(&ssh).words("-hosts far1 -n 2 true").env("PIP_MPI_AGENT", "/no/agent");
        run.end()?.expect_code(1)?.expect_err(&["host far1", "/no/agent", "PIP_MPI_AGENT"])?;
        let outcome = Run::pip("-launcher-exec /no/ssh -hosts far1 -n 2 true").end()?;
        outcome.expect_code(1)?.expect_err(&["/no/ssh", "-launcher-exec"]).map(drop)
    });
    cases.add("nodes::launchers::agents_that_do_not_come_are_given_up", || {
        let folder = places::temporary()?;
        let ssh = script(&folder, "ssh", "#!/bin/sh\nexec sleep 1000\n")?;
        let run = Run::pip("-launcher-exec").arg(&ssh).words("-hosts far1 -n 2 true").env("PIP_MPI_START_TIMEOUT", "1");
        run.end()?.expect_code(1)?.expect_err(&["host far1", "within 1 seconds", "PIP_MPI_START_TIMEOUT"]).map(drop)
    });
    cases.add("nodes::launchers::hosts_of_a_slurm_job_are_found", || {
        let folder = places::temporary()?;
        let srun = script(&folder, "srun", SRUN)?;
        let run = Run::pip("-launcher-exec").arg(&srun).words("-n 5 sh -c");
        let run = run.arg("echo $PMI_RANK $MPIR_CVAR_CH3_INTERFACE_HOSTNAME");
        let run = run.env("SLURM_JOB_NODELIST", "n[08-09],m1").env("SLURM_TASKS_PER_NODE", "2,1(x2)");
        run.end()?.expect_code(0)?.expect_lines(&["0 n08", "1 n08", "2 n09", "3 m1", "4 n08"]).map(drop)
    });
    cases.add("nodes::launchers::hosts_of_a_pbs_job_are_found", || {
        let folder = places::temporary()?;
        let file = folder.path().join("nodes");
        std::fs::write(&file, "q1\nq2\nq1\n")?;
        let run = Run::pip("-launcher fork -n 3 sh -c").arg("echo $PMI_RANK $MPIR_CVAR_CH3_INTERFACE_HOSTNAME");
        run.env("PBS_NODEFILE", &file).end()?.expect_code(0)?.expect_lines(&["0 q1", "1 q1", "2 q2"])?;
        let none = Run::pip("-rmk user -n 1 sh -c").arg("echo $MPI_LOCALNRANKS").env("PBS_NODEFILE", &file);
        none.end()?.expect_code(0)?.expect_lines(&["1"]).map(drop)
    });
    cases.add("nodes::launchers::what_is_to_be_typed_is_printed", || {
        let mut job = Run::pip("-launcher manual -hosts hand1 -n 2 sh -c").arg("echo rank $PMI_RANK").start()?;
        let text = job.await_lines(1, "HYDRA_LAUNCH_END")?;
        let line =
            text.lines().find_map(|line| line.strip_prefix("HYDRA_LAUNCH: ")).context("no line to type")?.to_owned();
        let agent = Run::new("sh").arg("-c").arg(line).end()?;
        let outcome = job.end()?;
        agent.expect_code(0)?;
        let ranks = outcome.expect_code(0)?.out().lines().filter(|line| line.starts_with("rank ")).count();
        ensure!(ranks == 2, "{outcome}");
        Ok(())
    });
}

fn script(folder: &tempfile::TempDir, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.path().join(name);
    std::fs::write(&path, text)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}
