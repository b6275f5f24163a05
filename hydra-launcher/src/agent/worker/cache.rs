//! What the ranks of all nodes have put before the last barrier, so that `get`, the most frequent request, needs no round trip.

use crate::pmi::wire::{Decoder, Request};
use std::collections::{HashMap, HashSet};

/// Copies of the launcher's key-value stores, as far as known.
#[derive(Debug, Default)]
pub struct Cache {
    values: HashMap<(String, String), String>,
    /// Tasks whose last request came in part only.
    unfinished: HashSet<usize>,
}

impl Cache {
    /// Adds values: store, key, value. As in the store, the last one of a key counts.
    pub fn add(&mut self, values: Vec<(String, String, String)>) {
        for (store, key, value) in values {
            self.values.insert((store, key), value);
        }
    }

    /// The reply to what a task sent, if it is nothing but one request for a known value.
    pub fn answer(&mut self, task: usize, bytes: &[u8]) -> Option<Vec<u8>> {
        let whole = !self.unfinished.remove(&task);
        if bytes.last() != Some(&b'\n') {
            self.unfinished.insert(task);
            return None;
        }
        let is_one_get = bytes.starts_with(b"cmd=get ") && memchr::memchr(b'\n', bytes) == Some(bytes.len() - 1);
        if !whole || !is_one_get {
            return None;
        }
        let mut decoder = Decoder::default();
        decoder.push(bytes);
        let Ok(Some(Request::Get { kvsname, key })) = decoder.next_request() else { return None };
        let value = self.values.get(&(kvsname, key))?;
        Some(format!("cmd=get_result rc=0 msg=success value={value}\n").into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_requests_for_known_values_are_answered() {
        let mut cache = Cache::default();
        let entry = |value: &str| ("kvs".to_owned(), "k".to_owned(), value.to_owned());
        cache.add(vec![entry("1"), entry("2")]);
        let get = b"cmd=get kvsname=kvs key=k\n";
        assert_eq!(cache.answer(0, get).as_deref(), Some(&b"cmd=get_result rc=0 msg=success value=2\n"[..]));
        for other in [
            &b"cmd=get kvsname=kvs key=x\n"[..],
            b"cmd=get kvsname=other key=k\n",
            b"cmd=get kvsname=kvs key=k\ncmd=barrier_in\n",
            b"cmd=get nonsense\n",
            b"cmd=barrier_in\n",
            b"cmd=put kvsname=kvs key=k value=",
        ] {
            assert_eq!(cache.answer(0, other), None);
        }
        // The end of the put, though it looks like a request.
        assert_eq!(cache.answer(0, get), None);
        assert!(cache.answer(1, get).is_some() && cache.answer(0, get).is_some());
    }
}
