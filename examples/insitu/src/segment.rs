//! The coupling for separate address spaces: a segment of POSIX shared memory per rank of the simulation, with three buffers. The
//! writer has one, the reader has one, and the third goes back and forth between them by an atomic exchange: nobody
//! waits, and nobody sees what the other is writing. The writer copies its arrays in, the reader copies them out.

use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

const MAGIC: u64 = u64::from_le_bytes(*b"insitu\0\x01");
/// The buffers begin at the second page.
const HEAD: usize = 4096;
const BUFFERS: usize = 3;
/// In `between`: the reader has not had that buffer yet.
const FRESH: u32 = 4;

/// Where another process finds a segment: as a descriptor of the process that made it. It has no name, so nothing is left
/// behind when everybody has ended, however that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The process.
    pub pid: i32,
    /// Its descriptor.
    pub fd: i32,
}

impl Place {
    /// As numbers.
    pub fn words(self) -> [u64; 2] {
        [self.pid as u64, self.fd as u64]
    }

    /// From numbers; None if they stand for none.
    pub fn of(words: &[u64]) -> Option<Place> {
        let &[pid, fd] = words else { return None };
        (pid != 0).then_some(Place { pid: pid as i32, fd: fd as i32 })
    }
}

#[repr(C)]
struct Header {
    magic: u64,
    /// Rows of an array, with ghosts.
    rows: u64,
    /// Columns of an array, with ghosts.
    columns: u64,
    /// The buffer that neither side has, with FRESH.
    between: AtomicU32,
    /// Grows with every step; the reader sleeps on it.
    changes: AtomicU32,
    asleep: AtomicU32,
    closed: AtomicU32,
    steps: [AtomicU64; BUFFERS],
}

/// The mapped segment.
struct Mapped {
    address: *mut u8,
    bytes: usize,
    file: File,
}

// SAFETY: the header's changing parts are atomic; a buffer belongs to one side at a time.
unsafe impl Send for Mapped {}

impl Mapped {
    fn new(file: File, bytes: usize) -> Result<Mapped> {
        // SAFETY: a new mapping at an address of the kernel's choice.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if address == libc::MAP_FAILED {
            bail!("{bytes} bytes of shared memory cannot be mapped: {}", std::io::Error::last_os_error());
        }
        Ok(Mapped { address: address.cast(), bytes, file })
    }

    fn header(&self) -> &Header {
        // SAFETY: the mapping begins with a header, which the maker wrote before it told anybody.
        unsafe { &*self.address.cast::<Header>() }
    }

    /// Elements of an array.
    fn len(&self) -> usize {
        (self.header().rows * self.header().columns) as usize
    }

    /// Where array `species` of a buffer is.
    fn array(&self, buffer: u32, species: usize) -> *mut f64 {
        let elements = (buffer as usize * 2 + species) * self.len();
        // SAFETY: buffers are numbered below BUFFERS; all of them lie inside the mapping, whose size was checked.
        unsafe { self.address.add(HEAD).cast::<f64>().add(elements) }
    }

    fn size_for(rows: usize, columns: usize) -> usize {
        HEAD + BUFFERS * 2 * rows * columns * size_of::<f64>()
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: our own mapping.
        unsafe { libc::munmap(self.address.cast(), self.bytes) };
    }
}

/// The simulation's side.
pub struct SegmentWriter {
    mapped: Mapped,
    own: u32,
}

impl SegmentWriter {
    /// A segment for two arrays of this shape, ghosts included.
    pub fn new(rows: usize, columns: usize) -> Result<SegmentWriter> {
        let name = std::ffi::CString::new(format!("/insitu.{}", std::process::id()))?;
        // SAFETY: a C string; the descriptor is new and owned by the file.
        let file = unsafe {
            let fd = libc::shm_open(name.as_ptr(), libc::O_CREAT | libc::O_EXCL | libc::O_RDWR, 0o600);
            ensure!(fd >= 0, "shared memory {name:?}: {}", std::io::Error::last_os_error());
            libc::shm_unlink(name.as_ptr());
            File::from_raw_fd(fd)
        };
        let bytes = Mapped::size_for(rows, columns);
        file.set_len(bytes as u64).with_context(|| format!("no {bytes} bytes of shared memory"))?;
        let mapped = Mapped::new(file, bytes)?;
        let header = Header {
            magic: MAGIC,
            rows: rows as u64,
            columns: columns as u64,
            between: AtomicU32::new(1),
            changes: AtomicU32::new(0),
            asleep: AtomicU32::new(0),
            closed: AtomicU32::new(0),
            steps: Default::default(),
        };
        // SAFETY: nobody else knows the mapping yet; it is larger than the header and aligned to a page.
        unsafe { mapped.address.cast::<Header>().write(header) };
        Ok(SegmentWriter { mapped, own: 0 })
    }

    /// For [`SegmentReader::open`] in another process.
    pub fn place(&self) -> Place {
        Place { pid: std::process::id() as i32, fd: self.mapped.file.as_raw_fd() }
    }

    /// Copies both arrays in as `step`.
    pub fn put(&mut self, step: u64, arrays: [&[f64]; 2]) {
        let header = self.mapped.header();
        for (species, array) in arrays.into_iter().enumerate() {
            assert_eq!(array.len(), self.mapped.len());
            // SAFETY: the buffer has room for so many elements, and is this side's alone.
            unsafe { self.mapped.array(self.own, species).copy_from_nonoverlapping(array.as_ptr(), array.len()) };
        }
        header.steps[self.own as usize].store(step, Ordering::Relaxed);
        self.own = header.between.swap(self.own | FRESH, Ordering::AcqRel) & !FRESH;
        self.announce();
    }

    /// No more steps; the last one stays to be opened and read until this process ends.
    pub fn leave(self) {
        self.close();
        std::mem::forget(self);
    }

    fn close(&self) {
        self.mapped.header().closed.store(1, Ordering::Release);
        self.announce();
    }

    fn announce(&self) {
        let header = self.mapped.header();
        header.changes.fetch_add(1, Ordering::SeqCst);
        if header.asleep.load(Ordering::SeqCst) != 0 {
            header.asleep.store(0, Ordering::SeqCst);
            // SAFETY: a word of the mapping.
            unsafe { libc::syscall(libc::SYS_futex, header.changes.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
        }
    }
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        self.close();
    }
}

/// The analysis' side, with its own copy of the arrays.
pub struct SegmentReader {
    mapped: Mapped,
    place: Place,
    own: u32,
    step: Option<u64>,
    copies: [Vec<f64>; 2],
}

impl SegmentReader {
    /// The segment that another process made.
    pub fn open(place: Place) -> Result<SegmentReader> {
        let path = format!("/proc/{}/fd/{}", place.pid, place.fd);
        let file = File::options().read(true).write(true).open(&path);
        let file = file.with_context(|| format!("the simulation's shared memory ({path}) cannot be opened"))?;
        let bytes = file.metadata()?.len() as usize;
        ensure!(bytes > HEAD, "{path} is not the shared memory of a simulation");
        let mapped = Mapped::new(file, bytes)?;
        let header = mapped.header();
        let right = header.magic == MAGIC && bytes == Mapped::size_for(header.rows as usize, header.columns as usize);
        ensure!(right, "{path} is not the shared memory of a simulation of this version");
        let copies = [vec![0.0; mapped.len()], vec![0.0; mapped.len()]];
        Ok(SegmentReader { mapped, place, own: 2, step: None, copies })
    }

    /// Rows and columns of an array, ghosts included.
    pub fn shape(&self) -> (usize, usize) {
        (self.mapped.header().rows as usize, self.mapped.header().columns as usize)
    }

    /// Copies the newest step out, if there is one that was not had yet. Returns the newest that was had.
    pub fn take(&mut self) -> Option<u64> {
        let header = self.mapped.header();
        if header.between.load(Ordering::Acquire) & FRESH != 0 {
            self.own = header.between.swap(self.own, Ordering::AcqRel) & !FRESH;
            self.step = Some(header.steps[self.own as usize].load(Ordering::Relaxed));
            for (species, copy) in self.copies.iter_mut().enumerate() {
                // SAFETY: the buffer holds so many elements, and is this side's alone until the next exchange.
                unsafe { copy.as_mut_ptr().copy_from_nonoverlapping(self.mapped.array(self.own, species), copy.len()) };
            }
        }
        self.step
    }

    /// The copy of an array.
    pub fn copy(&self, species: usize) -> &[f64] {
        &self.copies[species]
    }

    /// Sleeps until there is another step, at most so long.
    pub fn sleep(&self, most: Duration) {
        let header = self.mapped.header();
        let changes = header.changes.load(Ordering::SeqCst);
        header.asleep.store(1, Ordering::SeqCst);
        if header.between.load(Ordering::SeqCst) & FRESH == 0 && !self.is_over() {
            let time = libc::timespec { tv_sec: most.as_secs() as i64, tv_nsec: i64::from(most.subsec_nanos()) };
            let wait = libc::FUTEX_WAIT;
            // SAFETY: a word of the mapping, and a time that lives during the call.
            unsafe { libc::syscall(libc::SYS_futex, header.changes.as_ptr(), wait, changes, &raw const time) };
        }
    }

    /// Whether the simulation has closed the segment, or is gone.
    pub fn is_over(&self) -> bool {
        // SAFETY: sends no signal.
        self.mapped.header().closed.load(Ordering::Acquire) != 0 || unsafe { libc::kill(self.place.pid, 0) } != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_whole_steps_in_order() {
        let mut writer = SegmentWriter::new(10, 12).unwrap();
        let mut reader = SegmentReader::open(writer.place()).unwrap();
        assert_eq!((reader.shape(), reader.take()), ((10, 12), None));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for step in 1..=20_000u64 {
                    writer.put(step, [&[step as f64; 120], &[-(step as f64); 120]]);
                }
            });
            let mut last = 0;
            while last < 20_000 {
                reader.sleep(Duration::from_millis(100));
                let Some(step) = reader.take() else { continue };
                assert!(step >= last, "{step} after {last}");
                assert!(
                    reader.copy(0).iter().all(|x| *x == step as f64)
                        && reader.copy(1).iter().all(|x| *x == -(step as f64))
                );
                last = step;
            }
        });
        assert!(reader.is_over());
    }
}
