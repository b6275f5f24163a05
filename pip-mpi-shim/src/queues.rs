//! The queues of the communicators of a lane, found by context.

use crate::matching::Queues;
use crate::recent::RecentMap;
use crate::request::{Index, Unexpected};

type Queue = Queues<Index, Unexpected>;

/// A communicator's queues exist from its first message on, even before this rank knows it, until it was freed and they
/// are empty.
#[derive(Debug, Default)]
pub struct QueueTable {
    queues: RecentMap<Queue>,
    /// Communicators that were freed while something was in their queues.
    dying: Vec<u32>,
}

impl QueueTable {
    /// The queues of a communicator.
    #[inline]
    pub fn of(&mut self, context: u32) -> &mut Queue {
        self.queues.entry(context)
    }

    /// After a communicator was freed.
    pub fn forget(&mut self, context: u32) {
        self.dying.push(context);
        let queues = &mut self.queues;
        self.dying.retain(|&context| {
            let busy = queues.get(context).is_some_and(|queue| !queue.is_empty());
            if !busy {
                queues.remove(context);
            }
            busy
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
        assert_eq!(table.queues.iter().count(), 500, "those with posted receives stay");
        (500..1000).for_each(|context| assert_eq!(table.of(context).match_message(0, 1), Some(context)));
        table.forget(7);
        assert!(table.queues.iter().next().is_none() && table.dying.is_empty());
    }
}
