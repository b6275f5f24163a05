//! Which libraries and which dynamic loader an ELF file asks for.

use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{LittleEndian, ReadCache, ReadRef, elf};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a file asks the system to load with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Linked {
    /// DT_NEEDED.
    pub needed: Vec<String>,
    /// PT_INTERP.
    pub interpreter: Option<PathBuf>,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LinkedError {
    /// It cannot be opened.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is not ELF.
    #[error("not an ELF file: {0}")]
    NotElf(#[from] object::Error),
}

type Header = elf::FileHeader64<LittleEndian>;
const LE: LittleEndian = LittleEndian;

/// Reads the file. Tables that are damaged count as empty: what can be run at all is not this module's question.
pub fn read(path: &Path) -> Result<Linked, LinkedError> {
    let data = ReadCache::new(File::open(path)?);
    let data = &data;
    let magic = data.read_bytes_at(0, 4).unwrap_or_default();
    if magic == elf::ELFMAG && data.read_bytes_at(4, 1) != Ok(&[elf::ELFCLASS64]) {
        return Ok(Linked::default()); // ELF, but of another machine
    }
    let header = Header::parse(data)?;
    let segments = header.program_headers(LE, data)?;
    let mut linked = Linked::default();
    for segment in segments {
        if segment.p_type(LE) == elf::PT_INTERP {
            let text = segment.data(LE, data).unwrap_or_default();
            let text = text.strip_suffix(b"\0").unwrap_or(text);
            linked.interpreter = Some(PathBuf::from(OsStr::from_bytes(text)));
        }
    }
    linked.needed = needed(segments, data).unwrap_or_default();
    Ok(linked)
}

fn needed<'a, R: ReadRef<'a>>(segments: &[elf::ProgramHeader64<LittleEndian>], data: R) -> Option<Vec<String>> {
    let dynamic = segments.iter().find_map(|segment| segment.dynamic(LE, data).ok().flatten())?;
    let value = |tag: u32| dynamic.iter().find(|d| d.tag32(LE) == Some(tag)).map(|d| d.d_val(LE));
    let (table, size) = (value(elf::DT_STRTAB)?, value(elf::DT_STRSZ)?);
    // The string table's address; its place in the file is in the segment that is loaded there.
    let holder = segments.iter().find(|segment| {
        segment.p_type(LE) == elf::PT_LOAD
            && (segment.p_vaddr(LE)..segment.p_vaddr(LE).saturating_add(segment.p_filesz(LE))).contains(&table)
    })?;
    let start = (table - holder.p_vaddr(LE)).checked_add(holder.p_offset(LE))?;
    let end = start.checked_add(size)?;
    let names = dynamic.iter().filter(|d| d.tag32(LE) == Some(elf::DT_NEEDED)).filter_map(|d| {
        let name = data.read_bytes_at_until(start.checked_add(d.d_val(LE))?..end, 0).ok()?;
        Some(String::from_utf8_lossy(name).into_owned())
    });
    Some(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_needs_libc_and_a_loader() {
        let linked = read(Path::new("/bin/sh")).unwrap();
        assert!(linked.needed.iter().any(|name| name == "libc.so.6"), "{linked:?}");
        assert!(linked.interpreter.unwrap().starts_with("/lib64"));
    }

    #[test]
    fn a_text_is_not_elf() {
        assert!(matches!(read(Path::new("/etc/passwd")), Err(LinkedError::NotElf(_))));
    }
}
