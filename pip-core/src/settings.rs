//! The environment variables of PiP that a root obeys: PIP_MODE, PIP_STACKSIZE and their relatives, PIP_STOP_ON_START.

use crate::Mode;
use crate::mapping::page_up;

/// Option bits of `pip_init`, as in PiP v2.4.
pub mod option {
    /// Tasks are threads.
    pub const PTHREAD: i32 = 0x1000;
    /// Tasks are processes, however they are made.
    pub const PROCESS: i32 = PRELOAD | PIPCLONE;
    /// The original's way to clone with an LD_PRELOADed wrapper; here a synonym of process mode.
    pub const PRELOAD: i32 = 0x0100;
    /// The original's way to clone with a patched glibc; here a synonym of process mode.
    pub const PIPCLONE: i32 = 0x0400;
    /// A way the original gave up.
    pub const GOT: i32 = 0x8000;
    /// The bits that choose the mode.
    pub const MASK: i32 = 0xff00;
}

/// The mode chosen, and the name under which it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// How tasks are made.
    pub mode: Mode,
    /// One option bit: PTHREAD, PRELOAD or PIPCLONE, or PROCESS where nobody asked for one of the last two.
    pub option: i32,
}

/// Why no mode could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModeError {
    /// The options are none that can be had.
    #[error("pip_init options {0:#x} name no mode; use PIP_MODE_PROCESS or PIP_MODE_PTHREAD")]
    Options(i32),
    /// The environment says otherwise than the options.
    #[error("PIP_MODE={env} contradicts the options {options:#x} of pip_init; unset it or ask for the same")]
    Contradiction {
        /// The variable's value.
        env: String,
        /// The program's options.
        options: i32,
    },
    /// The environment names no mode.
    #[error("PIP_MODE={0} is no mode; use process or thread")]
    Environment(String),
}

/// Chooses the mode from the options of `pip_init` (0: any) and PIP_MODE.
pub fn choose(options: i32) -> Result<Choice, ModeError> {
    let env = std::env::var_os("PIP_MODE").map(|value| value.to_string_lossy().into_owned());
    choose_from(options, env.as_deref())
}

/// [`choose`] for those who only want the mode.
pub fn mode(options: i32) -> Result<Mode, ModeError> {
    choose(options).map(|choice| choice.mode)
}

fn choose_from(options: i32, env: Option<&str>) -> Result<Choice, ModeError> {
    use option::{GOT, MASK, PIPCLONE, PRELOAD, PROCESS, PTHREAD};
    if options & !MASK != 0 || ![0, PROCESS, PRELOAD, PIPCLONE, PTHREAD].contains(&options) {
        return Err(ModeError::Options(options));
    }
    let wanted = match env.map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => None,
        Some("process") => Some(PROCESS),
        Some("process:preload") => Some(PRELOAD),
        Some("process:pipclone") => Some(PIPCLONE),
        Some("process:got") => Some(GOT),
        Some("thread" | "pthread") => Some(PTHREAD),
        Some(_) => return Err(ModeError::Environment(env.unwrap_or_default().to_owned())),
    };
    let contradiction = || ModeError::Contradiction { env: env.unwrap_or_default().to_owned(), options };
    let option = match (options, wanted) {
        (PROCESS, Some(GOT)) => return Err(ModeError::Options(options)),
        (_, Some(GOT)) => return Err(contradiction()),
        (0, wanted) => wanted.unwrap_or(PROCESS),
        (options, None) => options,
        (options, Some(wanted)) if options == wanted => options,
        (PROCESS, Some(narrower @ (PRELOAD | PIPCLONE))) => narrower,
        (narrower @ (PRELOAD | PIPCLONE), Some(PROCESS)) => narrower,
        _ => return Err(contradiction()),
    };
    Ok(Choice { mode: if option == PTHREAD { Mode::Thread } else { Mode::Process }, option })
}

const KIB: usize = 1 << 10;
const SMALLEST: usize = 4 << 20;
const DEFAULT: usize = 16 << 20;

/// Bytes of a task's stack by PIP_STACKSIZE (or PIP_STACKSZ, or what OpenMP runtimes use); `warn` hears of values that cannot be.
pub fn stack_size(mut warn: impl FnMut(String)) -> usize {
    let names = ["PIP_STACKSIZE", "PIP_STACKSZ", "KMP_STACKSIZE", "GOMP_STACKSIZE", "OMP_STACKSIZE"];
    let set = names.iter().find_map(|name| std::env::var(name).ok().map(|value| (*name, value)));
    let Some((name, value)) = set else { return DEFAULT };
    let Some(bytes) = parse_size(&value) else {
        warn(format!("{name}={value} is no size: give a number with T, G, M, K or B; {} MiB are used", DEFAULT >> 20));
        return DEFAULT;
    };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills a local.
    unsafe { libc::getrlimit(libc::RLIMIT_STACK, &mut limit) };
    let largest = (limit.rlim_cur as usize).clamp(SMALLEST, 1014 << 30);
    if !(SMALLEST..=largest).contains(&bytes) {
        warn(format!("{name}={value} is outside {SMALLEST} to {largest} bytes (ulimit -s); the nearer end is used"));
    }
    page_up(bytes.clamp(SMALLEST, largest))
}

/// A number with a suffix; without one, KiB.
fn parse_size(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "T" => 1 << 40,
        "G" => 1 << 30,
        "M" => 1 << 20,
        "K" | "" => KIB,
        "B" => 1,
        _ => return None,
    };
    digits.trim().parse::<usize>().ok()?.checked_mul(unit)
}

/// PIP_STOP_ON_START=`[script][@pipid]`: which tasks stop before they start, and what is run then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopOnStart {
    /// Program called as `script PID PIPID PROGRAM`; None to only stop.
    pub script: Option<String>,
    /// The task; None for all.
    pub task: Option<usize>,
}

/// What PIP_STOP_ON_START says, if it is set.
pub fn stop_on_start() -> Option<StopOnStart> {
    std::env::var("PIP_STOP_ON_START").ok().map(|text| parse_stop(&text))
}

fn parse_stop(text: &str) -> StopOnStart {
    let (script, task) = match text.rsplit_once('@') {
        Some((script, id)) => (script, id.trim().parse::<usize>().ok()),
        None => (text, None),
    };
    StopOnStart { script: (!script.is_empty()).then(|| script.to_owned()), task }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_follows_the_table_of_pip() {
        use option::{GOT, PIPCLONE, PRELOAD, PROCESS, PTHREAD};
        let envs = [
            None,
            Some("process"),
            Some("process:preload"),
            Some("Process:PipClone"),
            Some("process:got"),
            Some("pthread"),
            Some("x"),
        ];
        // The option chosen; E for a contradiction or an unknown PIP_MODE (EPERM), I for EINVAL.
        const E: i32 = -1;
        const I: i32 = -2;
        let table = [
            (0, [PROCESS, PROCESS, PRELOAD, PIPCLONE, E, PTHREAD, E]),
            (PROCESS, [PROCESS, PROCESS, PRELOAD, PIPCLONE, I, E, E]),
            (PRELOAD, [PRELOAD, PRELOAD, PRELOAD, E, E, E, E]),
            (PIPCLONE, [PIPCLONE, PIPCLONE, E, PIPCLONE, E, E, E]),
            (PTHREAD, [PTHREAD, E, E, E, E, PTHREAD, E]),
            (GOT, [I; 7]),
            (PTHREAD | PRELOAD, [I; 7]),
            (1, [I; 7]),
        ];
        for (options, row) in table {
            for (env, expected) in envs.iter().zip(row) {
                let found = match choose_from(options, *env) {
                    Ok(choice) => choice.option,
                    Err(ModeError::Options(_)) => I,
                    Err(_) => E,
                };
                assert_eq!(found, expected, "options {options:#x}, PIP_MODE {env:?}");
            }
        }
    }

    #[test]
    fn sizes_have_suffixes_and_are_kib_without() {
        assert_eq!(parse_size("8M"), Some(8 << 20));
        assert_eq!(parse_size(" 16 g"), Some(16 << 30));
        assert_eq!(parse_size("100"), Some(100 << 10));
        assert_eq!(parse_size("4194304b"), Some(4 << 20));
        assert_eq!([parse_size("x"), parse_size("1X"), parse_size("-1"), parse_size("99999999999T")], [None; 4]);
    }

    #[test]
    fn stop_on_start_names_a_script_and_a_task() {
        let stop = |script: Option<&str>, task| StopOnStart { script: script.map(str::to_owned), task };
        assert_eq!(parse_stop("/a/b@3"), stop(Some("/a/b"), Some(3)));
        assert_eq!(parse_stop("@-1"), stop(None, None));
        assert_eq!(parse_stop("/a/b"), stop(Some("/a/b"), None));
        assert_eq!(parse_stop("@0"), stop(None, Some(0)));
    }
}
