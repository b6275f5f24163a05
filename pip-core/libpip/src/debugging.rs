//! What the environment asks for at a task's start and crash: PIP_STOP_ON_START, PIP_GDB_PATH, PIP_GDB_COMMAND,
//! PIP_GDB_SIGNALS, PIP_SHOW_MAPS, PIP_SHOW_PIPS.

use crate::messages;
use pip_core::settings::{StopOnStart, stop_on_start};
use pip_core::{Mode, Task, faults};
use std::ffi::{CStr, OsStr, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The file of this library, to be loaded into tasks.
pub fn own_path() -> Option<PathBuf> {
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    PATH.get_or_init(|| {
        // SAFETY: fills a local; the name is a C string of the loader's.
        let path = unsafe {
            let mut info: libc::Dl_info = std::mem::zeroed();
            if libc::dladdr(own_path as *const _, &mut info) == 0 || info.dli_fname.is_null() {
                return None;
            }
            PathBuf::from(OsStr::from_bytes(CStr::from_ptr(info.dli_fname).to_bytes()))
        };
        std::fs::canonicalize(path).ok()
    })
    .clone()
}

/// Notes what is to happen at a crash. Called in a root and in process-mode tasks.
pub fn prepare() {
    let set = |name| std::env::var_os(name).is_some();
    if set("PIP_GDB_PATH") || set("PIP_SHOW_MAPS") || set("PIP_SHOW_PIPS") {
        faults::set_debugger(on_crash);
    }
}

extern "C" fn on_crash(signal: c_int, pid: c_int) {
    if chosen_signals().contains(&signal) {
        debug(pid);
    }
}

/// `pip_debug_info`
#[unsafe(no_mangle)]
pub extern "C" fn pip_debug_info() {
    // SAFETY: cannot fail.
    debug(unsafe { libc::gettid() });
}

fn debug(pid: c_int) {
    let on = |name: &str| std::env::var(name).is_ok_and(|value| value.eq_ignore_ascii_case("on"));
    if on("PIP_SHOW_MAPS") {
        eprint!("{}", String::from_utf8_lossy(&std::fs::read("/proc/self/maps").unwrap_or_default()));
    }
    if on("PIP_SHOW_PIPS") {
        run(Command::new("pips").arg("x"), "pips");
    }
    let Some(gdb) = std::env::var_os("PIP_GDB_PATH") else { return };
    let mut command = Command::new(&gdb);
    command.args(["-quiet", "-p", &pid.to_string()]);
    match std::env::var_os("PIP_GDB_COMMAND") {
        Some(file) => drop(command.arg("-x").arg(file).arg("-batch")),
        None => {
            let lines = [
                "set pagination off",
                "set verbose off",
                "set complaints 0",
                "set confirm off",
                "info inferiors",
                "bt",
                "detach",
                "quit",
            ];
            command.args(lines.iter().flat_map(|line| ["-ex", line]));
        }
    }
    // A debugger that may attach to a process that is not its child.
    // SAFETY: sets a property of this process.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY) };
    run(&mut command, &gdb.to_string_lossy());
}

fn run(command: &mut Command, name: &str) {
    // SAFETY: duplicates standard error, or fails.
    let stderr = unsafe { libc::dup(2) };
    // SAFETY: a new descriptor, or -1, which Stdio must not get.
    let stdout = if stderr < 0 { Stdio::null() } else { unsafe { std::os::fd::FromRawFd::from_raw_fd(stderr) } };
    if let Err(error) = command.stdin(Stdio::null()).stdout(stdout).status() {
        messages::warn(&format!("{name} cannot be run: {error}"));
    }
}

/// PIP_GDB_SIGNALS: names joined by + and -; HUP and SEGV without it.
fn chosen_signals() -> Vec<c_int> {
    let Ok(text) = std::env::var("PIP_GDB_SIGNALS") else { return vec![libc::SIGHUP, libc::SIGSEGV] };
    let known = [
        ("HUP", libc::SIGHUP),
        ("INT", libc::SIGINT),
        ("QUIT", libc::SIGQUIT),
        ("ILL", libc::SIGILL),
        ("ABRT", libc::SIGABRT),
        ("FPE", libc::SIGFPE),
        ("SEGV", libc::SIGSEGV),
        ("PIPE", libc::SIGPIPE),
        ("USR1", libc::SIGUSR1),
        ("USR2", libc::SIGUSR2),
    ];
    let mut chosen = Vec::new();
    for word in text.replace('-', "+-").split('+').filter(|word| !word.is_empty()) {
        let (take_away, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
        let meant: Vec<c_int> = known
            .iter()
            .filter(|(known, _)| name.eq_ignore_ascii_case(known) || name.eq_ignore_ascii_case("ALL"))
            .map(|k| k.1)
            .collect();
        if meant.is_empty() {
            messages::warn(&format!("signal name '{name}' is not acceptable for attaching PiP-gdb and ignored"));
        }
        chosen.retain(|signal| !meant.contains(signal));
        if !take_away {
            chosen.extend(meant);
        }
    }
    chosen
}

/// Whether the next task, whose id may be given, is to stop before it starts.
pub fn stop_wanted(mode: Mode, id: Option<usize>) -> Option<StopOnStart> {
    let stop = stop_on_start()?;
    if mode == Mode::Thread {
        messages::warn("PIP_STOP_ON_START works in process mode only and is ignored");
        return None;
    }
    match (stop.task, id) {
        (None, _) => Some(stop),
        (Some(wanted), Some(id)) if wanted == id => Some(stop),
        (Some(wanted), None) if crate::caller::find()?.registry.next_id() == wanted => Some(stop),
        _ => None,
    }
}

/// The task is about to stop: says so, and runs the script.
pub fn on_stopped(task: &Task, stop: &StopOnStart, program: &Path) {
    let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: a local to fill.
    unsafe { libc::waitid(libc::P_PID, task.pid() as u32, info.as_mut_ptr(), libc::WSTOPPED | libc::WNOWAIT) };
    let (id, pid) = (task.id(), task.pid());
    let Some(script) = &stop.script else {
        return messages::info(&format!("PiP task[{id}] (PID={pid}) is SIGSTOPed"));
    };
    messages::info(&format!("PiP task[{id}] (PID={pid}) is SIGSTOPed and executing '{script}' script"));
    let started = Command::new(script).args([pid.to_string(), id.to_string()]).arg(program).spawn();
    match started {
        // Its end is nobody's business, but it must not stay a zombie.
        Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
        Err(error) => {
            messages::warn(&format!("the script {script} cannot be run ({error}), so the task goes on"));
            let _ended_meanwhile = task.kill(libc::SIGCONT);
        }
    }
}
