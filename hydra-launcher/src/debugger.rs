//! `-gdb` and `-tv`: the launcher starts itself again under a debugger, which then shows its ranks.

use crate::command_line::Debugger;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// In the environment of a launcher under a debugger, which must not start another one.
pub const UNDER_DEBUGGER: &str = "PIP_MPI_UNDER_DEBUGGER";

/// Whether a debugger was started already.
pub fn is_there() -> bool {
    std::env::var_os(UNDER_DEBUGGER).is_some()
}

/// Becomes the debugger; returns only if that is not possible.
pub fn start(debugger: Debugger) -> Result<std::convert::Infallible> {
    let own = std::env::current_exe().context("the path of the launcher is unknown")?;
    let args = std::env::args_os().skip(1);
    let mut command = match debugger {
        Debugger::Gdb => {
            let mut gdb = Command::new(pip_gdb(&own));
            // Programs and their libraries are not there yet when breakpoints are set.
            gdb.args(["-ex", "set breakpoint pending on", "--args"]).arg(&own).args(args);
            gdb
        }
        Debugger::TotalView => {
            let mut totalview = Command::new(std::env::var_os("TOTALVIEW").unwrap_or_else(|| "totalview".into()));
            totalview.arg(&own).arg("-a").args(args);
            totalview
        }
    };
    let name = command.get_program().to_owned();
    let error = command.env(UNDER_DEBUGGER, "1").exec();
    let advice = match debugger {
        Debugger::Gdb => "install pip-gdb beside pip-mpiexec, or put it into PATH",
        Debugger::TotalView => "name the debugger in the environment variable TOTALVIEW, or use -gdb",
    };
    Err(error).with_context(|| format!("the debugger {} does not start; {advice}", name.display()))
}

/// Beside the launcher, in the sources it was built from, or in PATH.
fn pip_gdb(own: &std::path::Path) -> OsString {
    let folder = own.parent().unwrap_or(own);
    let places = [folder.join("pip-gdb"), folder.join("../../pip-core/gdb/pip-gdb")];
    places.into_iter().find(|path: &PathBuf| path.exists()).map_or_else(|| "pip-gdb".into(), OsString::from)
}
