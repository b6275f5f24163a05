//! PMI-1 from the other side: a client that speaks it without an MPI library gets Hydra's answers, letter by letter, where Hydra has
//! any; and MPI_Comm_spawn by the MPI library that asks for it.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::{Outcome, Run};
use pip_tests::{places, sources};
use std::path::{Path, PathBuf};

const INIT: &str = "cmd=init pmi_version=1 pmi_subversion=1";
const NAME: &str = "cmd=get_my_kvsname";
const BARRIER: &str = "cmd=barrier_in";
const FINALIZE: &str = "cmd=finalize";

/// (name, requests of each rank): the same answers from both launchers.
const AS_HYDRA: &[(&str, &[&[&str]])] = &[
    ("first_requests", &[&[INIT, "cmd=get_maxes", "cmd=get_appnum", NAME, "cmd=get_universe_size", FINALIZE]]),
    (
        "programs_have_numbers",
        &[&[INIT, "cmd=get_appnum", BARRIER, FINALIZE], &[INIT, "cmd=get_appnum", BARRIER, FINALIZE]],
    ),
    (
        "a_value_is_there_after_the_barrier",
        &[
            &[
                INIT,
                NAME,
                "cmd=put kvsname=$K key=k-seg-1/2 value=v=1",
                BARRIER,
                "cmd=get kvsname=$K key=other",
                BARRIER,
                FINALIZE,
            ],
            &[
                INIT,
                NAME,
                "cmd=put kvsname=$K key=other value=",
                BARRIER,
                "cmd=get kvsname=$K key=k-seg-1/2",
                BARRIER,
                FINALIZE,
            ],
        ],
    ),
    (
        "the_last_value_of_a_key_counts",
        &[&[
            INIT,
            NAME,
            "cmd=put kvsname=$K key=k value=1",
            "cmd=put kvsname=$K key=k value=2",
            BARRIER,
            "cmd=get kvsname=$K key=k",
            FINALIZE,
        ]],
    ),
    ("a_key_that_is_not_there", &[&[INIT, NAME, "cmd=get kvsname=$K key=nothing", FINALIZE]]),
    (
        "the_longest_key",
        &[&[
            INIT,
            NAME,
            "cmd=put kvsname=$K key=kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk value=v",
            BARRIER,
            "cmd=get kvsname=$K key=kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
            FINALIZE,
        ]],
    ),
    (
        "requests_of_several_lines",
        &[&["mcmd=init|pmi_version=1|pmi_subversion=1|endcmd", "mcmd=get_maxes|endcmd", FINALIZE]],
    ),
    (
        "names_are_published_once",
        &[&[
            INIT,
            "cmd=lookup_name service=s",
            "cmd=publish_name service=s port=p",
            "cmd=publish_name service=s port=q",
            "cmd=lookup_name service=s",
            "cmd=unpublish_name service=s",
            "cmd=unpublish_name service=s",
            FINALIZE,
        ]],
    ),
    (
        "a_spawned_group_has_a_store_of_its_own",
        &[&[
            INIT,
            "mcmd=spawn|nprocs=2|execname=$S|totspawns=1|spawnssofar=1|argcnt=8|arg1=cmd=init pmi_version=1 pmi_subversion=1|\
             arg2=-PMI_SPAWNED|arg3=cmd=get_my_kvsname|arg4=cmd=get kvsname=$$K key=PARENT|arg5=cmd=get_appnum|arg6=-PMI_SIZE|\
             arg7=cmd=barrier_in|arg8=cmd=finalize|preput_num=1|preput_key_0=PARENT|preput_val_0=port#1$$2|info_num=0|endcmd",
            FINALIZE,
        ]],
    ),
    (
        "several_programs_are_spawned_as_one_group",
        &[&[
            INIT,
            "mcmd=spawn|nprocs=1|execname=$S|totspawns=2|spawnssofar=1|arg1=cmd=init pmi_version=1 pmi_subversion=1|arg2=cmd=get_appnum|\
             arg3=cmd=barrier_in|arg4=cmd=finalize|argcnt=4|preput_num=0|info_num=1|info_key_0=wdir|info_val_0=/|endcmd|mcmd=spawn|\
             nprocs=1|execname=$S|totspawns=2|spawnssofar=2|arg1=cmd=init pmi_version=1 pmi_subversion=1|arg2=cmd=get_appnum|\
             arg3=cmd=barrier_in|arg4=cmd=finalize|argcnt=4|preput_num=0|info_num=0|endcmd",
            FINALIZE,
        ]],
    ),
];

/// (name, requests of rank 0, its lines): what Hydra ends the job for, or does not have.
const OWN: &[(&str, &[&str], &[&str])] = &[
    (
        "pairs_by_their_place",
        &[
            INIT,
            NAME,
            "cmd=put kvsname=$K key=a value=1",
            "cmd=getbyidx kvsname=$K idx=0",
            "cmd=getbyidx kvsname=$K idx=1",
            FINALIZE,
        ],
        &[
            "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0",
            "cmd=my_kvsname kvsname=$K",
            "cmd=put_result rc=0 msg=success",
            "cmd=getbyidx_results rc=0 nextidx=1 key=a val=1",
            "cmd=getbyidx_results rc=-2 reason=no_more_keyvals",
            "cmd=finalize_ack",
        ],
    ),
    (
        "words_in_any_order",
        &["pmi_subversion=1 cmd=init pmi_version=1", NAME, "key=k kvsname=$K value=v cmd=put", FINALIZE],
        &[
            "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0",
            "cmd=my_kvsname kvsname=$K",
            "cmd=put_result rc=0 msg=success",
            "cmd=finalize_ack",
        ],
    ),
    (
        "another_store",
        &[INIT, "cmd=get kvsname=x key=a", "cmd=put kvsname=x key=a value=b", "cmd=getbyidx kvsname=x idx=0", FINALIZE],
        &[
            "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0",
            "cmd=get_result rc=-1 msg=kvs_not_found value=unknown",
            "cmd=put_result rc=-1 msg=kvs_not_found",
            "cmd=getbyidx_results rc=-1 reason=kvs_not_found",
            "cmd=finalize_ack",
        ],
    ),
    (
        "the_shims_own_requests",
        &["cmd=pip_join", "cmd=pip_join", INIT, "cmd=pip_joined", "cmd=pip_report part=0 parts=2 value=a,b", FINALIZE],
        &[
            "cmd=pip_join_result rc=0",
            "cmd=pip_join_result rc=0",
            "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0",
            "cmd=pip_joined_result rc=0 count=1 size=1",
            "cmd=pip_report_result rc=0",
            "cmd=finalize_ack",
        ],
    ),
];

pub fn add(cases: &mut Cases) {
    for &(name, ranks) in AS_HYDRA {
        cases.add(format!("pmi::as_hydra::{name}"), move || {
            let stock = client(Run::stock(""), ranks)?;
            let pip = client(Run::pip(""), ranks)?;
            let expected = stock.sorted();
            ensure!(expected.len() >= 2, "{stock}");
            pip.expect_code(stock.code.unwrap_or(-1))?;
            pip.expect_lines(&expected.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
        });
    }
    for &(name, requests, lines) in OWN {
        cases.add(format!("pmi::{name}"), move || {
            let lines: Vec<String> = lines.iter().map(|line| format!("0: {line}")).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            client(Run::pip(""), &[requests])?.expect_code(0)?.expect_quiet()?.expect_lines(&lines).map(drop)
        });
    }
    cases.add("pmi::the_longest_value_comes_back", || {
        let requests = [INIT, NAME, "cmd=put kvsname=$K key=k value=$L", "cmd=get kvsname=$K key=k", FINALIZE];
        let outcome = client(Run::pip(""), &[&requests])?;
        ensure!(outcome.expect_code(0)?.out().contains(&format!("value={}\n", "v".repeat(1024))), "{outcome}");
        let requests = [INIT, NAME, "cmd=put kvsname=$K key=k value=$Lv", FINALIZE];
        let outcome = client(Run::pip(""), &[&requests])?;
        ensure!(outcome.out().contains("rc=-1"), "a longer one must be refused\n{outcome}");
        Ok(())
    });
    cases.add("pmi::another_version_is_refused_with_one_sentence", || {
        let requests: &[&str] = &["cmd=init pmi_version=2 pmi_subversion=0", "!7"];
        let outcome = client(Run::pip(""), &[requests, requests])?;
        let lines = [
            "0: cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=-1",
            "1: cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=-1",
        ];
        outcome.expect_code(7)?.expect_lines(&lines)?.expect_err(&["version 2.0 of PMI"])?;
        crate::launcher::one_line_of_the_launcher(&outcome)?;
        let outcome = client(Run::pip(""), &[&["~    60cmd=fullinit;pmijobid=x;pmirank=0;threaded=FALSE;"]])?;
        outcome.expect_err(&["PMI-2"])?;
        ensure!(outcome.code.is_some_and(|code| code != 0), "{outcome}");
        Ok(())
    });
    cases.add("pmi::a_program_of_another_mpi_is_named", other_mpi);
    for (what, request, says) in [
        ("a_missing_program", "execname=/no/such|nprocs=1", "/no/such"),
        ("another_host", "execname=/bin/true|nprocs=1|info_num=1|info_key_0=host|info_val_0=elsewhere", "elsewhere"),
        (
            "a_missing_folder",
            "execname=/bin/true|nprocs=1|info_num=1|info_key_0=wdir|info_val_0=/no/such",
            "working directory",
        ),
    ] {
        cases.add(format!("pmi::a_spawn_that_cannot_be_is_refused::{what}"), move || {
            let spawn = format!("mcmd=spawn|{request}|endcmd");
            let outcome = client(Run::pip("-launcher-exec /bin/false"), &[&[INIT, &spawn, FINALIZE]])?;
            outcome.expect_code(0)?.expect_err(&["rank 0 cannot spawn", says])?;
            ensure!(outcome.out().contains("cmd=spawn_result rc=-1"), "{outcome}");
            Ok(())
        });
    }
    // Hydra forgets it.
    cases.add("pmi::the_status_of_spawned_ranks_counts", || {
        let spawn = "mcmd=spawn|nprocs=1|execname=/bin/sh|argcnt=2|arg1=-c|arg2=exit 5|endcmd";
        client(Run::pip(""), &[&[INIT, spawn, FINALIZE]])?.expect_code(5)?.expect_quiet().map(drop)
    });
    cases.add("pmi::a_spawned_rank_that_dies_ends_the_job", || {
        let kill = "mcmd=spawn|nprocs=1|execname=/bin/sh|argcnt=2|arg1=-c|arg2=kill -9 $$$$|endcmd";
        let outcome = client(Run::pip(""), &[&[INIT, kill, BARRIER], &[INIT, "*"]])?;
        outcome.expect_err(&["rank 0 of spawned group 1", "(Killed); the job is ended"])?.expect_code(9).map(drop)
    });
    for np in [1, 2] {
        cases.add_if(format!("pmi::mpi_comm_spawn::{np}_parents"), wheel().map(drop), move || comm_spawn(np));
    }
}

/// Runs the client with one segment per rank.
fn client(run: Run, ranks: &[&[&str]]) -> Result<Outcome> {
    let program = sources::program("launcher/pmi_client.c")?;
    let segment = |run: Run, requests: &&[&str]| requests.iter().fold(run.words("-n 1").arg(&program), Run::arg);
    let mut run = segment(run, &ranks[0]);
    for requests in &ranks[1..] {
        run = segment(run.arg(":"), requests);
    }
    run.limit(30).end()
}

/// The library folder of the MPICH that `scripts/rivals` installs, whose MPI_Comm_spawn works.
pub fn wheel() -> Result<PathBuf, String> {
    let release = places::built("pip-mpiexec").canonicalize().unwrap_or_default();
    let folder = release.ancestors().nth(2).unwrap_or(Path::new(".")).join("rivals/venv/mpich/lib");
    match folder.join("libmpich.so.12").exists() {
        true => Ok(folder),
        false => Err("the MPICH that spawns is not installed (make rivals)".to_owned()),
    }
}

fn comm_spawn(np: usize) -> Result<()> {
    let folder = wheel().map_err(anyhow::Error::msg)?;
    let program = sources::program("launcher/comm_spawn.c")?;
    let run = |run: Run| run.words(&format!("-n {np}")).arg(&program).env("LD_LIBRARY_PATH", &folder).end();
    let stock = run(Run::stock(""))?.expect_code(0)?.sorted();
    let pip = run(Run::pip(""))?;
    pip.expect_code(0)?.expect_lines(&stock.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
}

/// A program that needs a library with Open MPI's name runs without the shim, and the launcher says what to expect.
fn other_mpi() -> Result<()> {
    let folder = places::temporary()?;
    let (library, program) = (folder.path().join("libmpi.so.40"), folder.path().join("program"));
    std::fs::write(folder.path().join("l.c"), "int ompi(void) { return 0; }")?;
    std::fs::write(folder.path().join("p.c"), "int ompi(void); int main(void) { return ompi(); }")?;
    let gcc = |source: &str, words: &str, to: &Path| {
        Run::new("gcc").arg(folder.path().join(source)).words(words).arg("-o").arg(to)
    };
    gcc("l.c", "-shared -fPIC -Wl,-soname,libmpi.so.40", &library).end()?.expect_code(0)?;
    gcc("p.c", "", &program)
        .arg(&library)
        .arg(format!("-Wl,-rpath,{}", folder.path().display()))
        .end()?
        .expect_code(0)?;
    let outcome = Run::pip("-n 2").arg(&program).end()?;
    outcome.expect_code(0)?.expect_err(&["libmpi.so.40", "PMIx", "Open MPI's mpiexec"])?;
    crate::launcher::one_line_of_the_launcher(&outcome)
}
