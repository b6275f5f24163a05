//! Damaged ELF files are refused with a sentence, or opened; never a panic.

#![allow(clippy::unwrap_used)] // a test

use pip_core::{Program, ProgramError};
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A file that may be executed, removed when dropped.
struct Executable(PathBuf);

impl Executable {
    fn new(name: &str, contents: &[u8]) -> Executable {
        let path = std::env::temp_dir().join(format!("pip-core-{}-{name}", std::process::id()));
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Executable(path)
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn open(name: &str, contents: &[u8]) -> Result<Program, ProgramError> {
    let file = Executable::new(name, contents);
    Program::open(&file.0)
}

fn a_program() -> Vec<u8> {
    std::fs::read("/bin/true").unwrap()
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((0usize..4096, any::<u8>()), 1..30)) {
        let mut program = a_program();
        changes.into_iter().for_each(|(at, value)| program[at] = value);
        let _ = open("changed", &program);
    }

    #[test]
    fn a_cut_file_is_called_damaged_or_no_elf(fraction in 0.0..0.9f64) {
        let program = a_program();
        let cut = (program.len() as f64 * fraction) as usize;
        let error = open("cut", &program[..cut]).unwrap_err();
        prop_assert!(matches!(error, ProgramError::Damaged(..) | ProgramError::NotElf(..)), "{cut} bytes: {error}");
        prop_assert_eq!(error.exit_code(), 126);
    }
}

#[test]
fn what_is_no_program_is_named() {
    let library = Program::open(Path::new("/lib/x86_64-linux-gnu/libm.so.6"));
    assert!(library.is_err(), "a shared library without execute permission or entry point");
    let script = open("script", b"#!/bin/sh -e\nexit 0\n").unwrap_err();
    assert!(matches!(&script, ProgramError::Script { interpreter, .. } if interpreter == "/bin/sh -e"), "{script}");
    let directory = Program::open(Path::new("/tmp")).unwrap_err();
    assert!(matches!(directory, ProgramError::NotRegular(_)) && directory.exit_code() == 126);
    let missing = Program::open(Path::new("/nonexistent/program")).unwrap_err();
    assert!(matches!(missing, ProgramError::NotFound(_)) && missing.exit_code() == 127);
}
