//! Where the solver's arrays are, and how the analysis gets to see them.

use crate::solver::Part;
use anyhow::{Context, Result};
use insitu::segment::{Place, SegmentWriter};
use insitu::{Coupling, SPECIES};
use pip_core::sharing::Sharing;
use pip_core::sharing::field::{FieldWriter, Layout};
use std::time::{Duration, Instant};

/// Two arrays, old and new, and who else looks at them.
pub struct Store {
    arrays: Arrays,
    viewer: Viewer,
    /// Time spent for the analysis' sake.
    pub spent: Duration,
    /// Steps that the analysis could see.
    pub shown: u64,
}

enum Arrays {
    /// The solver's own memory.
    Own([Pair; 2]),
    /// The buffers that are exported.
    Exported(Box<[FieldWriter<f64>; 2]>),
}

/// An old and a new array. They lie as two buffers of a field do, so that the solver runs equally fast on both: how far apart
/// arrays are decides which of their lines get into each other's way.
struct Pair {
    memory: Vec<f64>,
    len: usize,
    swapped: bool,
}

impl Pair {
    fn new(len: usize) -> Pair {
        Pair { memory: vec![0.0; 2 * len.next_multiple_of(16)], len, swapped: false }
    }

    fn both(&mut self) -> (&[f64], &mut [f64]) {
        let (first, second) = self.memory.split_at_mut(self.len.next_multiple_of(16));
        let (first, second) = (&mut first[..self.len], &mut second[..self.len]);
        if self.swapped { (second, first) } else { (first, second) }
    }

    fn old(&self) -> &[f64] {
        let (first, second) = self.memory.split_at(self.len.next_multiple_of(16));
        &(if self.swapped { second } else { first })[..self.len]
    }
}

enum Viewer {
    None,
    Fields(Box<[FieldWriter<f64>; 2]>),
    Segment(SegmentWriter),
}

/// Old and new of each as old of both and new of both.
fn columns<'a>(u: (&'a [f64], &'a mut [f64]), v: (&'a [f64], &'a mut [f64])) -> ([&'a [f64]; 2], [&'a mut [f64]; 2]) {
    ([u.0, v.0], [u.1, v.1])
}

fn export(part: &Part, sharing: Sharing, coupling: Coupling, buffers: usize) -> Result<Box<[FieldWriter<f64>; 2]>> {
    let bordered = Layout::dense(&[part.rows.len() + 2, part.stride()])?;
    let inner = bordered.window(&[1..part.rows.len() + 1, 1..part.size + 1])?;
    let export = |species| sharing.export_field(&coupling.field(species), &inner, buffers);
    Ok(Box::new([export(SPECIES[0])?, export(SPECIES[1])?]))
}

impl Store {
    /// Memory for a part, coupled in one of the ways; without a shared address space not every one is possible.
    pub fn new(part: &Part, coupling: Coupling, sharing: Option<Sharing>, buffers: usize) -> Result<Store> {
        let export = || {
            let sharing = sharing.with_context(|| format!("{} needs one address space", coupling.name()))?;
            export(part, sharing, coupling, buffers)
        };
        let own = || Arrays::Own([Pair::new(part.len()), Pair::new(part.len())]);
        let (arrays, viewer) = match coupling {
            Coupling::Off => (own(), Viewer::None),
            Coupling::ZeroCopy => (Arrays::Exported(export()?), Viewer::None),
            Coupling::OneCopy => (own(), Viewer::Fields(export()?)),
            Coupling::Shm => (own(), Viewer::Segment(SegmentWriter::new(part.rows.len() + 2, part.stride())?)),
        };
        Ok(Store { arrays, viewer, spent: Duration::ZERO, shown: 0 })
    }

    /// Where another process finds the arrays, if they go through shared memory.
    pub fn place(&self) -> Option<Place> {
        if let Viewer::Segment(segment) = &self.viewer { Some(segment.place()) } else { None }
    }

    /// The arrays to read and those to write.
    pub fn both(&mut self) -> ([&[f64]; 2], [&mut [f64]; 2]) {
        match &mut self.arrays {
            Arrays::Own([u, v]) => columns(u.both(), v.both()),
            Arrays::Exported(fields) => {
                let [u, v] = fields.as_mut();
                columns(u.both(), v.both())
            }
        }
    }

    /// The new arrays are complete: they become the old ones, and as `shown` the analysis may see them.
    pub fn turn(&mut self, shown: Option<u64>) -> Result<()> {
        match &mut self.arrays {
            Arrays::Own(pairs) => pairs.iter_mut().for_each(|pair| pair.swapped = !pair.swapped),
            Arrays::Exported(fields) if shown.is_none() => fields.iter_mut().for_each(FieldWriter::advance),
            Arrays::Exported(_) => {}
        }
        let is_seen = matches!(self.arrays, Arrays::Exported(_)) || !matches!(self.viewer, Viewer::None);
        let Some(step) = shown.filter(|_| is_seen) else { return Ok(()) };
        let start = Instant::now();
        match (&mut self.arrays, &mut self.viewer) {
            (Arrays::Exported(fields), _) => fields.iter_mut().try_for_each(|field| field.publish(step))?,
            (_, Viewer::None) => {}
            (Arrays::Own(pairs), Viewer::Fields(fields)) => {
                fields.iter_mut().zip(pairs.iter()).try_for_each(|(field, pair)| field.put(step, pair.old()))?;
            }
            (Arrays::Own([u, v]), Viewer::Segment(segment)) => segment.put(step, [u.old(), v.old()]),
        }
        self.spent += start.elapsed();
        self.shown += 1;
        Ok(())
    }

    /// No more steps: the last one stays for an analysis that has not come to it yet.
    pub fn leave(self) {
        match (self.arrays, self.viewer) {
            (Arrays::Exported(fields), _) | (_, Viewer::Fields(fields)) => {
                fields.into_iter().for_each(FieldWriter::leave);
            }
            (_, Viewer::Segment(segment)) => segment.leave(),
            (_, Viewer::None) => {}
        }
    }

    /// Goes on from the state of another store.
    pub fn continue_from(&mut self, other: &mut Store) -> Result<()> {
        let (old, _) = other.both();
        let (_, new) = self.both();
        new.into_iter().zip(old).for_each(|(new, old)| new.copy_from_slice(old));
        self.turn(None)
    }
}
