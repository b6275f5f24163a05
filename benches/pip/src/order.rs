//! What a crew can be told to do; [`crate::worker`] and [`crate::duties`] do it.

/// What a crew can be told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Order {
    /// Leave.
    End = 0,
    /// Wait at the barrier of PiP.
    Barrier,
    /// Wait at the barrier of the C library.
    PthreadBarrier,
    /// Two workers: pass one cache line there and back.
    RoundTrip,
    /// Map 64 pages, touch each and unmap them.
    Memory,
    /// A task: offer a pointer to the others.
    Export,
    /// A task: `pip_import` from the root.
    Import,
    /// A task: `pip_named_export` under a name of its own each time.
    NamedExport,
    /// A task: `pip_named_import` from the root.
    NamedImport,
    /// The leader: get memory and offer it to the others.
    Share,
    /// The leader: write all of it.
    Fill,
    /// The others: get at the leader's memory.
    Obtain,
    /// The others: read one byte of each page.
    Read,
    /// The others: write one byte of each page.
    Write,
    /// The others: let go of the memory.
    Leave,
    /// The leader: give the memory back.
    Withdraw,
    /// All: note the size of one's page tables.
    PageTables,
    /// Two workers on one core: sleep and wake each other by a futex.
    HandOver,
    /// As [`Order::HandOver`], and count TLB misses, which makes every switch dearer.
    CountedHandOver,
    /// Two workers on one core: give the core away by sched_yield until it is one's turn.
    YieldOver,
}

impl Order {
    /// All, each at the place of its number.
    pub const ALL: [Order; 20] = [
        Order::End,
        Order::Barrier,
        Order::PthreadBarrier,
        Order::RoundTrip,
        Order::Memory,
        Order::Export,
        Order::Import,
        Order::NamedExport,
        Order::NamedImport,
        Order::Share,
        Order::Fill,
        Order::Obtain,
        Order::Read,
        Order::Write,
        Order::Leave,
        Order::Withdraw,
        Order::PageTables,
        Order::HandOver,
        Order::CountedHandOver,
        Order::YieldOver,
    ];
}
