//! How a rank ended, and the launcher's exit status formed from all ranks as Hydra forms it.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this status (0 to 255).
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
}

impl Ended {
    /// The kernel's wait status, without the core-dump bit, which Hydra's exit status ignores too.
    pub fn raw(self) -> i32 {
        match self {
            Ended::Exited(code) => (code & 0xff) << 8,
            Ended::Killed(signal) => signal & 0x7f,
        }
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Ended {
        match status.signal() {
            Some(signal) => Ended::Killed(signal),
            None => Ended::Exited(status.code().unwrap_or_default()),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Ended::Exited(code) => write!(f, "exited with status {code}"),
            Ended::Killed(signal) => write!(f, "was killed by signal {signal} ({})", signal_text(signal)),
        }
    }
}

/// The job's exit status while it is being formed.
///
/// Hydra takes the bitwise OR of all raw wait statuses: a signal among them gives its number, else the OR of the exit
/// codes. Other than Hydra, ranks that the launcher itself killed do not count, so that the status is the culprit's.
#[derive(Debug, Default)]
pub struct ExitCode {
    raw: i32,
    decided: Option<u8>,
    least: u8,
}

impl ExitCode {
    /// Adds the end of a rank that ended by itself.
    pub fn add(&mut self, ended: Ended) {
        self.raw |= ended.raw();
    }

    /// Decides the status whatever the ranks do: MPI_Abort's code, or an error of the launcher. The first one counts.
    pub fn decide(&mut self, code: u8) {
        self.decided.get_or_insert(code);
    }

    /// Makes a status of 0 a failure, with this code.
    pub fn at_least(&mut self, code: u8) {
        self.least = code;
    }

    /// The exit status of the launcher.
    pub fn code(&self) -> u8 {
        let code = self.decided.unwrap_or(match self.raw & 0x7f {
            0 => (self.raw >> 8) as u8,
            signal => signal as u8,
        });
        if code == 0 { self.least } else { code }
    }
}

/// The usual English text of a signal.
pub fn signal_text(signal: i32) -> &'static str {
    match signal {
        libc::SIGHUP => "Hangup",
        libc::SIGINT => "Interrupt",
        libc::SIGQUIT => "Quit",
        libc::SIGILL => "Illegal instruction",
        libc::SIGTRAP => "Trace trap",
        libc::SIGABRT => "Aborted",
        libc::SIGBUS => "Bus error",
        libc::SIGFPE => "Floating point exception",
        libc::SIGKILL => "Killed",
        libc::SIGUSR1 => "User signal 1",
        libc::SIGSEGV => "Segmentation fault",
        libc::SIGUSR2 => "User signal 2",
        libc::SIGPIPE => "Broken pipe",
        libc::SIGALRM => "Alarm clock",
        libc::SIGTERM => "Terminated",
        libc::SIGXCPU => "CPU time limit exceeded",
        libc::SIGXFSZ => "File size limit exceeded",
        libc::SIGSYS => "Bad system call",
        _ => "no usual name",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(ends: &[Ended]) -> u8 {
        let mut code = ExitCode::default();
        ends.iter().for_each(|&ended| code.add(ended));
        code.code()
    }

    #[test]
    fn exit_codes_are_ored() {
        assert_eq!(code(&[]), 0);
        assert_eq!(code(&[Ended::Exited(1), Ended::Exited(2), Ended::Exited(0)]), 3);
        assert_eq!(code(&[Ended::Exited(255)]), 255);
    }

    #[test]
    fn a_signal_hides_exit_codes() {
        assert_eq!(code(&[Ended::Exited(5), Ended::Killed(11)]), 11);
        assert_eq!(code(&[Ended::Killed(6), Ended::Killed(6)]), 6);
    }

    #[test]
    fn the_first_decision_counts() {
        let mut code = ExitCode::default();
        code.add(Ended::Killed(9));
        code.decide(44);
        code.decide(1);
        code.at_least(2);
        assert_eq!(code.code(), 44);
    }

    #[test]
    fn zero_can_be_made_a_failure() {
        let mut code = ExitCode::default();
        code.add(Ended::Exited(0));
        code.at_least(1);
        assert_eq!(code.code(), 1);
    }

    #[test]
    fn sentences_name_signal_and_status() {
        assert_eq!(Ended::Killed(11).to_string(), "was killed by signal 11 (Segmentation fault)");
        assert_eq!(Ended::Exited(5).to_string(), "exited with status 5");
    }
}
