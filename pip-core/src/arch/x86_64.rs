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
