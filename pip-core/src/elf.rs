//! Reads what a loader needs from an ELF file and refuses what contradicts itself. Parsing is the `object` crate's;
//! this file decides which answers are acceptable. It maps nothing.

use crate::error::ProgramError;
use crate::hooking::{Site, find_sites};
use crate::mapping::{page_down, page_up};
use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{LittleEndian, ReadCache, ReadRef};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// One PT_LOAD segment; addresses are relative to the load bias.
#[derive(Debug, Clone)]
pub struct Load {
    pub vaddr: usize,
    pub memsz: usize,
    pub offset: usize,
    pub filesz: usize,
    pub protection: i32,
}

/// The facts of one ELF file that mapping and starting it need.
#[derive(Debug)]
pub struct Elf {
    /// ET_EXEC: its addresses are absolute and cannot be moved.
    pub fixed: bool,
    pub entry: usize,
    /// Address of the program headers within the image.
    pub phdr: usize,
    pub phnum: usize,
    pub loads: Vec<Load>,
    /// Largest alignment of a segment, at least a page.
    pub align: usize,
    /// PT_INTERP.
    pub interpreter: Option<PathBuf>,
    /// Names of DT_NEEDED.
    pub needed: Vec<String>,
    /// DF_1_PIE: tells a static PIE from a shared library.
    pub pie: bool,
}

impl Elf {
    /// Whether execution can begin where the file says. A shared library need not say.
    pub fn can_start(&self) -> bool {
        self.loads.iter().any(|load| {
            load.protection & libc::PROT_EXEC != 0 && (load.vaddr..load.vaddr + load.memsz).contains(&self.entry)
        })
    }

    /// First page of the image, relative to the bias.
    pub fn start(&self) -> usize {
        self.loads.first().map_or(0, |load| page_down(load.vaddr))
    }

    /// One past the last page of the image.
    pub fn end(&self) -> usize {
        self.loads.iter().map(|load| page_up(load.vaddr + load.memsz)).max().unwrap_or(0)
    }
}

type Header = elf::FileHeader64<LittleEndian>;
const LE: LittleEndian = LittleEndian;

/// Addresses of a program stay below this: 47 bits of user space.
const ADDRESS_LIMIT: u64 = 1 << 47;

/// Reads and checks `file`, which errors call `path`.
pub fn read(file: &File, path: &Path) -> Result<Elf, ProgramError> {
    let damaged = |reason: &str| ProgramError::Damaged(path.to_owned(), reason.to_owned());
    let size = file.metadata().map_err(|e| ProgramError::Io(path.to_owned(), e))?.len();
    check_magic(file, path, size)?;

    let data = ReadCache::new(file);
    let data = &data;
    let header = Header::parse(data).map_err(|e| damaged(&e.to_string()))?;
    if header.e_machine(LE) != elf::EM_X86_64 {
        return Err(ProgramError::WrongMachine(path.to_owned(), format!("machine {}", header.e_machine(LE))));
    }
    let fixed = match header.e_type(LE) {
        elf::ET_EXEC => true,
        elf::ET_DYN => false,
        elf::ET_REL => return Err(ProgramError::NotAProgram(path.to_owned(), "an object file; link it")),
        elf::ET_CORE => return Err(ProgramError::NotAProgram(path.to_owned(), "a core dump")),
        _ => return Err(damaged("unknown e_type")),
    };
    let segments = header.program_headers(LE, data).map_err(|e| damaged(&e.to_string()))?;

    let mut elf = Elf {
        fixed,
        entry: header.e_entry(LE) as usize,
        phdr: 0,
        phnum: segments.len(),
        loads: Vec::new(),
        align: crate::mapping::PAGE,
        interpreter: None,
        needed: Vec::new(),
        pie: false,
    };
    for segment in segments {
        match segment.p_type(LE) {
            elf::PT_LOAD if segment.p_memsz(LE) > 0 => {
                elf.loads.push(load(segment, size).map_err(damaged)?);
                let align = segment.p_align(LE);
                if align > 1 && (!align.is_power_of_two() || align > 1 << 30) {
                    return Err(damaged("a segment's alignment is not a power of two up to 1 GiB"));
                }
                elf.align = elf.align.max(align as usize);
            }
            elf::PT_INTERP => {
                let text = segment.data(LE, data).map_err(|()| damaged("PT_INTERP lies outside the file"))?;
                let text = text.strip_suffix(b"\0").filter(|t| !t.is_empty() && !t.contains(&0));
                let text = text.ok_or_else(|| damaged("PT_INTERP is not a C string"))?;
                elf.interpreter = Some(PathBuf::from(OsStr::from_bytes(text)));
            }
            _ => {}
        }
    }
    check_layout(&elf).map_err(damaged)?;
    elf.phdr = phdr_address(&elf, header.e_phoff(LE) as usize)
        .ok_or_else(|| damaged("no segment holds the program headers"))?;
    read_dynamic(&mut elf, header, data).map_err(damaged)?;
    Ok(elf)
}

/// The first bytes tell a script, an ELF of another class and everything else apart.
fn check_magic(file: &File, path: &Path, size: u64) -> Result<(), ProgramError> {
    let mut start = Vec::new();
    let mut reader = file;
    reader.by_ref().take(256).read_to_end(&mut start).map_err(|e| ProgramError::Io(path.to_owned(), e))?;
    if let Some(line) = start.strip_prefix(b"#!") {
        let line = line.split(|&b| b == b'\n').next().unwrap_or_default();
        let interpreter = String::from_utf8_lossy(line).trim().to_owned();
        return Err(ProgramError::Script { path: path.to_owned(), interpreter });
    }
    if !start.starts_with(b"\x7fELF") {
        return Err(ProgramError::NotElf(path.to_owned()));
    }
    match start.get(4) {
        Some(&elf::ELFCLASS64) => {}
        Some(&elf::ELFCLASS32) => return Err(ProgramError::WrongMachine(path.to_owned(), "32 bits".to_owned())),
        _ => return Err(ProgramError::Damaged(path.to_owned(), format!("{size} bytes are no ELF header"))),
    }
    if start.get(5) == Some(&elf::ELFDATA2MSB) {
        return Err(ProgramError::WrongMachine(path.to_owned(), "big-endian machines".to_owned()));
    }
    Ok(())
}

fn load(segment: &elf::ProgramHeader64<LittleEndian>, file_size: u64) -> Result<Load, &'static str> {
    let (vaddr, memsz) = (segment.p_vaddr(LE), segment.p_memsz(LE));
    let (offset, filesz) = (segment.p_offset(LE), segment.p_filesz(LE));
    if filesz > memsz {
        return Err("a segment is larger in the file than in memory");
    }
    if offset.checked_add(filesz).is_none_or(|end| end > file_size) {
        return Err("a segment lies beyond the end of the file");
    }
    if vaddr.checked_add(memsz).is_none_or(|end| end > ADDRESS_LIMIT) {
        return Err("a segment lies beyond the address space");
    }
    if page_down(vaddr as usize) as u64 + offset != vaddr + page_down(offset as usize) as u64 {
        return Err("a segment's address and file offset do not agree within the page");
    }
    let flags = segment.p_flags(LE);
    let bit = |flag, protection| if flags & flag != 0 { protection } else { 0 };
    Ok(Load {
        vaddr: vaddr as usize,
        memsz: memsz as usize,
        offset: offset as usize,
        filesz: filesz as usize,
        protection: bit(elf::PF_R, libc::PROT_READ)
            | bit(elf::PF_W, libc::PROT_WRITE)
            | bit(elf::PF_X, libc::PROT_EXEC),
    })
}

fn check_layout(elf: &Elf) -> Result<(), &'static str> {
    if elf.loads.is_empty() {
        return Err("nothing to load");
    }
    for pair in elf.loads.windows(2) {
        if page_up(pair[0].vaddr + pair[0].memsz) > page_down(pair[1].vaddr) {
            return Err("segments overlap or are out of order");
        }
    }
    Ok(())
}

/// The program headers' address: in the segment that holds their file offset.
fn phdr_address(elf: &Elf, phoff: usize) -> Option<usize> {
    let bytes = elf.phnum * size_of::<elf::ProgramHeader64<LittleEndian>>();
    let holder = elf.loads.iter().find(|l| l.offset <= phoff && phoff + bytes <= l.offset + l.filesz)?;
    Some(phoff - holder.offset + holder.vaddr)
}

fn read_dynamic<'a, R: ReadRef<'a>>(elf: &mut Elf, header: &Header, data: R) -> Result<(), &'static str> {
    let sections = header.program_headers(LE, data).map_err(|_| "unreadable program headers")?;
    let Some(dynamic) = sections.iter().find(|s| s.p_type(LE) == elf::PT_DYNAMIC) else { return Ok(()) };
    let entries = match dynamic.dynamic(LE, data) {
        Ok(Some(entries)) => entries,
        _ => return Err("PT_DYNAMIC lies outside the file"),
    };
    let value = |tag: u32| entries.iter().find(|d| d.tag32(LE) == Some(tag)).map(|d| d.d_val(LE));
    elf.pie = value(elf::DT_FLAGS_1).is_some_and(|flags| flags & u64::from(elf::DF_1_PIE) != 0);
    // The string table, through the segment that holds its address.
    let (Some(table), Some(size)) = (value(elf::DT_STRTAB), value(elf::DT_STRSZ)) else { return Ok(()) };
    let holder = elf.loads.iter().find(|l| (l.vaddr..l.vaddr + l.filesz).contains(&(table as usize)));
    let Some(holder) = holder else { return Err("the dynamic string table lies outside the file") };
    let start = (table as usize - holder.vaddr + holder.offset) as u64;
    for name in entries.iter().filter(|d| d.tag32(LE) == Some(elf::DT_NEEDED)).map(|d| d.d_val(LE)) {
        if name >= size {
            return Err("a library's name lies outside the string table");
        }
        let name =
            data.read_bytes_at_until(start + name..start + size, 0).map_err(|()| "a library's name has no end")?;
        elf.needed.push(String::from_utf8_lossy(name).into_owned());
    }
    Ok(())
}

/// The places that [`crate::hooking`] knows in the executable segments of `file`.
pub fn sites(elf: &Elf, file: &File) -> Vec<Site> {
    let mut sites = Vec::new();
    for load in elf.loads.iter().filter(|load| load.protection & libc::PROT_EXEC != 0) {
        let mut code = vec![0; load.filesz];
        if file.read_exact_at(&mut code, load.offset as u64).is_ok() {
            sites.extend(find_sites(&code, load.offset));
        }
    }
    sites
}

/// The sanitizer whose runtime is linked into a program, by the function that every such runtime begins with.
pub fn static_sanitizer(file: &File) -> Option<&'static str> {
    let known: [(&[u8], _); 4] = [
        (b"\0__asan_init\0", "AddressSanitizer"),
        (b"\0__tsan_init\0", "ThreadSanitizer"),
        (b"\0__hwasan_init\0", "HWAddressSanitizer"),
        (b"\0__msan_init\0", "MemorySanitizer"),
    ];
    let data = ReadCache::new(file);
    let data = &data;
    let header = Header::parse(data).ok()?;
    let tables = header.section_headers(LE, data).ok()?.iter().filter(|table| table.sh_type(LE) == elf::SHT_STRTAB);
    let names: Vec<&[u8]> = tables.filter_map(|table| table.data(LE, data).ok()).collect();
    known
        .into_iter()
        .find(|(name, _)| names.iter().any(|names| memchr::memmem::find(names, name).is_some()))
        .map(|k| k.1)
}

/// The value of the dynamic symbol `_r_debug`, by which debuggers find what a loader has loaded.
pub fn r_debug(file: &File) -> Option<usize> {
    let data = ReadCache::new(file);
    let data = &data;
    let header = Header::parse(data).ok()?;
    let sections = header.sections(LE, data).ok()?;
    let symbols = sections.symbols(LE, data, elf::SHT_DYNSYM).ok()?;
    let named = |symbol: &&elf::Sym64<LittleEndian>| symbols.symbol_name(LE, symbol) == Ok(b"_r_debug");
    symbols.iter().find(named).map(|symbol| symbol.st_value(LE) as usize)
}
