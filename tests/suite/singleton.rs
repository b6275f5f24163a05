//! Programs that were started alone, and run mpiexec when they need it: here pip-mpiexec, by that name.

use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::Run;
use pip_tests::{places, sources};
use std::path::PathBuf;

const GREETING: [&str; 2] =
    ["alone: cmd=singinit authtype=none", "alone: cmd=singinit_info versionok=yes stdio=no kvsname=$K"];

/// Two children that exchange something with each other and find what their parent has put for them.
const TALK: &str = "mcmd=spawn|nprocs=2|execname=$S|totspawns=1|spawnssofar=1|argcnt=6|arg1=cmd=init pmi_version=1 pmi_subversion=1|\
    arg2=cmd=get_my_kvsname|arg3=cmd=barrier_in|arg4=cmd=get kvsname=$$K key=PARENT|arg5=-PMI_SIZE|arg6=cmd=finalize|preput_num=1|\
    preput_key_0=PARENT|preput_val_0=port#1$$2|info_num=0|endcmd";

pub fn add(cases: &mut Cases) {
    cases.add("pmi::singleton::it_is_served_as_the_only_rank", || {
        let requests = [
            "cmd=get_maxes",
            "cmd=put kvsname=$K key=k value=v",
            "cmd=get kvsname=$K key=k",
            "cmd=get_universe_size",
            "cmd=barrier_in",
            "cmd=finalize",
            // The launcher leaves now, and it lives on.
            "@300",
            "!3",
        ];
        let outcome = alone(&requests)?.end()?;
        outcome.expect_code(3)?.expect_quiet()?;
        let answers = [
            "alone: cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024",
            "alone: cmd=put_result rc=0 msg=success",
            "alone: cmd=get_result rc=0 msg=success value=v",
            "alone: cmd=universe_size size=-1",
            "alone: cmd=barrier_out",
            "alone: cmd=finalize_ack",
        ];
        outcome.expect_lines(&[&GREETING[..], &answers].concat()).map(drop)
    });
    cases.add("pmi::singleton::its_children_are_a_group_of_their_own", || {
        let outcome = alone(&["cmd=get_maxes", TALK, TALK, "cmd=finalize"])?.end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        let count = |text: &str| outcome.out().matches(text).count();
        let found = [
            count("alone: cmd=spawn_result rc=0\n"),
            count("value=port#1$2\n"),
            count("PMI_SIZE=2\n"),
            count("_ack\n"),
        ];
        ensure!(found == [2, 4, 4, 5], "{found:?}\n{outcome}");
        Ok(())
    });
    cases.add("pmi::singleton::its_first_children_are_tasks", || {
        let tell = "mcmd=spawn|nprocs=2|execname=$S|totspawns=1|spawnssofar=1|argcnt=5|\
            arg1=cmd=init pmi_version=1 pmi_subversion=1|arg2=-PIP_REGISTRY|arg3=-PMI_SPAWNED|arg4=cmd=barrier_in|arg5=cmd=finalize|\
            preput_num=0|info_num=0|endcmd";
        let outcome = alone(&["cmd=get_maxes", tell, tell, "cmd=finalize"])?.end()?;
        let out = outcome.expect_code(0)?.expect_quiet()?.out();
        let registries = |end: &str| {
            let said = out.lines().filter_map(|line| line.split_once(": PIP_REGISTRY="));
            said.filter(|(rank, value)| if end.is_empty() { *value == "(none)" } else { *rank == end && value.ends_with(&format!(":{end}")) }).count()
        };
        // The second group's ids are those of the first.
        ensure!([registries("0"), registries("1"), registries("")] == [1, 1, 2], "{outcome}");
        ensure!(out.matches("PMI_SPAWNED=1\n").count() == 4, "{outcome}");
        Ok(())
    });
    let sleepers = "mcmd=spawn|nprocs=2|execname=/bin/sh|totspawns=1|spawnssofar=1|argcnt=2|arg1=-c|arg2=echo here; sleep 1000|\
        preput_num=0|info_num=0|endcmd";
    cases.add("pmi::singleton::its_death_is_its_childrens", move || {
        let mut job = alone(&["cmd=get_maxes", sleepers, "*"])?.start()?;
        job.await_lines(2, "here")?;
        job.signal(libc::SIGKILL);
        let outcome = job.end()?; // looks for processes
        ensure!(outcome.signal == Some(libc::SIGKILL), "{outcome}");
        Ok(())
    });
    cases.add("pmi::singleton::an_end_without_finalize_is_its_childrens", move || {
        let outcome = alone(&["cmd=get_maxes", sleepers, "!4"])?.end()?;
        outcome.expect_code(4)?; // looks for processes
        Ok(())
    });
    cases.add("pmi::singleton::a_child_that_dies_ends_all", || {
        let dies = "mcmd=spawn|nprocs=2|execname=/bin/sh|totspawns=1|spawnssofar=1|argcnt=2|arg1=-c|\
            arg2=test $$PMI_RANK = 0 && kill -9 $$$$; sleep 1000|preput_num=0|info_num=0|endcmd";
        let outcome = alone(&["cmd=get_maxes", dies, "*"])?.end()?;
        outcome.expect_err(&["rank 0 of spawned group 1", "signal 9", "the job is ended"])?;
        ensure!(outcome.signal == Some(libc::SIGKILL), "{outcome}");
        Ok(())
    });
    cases.add("pmi::singleton::whoever_does_not_listen_is_named", || {
        let pid = std::process::id();
        let outcome = Run::pip("-pmi_args 1 default_interface default_key").arg(pid.to_string()).end()?;
        outcome.expect_code(126)?.expect_err(&["-pmi_args", "port 1 of 127.0.0.1"]).map(drop)
    });
    cases.add_if("pmi::singleton::mpi_comm_spawn", crate::pmi::wheel().map(drop), || {
        let library = crate::pmi::wheel().map_err(anyhow::Error::msg)?;
        let program = sources::program("launcher/comm_spawn.c")?;
        let stock = Run::stock("-n 1").arg(&program).env("LD_LIBRARY_PATH", &library).end()?.expect_code(0)?.sorted();
        let pip = Run::new(&program).env("LD_LIBRARY_PATH", &library).env("PATH", path()?).end()?;
        pip.expect_code(0)?.expect_quiet()?;
        pip.expect_lines(&stock.iter().map(String::as_str).collect::<Vec<_>>())?;
        // The same by the launcher that belongs to the library.
        let hydra = library.parent().context("no folder")?.join("bin");
        let stock = Run::rival(&program.to_string_lossy()).env("LD_LIBRARY_PATH", &library);
        let stock = stock.env("PATH", format!("{}:/usr/bin:/bin", hydra.display())).end()?;
        stock.expect_code(0)?.expect_lines(&pip.sorted().iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
    });
}

/// The client without a launcher.
fn alone(requests: &[&str]) -> Result<Run> {
    let program = sources::program("launcher/pmi_client.c")?;
    let run = Run::new(&program).env("PATH", path()?).limit(30);
    Ok(requests.iter().fold(run, Run::arg))
}

/// A PATH in which mpiexec is pip-mpiexec.
fn path() -> Result<String> {
    let folder: PathBuf = places::scratch().join("mpiexec-is-pip-mpiexec");
    std::fs::create_dir_all(&folder)?;
    let link = folder.join("mpiexec");
    match std::os::unix::fs::symlink(places::built("pip-mpiexec").canonicalize()?, &link) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error)?,
        _ => Ok(format!("{}:/usr/bin:/bin", folder.display())),
    }
}
