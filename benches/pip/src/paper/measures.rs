//! The measures, written once for all participants.

use super::samples::{Measure, Samples};
use super::scale::Scale;
use super::spaces;
use anyhow::Result;
use bench_pip::board::{NOT_COUNTED, Seat};
use bench_pip::crew::{Crew, Kind};
use bench_pip::order::Order;
use bench_pip::segment::{Call, Way};
use std::sync::atomic::Ordering::Relaxed;

/// What each measure writes down; units in brackets.
pub mod what {
    pub const OWNER: &str = "owner [cycles]";
    pub const PEER: &str = "peer [cycles]";
    pub const BOTH: &str = "both sides [cycles]";
    pub const GIVEN_BACK: &str = "given back [cycles]";
    pub const MAPPED: &str = "mapped [cycles/page]";
    pub const READ: &str = "first read [cycles/page]";
    pub const AGAIN: &str = "second read [cycles/page]";
    pub const WRITE: &str = "first write [cycles/page]";
    pub const READ_FAULTS: &str = "page faults, first read";
    pub const WRITE_FAULTS: &str = "page faults, first write";
    pub const GROWTH: &str = "page tables for the memory [KiB]";
    pub const TOTAL: &str = "all page tables [KiB]";
    pub const SPACES: &str = "address spaces";
    pub const FAULTS: &str = "page faults of all";
    pub const FUTEX: &str = "futex [cycles]";
    pub const YIELD: &str = "sched_yield [cycles]";
    pub const SWITCHES: &str = "context switches per hand-over";
    pub const TLB_MISSES: &str = "TLB misses per hand-over";
    pub const CHANGES: &str = "page-table changes per hand-over";
}

/// What one turn of participants is measured with.
#[derive(Debug)]
pub struct Turn<'a> {
    pub scale: &'a Scale,
    pub samples: &'a mut Samples,
    pub who: usize,
    pub kind: Kind<'a>,
    pub way: Way,
    /// The cores of two participants.
    pub cores: [Option<usize>; 2],
}

impl Turn<'_> {
    /// All measures that say something about this way to share.
    pub fn measure(&mut self) -> Result<()> {
        if self.way != Way::ShmPopulate {
            self.set_up()?;
        }
        if self.way != Way::XpmemOfTasks {
            self.first_touch()?;
        }
        if !matches!(self.way, Way::XpmemOfTasks | Way::ShmPopulate) {
            self.page_tables()?;
            self.hand_over()?;
        }
        Ok(())
    }

    fn add(&mut self, measure: Measure, what: &str, at: usize, value: f64) {
        self.samples.add(measure, self.who, what, at as u64, value);
    }

    /// Memory is got, offered, found and given back, and never touched.
    fn set_up(&mut self) -> Result<()> {
        let mut crew = Crew::with_cores(self.kind, &self.cores)?;
        let calls = self.way.calls();
        for &bytes in self.scale.sizes {
            crew.set_segment(self.way, bytes);
            for repeat in 0..=self.scale.repeats {
                for order in [Order::Share, Order::Obtain, Order::Leave, Order::Withdraw] {
                    crew.run(order, 0)?;
                }
                if repeat == 0 {
                    continue; // everything was new to libc and to the caches
                }
                let seats = crew.seats();
                let (owner, peer) = (&seats[0], &seats[1]);
                let sums = [
                    sum(owner, calls.share),
                    sum(peer, calls.obtain),
                    sum(peer, calls.leave) + sum(owner, calls.withdraw),
                ];
                let single = |side: &'static str, seat: &Seat, calls: &[Call]| {
                    let lap = |call: &Call| (call_name(side, *call), sum(seat, &[*call]));
                    calls.iter().map(lap).collect::<Vec<_>>()
                };
                let laps = [single("owner", owner, calls.share), single("peer", peer, calls.obtain)];
                for (what, cycles) in laps.concat() {
                    self.add(Measure::SetUp, &what, bytes, cycles);
                }
                for (what, cycles) in [what::OWNER, what::PEER, what::GIVEN_BACK].into_iter().zip(sums) {
                    self.add(Measure::SetUp, what, bytes, cycles);
                }
                self.add(Measure::SetUp, what::BOTH, bytes, sums[0] + sums[1]);
            }
        }
        Ok(())
    }

    /// The owner has written all of it; the peer reads, and in another mapping writes, a byte of each page.
    fn first_touch(&mut self) -> Result<()> {
        let bytes = self.scale.touched;
        let pages = (bytes / 4096) as f64;
        let mut crew = Crew::with_cores(self.kind, &self.cores)?;
        crew.set_segment(self.way, bytes);
        crew.run(Order::Share, 1)?;
        crew.run(Order::Fill, 1)?;
        crew.run(Order::Obtain, 1)?;
        let mapped = sum(&crew.seats()[1], self.way.calls().obtain);
        let mut found = vec![(what::MAPPED, mapped / pages)];
        let mut walk = |crew: &mut Crew, order, cycles, faults| -> Result<()> {
            crew.run(order, 1)?;
            let peer = &crew.seats()[1];
            found.push((cycles, peer.cycles.load(Relaxed) as f64 / pages));
            found.extend(Option::map(faults, |faults| (faults, peer.faults.load(Relaxed) as f64)));
            Ok(())
        };
        walk(&mut crew, Order::Read, what::READ, Some(what::READ_FAULTS))?;
        walk(&mut crew, Order::Read, what::AGAIN, None)?;
        crew.run(Order::Leave, 1)?;
        crew.run(Order::Obtain, 1)?;
        walk(&mut crew, Order::Write, what::WRITE, Some(what::WRITE_FAULTS))?;
        crew.run(Order::Leave, 1)?;
        crew.run(Order::Withdraw, 1)?;
        for (what, value) in found {
            self.add(Measure::FirstTouch, what, bytes, value);
        }
        Ok(())
    }

    /// Every participant writes a byte of each page of memory that the first has filled.
    fn page_tables(&mut self) -> Result<()> {
        for &count in self.scale.participants {
            let mut crew = Crew::with_cores(self.kind, &vec![None; count])?;
            crew.set_segment(self.way, self.scale.touched);
            // The first reading takes memory itself.
            crew.run(Order::PageTables, 1)?;
            let (before, _) = tables(&mut crew)?;
            for order in [Order::Share, Order::Fill, Order::Obtain, Order::Write] {
                crew.run(order, 1)?;
            }
            let (after, spaces) = tables(&mut crew)?;
            let faults: u64 = crew.seats().iter().map(|seat| seat.faults.load(Relaxed)).sum();
            crew.run(Order::Leave, 1)?;
            crew.run(Order::Withdraw, 1)?;
            for (what, value) in [
                (what::GROWTH, after - before),
                (what::TOTAL, after),
                (what::SPACES, spaces as f64),
                (what::FAULTS, faults as f64),
            ] {
                self.add(Measure::PageTables, what, count, value);
            }
        }
        Ok(())
    }

    /// Two participants on one core hand it to each other and read pages of memory that they share.
    fn hand_over(&mut self) -> Result<()> {
        let most = self.scale.pages.iter().copied().max().unwrap_or(0).max(1) as usize;
        let mut crew = Crew::with_cores(self.kind, &[self.cores[0]; 2])?;
        crew.set_segment(self.way, most * 4096);
        for order in [Order::Share, Order::Fill, Order::Obtain] {
            crew.run(order, 1)?;
        }
        let spaces = spaces::distinct(crew.seats())?.len();
        let hand_overs = (2 * self.scale.hand_overs) as f64;
        for &pages in self.scale.pages {
            crew.set_pages(pages);
            let at = pages as usize;
            crew.run(Order::HandOver, self.scale.hand_overs / 10)?; // the first ones make page-table entries
            crew.run(Order::HandOver, self.scale.hand_overs)?;
            let switches: u64 = crew.seats().iter().map(|seat| seat.switches.load(Relaxed)).sum();
            let switches = switches as f64 / hand_overs;
            self.add(Measure::HandOver, what::FUTEX, at, cycles(&crew) / hand_overs);
            self.add(Measure::HandOver, what::SWITCHES, at, switches);
            self.add(Measure::HandOver, what::CHANGES, at, if spaces == 1 { 0.0 } else { switches });
            crew.run(Order::YieldOver, self.scale.hand_overs)?;
            self.add(Measure::HandOver, what::YIELD, at, cycles(&crew) / hand_overs);
            crew.run(Order::CountedHandOver, self.scale.hand_overs)?;
            let misses = crew.seats().iter().map(|seat| seat.tlb_misses.load(Relaxed));
            // None at all if one of them was not counted.
            let misses: Option<u64> = misses.map(|count| (count != NOT_COUNTED).then_some(count)).sum();
            if let Some(misses) = misses {
                self.add(Measure::HandOver, what::TLB_MISSES, at, misses as f64 / hand_overs);
            }
        }
        crew.run(Order::Leave, 1)?;
        crew.run(Order::Withdraw, 1)?;
        Ok(())
    }
}

/// The leader's cycles of the last hand-overs.
fn cycles(crew: &Crew) -> f64 {
    crew.seats()[0].cycles.load(Relaxed) as f64
}

/// How one call of one side is written down.
pub fn call_name(side: &str, call: Call) -> String {
    format!("{side}: {} [cycles]", call.name())
}

fn sum(seat: &Seat, calls: &[Call]) -> f64 {
    calls.iter().map(|call| seat.laps[*call as usize].load(Relaxed) as f64).sum()
}

/// The page tables of all address spaces of the crew in KiB, each counted once, and how many spaces there are.
fn tables(crew: &mut Crew) -> Result<(f64, usize)> {
    crew.run(Order::PageTables, 1)?;
    let spaces = spaces::distinct(crew.seats())?;
    let kib: u64 = spaces.iter().map(|seat| seat.page_tables.load(Relaxed)).sum();
    Ok((kib as f64, spaces.len()))
}
