//! C functions with `...`: stable Rust can call but not define them. A few instructions build the `va_list` of the System V
//! ABI for x86-64 (section 3.5.7) and pass its address on to a Rust function with fixed arguments.

use std::ffi::{c_char, c_int, c_void};

/// A `va_list` where it was built; printf functions may use it up, so each gets a copy.
pub type VaList = *const [u64; 3];

unsafe extern "C" {
    fn vsnprintf(text: *mut c_char, size: usize, format: *const c_char, args: *mut c_void) -> c_int;
}

/// What printf would print. A null format prints nothing.
///
/// # Safety
/// `format` and `args` belong together as for printf.
pub unsafe fn format(format: *const c_char, args: VaList) -> Vec<u8> {
    if format.is_null() {
        return Vec::new();
    }
    let mut text = vec![0u8; 256];
    loop {
        // SAFETY: the caller's promise; the copy is as large as a va_list.
        let len = unsafe {
            let mut copy = *args;
            vsnprintf(text.as_mut_ptr().cast(), text.len(), format, copy.as_mut_ptr().cast())
        };
        let len = usize::try_from(len).unwrap_or(0);
        if len < text.len() {
            text.truncate(len);
            return text;
        }
        text.resize(len + 1, 0);
    }
}

/// Defines the C function `$name` whose named arguments take `$taken` bytes of registers; `$target` is called with them and, in
/// register `$register`, the `va_list`.
macro_rules! variadic {
    ($name:ident, $taken:literal, $register:literal, $target:path) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        #[allow(missing_docs)] // in pip/pip.h
        pub extern "C" fn $name() {
            core::arch::naked_asm!(
                "sub rsp, 0xd8",
                "mov [rsp + 0x20], rdi",
                "mov [rsp + 0x28], rsi",
                "mov [rsp + 0x30], rdx",
                "mov [rsp + 0x38], rcx",
                "mov [rsp + 0x40], r8",
                "mov [rsp + 0x48], r9",
                "test al, al",
                "je 2f",
                "movaps [rsp + 0x50], xmm0",
                "movaps [rsp + 0x60], xmm1",
                "movaps [rsp + 0x70], xmm2",
                "movaps [rsp + 0x80], xmm3",
                "movaps [rsp + 0x90], xmm4",
                "movaps [rsp + 0xa0], xmm5",
                "movaps [rsp + 0xb0], xmm6",
                "movaps [rsp + 0xc0], xmm7",
                "2:",
                concat!("mov dword ptr [rsp], ", $taken),
                "mov dword ptr [rsp + 4], 48",
                "lea rax, [rsp + 0xe0]",
                "mov [rsp + 8], rax",
                "lea rax, [rsp + 0x20]",
                "mov [rsp + 16], rax",
                concat!("mov ", $register, ", rsp"),
                "call {target}",
                "add rsp, 0xd8",
                "ret",
                target = sym $target)
        }
    };
}
pub(crate) use variadic;
