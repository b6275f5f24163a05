//! The key-value store of a job: what ranks `put` before a barrier and `get` after it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Longest name of a store, as announced to clients.
pub const NAME_MAX: usize = 256;
/// Longest key, as announced to clients.
pub const KEY_MAX: usize = 64;
/// Longest value, as announced to clients.
pub const VALUE_MAX: usize = 1024;

/// A store with a name.
#[derive(Debug)]
pub struct KeyValueStore {
    name: String,
    /// Keys and values in the order of the puts.
    pairs: Vec<(String, String)>,
    /// Where in `pairs` a key is.
    places: HashMap<String, usize>,
}

impl KeyValueStore {
    /// An empty store. The name must hold neither spaces nor newlines.
    pub fn new(name: String) -> KeyValueStore {
        KeyValueStore { name, pairs: Vec::new(), places: HashMap::new() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Stores a value. Of two values for one key the last counts, as under Hydra.
    /// The error is a PMI message (one word).
    pub fn put(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        if key.is_empty() || key.len() > KEY_MAX {
            return Err("key_length_not_1_to_64");
        }
        if value.len() > VALUE_MAX {
            return Err("value_longer_than_1024");
        }
        match self.places.entry(key.to_owned()) {
            Entry::Occupied(place) => value.clone_into(&mut self.pairs[*place.get()].1),
            Entry::Vacant(place) => {
                place.insert(self.pairs.len());
                self.pairs.push((key.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.places.get(key).map(|&place| self.pairs[place].1.as_str())
    }

    /// The key and value put at this place among all, from 0.
    pub fn at(&self, index: usize) -> Option<(&str, &str)> {
        self.pairs.get(index).map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts() {
        let mut kvs = KeyValueStore::new("kvs_1".into());
        assert_eq!(kvs.get("a"), None);
        assert_eq!(kvs.put("a", "1"), Ok(()));
        assert_eq!(kvs.put("a", "2"), Ok(()));
        assert_eq!(kvs.put("empty", ""), Ok(()));
        assert_eq!((kvs.get("a"), kvs.get("empty"), kvs.name()), (Some("2"), Some(""), "kvs_1"));
        assert_eq!((kvs.at(0), kvs.at(1), kvs.at(2)), (Some(("a", "2")), Some(("empty", "")), None));
    }

    #[test]
    fn announced_limits_hold() {
        let mut kvs = KeyValueStore::new("k".into());
        assert!(kvs.put("", "x").is_err());
        assert!(kvs.put(&"k".repeat(KEY_MAX), &"v".repeat(VALUE_MAX)).is_ok());
        assert!(kvs.put(&"k".repeat(KEY_MAX + 1), "x").is_err());
        assert!(kvs.put("x", &"v".repeat(VALUE_MAX + 1)).is_err());
    }
}
