//! Where steps come from: the fields of all ranks, read in place, or their segments, copied. A step counts once it is there from
//! every rank.

use anyhow::{Context, Result, ensure};
use insitu::segment::{Place, SegmentReader};
use insitu::{Coupling, SPECIES};
use pip_core::sharing::Sharing;
use pip_core::sharing::field::{FieldError, FieldReader, Step};
use std::time::{Duration, Instant};

/// All rows of the grid, as slices of the memory they are in, per substance.
pub type Rows<'a> = [Vec<&'a [f64]>; 2];

/// What a look gave.
pub enum Look<'a> {
    /// A step and its rows.
    Step(u64, Box<dyn View + 'a>),
    /// Nothing new in time.
    NotYet,
    /// There will be nothing any more.
    Over,
}

/// A step while it is looked at.
pub trait View {
    /// Its rows.
    fn rows(&self) -> Rows<'_>;
}

/// Where steps come from.
pub trait Source {
    /// The newest step that is not before `next`; waits for it, at most `patience`.
    fn look(&mut self, next: u64, patience: Duration) -> Result<Look<'_>>;
}

/// The arrays of the simulation's ranks themselves.
pub struct Fields(Vec<[FieldReader<f64>; 2]>);

impl Fields {
    /// Those of a coupling, exported by so many ranks.
    pub fn attach(sharing: Sharing, coupling: Coupling, ranks: usize) -> Result<Fields> {
        const SOON: Duration = Duration::from_secs(20);
        let until = Instant::now() + SOON;
        let mut peers = Vec::new();
        while peers.len() < ranks {
            ensure!(Instant::now() < until, "only {} of {ranks} ranks export their arrays", peers.len());
            peers = sharing.field_exporters(&coupling.field(SPECIES[1]));
            std::thread::sleep(Duration::from_millis(1));
        }
        // In the order of the ranks, which is that of their rows.
        let attach = |peer| -> Result<[FieldReader<f64>; 2]> {
            let attach = |species| sharing.attach_field(peer, &coupling.field(species), SOON);
            Ok([attach(SPECIES[0])?, attach(SPECIES[1])?])
        };
        peers.into_iter().map(attach).collect::<Result<_>>().map(Fields)
    }

    /// Holds a step of all ranks; None if one has overwritten it already.
    fn hold(&self, step: u64) -> Result<Option<Held>> {
        let mut held = Vec::new();
        for fields in &self.0 {
            match (fields[0].hold(step), fields[1].hold(step)) {
                (Ok(u), Ok(v)) => held.push([u, v]),
                (Err(FieldError::Gone(..)), _) | (_, Err(FieldError::Gone(..))) => return Ok(None),
                (Err(error), _) | (_, Err(error)) => return Err(error.into()),
            }
        }
        Ok(Some(Held(held)))
    }
}

struct Held(Vec<[Step<f64>; 2]>);

impl View for Held {
    fn rows(&self) -> Rows<'_> {
        let rows = |species: usize| {
            let steps = self.0.iter().map(|steps| &steps[species]);
            steps.flat_map(|step| (0..step.layout().shape()[0]).map(|row| step.row(&[row]))).collect()
        };
        [rows(0), rows(1)]
    }
}

impl Source for Fields {
    fn look(&mut self, next: u64, patience: Duration) -> Result<Look<'_>> {
        let until = Instant::now() + patience;
        loop {
            // v is published after u, so whoever has that has both.
            let mut newest = u64::MAX;
            for [_, v] in &self.0 {
                match v.wait(next, until.saturating_duration_since(Instant::now())) {
                    Ok(step) => newest = newest.min(step),
                    Err(FieldError::Late(..)) => return Ok(Look::NotYet),
                    Err(FieldError::Ended(..)) => return Ok(Look::Over),
                    Err(error) => return Err(error.into()),
                }
            }
            if let Some(held) = self.hold(newest)? {
                return Ok(Look::Step(newest, Box::new(held)));
            }
            // So fast is only a simulation that has ended, or one with few buffers.
            if !self.0.iter().flatten().all(|field| field.reader().is_live()) {
                return Ok(Look::Over);
            }
        }
    }
}

/// Copies of the arrays.
pub struct Segments(Vec<SegmentReader>);

impl Segments {
    /// Those of all ranks, in their order.
    pub fn open(places: &[Place]) -> Result<Segments> {
        ensure!(!places.is_empty(), "the simulation shares nothing by shared memory");
        places.iter().map(|place| SegmentReader::open(*place)).collect::<Result<_>>().map(Segments)
    }
}

impl View for &Segments {
    fn rows(&self) -> Rows<'_> {
        let rows = |species: usize| {
            let lines = self.0.iter().flat_map(|segment| {
                // Without the ghosts.
                let (rows, columns) = (segment.shape().0 - 2, segment.shape().1);
                let lines = segment.copy(species).chunks_exact(columns).skip(1).take(rows);
                lines.map(move |line| &line[1..columns - 1])
            });
            lines.collect()
        };
        [rows(0), rows(1)]
    }
}

impl Source for Segments {
    fn look(&mut self, next: u64, patience: Duration) -> Result<Look<'_>> {
        let until = Instant::now() + patience;
        loop {
            let steps: Vec<Option<u64>> = self.0.iter_mut().map(SegmentReader::take).collect();
            let newest = steps.iter().max().copied().flatten().unwrap_or(0).max(next);
            let Some(behind) = steps.iter().position(|step| *step != Some(newest)) else {
                return Ok(Look::Step(newest, Box::new(&*self)));
            };
            if self.0[behind].is_over() {
                return Ok(Look::Over);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Look::NotYet);
            }
            self.0[behind].sleep(left.min(Duration::from_millis(100)));
        }
    }
}

/// The source of a phase; None if there is nothing to see in it.
pub fn open(
    sharing: Option<Sharing>,
    coupling: Coupling,
    ranks: usize,
    places: &[Place],
) -> Result<Option<Box<dyn Source>>> {
    Ok(match coupling {
        Coupling::Off => None,
        Coupling::Shm => Some(Box::new(Segments::open(places)?)),
        Coupling::ZeroCopy | Coupling::OneCopy => {
            let sharing = sharing.context("the simulation is not in this address space")?;
            Some(Box::new(Fields::attach(sharing, coupling, ranks)?))
        }
    })
}
