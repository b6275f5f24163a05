//! Names and numbers of signals, and what every tool does about SIGPIPE.

use std::ffi::CStr;

/// Names as kill(1) takes them, with their numbers.
const NAMES: [(&str, i32); 32] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("IOT", libc::SIGIOT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("STKFLT", libc::SIGSTKFLT),
    ("CHLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("PWR", libc::SIGPWR),
    ("SYS", libc::SIGSYS),
];

/// The number of a signal given as number or as name, with or without `SIG`, in any case.
pub fn number(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse() {
        return (0..=libc::SIGRTMAX()).contains(&number).then_some(number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    NAMES.iter().find(|(known, _)| *known == name).map(|&(_, number)| number)
}

/// What the C library calls a signal, such as `Segmentation fault`.
pub fn describe(signal: i32) -> String {
    // SAFETY: strsignal answers every number with a string, which is copied before the next call; the tools ask for it
    // in one thread only.
    unsafe { CStr::from_ptr(libc::strsignal(signal)) }.to_string_lossy().into_owned()
}

/// Lets a closed pipe end this program quietly, as it ends other commands; Rust's start code had SIGPIPE ignored, and
/// what is executed later would inherit that.
pub fn default_pipe() {
    // SAFETY: sets a disposition to its default.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn names_and_numbers() {
        assert_eq!(number("15"), Some(15));
        assert_eq!(number("TERM"), Some(15));
        assert_eq!(number("sigkill"), Some(9));
        assert_eq!(number("SIGRTFOO"), None);
        assert_eq!(number("999"), None);
        assert_eq!(number("-1"), None);
    }
}
