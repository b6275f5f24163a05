//! `make install`: what it lays out works from there, and is removed again.

use super::compiler::source;
use anyhow::{Context, Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::places;
use pip_tests::run::Run;
use std::fs;
use std::path::{Path, PathBuf};

pub fn add(cases: &mut Cases) {
    let possible = || needs("make").and_then(|()| needs("cc"));
    cases.add_if("tools::install::programs_built_with_the_prefix_run", possible(), programs);
    cases.add_if("tools::install::pkg_config_finds_it", possible().and_then(|()| needs("pkg-config")), pkg_config);
    cases.add_if("tools::install::destdir_and_uninstall", possible(), destdir);
}

/// `make` with a target of this checkout, for what was built.
fn make(target: &str) -> Result<Run> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no checkout")?;
    let release = places::built("pip-exec").canonicalize()?;
    let target_folder = release.ancestors().nth(2).context("no target folder")?;
    let run = Run::new("make").arg("-s").arg("-C").arg(checkout).arg(target);
    Ok(run.arg("DESTDIR=").arg(format!("CARGO_TARGET_DIR={}", target_folder.display())))
}

fn prefix(folder: &Path) -> Result<PathBuf> {
    let prefix = folder.canonicalize()?.join("a prefix");
    make("install-files")?.arg(format!("PREFIX={}", prefix.display())).end()?.expect_code(0)?;
    Ok(prefix)
}

fn programs() -> Result<()> {
    let folder = places::temporary()?;
    let prefix = prefix(folder.path())?;
    let tool = |name: &str| Run::new(prefix.join("bin").join(name)).env("PIP_MODE", "process");
    let family = folder.path().join("family");
    let compiled = tool("pipcc").words("-o").arg(&family).arg(source("family.c")).end()?;
    compiled.expect_code(0)?.expect_quiet()?;
    ensure!(compiled.out().contains(&prefix.join("include").display().to_string()), "{compiled}");
    Run::new(&family).env("PIP_MODE", "process").end()?.expect_code(0)?.expect_lines(&["sum 6, process"])?;
    tool("pip-exec").words("-n 2 echo hello").end()?.expect_code(0)?.expect_lines(&["hello"; 2])?;
    tool("pip-check").arg(&family).end()?.expect_code(0)?.expect_err(&["Root&Task"])?;
    tool("printpipmode").end()?.expect_code(0)?.expect_lines(&["process"])?;
    tool("pip-mpiexec").words("-n 2 echo rank").end()?.expect_code(0)?.expect_quiet()?.expect_lines(&["rank"; 2])?;
    let own = prefix.join("bin/pipcc");
    tool("pipcc").arg("--pipinstall").arg("--where").end()?.expect_code(0)?.expect_lines(&[&own.to_string_lossy()])?;
    tool("pipcc").words("--pipbuild --dry x.c").end()?.expect_code(1)?;
    for file in [
        "share/man/man1/pips.1",
        "share/man/man1/pip-mpiexec.1",
        "share/man/man7/libpip.7",
        "share/pip/pip-gdb.py",
        "include/pip/pip_machdep.h",
    ] {
        ensure!(prefix.join(file).is_file(), "{file} is missing");
    }
    Ok(())
}

fn pkg_config() -> Result<()> {
    let folder = places::temporary()?;
    let prefix = folder.path().canonicalize()?.join("prefix");
    make("install-files")?.arg(format!("PREFIX={}", prefix.display())).end()?.expect_code(0)?;
    let (pkg_config, family) = (prefix.join("lib/pkgconfig"), folder.path().join("family"));
    let line = format!(
        "eval \"cc -o '{}' '{}' $(pkg-config --cflags --libs pip)\" && pkg-config --cflags --libs xpmem && pkg-config --modversion pip",
        family.display(),
        source("family.c").display()
    );
    let outcome = Run::new("sh").arg("-c").arg(line).env("PKG_CONFIG_PATH", pkg_config).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    ensure!(outcome.out().contains("-lxpmem") && outcome.out().ends_with("\n2.4.1\n"), "{outcome}");
    Run::new(&family).env("PIP_MODE", "thread").end()?.expect_code(0)?.expect_lines(&["sum 6, pthread"])?;
    Ok(())
}

fn destdir() -> Result<()> {
    let folder = places::temporary()?;
    let stage = folder.path().canonicalize()?;
    let arguments = |run: Run| run.arg(format!("DESTDIR={}", stage.display())).arg("PREFIX=/opt/pip");
    arguments(make("install-files")?).end()?.expect_code(0)?;
    let config = fs::read_to_string(stage.join("opt/pip/lib/pkgconfig/pip.pc"))?;
    ensure!(config.starts_with("prefix=/opt/pip\n"), "{config}");
    let found = files(&stage)?;
    ensure!(found.iter().any(|file| file.ends_with("opt/pip/bin/pip-gdb")), "{found:?}");
    arguments(make("uninstall")?).end()?.expect_code(0)?;
    let left = files(&stage)?;
    ensure!(left.is_empty(), "uninstall left {left:?}");
    let relative = make("install-files")?.arg("PREFIX=somewhere").end()?;
    ensure!(relative.code.is_some_and(|code| code != 0), "{relative}");
    relative.expect_err(&["PREFIX=somewhere must start with /"])?;
    Ok(())
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => found.extend(files(&entry.path())?),
            false => found.push(entry.path()),
        }
    }
    Ok(found)
}
