//! The root of the tasks that are measured, which starts them as the C interface does.

use crate::library;
use crate::worker::{NAME, Place};
use anyhow::{Context, Result, ensure};
use pip_core::{Mode, Program, Root, SpawnOptions, Task, settings};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::Ordering;

/// The small program that is started and waited for.
pub const SMALL: &CStr = c"/bin/true";

/// A root. One process has one at a time; the next may be of the other mode.
#[derive(Debug)]
pub struct Pip {
    root: Root,
    small: Program,
    own: Program,
    library: PathBuf,
}

/// What root and tasks export here leads nowhere else.
static EXPORTED: u64 = 0;

impl Pip {
    /// Makes this process a root that was seen to start and end a task.
    pub fn new(mode: Mode) -> Result<Pip> {
        static LIBRARY: LazyLock<Result<PathBuf, String>> =
            LazyLock::new(|| library::path().map_err(|error| format!("{error:#}")));
        let library = LIBRARY.clone().map_err(anyhow::Error::msg)?;
        let own = std::env::current_exe().context("cannot find out the path of this program")?;
        let own = Program::open(&own)?;
        let small = Program::open(Path::new(&*SMALL.to_string_lossy()))?;
        let root = Root::with_mode(256, mode)?;
        let exported = std::ptr::from_ref(&EXPORTED).cast_mut();
        root.registry().root_entry().export().store(exported.cast(), Ordering::Release);
        let named = root.registry().root_entry().names().export(NAME.to_bytes(), exported as usize);
        ensure!(named.is_ok(), "the root could not export {NAME:?}");
        let pip = Pip { root, small, own, library };
        // The first spawn of a program waits until it is loaded, as in the C interface.
        let options = SpawnOptions { await_loading: true, ..pip.options(SMALL) };
        let status = pip.root.spawn(&pip.small, &options)?.wait()?;
        ensure!(status.success(), "a task that runs {SMALL:?} ended with {status}");
        Ok(pip)
    }

    fn options(&self, name: &CStr) -> SpawnOptions {
        SpawnOptions {
            args: vec![name.to_owned()],
            env: ENVIRONMENT.clone(),
            stack_size: Some(settings::stack_size(|_| ())),
            library: Some(self.library.clone()),
            ..SpawnOptions::default()
        }
    }

    /// Starts the small program.
    pub fn start_small(&self) -> Result<Task> {
        Ok(self.root.spawn(&self.small, &self.options(SMALL))?)
    }

    /// Starts this program as a worker, on one core if `core` says which. `place` stays where it is until the task has ended.
    pub fn start_worker(&self, place: &Place, core: Option<usize>) -> Result<Task> {
        let options = SpawnOptions {
            aux: std::ptr::from_ref(place).cast_mut().cast(),
            affinity: core.map(|core| vec![core]),
            await_loading: true,
            ..self.options(c"worker")
        };
        Ok(self.root.spawn(&self.own, &options)?)
    }

    /// Ends being a root; all tasks were waited for.
    pub fn finish(self) -> Result<()> {
        Ok(self.root.finish()?)
    }
}

/// The environment of whatever is started.
pub static ENVIRONMENT: LazyLock<Vec<CString>> = LazyLock::new(|| {
    let join = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
        let mut text = key.into_vec();
        text.push(b'=');
        text.extend(value.into_vec());
        CString::new(text).ok()
    };
    std::env::vars_os().filter_map(join).collect()
});
