//! x86_64: raw system calls, clone onto a new stack, and the jump to an ELF entry point.
//!
//! # Safety
//! A raw system call touches neither errno nor any thread-local storage, which is why the child path may use it while it
//! still runs on the thread pointer of the thread that cloned it. Its arguments are as trusted as the kernel call's own.

use core::arch::asm;

/// A system call with up to six arguments; the result is the kernel's, errors are `-errno`.
///
/// # Safety
/// As for the system call `number` itself.
#[inline(always)]
pub unsafe fn syscall(number: i64, args: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the kernel clobbers rcx, r11 and the result only; the caller answers for the call's effects.
    unsafe {
        asm!("syscall",
            inlateout("rax") number as isize => result,
            in("rdi") args[0], in("rsi") args[1], in("rdx") args[2],
            in("r10") args[3], in("r8") args[4], in("r9") args[5],
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// `clone3` whose child runs `child(argument)` on the stack that `clone_args` names. Returns the PID or `-errno`.
///
/// # Safety
/// `clone_args` describes a stack nobody else uses; `child` must obey the rules of the child path: no thread-local
/// storage, no allocation, no panic, no return.
#[inline(never)]
pub unsafe fn clone3(clone_args: &libc::clone_args, child: extern "C" fn(usize) -> !, argument: usize) -> isize {
    let result: isize;
    // SAFETY: the parent continues behind the label with only rax, rcx, r11 changed; the child never comes back, so
    // nothing it does to its registers matters. rbp = 0 ends stack traces; the kernel gives a 16-byte aligned stack.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r13",
            "call r12",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 as isize => result,
            in("rdi") clone_args, in("rsi") size_of::<libc::clone_args>(),
            in("r12") child, in("r13") argument,
            lateout("rcx") _, lateout("r11") _);
    }
    result
}

/// Starts a program as the kernel does after execve: `rsp` at argc, `rdx` (the function to register with atexit) and
/// `rbp` zero.
///
/// # Safety
/// `entry` is the entry point of a mapped program or loader and `stack` a complete initial stack, 16-byte aligned.
#[inline(always)]
pub unsafe fn enter(entry: usize, stack: usize) -> ! {
    // SAFETY: nothing of the current frame is used again.
    unsafe {
        asm!("mov rsp, {stack}", "xor edx, edx", "xor ebp, ebp", "jmp {entry}",
            stack = in(reg) stack, entry = in(reg) entry, options(noreturn));
    }
}

/// Stops the calling process where neither a message nor an exit status is possible.
#[inline(always)]
pub fn trap() -> ! {
    // SAFETY: ud2 raises SIGILL in this process and does nothing else.
    unsafe { asm!("ud2", options(noreturn, nostack)) }
}

/// The thread pointer of the calling thread.
pub fn thread_pointer() -> usize {
    let value: usize;
    // SAFETY: the System V ABI keeps the thread pointer itself at offset 0 of the thread control block.
    unsafe { asm!("mov {}, fs:0", out(reg) value, options(nostack, readonly, preserves_flags)) };
    value
}

/// The registers of a hooked system call, in the order the entry code pushes them.
#[repr(C)]
#[derive(Debug)]
pub struct CallArgs {
    r9: usize,
    r8: usize,
    r10: usize,
    rdx: usize,
    rsi: usize,
    rdi: usize,
}

impl CallArgs {
    /// The call's six arguments.
    pub fn all(&self) -> [usize; 6] {
        [self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9]
    }
}

/// Where a hooked place arrives, with the task's entry in r11: everything but rax, rcx and r11 is kept, as in a system call.
macro_rules! hook_entry {
    ($name:ident, $handler:path) => {
        #[unsafe(naked)]
        extern "C" fn $name() {
            core::arch::naked_asm!(
                "push rbp", "mov rbp, rsp",
                "push rdi", "push rsi", "push rdx", "push r10", "push r8", "push r9",
                "mov rdi, r11", "mov rsi, rsp", "and rsp, -16",
                "call {handler}",
                "lea rsp, [rbp - 48]",
                "pop r9", "pop r8", "pop r10", "pop rdx", "pop rsi", "pop rdi", "pop rbp",
                "ret",
                handler = sym $handler)
        }
    };
}
hook_entry!(enter_map, crate::tracking::map);
hook_entry!(enter_unmap, crate::tracking::unmap);
hook_entry!(enter_remap, crate::tracking::remap);
hook_entry!(enter_exit, crate::tracking::exit);
hook_entry!(enter_set_tid, crate::tracking::set_tid);

/// The entry code of a kind of hook (`hooking::Kind` as a number).
pub fn hook_entry(kind: usize) -> usize {
    [enter_map as *const () as usize, enter_unmap as *const () as usize, enter_remap as *const () as usize]
        .into_iter()
        .chain([enter_exit as *const () as usize, enter_set_tid as *const () as usize])
        .nth(kind)
        .unwrap_or(0)
}

/// Path and load address of this process's libc, and its functions mmap, munmap, mremap and _exit.
pub fn libc_wrappers() -> Option<(std::path::PathBuf, usize, [usize; 4])> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: dlopen of what is loaded already only finds it; the names are C strings; dladdr fills a local.
    unsafe {
        let handle = libc::dlopen(c"libc.so.6".as_ptr(), libc::RTLD_NOW | libc::RTLD_NOLOAD);
        if handle.is_null() {
            return None;
        }
        let mut functions = [0; 4];
        for (address, name) in functions.iter_mut().zip([c"mmap", c"munmap", c"mremap", c"_exit"]) {
            *address = libc::dlsym(handle, name.as_ptr()) as usize;
        }
        libc::dlclose(handle);
        let mut info: libc::Dl_info = core::mem::zeroed();
        if functions.contains(&0) || libc::dladdr(functions[0] as *const _, &mut info) == 0 {
            return None;
        }
        let path = std::ffi::OsStr::from_bytes(core::ffi::CStr::from_ptr(info.dli_fname).to_bytes());
        Some((path.into(), info.dli_fbase as usize, functions))
    }
}

/// Makes `value` the thread pointer of the calling thread.
pub fn set_thread_pointer(value: usize) {
    /// asm/prctl.h
    const ARCH_SET_FS: usize = 0x1002;
    crate::raw::call!(SYS_arch_prctl, ARCH_SET_FS, value);
}

/// Where a signal interrupted its thread.
pub fn instruction_pointer(context: &libc::ucontext_t) -> usize {
    context.uc_mcontext.gregs[libc::REG_RIP as usize] as usize
}
