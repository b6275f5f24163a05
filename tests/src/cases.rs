//! Collecting cases for libtest-mimic.

use crate::traces;
use anyhow::Result;
use libtest_mimic::{Completion, Failed, Trial};
use std::path::Path;

/// The cases of all suites.
#[derive(Default)]
pub struct Cases(Vec<Trial>);

impl Cases {
    /// A case of this name; it fails by an error or a panic.
    pub fn add(&mut self, name: impl Into<String>, case: impl FnOnce() -> Result<()> + Send + 'static) {
        self.add_if(name, Ok(()), case);
    }

    /// A case that is ignored, with the reason, where the machine lacks something.
    pub fn add_if(
        &mut self,
        name: impl Into<String>,
        possible: Result<(), String>,
        case: impl FnOnce() -> Result<()> + Send + 'static,
    ) {
        self.0.push(Trial::ignorable_test(name, move || {
            if let Err(reason) = possible {
                return Ok(Completion::ignored_with(reason));
            }
            // On a thread of its own, which may enter namespaces.
            let thread = std::thread::spawn(|| {
                traces::isolate();
                case()
            });
            match thread.join() {
                Ok(Ok(())) => Ok(Completion::Completed),
                Ok(Err(error)) => Err(Failed::from(format!("{error:#}"))),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }));
    }

    /// What libtest-mimic runs.
    pub fn into_trials(self) -> Vec<Trial> {
        self.0
    }
}

/// Whether a program is in PATH; if not, that as a sentence.
pub fn needs(program: &str) -> Result<(), String> {
    crate::places::in_path(program).map(drop).ok_or_else(|| format!("{program} is not installed"))
}

/// Whether the compiler of a test program is there; MPI's compilers are wrappers of others.
pub fn needs_compiler(source: &Path) -> Result<(), String> {
    let compiler = crate::sources::compiler(source).map_err(|error| error.to_string())?;
    let wrapped = match compiler {
        "mpicc.mpich" => "gcc",
        "mpicxx.mpich" => "g++",
        "mpifort.mpich" => "gfortran",
        other => other,
    };
    needs(compiler).and_then(|()| needs(wrapped))
}
