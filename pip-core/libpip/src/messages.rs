//! Lines for people: `PiP-INFO|WARN|ERR[TID(K):T] text`, where K is the task whose kernel thread this is and T the task the
//! library takes the caller for. PIP_QUIET silences them.

use crate::caller::{self, Caller};
use crate::variadic::{VaList, format, variadic};
use std::ffi::{c_char, c_int};
use std::io::Write;

/// Something worth knowing.
pub fn info(text: &str) {
    say("INFO", text.as_bytes());
}

/// Something that does not stop the work.
pub fn warn(text: &str) {
    say("WARN", text.as_bytes());
}

/// Something that failed.
pub fn error(text: &str) {
    say("ERR", text.as_bytes());
}

fn say(kind: &str, text: &[u8]) {
    if !is_quiet() {
        // In one write, so that lines of several tasks stay whole. A closed standard error is nobody's business here.
        let _ = std::io::stderr().write_all(&line(kind, text));
    }
}

fn is_quiet() -> bool {
    std::env::var_os("PIP_QUIET").is_some()
}

fn line(kind: &str, text: &[u8]) -> Vec<u8> {
    let who = name(caller::find());
    let mut line = format!("PiP-{kind}[{}({who}):{who}] ", thread_id()).into_bytes();
    line.extend_from_slice(text.strip_suffix(b"\n").unwrap_or(text));
    line.push(b'\n');
    line
}

fn name(caller: Option<Caller>) -> String {
    match caller {
        None => "-".to_owned(),
        Some(Caller { id: None, .. }) => "R".to_owned(),
        Some(Caller { id: Some(id), .. }) => format!("T{id}"),
    }
}

fn thread_id() -> i32 {
    // SAFETY: cannot fail and touches nothing.
    unsafe { libc::gettid() }
}

unsafe extern "C" fn info_message(text: *const c_char, args: VaList) {
    // SAFETY: the C caller's promise.
    say("INFO", &unsafe { format(text, args) });
}
unsafe extern "C" fn warn_message(text: *const c_char, args: VaList) {
    // SAFETY: as above.
    say("WARN", &unsafe { format(text, args) });
}
unsafe extern "C" fn error_message(text: *const c_char, args: VaList) {
    // SAFETY: as above.
    say("ERR", &unsafe { format(text, args) });
}
unsafe extern "C" fn info_to_stream(stream: *mut libc::FILE, text: *const c_char, args: VaList) {
    if stream.is_null() || is_quiet() {
        return;
    }
    // SAFETY: the C caller's promise; the line is as long as said.
    unsafe {
        let line = line("INFO", &format(text, args));
        libc::fwrite(line.as_ptr().cast(), 1, line.len(), stream);
        libc::fflush(stream);
    }
}
variadic!(pip_info_mesg, 8, "rsi", info_message);
variadic!(pip_warn_mesg, 8, "rsi", warn_message);
variadic!(pip_err_mesg, 8, "rsi", error_message);
variadic!(pip_info_fmesg, 16, "rdx", info_to_stream);

/// `pip_idstr`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_idstr(text: *mut c_char, size: usize) -> usize {
    let id = format!("<{}>", name(caller::find()));
    let len = id.len().min(size.saturating_sub(1));
    if text.is_null() || size == 0 {
        return 0;
    }
    // SAFETY: the C caller gives `size` bytes.
    unsafe {
        std::ptr::copy_nonoverlapping(id.as_ptr(), text.cast(), len);
        *text.add(len) = 0;
    }
    len
}

/// `pip_print_maps`
#[unsafe(no_mangle)]
pub extern "C" fn pip_print_maps() {
    let maps = std::fs::read("/proc/self/maps").unwrap_or_default();
    let _ = std::io::stdout().write_all(&maps); // as for `say`
    let _ = std::io::stdout().flush();
}

/// `pip_is_debug_build`
#[unsafe(no_mangle)]
pub extern "C" fn pip_is_debug_build() -> c_int {
    cfg!(debug_assertions).into()
}

/// `pip_gettid`
#[unsafe(no_mangle)]
pub extern "C" fn pip_gettid() -> libc::pid_t {
    thread_id()
}
