//! `libxpmem.so`: the interface of XPMEM for tasks, which share one address space anyway. A segment's id is its address and
//! an attachment is where the memory already is, so all that is left to do is to refuse what makes no sense. The header
//! is `xpmem.h`; this library needs neither a root nor libpip.

use libc::{c_int, c_void, off_t, size_t};

const VERSION: c_int = 0x0002_2000;
const RDONLY: c_int = 1;
const RDWR: c_int = 2;
const PERMIT_MODE: c_int = 1;
/// Stands for everything from a segment's beginning on.
const MAXADDR_SIZE: size_t = size_t::MAX;

/// Where in a segment: `struct xpmem_addr`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Address {
    /// What [`xpmem_get`] returned.
    apid: isize,
    /// Bytes from the segment's beginning.
    offset: off_t,
}

/// An argument that makes no sense.
struct Senseless;

/// The version of the interface.
#[unsafe(no_mangle)]
pub extern "C" fn xpmem_version() -> c_int {
    VERSION
}

/// Nothing has to be opened.
#[unsafe(no_mangle)]
pub extern "C" fn xpmem_init() -> c_int {
    0
}

/// A segment of `size` bytes from `vaddr` on.
#[unsafe(no_mangle)]
pub extern "C" fn xpmem_make(vaddr: *mut c_void, size: size_t, permit_type: c_int, permit_value: *mut c_void) -> isize {
    integer(permitted(permit_type, permit_value).and_then(|()| {
        let fits = size == MAXADDR_SIZE || (size > 0 && vaddr.addr().checked_add(size).is_some());
        if fits { id(vaddr.addr() as isize) } else { Err(Senseless) }
    }))
}

/// Withdraws a segment.
#[unsafe(no_mangle)]
pub extern "C" fn xpmem_remove(segid: isize) -> c_int {
    integer(id(segid).map(|_| 0)) as c_int
}

/// Access to a segment.
#[unsafe(no_mangle)]
pub extern "C" fn xpmem_get(segid: isize, flags: c_int, permit_type: c_int, permit_value: *mut c_void) -> isize {
    integer(permitted(permit_type, permit_value).and_then(|()| match flags {
        RDONLY | RDWR => id(segid),
        _ => Err(Senseless),
    }))
}

/// Gives access back.
#[unsafe(no_mangle)]
pub extern "C" fn xpmem_release(apid: isize) -> c_int {
    integer(id(apid).map(|_| 0)) as c_int
}

/// Where the memory of a segment is.
#[unsafe(no_mangle)]
pub extern "C" fn xpmem_attach(addr: Address, size: size_t, vaddr: *mut c_void) -> *mut c_void {
    integer(place(addr, size, vaddr)) as *mut c_void
}

/// Ends an attachment.
#[unsafe(no_mangle)]
pub extern "C" fn xpmem_detach(vaddr: *mut c_void) -> c_int {
    integer(id(vaddr.addr() as isize).map(|_| 0)) as c_int
}

fn place(addr: Address, size: size_t, wished: *mut c_void) -> Result<isize, Senseless> {
    if size == 0 || addr.offset < 0 {
        return Err(Senseless);
    }
    let start = id(addr.apid)?.checked_add(addr.offset as isize).ok_or(Senseless)?;
    let elsewhere = !wished.is_null() && wished.addr() != start as usize;
    let fits = (start as usize).checked_add(size).is_some();
    if elsewhere || !fits { Err(Senseless) } else { Ok(start) }
}

/// The id, unless it cannot be one: user addresses are positive.
fn id(number: isize) -> Result<isize, Senseless> {
    if number < 0 { Err(Senseless) } else { Ok(number) }
}

/// Whether this is a file mode.
fn permitted(kind: c_int, value: *mut c_void) -> Result<(), Senseless> {
    if kind == PERMIT_MODE && value.addr() <= 0o777 { Ok(()) } else { Err(Senseless) }
}

/// The number, or -1 with errno.
fn integer(result: Result<isize, Senseless>) -> isize {
    result.unwrap_or_else(|Senseless| {
        // SAFETY: errno is the calling thread's own.
        unsafe { *libc::__errno_location() = libc::EINVAL };
        -1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::{null_mut, without_provenance_mut as address};

    const MODE: *mut c_void = address(0o600);

    #[test]
    fn an_attachment_is_the_memory_itself() {
        let memory = [0u8; 100];
        let start = memory.as_ptr().addr();
        let segment = xpmem_make(address(start), 100, PERMIT_MODE, MODE);
        assert_eq!(segment, start as isize);
        let apid = xpmem_get(segment, RDWR, PERMIT_MODE, MODE);
        let at = xpmem_attach(Address { apid, offset: 10 }, 90, null_mut());
        assert_eq!(at.addr(), start + 10);
        assert_eq!((xpmem_detach(at), xpmem_release(apid), xpmem_remove(segment)), (0, 0, 0));
    }

    #[test]
    fn the_whole_address_space_can_be_a_segment() {
        let segment = xpmem_make(null_mut(), MAXADDR_SIZE, PERMIT_MODE, MODE);
        assert_eq!(segment, 0);
        let at = xpmem_attach(Address { apid: segment, offset: 0x7000_0000 }, 8, null_mut());
        assert_eq!(at.addr(), 0x7000_0000);
    }

    #[test]
    fn what_makes_no_sense_is_einval() {
        let errno = || std::io::Error::last_os_error().raw_os_error();
        let apid = xpmem_make(address(0x1000), 64, PERMIT_MODE, MODE);
        let attach = |apid, offset, size, wish| xpmem_attach(Address { apid, offset }, size, address(wish)) as isize;
        for (what, result) in [
            ("no bytes", xpmem_make(address(0x1000), 0, PERMIT_MODE, MODE)),
            ("past the end", xpmem_make(address(usize::MAX - 10), 64, PERMIT_MODE, MODE)),
            ("another permission", xpmem_make(address(0x1000), 64, 2, MODE)),
            ("not a file mode", xpmem_make(address(0x1000), 64, PERMIT_MODE, address(0o1000))),
            ("a failed make", xpmem_get(-1, RDWR, PERMIT_MODE, MODE)),
            ("no such access", xpmem_get(apid, 3, PERMIT_MODE, MODE)),
            ("remove", xpmem_remove(-1) as isize),
            ("release", xpmem_release(-1) as isize),
            ("detach", xpmem_detach(address(usize::MAX)) as isize),
            ("a failed get", attach(-1, 0, 64, 0)),
            ("before the beginning", attach(apid, -1, 64, 0)),
            ("nothing", attach(apid, 0, 0, 0)),
            ("elsewhere", attach(apid, 0, 64, 0x5000)),
            ("overflow", attach(apid, off_t::MAX, 64, 0)),
        ] {
            assert_eq!((result, errno()), (-1, Some(libc::EINVAL)), "{what}");
        }
    }
}
