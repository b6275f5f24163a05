//! `libpip.so` run as a command tells about itself.

use crate::debugging::own_path;
use std::ffi::{CStr, c_char, c_int};
use std::fmt::Write;

/// The kernel starts this file with the loader of a program.
#[used]
#[unsafe(link_section = ".interp")]
static INTERPRETER: [u8; 28] = *b"/lib64/ld-linux-x86-64.so.2\0";

/// The entry point: the stack pointer is at argc.
#[unsafe(naked)]
#[unsafe(no_mangle)]
extern "C" fn pip_command_entry() {
    core::arch::naked_asm!("xor ebp, ebp", "mov rdi, rsp", "and rsp, -16", "call {run}", "ud2", run = sym run)
}

unsafe extern "C" fn run(stack: *const usize) -> ! {
    // SAFETY: what the kernel puts on the stack of a program: argc, then that many pointers to C strings.
    let words: Vec<String> = unsafe {
        let argc = stack.read();
        let word = |i| CStr::from_ptr(stack.add(1 + i).read() as *const c_char).to_string_lossy().into_owned();
        (1..argc).map(word).collect()
    };
    let (text, status) = answer(&words);
    let out: c_int = if status == 0 { 1 } else { 2 };
    // SAFETY: the text is as long as said; then the process ends.
    unsafe {
        libc::write(out, text.as_ptr().cast(), text.len());
        libc::_exit(status)
    }
}

/// Option, name in the table, value.
fn facts() -> Vec<(&'static str, &'static str, String)> {
    let library = own_path();
    let prefix = library
        .as_deref()
        .and_then(|path| path.parent()?.parent())
        .map_or_else(String::new, |path| path.display().to_string());
    vec![
        ("--name", "Package", "Process-in-Process".to_owned()),
        // Of the interface: what scripts ask for.
        ("--version", "Version", "2.4.1".to_owned()),
        ("--license", "License", env!("CARGO_PKG_LICENSE").to_owned()),
        ("--os", "Build OS", std::env::consts::OS.to_owned()),
        ("--cc", "Build CC", "rustc".to_owned()),
        ("--prefix", "Prefix dir", prefix),
        ("--glibc", "PiP-glibc", "not needed".to_owned()),
        ("--ldlinux", "ld-linux", String::from_utf8_lossy(&INTERPRETER[..27]).into_owned()),
        ("--commit", "Commit Hash", env!("PIP_COMMIT").to_owned()),
        ("--debug", "Debug build", if cfg!(debug_assertions) { "yes" } else { "no" }.to_owned()),
    ]
}

fn answer(words: &[String]) -> (String, c_int) {
    let facts = facts();
    let mut text = String::new();
    if words.is_empty() || words[0] == "--all" {
        for (_, name, value) in &facts {
            let _ = writeln!(text, "{name}:\t{value}"); // a String takes everything
        }
        return (text, 0);
    }
    for word in words {
        match facts.iter().find(|(option, ..)| option == word) {
            Some((_, _, value)) => drop(writeln!(text, "{value}")),
            None => {
                let options: Vec<&str> = facts.iter().map(|fact| fact.0).collect();
                let usage = format!("Usage: libpip.so [--all] {}\n", options.join(" "));
                let asked = word == "--help" || word == "--usage";
                return (if asked { usage } else { format!("libpip.so: there is no option {word}\n{usage}") }, 2);
            }
        }
    }
    (text, 0)
}
