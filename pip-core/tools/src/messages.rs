//! Messages of a root in PiP's form, which PIP_QUIET silences.

use std::io::Write;

/// Something that helps to follow what happens.
pub fn info(text: &str) {
    say("INFO", text);
}

/// Something that was asked for and cannot be had.
pub fn warn(text: &str) {
    say("WARN", text);
}

/// One write, so that messages of several tasks do not mix. `R` twice: the root's thread runs the root's code.
fn say(kind: &str, text: &str) {
    if std::env::var_os("PIP_QUIET").is_some() {
        return;
    }
    // SAFETY: cannot fail and touches no memory.
    let tid = unsafe { libc::gettid() };
    // Nothing can be done about a closed standard error.
    let _ = std::io::stderr().write_all(format!("PiP-{kind}[{tid}(R):R] {text}\n").as_bytes());
}
