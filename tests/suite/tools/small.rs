//! pip-check, pip-mode, printpipmode, pip-man and pip-python.

use super::tool;
use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::Run;
use pip_tests::sources::{library, program};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub fn add(cases: &mut Cases) {
    cases.add("tools::pip_check::tells_what_a_program_can_be", check);
    cases.add("tools::pip_check::says_why_not", check_verbosely);
    cases.add("tools::pip_mode::sets_the_mode", mode);
    cases.add("tools::printpipmode::prints_the_mode", print_mode);
    cases.add("tools::pip_man::runs_man_on_the_pages", man);
    cases.add("tools::pip_man::pages_tell_all_options", pages);
    cases.add_if("tools::pip_python::is_the_systems_python", libpython(), python);
    cases.add_if("tools::pip_python::several_run_as_tasks", libpython(), || {
        let text = "import json, os, sys, threading; os.write(1, (json.dumps([sys.argv[1], 1]) + '\\n').encode())";
        let run = tool("pip-exec", "-n 3").arg(places::built("pip-python")).arg("-c").arg(text).arg("x");
        run.end()?.expect_code(0)?.expect_quiet()?.expect_lines(&["[\"x\", 1]"; 3]).map(drop)
    });
}

fn check() -> Result<()> {
    let folder = places::temporary()?;
    let text = folder.path().join("text");
    fs::write(&text, "no program")?;
    fs::set_permissions(&text, fs::Permissions::from_mode(0o755))?;
    let shared = library("launcher/preloaded.c")?;
    let cases: [(&Path, &str, i32); 6] = [
        (Path::new("/bin/sh"), "Task", 0),
        (Path::new("/no/such"), "not found", 1),
        (Path::new("/etc/passwd"), "not an executable file", 1),
        (Path::new("/usr"), "not an executable file", 1),
        (&text, "not an ELF file", 1),
        (&shared, "not a PiP program", 1),
    ];
    for (file, words, code) in &cases {
        let outcome = tool("pip-check", "").arg(file).end()?;
        outcome.expect_code(*code)?;
        ensure!(outcome.err() == format!("{} : {words}\n", file.display()) && outcome.stdout.is_empty(), "{outcome}");
    }
    // Several files: one line each, and one failure is a failure.
    let outcome = tool("pip-check", "/bin/sh /no/such /bin/cat").end()?;
    outcome.expect_code(1)?;
    ensure!(outcome.err() == "/bin/sh : Task\n/no/such : not found\n/bin/cat : Task\n", "{outcome}");
    for (option, file, words) in [
        ("-t", "/bin/sh", ""),
        ("--task", "/bin/sh", ""),
        ("--piptask", "/bin/sh", ""),
        ("-r", "/bin/sh", "/bin/sh : cannot be a PiP root\n"),
        ("--root", "/bin/sh", "/bin/sh : cannot be a PiP root\n"),
        ("--pipboth", "/bin/sh", "/bin/sh : cannot be a PiP root\n"),
    ] {
        let outcome = tool("pip-check", option).arg(file).end()?;
        outcome.expect_code(i32::from(!words.is_empty()))?;
        ensure!(outcome.err() == words, "{outcome}");
    }
    for option in ["-t", "-b"] {
        let words = if option == "-t" { "cannot be a PiP task" } else { "can be neither PiP root nor PiP task" };
        tool("pip-check", option).arg(&shared).end()?.expect_code(1)?.expect_err(&[words])?;
    }
    Ok(())
}

fn check_verbosely() -> Result<()> {
    let outcome = tool("pip-check", "-v /bin/sh").end()?;
    ensure!(outcome.err() == "/bin/sh : Task\n/bin/sh : (root) not linked with libpip.so\n", "{outcome}");
    let fixed = program("launcher/fixed.c")?;
    tool("pip-check", "--verbose").arg(&fixed).end()?.expect_code(0)?.expect_err(&[" : Task\n", "(task) not PIE"])?;
    let shared = library("launcher/preloaded.c")?;
    tool("pip-check", "-v").arg(&shared).end()?.expect_code(1)?.expect_err(&["(root) ", "(task) "])?;
    tool("pip-check", "--ldlinux").end()?.expect_code(0)?.expect_lines(&["/lib64/ld-linux-x86-64.so.2"])?;
    tool("pip-check", "--ldso /bin/sh").end()?.expect_code(0)?.expect_lines(&["/lib64/ld-linux-x86-64.so.2"])?;
    tool("pip-check", "-h").end()?.expect_code(0)?.expect_err(&["--pipboth"])?;
    tool("pip-check", "--nosuch").end()?.expect_code(1)?.expect_err(&["--nosuch"])?;
    tool("pip-check", "").end()?.expect_code(1)?;
    Ok(())
}

fn mode() -> Result<()> {
    for (options, mode) in [
        (&["-p", "-P", "--process"][..], "process"),
        (&["-l", "-L", "--process:preload"], "process:preload"),
        (&["-c", "-C", "--process:pipclone"], "process:pipclone"),
        (&["-t", "-T", "--thread", "--pthread", "-p -t"], "pthread"),
    ] {
        for option in options {
            let line = format!("PIP_MODE={mode}");
            tool("pip-mode", option).end()?.expect_code(0)?.expect_quiet()?.expect_lines(&[&line])?;
            let run = tool("pip-mode", option).arg("sh").arg("-c").arg("echo $PIP_MODE $1; exit 5").arg("x").arg("-t");
            run.end()?.expect_code(5)?.expect_quiet()?.expect_lines(&[&format!("{mode} -t")])?;
        }
    }
    for option in ["-g", "-G"] {
        tool("pip-mode", option).end()?.expect_code(1)?.expect_err(&["obsolete"])?;
    }
    for option in ["-u", "--help"] {
        tool("pip-mode", option).end()?.expect_code(2)?.expect_err(&["--process:preload"])?;
    }
    tool("pip-mode", "-x true").end()?.expect_code(1)?.expect_err(&["pip-mode: Unknown option '-x'"])?;
    tool("pip-mode", "-p no-such-program").end()?.expect_code(127)?.expect_err(&["no-such-program"])?;
    tool("pip-mode", "-p /etc/passwd").end()?.expect_code(126)?.expect_err(&["/etc/passwd"])?;
    Ok(())
}

fn print_mode() -> Result<()> {
    for (mode, name) in
        [("process", "process"), ("process:preload", "process:preload"), ("Thread", "pthread"), ("pthread", "pthread")]
    {
        tool("printpipmode", "").env("PIP_MODE", mode).end()?.expect_code(0)?.expect_quiet()?.expect_lines(&[name])?;
    }
    for mode in ["process:got", "nonsense"] {
        tool("printpipmode", "")
            .env("PIP_MODE", mode)
            .end()?
            .expect_code(1)?
            .expect_err(&["printpipmode: pip_init"])?;
    }
    // A task says the mode it is in.
    for (mode, name) in [("process", "process"), ("thread", "pthread"), ("process:pipclone", "process:pipclone")] {
        let run = tool("pip-exec", "-n 2").arg(places::built("printpipmode")).env("PIP_MODE", mode);
        run.end()?.expect_code(0)?.expect_lines(&[name; 2])?;
    }
    Ok(())
}

/// With a man that prints its arguments.
fn man() -> Result<()> {
    let folder = places::temporary()?;
    let fake = folder.path().join("man");
    fs::write(&fake, "#!/bin/sh\ntest -s $2/man1/pip-exec.1 && test \"$1\" = -M && shift 2 && echo \"$@\"; exit 3\n")?;
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755))?;
    let run =
        |args: &str| tool("pip-man", args).env("PATH", format!("{}:/usr/bin:/bin", folder.path().display())).end();
    run("")?.expect_code(3)?.expect_lines(&["7 libpip"])?;
    run("-k pip-exec")?.expect_code(3)?.expect_lines(&["-k pip-exec"])?;
    let outcome = tool("pip-man", "").env("PATH", "/nonexistent").end()?;
    outcome.expect_code(1)?.expect_err(&["pip-man: man is not installed", "man-db"])?;
    Ok(())
}

/// Every option of --help is on the page.
fn pages() -> Result<()> {
    let folder = places::temporary()?;
    tool("pip-man", "--generate").arg(folder.path()).end()?.expect_code(0)?.expect_quiet()?;
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).with_context(|| name.to_owned());
    let overview = read("man7/libpip.7")?;
    ensure!(overview.contains("PIP_STOP_ON_START") && overview.contains("pip_named_import"), "{overview}");
    for name in ["pip-exec", "pip-check", "pips", "pip-mode", "printpipmode", "pipcc", "pip-man", "pip-tgkill"] {
        let page = read(&format!("man1/{name}.1"))?.replace('\\', "");
        ensure!(page.starts_with(".ie") || page.contains(&format!(".TH {name} 1")), "{page}");
        ensure!(page.contains(".SH \"EXIT STATUS\"") || page.contains(".SH EXIT STATUS"), "{page}");
        let help = tool(name, "--help").end()?;
        let text = help.out() + &help.err();
        let options = text.split_whitespace().map(|word| word.trim_end_matches([',', ']', '.', ')']));
        for option in options.filter(|word| word.starts_with("--") && word.len() > 2) {
            ensure!(page.contains(option), "{option} is not on the page of {name}\n{page}");
        }
    }
    read("man1/pipfc.1")?;
    read("man1/pip-python.1")?;
    ensure!(read("man1/pip-gdb.1")?.contains("auto"), "no commands in pip-gdb(1)");
    Ok(())
}

/// Whether the system's Python has its shared library.
fn libpython() -> Result<(), String> {
    let python = Path::new("/usr/bin/python3").canonicalize().map_err(|_| "/usr/bin/python3 is not installed")?;
    let name = format!("lib{}.so.1.0", python.file_name().unwrap_or_default().to_string_lossy());
    let listed = std::process::Command::new("/sbin/ldconfig").arg("-p").output();
    let listed = listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&name));
    listed.then_some(()).ok_or_else(|| format!("{name} is not installed"))
}

/// It does what /usr/bin/python3 does, with one folder of modules more.
fn python() -> Result<()> {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pip-core/python").canonicalize()?;
    let folder = places::temporary()?;
    let script = folder.path().join("script.py");
    fs::write(&script, "import sys\nprint(__file__, sys.argv)\nsys.exit(7)\n")?;
    let script = script.to_string_lossy().into_owned();
    let look = "import sys, site, ssl, ctypes; print(sys.executable, sys.prefix, sys.path, site.getsitepackages(), sys.version)";
    for (args, input) in [
        (&["-c", look, "a b", ""][..], ""),
        (&[&script, "x", "-c"], ""),
        (&["-m", "json.tool"], "{\"a\": 1}"),
        (&["-"], "print(6 * 7)"),
        (&["--version"], ""),
        (&["-c", "1/0"], ""),
        (&["--no-such-option"], ""),
    ] {
        let run = |program: &Path| -> Result<_> {
            let run = args.iter().fold(Run::new(program), |run, arg| run.arg(arg));
            let run = run.input(input.as_bytes().to_vec());
            if program.starts_with("/usr") { run.env("PYTHONPATH", &modules).end() } else { run.end() }
        };
        let (wanted, found) = (run(Path::new("/usr/bin/python3"))?, run(&places::built("pip-python"))?);
        let same = (wanted.code, &wanted.stdout, &wanted.stderr) == (found.code, &found.stdout, &found.stderr);
        ensure!(same, "{wanted}\n{found}");
    }
    Ok(())
}
