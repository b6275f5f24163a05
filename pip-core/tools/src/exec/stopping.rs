//! PIP_STOP_ON_START: tasks that stop before their program starts, so that a debugger can be attached.

use crate::messages::{info, warn};
use pip_core::settings::{StopOnStart, stop_on_start};
use pip_core::{Mode, Task};
use std::path::Path;
use std::process::Command;

/// What PIP_STOP_ON_START asks for, where it can be had.
pub fn asked(mode: Mode) -> Option<StopOnStart> {
    let asked = stop_on_start()?;
    if mode == Mode::Thread {
        warn("PIP_STOP_ON_START is ignored in thread mode, where all tasks would stop; use PIP_MODE=process");
        return None;
    }
    Some(asked)
}

/// Whether the task with this id is to stop.
pub fn concerns(asked: Option<&StopOnStart>, id: usize) -> bool {
    asked.is_some_and(|asked| asked.task.is_none_or(|wanted| wanted == id))
}

/// Waits until the task has stopped and starts the script, which is to let it go on; without a script the user does that.
pub fn stopped(asked: &StopOnStart, task: &Task, program: &Path) {
    await_stop(task.pid());
    let (id, pid) = (task.id(), task.pid());
    let Some(script) = &asked.script else {
        return info(&format!("PiP task[{id}] (PID={pid}) is SIGSTOPed"));
    };
    info(&format!("PiP task[{id}] (PID={pid}) is SIGSTOPed and executing '{script}' script"));
    let started = Command::new(script).arg(pid.to_string()).arg(id.to_string()).arg(program).spawn();
    if let Err(error) = started {
        warn(&format!("PIP_STOP_ON_START: '{script}' cannot be executed ({error}); task {id} goes on"));
        // One that is gone by now needs no signal.
        let _ = task.kill(libc::SIGCONT);
    }
}

/// Waits until the process has stopped or ended, and leaves both to be waited for.
fn await_stop(pid: i32) {
    // SAFETY: zero bytes are a valid siginfo_t, a local to fill.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        while libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, libc::WSTOPPED | libc::WEXITED | libc::WNOWAIT)
            != 0
            && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
        {}
    }
}
