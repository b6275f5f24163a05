//! The functions of XPMEM, from the system's library for the device or from the one that needs no device among tasks.

use crate::library;
use anyhow::{Context, Result, bail, ensure};
use libc::{c_int, c_void, off_t};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::LazyLock;

/// The kernel module's device.
pub const DEVICE: &str = "/dev/xpmem";

/// `struct xpmem_addr`: what xpmem_get returned, and bytes from there.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Address(pub isize, pub off_t);

/// Memory may be written.
pub const READ_WRITE: c_int = 2;
/// Permissions are a file mode.
pub const PERMIT_MODE: c_int = 1;

type Make = unsafe extern "C" fn(*mut c_void, usize, c_int, *mut c_void) -> isize;
type Get = unsafe extern "C" fn(isize, c_int, c_int, *mut c_void) -> isize;
type Attach = unsafe extern "C" fn(Address, usize, *mut c_void) -> *mut c_void;
type Detach = unsafe extern "C" fn(*mut c_void) -> c_int;
/// Both xpmem_remove and xpmem_release.
type GiveBack = unsafe extern "C" fn(isize) -> c_int;

/// The functions; types and results are those of `xpmem.h`.
#[derive(Debug)]
#[allow(missing_docs, reason = "each is named for its function")]
pub struct Xpmem {
    pub make: Make,
    pub remove: GiveBack,
    pub get: Get,
    pub release: GiveBack,
    pub attach: Attach,
    pub detach: Detach,
}

impl Xpmem {
    /// The functions of `libxpmem.so` of this build: for tasks, without a device.
    pub fn of_tasks() -> Result<&'static Xpmem> {
        static FOUND: LazyLock<Result<Xpmem, String>> = LazyLock::new(|| {
            library::beside("libxpmem.so").and_then(|path| open(&path)).map_err(|why| format!("{why:#}"))
        });
        FOUND.as_ref().map_err(|why| anyhow::Error::msg(why.clone()))
    }

    /// The functions of the system's library, for processes.
    pub fn of_device() -> Result<&'static Xpmem> {
        static FOUND: LazyLock<Result<Xpmem, String>> = LazyLock::new(|| system().map_err(|why| format!("{why:#}")));
        FOUND.as_ref().map_err(|why| anyhow::Error::msg(why.clone()))
    }
}

fn system() -> Result<Xpmem> {
    ensure!(Path::new(DEVICE).exists(), "there is no {DEVICE}");
    let found = open(Path::new("libxpmem.so.0"))?;
    // The library for tasks answers with the address itself, and is not what is to be measured here.
    let mut page = 0_u64;
    let page = std::ptr::from_mut(&mut page).map_addr(|address| address & !4095).cast();
    // SAFETY: a segment of the page of a local, which nobody attaches to; removed below.
    let id = unsafe { (found.make)(page, 4096, PERMIT_MODE, std::ptr::without_provenance_mut(0o600)) };
    ensure!(id != -1, "xpmem_make: {}", std::io::Error::last_os_error());
    // SAFETY: made above.
    unsafe { (found.remove)(id) };
    ensure!(id != page.addr() as isize, "libxpmem.so.0 does not use {DEVICE}");
    Ok(found)
}

fn open(path: &Path) -> Result<Xpmem> {
    let name = CString::new(path.as_os_str().as_bytes()).context("a path with a null byte")?;
    // SAFETY: a library whose constructors, if any, do not touch what is ours. It stays loaded.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if library.is_null() {
        bail!("cannot load {}", path.display());
    }
    let find = |name: &CStr| {
        // SAFETY: loaded above.
        let found = unsafe { libc::dlsym(library, name.as_ptr()) };
        ensure!(!found.is_null(), "{} has no {}", path.display(), name.to_string_lossy());
        Ok(found)
    };
    // SAFETY: these are the functions' types in xpmem.h.
    unsafe {
        Ok(Xpmem {
            make: std::mem::transmute::<*mut c_void, Make>(find(c"xpmem_make")?),
            remove: std::mem::transmute::<*mut c_void, GiveBack>(find(c"xpmem_remove")?),
            get: std::mem::transmute::<*mut c_void, Get>(find(c"xpmem_get")?),
            release: std::mem::transmute::<*mut c_void, GiveBack>(find(c"xpmem_release")?),
            attach: std::mem::transmute::<*mut c_void, Attach>(find(c"xpmem_attach")?),
            detach: std::mem::transmute::<*mut c_void, Detach>(find(c"xpmem_detach")?),
        })
    }
}
