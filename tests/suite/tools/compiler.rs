//! pipcc and pipfc.

use super::tool;
use anyhow::{Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::places;
use pip_tests::run::Run;
use std::path::PathBuf;

pub fn add(cases: &mut Cases) {
    cases.add_if("tools::pipcc::compiles_roots_and_tasks", needs("cc"), roots_and_tasks);
    cases.add_if("tools::pipcc::compiles_cxx", needs("c++"), cxx);
    cases.add_if("tools::pipcc::links_objects_and_makes_shared_libraries", needs("cc"), objects);
    cases.add_if("tools::pipcc::prints_options", needs("cc"), prints);
    cases.add_if("tools::pipcc::obeys_cc_cxx_and_fc", needs("cc"), variables);
    cases.add_if("tools::pipcc::refuses_static_linking_and_runpath", needs("cc"), refuses);
    cases.add_if("tools::pipcc::says_where_which_and_version", needs("cc"), about);
    cases.add_if("tools::pipfc::compiles_fortran", needs("gfortran"), fortran);
}

pub fn source(name: &str) -> PathBuf {
    places::programs().join("pip/tools").join(name)
}

fn pipcc(args: &str) -> Run {
    ["CC", "CXX", "FC"].into_iter().fold(tool("pipcc", args), |run, name| run.env(name, ""))
}

fn roots_and_tasks() -> Result<()> {
    let folder = places::temporary()?;
    let here = |run: Run| run.folder(folder.path());
    let outcome = here(pipcc("-O2 -Wall -Werror -o family").arg(source("family.c"))).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    ensure!(outcome.out().starts_with("cc ") && outcome.out().contains(" -lpip"), "{outcome}");
    let family = folder.path().join("family");
    for (mode, name) in [("process", "process"), ("thread", "pthread")] {
        let line = format!("sum 6, {name}");
        Run::new(&family).env("PIP_MODE", mode).end()?.expect_code(0)?.expect_quiet()?.expect_lines(&[&line])?;
    }
    tool("pip-check", "").arg(&family).end()?.expect_err(&["family : Root&Task\n"])?;
    // For a root only; an option of the user's.
    here(pipcc("--silent --piproot -no-pie -DTASKS=2 -o root").arg(source("family.c"))).end()?.expect_code(0)?;
    tool("pip-check", "-r").arg(folder.path().join("root")).end()?.expect_code(0)?.expect_quiet()?;
    Ok(())
}

fn cxx() -> Result<()> {
    let folder = places::temporary()?;
    let program = folder.path().join("version");
    let outcome = pipcc("--silent -o").arg(&program).arg(source("version.cpp")).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    ensure!(outcome.stdout.is_empty(), "{outcome}");
    Run::new(&program).end()?.expect_code(0)?.expect_lines(&["2.4.1 2 4 1 0"])?;
    tool("pip-exec", "-n 2").arg(&program).end()?.expect_code(0)?.expect_lines(&["2.4.1 2 4 1 1"; 2])?;
    Ok(())
}

fn objects() -> Result<()> {
    let folder = places::temporary()?;
    let here = |run: Run| run.folder(folder.path()).end();
    let outcome = here(pipcc("-c").arg(source("family.c")))?;
    outcome.expect_code(0)?;
    ensure!(!outcome.out().contains("-lpip"), "{outcome}");
    here(pipcc("--silent family.o"))?.expect_code(0)?.expect_quiet()?;
    Run::new(folder.path().join("a.out")).env("PIP_MODE", "process").end()?.expect_lines(&["sum 6, process"])?;
    here(pipcc("-shared -o libfamily.so family.o"))?.expect_code(0)?.expect_quiet()?;
    // What the compiler prints stays free of the command.
    let outcome = here(pipcc("-E").arg(source("function.c")))?;
    ensure!(outcome.code == Some(0) && outcome.out().starts_with('#') && outcome.err().contains(" -E "), "{outcome}");
    let outcome = here(pipcc("no-such-file.c"))?;
    ensure!(outcome.code.is_some_and(|code| code != 0), "{outcome}");
    outcome.expect_err(&["no-such-file.c"])?;
    Ok(())
}

fn prints() -> Result<()> {
    let flags = |args: &str| -> Result<String> {
        let outcome = pipcc(args).end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        ensure!(outcome.out().lines().count() == 1, "{outcome}");
        // Paths that need it are quoted.
        Ok(format!(" {} ", outcome.out().trim().replace('\'', "")))
    };
    let (compile, link) = (flags("--cflags")?, flags("--lflags")?);
    for flag in [" -DPIPCC ", " -DPIP_VERSION=", " -DPIP_VERSION_MAJOR=", "-I", " -fPIC ", " -pthread "] {
        ensure!(compile.contains(flag), "{flag:?} in {compile:?}");
    }
    for flag in [" -pie ", " -rdynamic ", " -L", " -Wl,-rpath=", " -Wl,--disable-new-dtags ", " -lpip ", " -ldl "] {
        ensure!(link.contains(flag) && !compile.contains(flag), "{flag:?} in {link:?}");
    }
    ensure!(flags("--lflags --cflags")? == format!("{}{}", compile.trim_end(), link), "both together");
    let root = flags("--cflags --lflags --piproot")?;
    ensure!([" -pie ", " -rdynamic ", " -fPIC "].iter().all(|flag| !root.contains(flag)), "{root:?}");
    let all = flags("--ccopts -O3 x.c")?;
    ensure!(all.contains(" -O3 x.c ") && all.contains(" -lpip ") && all.contains(" -DPIPCC "), "{all:?}");
    ensure!(!flags("--ccopts -c x.c")?.contains("-lpip"), "-c links nothing");
    ensure!(flags("--dryrun x.c")? == flags("--dry x.c")?, "--dry is --dryrun");
    ensure!(flags("--dryrun x.c")?.starts_with(" cc -DPIPCC "), "the command");
    ensure!(flags("--dryrun --nopip x.c")? == " cc x.c ", "--nopip");
    let outcome = pipcc("--dryrun").arg("-DA=\"b c\"").arg("x.c").end()?;
    ensure!(outcome.out().contains(" '-DA=\"b c\"' x.c "), "{outcome}");
    pipcc("--dryrun --silent x.c").end()?.expect_code(0)?.expect_lines(&[])?;
    Ok(())
}

fn variables() -> Result<()> {
    let first = |run: Run| -> Result<String> {
        let outcome = run.end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        Ok(outcome.out().split(" -DPIPCC").next().unwrap_or_default().to_owned())
    };
    ensure!(first(pipcc("--dry x.c").env("CC", "gcc -v  -O3"))? == "gcc -v -O3", "CC with options");
    for name in ["x.C", "x.cc", "x.cpp", "x.cxx"] {
        ensure!(first(pipcc(&format!("--dry {name}")).env("CXX", "g++"))? == "g++", "{name}");
    }
    ensure!(first(tool("pipfc", "--dry x.f90").env("FC", "gcc -x f95"))? == "gcc -x f95", "FC");
    pipcc("x.c").env("CC", "no-such-compiler").end()?.expect_code(1)?.expect_err(&[
        "pipcc: ",
        "no-such-compiler",
        "CC",
    ])?;
    Ok(())
}

fn refuses() -> Result<()> {
    for option in ["-static", "-Bstatic", "-static-pie"] {
        let outcome = pipcc("x.c").arg(option).end()?;
        outcome.expect_code(2)?.expect_err(&["pipcc does not support static linking\n", "--piproot"])?;
    }
    for option in ["--enable-new-dtags", "-Wl,--enable-new-dtags"] {
        pipcc("x.c").arg(option).end()?.expect_code(2)?.expect_err(&["pipcc does not allow the RUNPATH usage\n"])?;
    }
    pipcc("--pipbuild --pipinstall x.c").end()?.expect_code(2)?.expect_err(&["--pipbuild", "--pipinstall"])?;
    // This is a build tree.
    pipcc("--dryrun --pipbuild x.c").end()?.expect_code(0)?;
    pipcc("--dryrun --pipinstall x.c").end()?.expect_code(1)?.expect_err(&["libpip.so is not in"])?;
    Ok(())
}

fn about() -> Result<()> {
    let own = places::built("pipcc").canonicalize()?;
    let outcome = pipcc("--where").end()?;
    outcome.expect_code(0)?.expect_lines(&[&own.to_string_lossy()])?;
    let outcome = pipcc("--where --which -v").end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    let text = outcome.out();
    ensure!(text.starts_with("pipcc (Process-in-Process Compiler Wrapper Script) Version:2.4.1\n"), "{outcome}");
    ensure!(text.contains("Free Software Foundation") || text.contains("clang"), "{outcome}");
    ensure!(text.contains(&format!("\n{}\n", own.display())) && text.ends_with("/cc\n"), "{outcome}");
    let outcome = pipcc("--help").end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    ensure!(outcome.out().contains("--piptask"), "{outcome}");
    Ok(())
}

fn fortran() -> Result<()> {
    let folder = places::temporary()?;
    let (text, program) = (folder.path().join("hello.f90"), folder.path().join("hello"));
    std::fs::write(&text, "program hello\n  print '(a)', 'hello from Fortran'\nend program\n")?;
    tool("pipfc", "--silent -o").env("FC", "").arg(&program).arg(&text).end()?.expect_code(0)?.expect_quiet()?;
    tool("pip-exec", "-n 2").arg(&program).end()?.expect_code(0)?.expect_lines(&["hello from Fortran"; 2])?;
    Ok(())
}
