//! `procinproc` under pip-python, and the example pair under mpi4py. `make test` installs numpy and mpi4py; where it could not,
//! these are skipped.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::{Outcome, Run};
use std::path::{Path, PathBuf};

pub fn add(cases: &mut Cases) {
    for (dtype, steps) in [("f8", 500), ("i8", 500), ("f8", 0)] {
        let which = if steps == 0 { "racing".to_owned() } else { format!("{steps}_steps") };
        cases.add_if(format!("insitu::python::round_trip::{dtype}::{which}"), environment().map(drop), move || {
            round_trip(dtype, steps)
        });
    }
    cases.add_if("insitu::python::a_killed_exporter_is_noticed", environment().map(drop), killed);
    cases.add_if("insitu::python::wrong_use_is_an_exception", environment().map(drop), wrong_use);
    cases.add_if("insitu::python::the_example_runs_under_mpi4py", environment().map(drop), example);
}

/// The virtual environment of `scripts/python`.
fn environment() -> Result<PathBuf, String> {
    let release = places::built("pip-python").canonicalize().unwrap_or_default();
    let folder = release.ancestors().nth(2).unwrap_or(Path::new(".")).join("python");
    match folder.join("installed").exists() {
        true => Ok(folder),
        false => Err("numpy and mpi4py are not installed (scripts/python target/python)".to_owned()),
    }
}

fn with_environment(run: Run) -> Result<Run> {
    let folder = environment().map_err(anyhow::Error::msg)?;
    Ok(run.env("LD_LIBRARY_PATH", folder.join("lib")).env("VIRTUAL_ENV", folder).env("MPI4PY_MPIABI", "mpich"))
}

fn program(run: Run, script: &Path) -> Run {
    run.arg(places::built("pip-python")).arg(script)
}

fn script(name: &str) -> PathBuf {
    places::programs().join("python").join(name)
}

fn round_trip(dtype: &str, steps: u64) -> Result<()> {
    let run = program(Run::pip("-n 1"), &script("writer.py")).words(&format!("{steps} {dtype} : -no-rank"));
    let run = program(run, &script("reader.py")).arg(steps.to_string());
    with_environment(run)?.end()?.expect_code(0)?.expect_quiet()?.expect_lines(&["right"]).map(drop)
}

/// What a piece of Python does as a task.
fn python(text: &str) -> Result<Outcome> {
    let text = format!("import numpy, os, procinproc, sys, time\n{text}");
    let run = Run::pip("-n 1 sleep 0 : -no-rank").arg(places::built("pip-python")).arg("-c").arg(text);
    with_environment(run)?.end()
}

fn killed() -> Result<()> {
    let writer = "import numpy, os, procinproc, signal\n\
        f = procinproc.export('a', numpy.full(1000, 7.0))\nf.publish(3)\n\
        procinproc.attach('seen', timeout=60)\nos.kill(os.getpid(), signal.SIGKILL)";
    let reader = "import numpy, os, procinproc\n\
        v = procinproc.attach('a', timeout=60)\na = v.wait(3)\n\
        s = procinproc.export('seen', numpy.zeros(1))\n\
        try:\n    v.wait(4, timeout=60)\nexcept procinproc.Ended as error:\n    os.write(1, (str(error) + '\\n').encode())\n\
        assert (a == 7).all() and (v.wait(3) == 7).all()";
    // Both beside a rank, which survives them.
    let run = Run::pip("-n 1 sleep 1 : -no-rank").arg(places::built("pip-python")).arg("-c").arg(writer);
    let run = run.words(": -no-rank").arg(places::built("pip-python")).arg("-c").arg(reader);
    let outcome = with_environment(run)?.end()?;
    outcome.expect_code(libc::SIGKILL)?.expect_err(&["task 1 beside the ranks"])?;
    let text = outcome.out();
    ensure!(text.contains("task 1 has ended or withdrawn \"a\" before step 4; the newest was 3"), "{outcome}");
    Ok(())
}

fn wrong_use() -> Result<()> {
    for (text, error) in [
        ("procinproc.export('a', numpy.zeros((2, 0)))", "shape [2, 0]"),
        ("procinproc.export('a', numpy.zeros([1] * 9))", "9 dimensions"),
        ("procinproc.export('a', numpy.zeros(3), buffers=2)", "2 buffers: give 3 to 16"),
        ("procinproc.export('a', numpy.array(['x']))", "dtype must not be \"<U1\""),
        ("procinproc.export('a', numpy.zeros(3, '>f8'))", "dtype must not be \">f8\""),
        ("procinproc.attach('a', task=7, timeout=0)", "there is no task 7"),
        ("procinproc.attach('a', task=-5, timeout=0)", "pipid must not be -5"),
        ("procinproc.attach('a', timeout=0)", "no task exported \"a\""),
        ("procinproc.export('a', numpy.zeros(3)); procinproc.attach('a').hold(5)", "step 5 of \"a\" is not there"),
        ("f = procinproc.export('a', numpy.zeros(3)); f.withdraw(); f.next", "'a' was withdrawn"),
        ("f = procinproc.export('a', numpy.zeros(3)); f.put(1, numpy.zeros(4))", "could not broadcast"),
        ("f = procinproc.export('a', numpy.zeros(3)); f.put(1, numpy.ones(3)); f.current[0] = 1", "read-only"),
    ] {
        let outcome = python(text)?;
        outcome.expect_code(1)?.expect_err(&["Traceback", error])?;
    }
    let outside = Run::new(places::built("pip-python")).arg("-c");
    let outside = with_environment(outside.arg("import procinproc; procinproc.attach('a')"))?.end()?;
    outside.expect_code(1)?.expect_err(&["no task of a PiP root"]).map(drop)
}

fn example() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/insitu/python");
    let run = program(Run::pip("-n 2"), &folder.join("simulation.py")).words("--size 60 --steps 4000 : -no-rank");
    let run = program(run, &folder.join("analysis.py")).arg("--verbose").env("PIP_MPI_STATS", "1");
    let outcome = with_environment(run)?.end()?;
    outcome.expect_code(0)?.expect_err(&["PIP_MPI_STATS rank 1"])?;
    let out = outcome.out();
    ensure!(out.contains("analysis: step 4000: highest") && out.contains("the last is 4000"), "{outcome}");
    Ok(())
}
