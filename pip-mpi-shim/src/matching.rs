//! Matching of messages to receives in the order MPI demands (MPI-4.0 section 3.5): of the receives that a message
//! matches the one posted first gets it, and of the messages a receive matches, those from one sender come in the order
//! they were sent.
//!
//! One [`Queues`] per communicator. Receives wait in one bin per source and one for MPI_ANY_SOURCE, so that a match with
//! a known source looks at candidates only. This module knows neither MPI's functions nor the operating system; `R` is a
//! posted receive, `M` an unexpected message.

use crate::recent::RecentMap;
use std::collections::VecDeque;

/// Which messages a receive takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// Rank in the communicator; None is MPI_ANY_SOURCE.
    pub source: Option<u32>,
    /// Tag; None is MPI_ANY_TAG.
    pub tag: Option<i32>,
}

impl Pattern {
    #[inline]
    fn accepts_tag(&self, tag: i32) -> bool {
        self.tag.is_none_or(|wanted| wanted == tag)
    }
}

#[derive(Debug)]
struct Entry<T> {
    /// Order of posting or arrival among all entries of the communicator.
    order: u64,
    tag: Option<i32>,
    value: T,
}

type Bins<T> = RecentMap<VecDeque<Entry<T>>>;

/// Posted receives and unexpected messages of one communicator.
#[derive(Debug)]
pub struct Queues<R, M> {
    posted: Bins<R>,
    posted_any: VecDeque<Entry<R>>,
    posted_count: usize,
    unexpected: Bins<M>,
    unexpected_count: usize,
    next_order: u64,
}

impl<R, M> Default for Queues<R, M> {
    fn default() -> Self {
        Queues {
            posted: Bins::default(),
            posted_any: VecDeque::new(),
            posted_count: 0,
            unexpected: Bins::default(),
            unexpected_count: 0,
            next_order: 0,
        }
    }
}

impl<R, M> Queues<R, M> {
    fn order(&mut self) -> u64 {
        self.next_order += 1;
        self.next_order
    }

    /// Number of posted receives.
    #[inline]
    pub fn posted_count(&self) -> usize {
        self.posted_count
    }

    /// Whether nobody waits for anything.
    pub fn is_empty(&self) -> bool {
        self.posted_count + self.unexpected_count == 0
    }

    /// Number of unexpected messages.
    #[inline]
    pub fn unexpected_count(&self) -> usize {
        self.unexpected_count
    }

    /// Posts a receive behind those already waiting. The caller has looked for an unexpected message first.
    pub fn post(&mut self, pattern: Pattern, receive: R) {
        let entry = Entry { order: self.order(), tag: pattern.tag, value: receive };
        match pattern.source {
            Some(source) => self.posted.entry(source).push_back(entry),
            None => self.posted_any.push_back(entry),
        }
        self.posted_count += 1;
    }

    /// Takes the receive that a message from `source` with `tag` belongs to.
    #[inline]
    pub fn match_message(&mut self, source: u32, tag: i32) -> Option<R> {
        if self.posted_count == 0 {
            return None;
        }
        let fits = |entry: &Entry<R>| entry.tag.is_none_or(|wanted| wanted == tag);
        let bin = self.posted.get_mut(source);
        // The first of the bin fits nearly always.
        if self.posted_any.is_empty() {
            let bin = bin?;
            let entry =
                if bin.front().is_some_and(fits) { bin.pop_front() } else { bin.remove(bin.iter().position(fits)?) };
            self.posted_count -= 1;
            return entry.map(|entry| entry.value);
        }
        let named = bin.as_ref().and_then(|bin| bin.iter().position(fits).map(|at| (bin[at].order, at)));
        let any = self.posted_any.iter().position(fits).map(|at| (self.posted_any[at].order, at));
        let entry = match (named, any) {
            (Some((first, at)), Some((second, _))) if first < second => bin?.remove(at),
            (Some((_, at)), None) => bin?.remove(at),
            (_, Some((_, at))) => self.posted_any.remove(at),
            (None, None) => None,
        }?;
        self.posted_count -= 1;
        Some(entry.value)
    }

    /// Takes back a posted receive that `is_it` recognises.
    pub fn cancel(&mut self, pattern: Pattern, is_it: impl Fn(&R) -> bool) -> Option<R> {
        let bin = match pattern.source {
            Some(source) => self.posted.get_mut(source)?,
            None => &mut self.posted_any,
        };
        let at = bin.iter().position(|entry| is_it(&entry.value))?;
        self.posted_count -= 1;
        bin.remove(at).map(|entry| entry.value)
    }

    /// Keeps a message that no receive waits for.
    pub fn keep(&mut self, source: u32, tag: i32, message: M) {
        let entry = Entry { order: self.order(), tag: Some(tag), value: message };
        self.unexpected.entry(source).push_back(entry);
        self.unexpected_count += 1;
    }

    /// Takes out an unexpected message from `source` that `is_it` recognises.
    pub fn withdraw(&mut self, source: u32, is_it: impl Fn(&M) -> bool) -> Option<M> {
        let bin = self.unexpected.get_mut(source)?;
        let at = bin.iter().position(|entry| is_it(&entry.value))?;
        self.unexpected_count -= 1;
        bin.remove(at).map(|entry| entry.value)
    }

    /// Source and position in its bin of the unexpected message that `pattern` gets: for MPI_ANY_SOURCE the one that
    /// arrived first.
    fn locate(&self, pattern: Pattern) -> Option<(u32, usize)> {
        if self.unexpected_count == 0 {
            return None;
        }
        let fits = |entry: &Entry<M>| entry.tag.is_some_and(|tag| pattern.accepts_tag(tag));
        if let Some(source) = pattern.source {
            return Some((source, self.unexpected.get(source)?.iter().position(fits)?));
        }
        let candidates = self.unexpected.iter().filter_map(|(source, bin)| {
            let at = bin.iter().position(fits)?;
            Some((bin[at].order, source, at))
        });
        candidates.min().map(|(_, source, at)| (source, at))
    }

    /// Source, tag and message that a receive of `pattern` would get.
    pub fn find_message(&self, pattern: Pattern) -> Option<(u32, i32, &M)> {
        let (source, at) = self.locate(pattern)?;
        let entry = self.unexpected.get(source)?.get(at)?;
        Some((source, entry.tag?, &entry.value))
    }

    /// Takes the message that [`Queues::find_message`] finds.
    pub fn take_message(&mut self, pattern: Pattern) -> Option<(u32, i32, M)> {
        let (source, at) = self.locate(pattern)?;
        let entry = self.unexpected.get_mut(source)?.remove(at)?;
        self.unexpected_count -= 1;
        Some((source, entry.tag?, entry.value))
    }
}

#[cfg(test)]
mod tests;
