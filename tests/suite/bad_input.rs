//! Wrong command lines and programs: one sentence that names the value, the exit status of its kind, nothing started.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::Run;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const USAGE: i32 = 2;
const CANNOT_RUN: i32 = 126;
const NOT_FOUND: i32 = 127;

/// (name, words of the command line, exit status, what the sentence contains). `D` is a folder that `prepare` fills.
const TABLE: &[(&str, &str, i32, &[&str])] = &[
    ("a_missing_program", "-n 2 no-such-program", NOT_FOUND, &["no-such-program"]),
    ("a_missing_path", "-n 2 D/missing", NOT_FOUND, &["D/missing"]),
    ("a_file_as_a_folder", "-n 2 D/script/program", NOT_FOUND, &["D/script/program"]),
    ("a_dangling_link", "-n 2 D/dangling", NOT_FOUND, &["D/dangling"]),
    ("a_loop_of_links", "-n 2 D/loop", CANNOT_RUN, &["D/loop"]),
    ("no_execute_permission", "-n 2 D/not-executable", CANNOT_RUN, &["D/not-executable", "chmod +x"]),
    ("a_script_without_interpreter", "-n 2 D/script-2", NOT_FOUND, &["D/script-2", "interpreter", "/no/such"]),
    ("a_script_of_scripts", "-n 2 D/script-3", CANNOT_RUN, &["D/script-3", "interpreter"]),
    ("a_text_that_must_be_a_task", "-require-tasks -n 2 D/text", CANNOT_RUN, &["D/text", "ELF", "-require-tasks"]),
    ("an_empty_file_that_must_be_a_task", "-require-tasks -n 2 D/empty", CANNOT_RUN, &["D/empty", "ELF"]),
    ("a_folder", "-n 2 D", CANNOT_RUN, &["D", "not a regular file"]),
    ("a_device", "-n 2 /dev/null", CANNOT_RUN, &["/dev/null"]),
    ("a_fifo", "-n 2 D/fifo", CANNOT_RUN, &["D/fifo"]),
    ("a_32_bit_program_that_must_be_a_task", "-require-tasks -n 2 D/elf32", CANNOT_RUN, &["D/elf32", "x86-64"]),
    ("another_machine", "-n 2 D/aarch64", CANNOT_RUN, &["D/aarch64", "x86-64"]),
    ("a_big_endian_program_that_must_be_a_task", "-require-tasks -n 2 D/big-endian", CANNOT_RUN, &["D/big-endian"]),
    ("a_missing_loader", "-n 2 D/no-loader", CANNOT_RUN, &["D/no-loader", "loader"]),
    ("a_relocatable_object", "-n 2 D/object", CANNOT_RUN, &["D/object"]),
    ("a_core_file", "-n 2 D/core", CANNOT_RUN, &["D/core"]),
    ("a_set_user_id_program_that_must_be_a_task", "-require-tasks D/setuid", CANNOT_RUN, &["D/setuid", "set-user-ID"]),
    ("truncated_to_4_bytes", "-n 2 D/cut-4", CANNOT_RUN, &["D/cut-4"]),
    ("truncated_to_20_bytes", "-n 2 D/cut-20", CANNOT_RUN, &["D/cut-20", "truncated"]),
    ("truncated_to_64_bytes", "-n 2 D/cut-64", CANNOT_RUN, &["D/cut-64", "truncated"]),
    ("truncated_to_200_bytes", "-n 2 D/cut-200", CANNOT_RUN, &["D/cut-200", "truncated"]),
    ("truncated_to_700_bytes", "-n 2 D/cut-700", CANNOT_RUN, &["D/cut-700", "truncated"]),
    ("truncated_to_5000_bytes", "-n 2 D/cut-5000", CANNOT_RUN, &["D/cut-5000", "truncated"]),
    ("truncated_to_14000_bytes", "-n 2 D/cut-14000", CANNOT_RUN, &["D/cut-14000", "truncated"]),
    ("a_wrong_second_program", "-n 1 D/witness : -n 1 D/missing", NOT_FOUND, &["D/missing"]),
    ("zero_ranks", "-n 0 D/witness", USAGE, &["\"0\"", "-n"]),
    ("a_word_as_count", "-n x D/witness", USAGE, &["\"x\"", "-n"]),
    ("a_negative_count", "-n -1 D/witness", USAGE, &["-1"]),
    ("a_fraction_as_count", "-n 1.5 D/witness", USAGE, &["1.5"]),
    ("an_enormous_count", "-n 99999999999999999999 D/witness", USAGE, &["99999999999999999999"]),
    ("too_many_ranks", "-n 4096 D/witness : -n 1 D/witness", USAGE, &["4097"]),
    ("an_unknown_option", "-frobnicate D/witness", USAGE, &["-frobnicate"]),
    ("a_misspelt_option", "-wdri / D/witness", USAGE, &["-wdri", "-wdir"]),
    ("count_without_value", "-n", USAGE, &["-n"]),
    ("env_without_value", "-env NAME", USAGE, &["-env"]),
    ("env_without_anything", "-env", USAGE, &["-env"]),
    ("env_without_name", "-env =x D/witness", USAGE, &["=x"]),
    ("a_value_for_a_flag", "-l=3 D/witness", USAGE, &["-l"]),
    ("nothing", "", USAGE, &["no program"]),
    ("options_only", "-n 2", USAGE, &["no program"]),
    ("an_empty_first_segment", ": D/witness", USAGE, &["segment 1"]),
    ("an_empty_segment", "D/witness : : D/witness", USAGE, &["segment 2"]),
    ("an_empty_last_segment", "D/witness : -n 2", USAGE, &["segment 2"]),
    ("a_missing_folder", "-wdir D/missing D/witness", USAGE, &["D/missing", "-wdir"]),
    ("a_file_as_working_folder", "-wdir D/text D/witness", USAGE, &["D/text", "-wdir"]),
];

pub fn add(cases: &mut Cases) {
    for &(name, words, code, texts) in TABLE {
        cases.add(format!("bad_input::{name}"), move || refused(words, code, texts));
    }
    cases.add("bad_input::a_missing_shim_library", || {
        let outcome = Run::pip("-n 2 true").env("PIP_MPI_LIB", "/no/such/library.so").end()?;
        ensure!(outcome.code != Some(0) && outcome.err().lines().count() == 1, "{outcome}");
        outcome.expect_err(&["/no/such/library.so", "-no-shim"]).map(drop)
    });
    cases.add("bad_input::wrong_settings_are_named_and_ignored", || {
        let program = pip_tests::sources::program("launcher/two_messages.c")?;
        let outcome = Run::pip("-n 2").env("PIP_MPI_EAGER_MAX", "many").arg(program).end()?;
        outcome.expect_code(0)?.expect_err(&["PIP_MPI_EAGER_MAX", "many", "16384"]).map(drop)
    });
    cases.add("bad_input::a_damaged_program_never_crashes_the_launcher", damaged);
    cases.add("bad_input::help_goes_to_standard_output", || {
        let outcome = Run::pip("-help").end()?;
        ensure!(outcome.expect_code(0)?.expect_quiet()?.out().contains("-wdir"), "{outcome}");
        Ok(())
    });
}

fn refused(words: &str, code: i32, texts: &[&str]) -> Result<()> {
    let folder = places::temporary()?;
    prepare(folder.path())?;
    let here = folder.path().display().to_string();
    // D stands for the folder where it is a word or begins a path.
    let fill = |word: &str| match word.strip_prefix('D') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{here}{rest}"),
        _ => word.to_owned(),
    };
    let run = words.split_whitespace().fold(Run::pip(""), |run, word| run.arg(fill(word)));
    let outcome = run.limit(20).end()?;
    outcome.expect_code(code)?;
    let texts: Vec<String> = texts.iter().map(|text| fill(text)).collect();
    outcome.expect_err(&texts.iter().map(String::as_str).collect::<Vec<_>>())?;
    ensure!(outcome.err().lines().count() == 1, "one line was expected on standard error\n{outcome}");
    ensure!(outcome.err().starts_with("pip-mpiexec: "), "the sentence should begin with the program's name\n{outcome}");
    ensure!(outcome.stdout.is_empty(), "something was started\n{outcome}");
    Ok(())
}

/// Fills a folder with things that are no programs, and one that is: `witness` writes if it is started.
fn prepare(folder: &Path) -> Result<()> {
    let put = |name: &str, bytes: &[u8], mode: u32| -> Result<()> {
        fs::write(folder.join(name), bytes)?;
        Ok(fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode))?)
    };
    let program = fs::read("/bin/echo")?;
    let changed = |at: usize, bytes: &[u8]| {
        let mut copy = program.clone();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        copy
    };
    symlink("missing", folder.join("dangling"))?;
    symlink("loop", folder.join("loop"))?;
    put("witness", &program, 0o755)?;
    put("not-executable", &program, 0o644)?;
    put("script", b"#!/bin/sh\necho started\n", 0o755)?;
    put("script-2", b"#!/no/such interpreter\n", 0o755)?;
    put("script-3", format!("#!{}\n", folder.join("script-3").display()).as_bytes(), 0o755)?;
    put("text", b"just a text\n", 0o755)?;
    put("empty", b"", 0o755)?;
    // ELF header: class at 4, byte order at 5, type at 16, machine at 18.
    put("elf32", &elf32(), 0o755)?;
    put("aarch64", &changed(18, &[183, 0]), 0o755)?;
    put("big-endian", &changed(5, &[2]), 0o755)?;
    put("object", &changed(16, &[1, 0]), 0o755)?;
    put("core", &changed(16, &[4, 0]), 0o755)?;
    let loader = program.windows(7).position(|bytes| bytes == b"/lib64/").unwrap_or(0);
    put("no-loader", &changed(loader, b"/lib65/"), 0o755)?;
    put("setuid", &program, 0o755)?;
    std::os::unix::fs::chown(folder.join("setuid"), Some(65_534), None).ok();
    fs::set_permissions(folder.join("setuid"), fs::Permissions::from_mode(0o4755))?;
    for length in [4, 20, 64, 200, 700, 5000, 14_000] {
        put(&format!("cut-{length}"), &program[..length], 0o755)?;
    }
    Run::new("mkfifo").arg(folder.join("fifo")).end()?;
    fs::set_permissions(folder.join("fifo"), fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// The header of a program for i386.
fn elf32() -> Vec<u8> {
    let mut header = vec![0; 84];
    header[..7].copy_from_slice(b"\x7fELF\x01\x01\x01");
    header[16..20].copy_from_slice(&[3, 0, 3, 0]);
    header[20] = 1;
    header[28] = 52;
    header[40] = 52;
    header[42] = 32;
    header[44] = 1;
    header
}

/// Each byte of the ELF header and the program headers, changed in turn: refused or run, but no panic and no hang. A
/// program with a damaged loader or segment may die of a signal; the launcher says so.
fn damaged() -> Result<()> {
    let folder = places::temporary()?;
    let program = fs::read("/bin/true")?;
    let path = folder.path().join("damaged");
    for at in (16..64).chain((64..64 + 56 * 6).step_by(3)) {
        for value in [0, 0x7f, 0xff] {
            let mut copy = program.clone();
            copy[at] = value;
            // Write anew: the file of the run before may still be mapped.
            let _ = fs::remove_file(&path);
            fs::write(&path, &copy)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            let outcome = Run::pip("-no-shim -n 1").arg(&path).limit(20).end()?;
            let explained = outcome.code == Some(0) || outcome.err().lines().count() >= 1;
            ensure!(outcome.signal.is_none() && explained, "byte {at} = {value:#x}\n{outcome}");
        }
    }
    Ok(())
}
