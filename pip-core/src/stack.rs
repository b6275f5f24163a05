//! The initial stack of a program: argc, argv, envp and the auxiliary vector, as the System V ABI for x86-64 lays them out
//! (section 3.4.1) and as Linux fills them.

use crate::Error;
use crate::mapping::{Mapping, PAGE};
use std::ffi::{CStr, CString};

/// What the auxiliary vector says about the program that starts.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// AT_ENTRY, where execution begins: in the loader, which is a program like any other here, or in a static program.
    pub entry: usize,
    /// AT_PHDR of the program.
    pub phdr: usize,
    /// AT_PHNUM of the program.
    pub phnum: usize,
}

/// A task's stack with the initial contents in place. Below it lies a small one for signal handlers, and below that a guard page: a
/// stack that overflows runs through the small one, which nobody uses until the guard page is hit.
#[derive(Debug)]
pub struct Stack {
    mapping: Mapping,
    top: usize,
    strings: Vec<usize>,
}

/// Bytes of the stack for signal handlers: what a handler that formats a message needs, beside the kernel's own frame of
/// up to 11 KiB (AVX-512, AMX).
const SIGNAL_STACK: usize = 64 << 10;
const BELOW: usize = PAGE + SIGNAL_STACK;

/// Values the root's own kernel gave it and that hold for every task of the address space (the vdso is shared).
const INHERITED: [u64; 14] = [
    libc::AT_SYSINFO_EHDR,
    libc::AT_HWCAP,
    libc::AT_HWCAP2,
    29, // AT_HWCAP3 and
    30, // AT_HWCAP4 (Linux 6.9), not in libc yet
    libc::AT_CLKTCK,
    libc::AT_FLAGS,
    libc::AT_UID,
    libc::AT_EUID,
    libc::AT_GID,
    libc::AT_EGID,
    libc::AT_MINSIGSTKSZ,
    27, // AT_RSEQ_FEATURE_SIZE and
    28, // AT_RSEQ_ALIGN (Linux 6.3), not in libc yet
];
const AT_PAGESZ: u64 = libc::AT_PAGESZ;

impl Stack {
    /// Maps `size` bytes above a guard page and writes the initial frame at the top. The strings `kept` stay above the
    /// frame for as long as the stack does ([`Stack::string`] gives their addresses).
    pub fn build(
        size: usize,
        args: &[CString],
        env: &[CString],
        start: &Start,
        kept: &[&CStr],
    ) -> Result<Stack, Error> {
        let readwrite = libc::PROT_READ | libc::PROT_WRITE;
        let mapping = Mapping::anonymous("a task's stack", size + BELOW, readwrite, None)?;
        // SAFETY: a page of our own new mapping.
        if unsafe { libc::mprotect(mapping.start() as *mut _, PAGE, libc::PROT_NONE) } != 0 {
            return Err(Error::System("mprotect of a guard page", std::io::Error::last_os_error()));
        }
        let all = args.iter().chain(env).map(CString::as_c_str).chain(kept.iter().copied());
        let strings: usize = all.map(|s| s.to_bytes_with_nul().len()).sum();
        let words = args.len() + env.len() + 2 * (INHERITED.len() + 16) + 8;
        if strings + words * 8 > size / 2 {
            return Err(Error::System("arguments and environment", std::io::Error::from_raw_os_error(libc::E2BIG)));
        }
        let mut writer = Writer { at: mapping.end() };
        let strings = kept.iter().map(|text| writer.string(text)).collect();
        let top = writer.frame(args, env, start)?;
        Ok(Stack { mapping, top, strings })
    }

    /// The initial stack pointer: the address of argc, 16-byte aligned.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Room below the initial frame, for code that runs before the program does: lowest usable address and bytes.
    pub fn scratch(&self) -> (usize, usize) {
        let lowest = self.mapping.start() + BELOW;
        (lowest, self.top - lowest)
    }

    /// Lowest address and bytes of the stack for signal handlers.
    pub fn for_signals(&self) -> (usize, usize) {
        (self.mapping.start() + PAGE, SIGNAL_STACK)
    }

    /// Address of the n-th of the strings that `build` was told to keep.
    pub fn string(&self, index: usize) -> usize {
        self.strings[index]
    }

    /// Lowest usable address and end.
    pub fn range(&self) -> (usize, usize) {
        (self.mapping.start() + BELOW, self.mapping.end())
    }

    /// Gives the mapping away: first address and end, guard pages included.
    pub fn into_range(self) -> (usize, usize) {
        let end = self.mapping.end();
        (self.mapping.leak(), end)
    }
}

/// Writes downwards from the end of the stack.
struct Writer {
    at: usize,
}

impl Writer {
    fn frame(&mut self, args: &[CString], env: &[CString], start: &Start) -> Result<usize, Error> {
        let platform = self.string(c"x86_64");
        let exec_fn = match args.first() {
            Some(name) => self.string(name),
            None => platform,
        };
        let random = self.random()?;
        let env: Vec<usize> = env.iter().rev().map(|s| self.string(s)).collect();
        let args: Vec<usize> = args.iter().rev().map(|s| self.string(s)).collect();

        let mut words: Vec<u64> = vec![args.len() as u64];
        words.extend(args.iter().rev().map(|&p| p as u64));
        words.push(0);
        words.extend(env.iter().rev().map(|&p| p as u64));
        words.push(0);
        let mut aux = |kind: u64, value: usize| words.extend([kind, value as u64]);
        aux(libc::AT_PHDR, start.phdr);
        aux(libc::AT_PHENT, size_of::<libc::Elf64_Phdr>());
        aux(libc::AT_PHNUM, start.phnum);
        aux(libc::AT_BASE, 0); // no interpreter beside it
        aux(libc::AT_ENTRY, start.entry);
        aux(AT_PAGESZ, PAGE);
        aux(libc::AT_SECURE, 0);
        aux(libc::AT_RANDOM, random);
        aux(libc::AT_EXECFN, exec_fn);
        aux(libc::AT_PLATFORM, platform);
        for kind in INHERITED {
            // SAFETY: getauxval only reads; absent kinds give 0, which a program reads as absent too.
            let value = unsafe { libc::getauxval(kind) } as usize;
            if value != 0
                || kind == libc::AT_UID
                || kind == libc::AT_EUID
                || kind == libc::AT_GID
                || kind == libc::AT_EGID
            {
                aux(kind, value);
            }
        }
        aux(libc::AT_NULL, 0);

        let top = (self.at - words.len() * 8) & !15;
        // SAFETY: `build` checked that strings and words fit into half of the mapping, which nobody else knows yet.
        unsafe { std::ptr::copy_nonoverlapping(words.as_ptr(), top as *mut u64, words.len()) };
        Ok(top)
    }

    fn string(&mut self, text: &CStr) -> usize {
        self.bytes(text.to_bytes_with_nul())
    }

    fn bytes(&mut self, bytes: &[u8]) -> usize {
        self.at -= bytes.len();
        // SAFETY: as in `frame`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.at as *mut u8, bytes.len()) };
        self.at
    }

    /// 16 fresh bytes: the seed of the stack protector and of malloc's and setjmp's pointer guards.
    fn random(&mut self) -> Result<usize, Error> {
        let mut seed = [0u8; 16];
        // SAFETY: the buffer is as long as said.
        let got = unsafe { libc::getrandom(seed.as_mut_ptr().cast(), seed.len(), 0) };
        if got != seed.len() as isize {
            return Err(Error::System("getrandom", std::io::Error::last_os_error()));
        }
        Ok(self.bytes(&seed))
    }
}
