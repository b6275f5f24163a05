//! The queues of the communicators of a lane, found by context.

use crate::matching::{Queues, RankHasher};
use crate::request::{Index, Unexpected};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

type Queue = Queues<Index, Unexpected>;

/// A communicator's queues exist from its first message on, even before this rank knows it, until it was freed and they
/// are empty.
#[derive(Debug, Default)]
pub struct QueueTable {
    queues: Vec<Queue>,
    by_context: HashMap<u32, usize, BuildHasherDefault<RankHasher>>,
    /// The last one looked up: most calls ask for it again. Context and place.
    recent: Option<(u32, usize)>,
    /// Communicators that were freed while something was in their queues.
    dying: Vec<u32>,
    free: Vec<usize>,
}

impl QueueTable {
    /// The queues of a communicator.
    #[inline]
    pub fn of(&mut self, context: u32) -> &mut Queue {
        let at = match self.recent {
            Some((recent, at)) if recent == context => at,
            _ => self.find(context),
        };
        &mut self.queues[at]
    }

    #[inline(never)]
    fn find(&mut self, context: u32) -> usize {
        let at = match self.by_context.get(&context) {
            Some(&at) => at,
            None => {
                let at = self.free.pop().unwrap_or_else(|| {
                    self.queues.push(Queue::default());
                    self.queues.len() - 1
                });
                self.by_context.insert(context, at);
                at
            }
        };
        self.recent = Some((context, at));
        at
    }

    /// After a communicator was freed.
    pub fn forget(&mut self, context: u32) {
        self.dying.push(context);
        let QueueTable { queues, by_context, recent, dying, free } = self;
        dying.retain(|context| match by_context.get(context) {
            Some(&at) if queues[at].is_empty() => {
                by_context.remove(context);
                queues[at] = Queue::default();
                free.push(at);
                *recent = None;
                false
            }
            found => found.is_some(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Pattern;

    #[test]
    fn queues_live_until_they_are_freed_and_empty() {
        let mut table = QueueTable::default();
        let pattern = Pattern { source: Some(0), tag: None };
        (0..1000).for_each(|context| table.of(context).post(pattern, context));
        (0..500).for_each(|context| assert_eq!(table.of(context).match_message(0, 1), Some(context)));
        (0..1000).for_each(|context| table.forget(context));
        assert_eq!(table.by_context.len(), 500, "those with posted receives stay");
        (500..1000).for_each(|context| assert_eq!(table.of(context).match_message(0, 1), Some(context)));
        table.forget(7);
        assert!(table.by_context.is_empty() && table.dying.is_empty());
        table.of(5000).post(pattern, 1);
        assert_eq!(table.queues.len(), 1000, "places are used again");
    }
}
