//! The last words of a task that a signal ends: which task, which signal, the faulting address and whose memory that is.
//! In thread mode this is also what ends the task alone, since the kernel would end the whole process.
//!
//! The handler may run in the root's image on a task's thread pointer, and in a crashed task: no thread-local storage, no
//! allocation, raw system calls.

use crate::raw::{call, write_error};
use crate::registry::{Entry, Registry};
use crate::{Mode, tracking};
use core::fmt::Write;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Signals whose default is to end a process with a core dump.
const CRASHES: [i32; 7] =
    [libc::SIGILL, libc::SIGTRAP, libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGSEGV, libc::SIGSYS];
/// Signals whose default is to end a process quietly.
const REQUESTS: [i32; 14] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGPIPE,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGVTALRM,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGIO,
    libc::SIGSTKFLT,
    libc::SIGPWR,
];

/// Of those, what people and shells send to end a program.
const ORDERS: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

static REGISTRY: AtomicPtr<Registry> = AtomicPtr::new(core::ptr::null_mut());
/// Own id plus 1, in the copy of this code that belongs to a process-mode task.
static OWN: AtomicU32 = AtomicU32::new(0);
/// Called after the message: may start a debugger. Set by libpip.
static EXTRA: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// What [`set_debugger`] takes: the signal, and the PID to attach to.
pub type Debugger = extern "C" fn(signal: i32, pid: i32);

/// A function to call after a crash was reported, in the crashing thread.
pub fn set_debugger(debugger: Debugger) {
    EXTRA.store(debugger as *mut (), Ordering::Release);
}

/// In a process-mode task: reports crashes, and sees to the after-hook at other signals. Dispositions that the program has
/// changed already are left alone.
pub fn install_in_task(registry: &'static Registry, id: usize) {
    REGISTRY.store(core::ptr::from_ref(registry).cast_mut(), Ordering::Release);
    OWN.store(id as u32 + 1, Ordering::Release);
    CRASHES.iter().for_each(|signal| install(*signal));
    if registry.entry(id).is_some_and(|entry| entry.hooks.has_after()) {
        REQUESTS.iter().for_each(|signal| install(*signal));
    }
}

/// In a thread-mode root: a signal ends the task whose thread gets it.
pub(crate) fn install_in_root(registry: &'static Registry) {
    REGISTRY.store(core::ptr::from_ref(registry).cast_mut(), Ordering::Release);
    CRASHES.iter().chain(&REQUESTS).for_each(|signal| install(*signal));
}

/// Takes the handlers back (`pip_fin`).
pub fn uninstall() {
    for &signal in CRASHES.iter().chain(&REQUESTS) {
        // SAFETY: asks for and resets dispositions; a local is filled.
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            libc::sigaction(signal, core::ptr::null(), &mut action);
            if action.sa_sigaction == on_signal as *const () as usize {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}

fn install(signal: i32) {
    // SAFETY: all-zero is a valid sigaction; the handler keeps the rules of its context.
    unsafe {
        let mut old: libc::sigaction = core::mem::zeroed();
        libc::sigaction(signal, core::ptr::null(), &mut old);
        if old.sa_sigaction != libc::SIG_DFL {
            return;
        }
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigfillset(&mut action.sa_mask);
        libc::sigaction(signal, &action, core::ptr::null_mut());
    }
}

extern "C" fn on_signal(signal: i32, info: *const libc::siginfo_t, context: *const libc::ucontext_t) {
    // SAFETY: null or a registry, which is never unmapped.
    let registry = unsafe { REGISTRY.load(Ordering::Acquire).as_ref() };
    let Some((registry, entry)) = registry.and_then(|registry| Some((registry, find_task(registry)?))) else {
        return fall_back(signal);
    };
    // SAFETY: the kernel's argument of a SA_SIGINFO handler.
    let code = unsafe { (*info).si_code };
    if registry.mode() == Mode::Thread && ORDERS.contains(&signal) && code != libc::SI_TKILL {
        // Meant for the process: the kernel picks any thread that does not block it.
        call!(SYS_tgkill, registry.root_pid(), registry.root_pid(), signal);
        return;
    }
    if CRASHES.contains(&signal) {
        // SAFETY: the kernel's arguments of a SA_SIGINFO handler.
        let (info, instruction) = unsafe { (&*info, crate::arch::instruction_pointer(&*context)) };
        report(registry, entry, signal, info, instruction);
        let debugger = EXTRA.load(Ordering::Acquire);
        if !debugger.is_null() {
            // SAFETY: set_debugger stored such a function.
            let debugger = unsafe { core::mem::transmute::<*mut (), Debugger>(debugger) };
            debugger(signal, entry.pid());
        }
    }
    registry.run_after_hook(entry);
    entry.names.close();
    match registry.mode() {
        Mode::Thread => tracking::end_thread(registry, entry, signal),
        Mode::Process => fall_back(signal),
    }
}

/// The task that runs this, if it is one and not a process that a task forked.
fn find_task(registry: &Registry) -> Option<&Entry> {
    let pid = call!(SYS_getpid) as i32;
    if registry.mode() == Mode::Process {
        let id = OWN.load(Ordering::Acquire).checked_sub(1)?;
        return registry.entry(id as usize).filter(|entry| entry.pid() == pid);
    }
    let thread = call!(SYS_gettid) as i32;
    let runs_in = |entry: &&Entry| {
        let mut found = false;
        if entry.is_in_use() {
            tracking::for_each_thread(entry, |other, _| found |= other == thread);
        }
        found
    };
    registry.entries().find(runs_in).filter(|_| pid == registry.root_pid())
}

/// Lets the kernel do what it would have done without a handler.
fn fall_back(signal: i32) {
    // The kernel's struct sigaction on x86-64, all zero: SIG_DFL.
    let (default, only) = ([0u64; 4], 1u64 << (signal - 1));
    call!(SYS_rt_sigaction, signal, default.as_ptr(), 0, 8);
    call!(SYS_tgkill, call!(SYS_getpid), call!(SYS_gettid), signal);
    call!(SYS_rt_sigprocmask, libc::SIG_UNBLOCK, &raw const only, 0, 8);
}

fn report(registry: &Registry, entry: &Entry, signal: i32, info: &libc::siginfo_t, instruction: usize) {
    let mut line = Line::default();
    let id = registry.index(entry);
    let thread = call!(SYS_gettid);
    let program = entry.program().and_then(|path| path.to_str().ok()).unwrap_or("?");
    let _ = write!(line, "PiP-ERR[{thread}(T{id}):T{id}] task {id} ({program}, PID {}): ", call!(SYS_getpid));
    let _ = write!(line, "Exception signal: {} ({signal}) !!", name(signal));
    let with_address = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE].contains(&signal);
    if with_address && info.si_code > 0 {
        // SAFETY: these signals carry an address when the kernel sent them.
        let address = unsafe { info.si_addr() } as usize;
        let _ = write!(line, " address {address:#x} is ");
        let _ = describe(registry, address, &mut line);
    } else if info.si_code <= 0 {
        // SAFETY: a signal that a process sent carries its PID.
        let _ = write!(line, " sent by PID {}", unsafe { info.si_pid() });
    }
    let _ = write!(line, "; instruction {instruction:#x} is ");
    let _ = describe(registry, instruction, &mut line);
    let _ = line.write_str("\n");
    write_error(line.text());
}

fn name(signal: i32) -> &'static str {
    match signal {
        libc::SIGILL => "Illegal instruction",
        libc::SIGTRAP => "Trace/breakpoint trap",
        libc::SIGABRT => "Aborted",
        libc::SIGBUS => "Bus error",
        libc::SIGFPE => "Floating point exception",
        libc::SIGSEGV => "Segmentation fault",
        _ => "Bad system call",
    }
}

/// Says whose memory `address` is: which task's stack, heap or library, or the root's.
fn describe(registry: &Registry, address: usize, line: &mut Line) -> core::fmt::Result {
    let owner = registry.entries().enumerate().find(|(_, entry)| entry.is_in_use() && entry.ledger.holds(address));
    let mut map = Line::default();
    let mapped = crate::maps::find(address, &mut map);
    match owner {
        Some((id, _)) => write!(line, "task {id}'s ")?,
        None if mapped.is_some() => line.write_str("the root's ")?,
        None => return line.write_str("not mapped"),
    }
    if owner.is_some_and(|(_, entry)| (entry.stack().0..entry.stack().1).contains(&address)) {
        return line.write_str("stack");
    }
    match (mapped, core::str::from_utf8(map.text())) {
        (Some(offset), Ok(path)) if path.starts_with('/') => write!(line, "{path}+{offset:#x}"),
        (_, Ok(path)) if path.starts_with('[') => line.write_str(path),
        _ => line.write_str("heap"),
    }
}

/// A line of text on the stack; what does not fit is cut off.
pub(crate) struct Line {
    bytes: [u8; 1024],
    len: usize,
}

impl Default for Line {
    fn default() -> Line {
        Line { bytes: [0; 1024], len: 0 }
    }
}

impl Line {
    pub(crate) fn text(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        Ok(())
    }
}
