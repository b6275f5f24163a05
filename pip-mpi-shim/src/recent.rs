//! A map from small integers that remembers where it looked last, since most lookups repeat the one before.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Values by key.
#[derive(Debug)]
pub struct RecentMap<V> {
    values: Vec<V>,
    places: HashMap<u32, usize, BuildHasherDefault<IntegerHasher>>,
    /// Key and place of the last lookup that found something.
    recent: Option<(u32, usize)>,
    free: Vec<usize>,
}

impl<V> Default for RecentMap<V> {
    fn default() -> Self {
        RecentMap { values: Vec::new(), places: HashMap::default(), recent: None, free: Vec::new() }
    }
}

impl<V: Default> RecentMap<V> {
    #[inline]
    fn place(&mut self, key: u32) -> Option<usize> {
        match self.recent {
            Some((recent, at)) if recent == key => Some(at),
            _ => self.find(key),
        }
    }

    #[inline(never)]
    fn find(&mut self, key: u32) -> Option<usize> {
        let &at = self.places.get(&key)?;
        self.recent = Some((key, at));
        Some(at)
    }

    /// The value of `key`, if there is one.
    #[inline]
    pub fn get_mut(&mut self, key: u32) -> Option<&mut V> {
        let at = self.place(key)?;
        self.values.get_mut(at)
    }

    /// The value of `key`, if there is one.
    pub fn get(&self, key: u32) -> Option<&V> {
        self.places.get(&key).map(|&at| &self.values[at])
    }

    /// The value of `key`, a fresh one if there was none.
    #[inline]
    pub fn entry(&mut self, key: u32) -> &mut V {
        let at = match self.place(key) {
            Some(at) => at,
            None => self.add(key),
        };
        &mut self.values[at]
    }

    #[cold]
    fn add(&mut self, key: u32) -> usize {
        let at = self.free.pop().unwrap_or_else(|| {
            self.values.push(V::default());
            self.values.len() - 1
        });
        self.places.insert(key, at);
        at
    }

    /// Forgets the value of `key`.
    pub fn remove(&mut self, key: u32) {
        if let Some(at) = self.places.remove(&key) {
            self.values[at] = V::default();
            self.free.push(at);
            self.recent = None;
        }
    }

    /// All keys with their values.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &V)> {
        self.places.iter().map(|(&key, &at)| (key, &self.values[at]))
    }
}

/// Multiplicative hashing: keys are small integers that nobody chooses to collide.
#[derive(Debug, Default)]
struct IntegerHasher(u64);

impl Hasher for IntegerHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_u32(u32::from(b)));
    }
    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_again_and_places_used_again() {
        let mut map: RecentMap<u32> = RecentMap::default();
        assert!(map.get_mut(7).is_none());
        for round in 1..4 {
            (0..1000).for_each(|key| *map.entry(key) = key + round);
            for key in 0..1000 {
                assert_eq!(map.get(key), Some(&(key + round)));
                assert_eq!(map.get_mut(key), Some(&mut (key + round)));
            }
            assert_eq!(map.iter().map(|(key, &value)| u64::from(value - key)).sum::<u64>(), 1000 * u64::from(round));
            (0..1000).for_each(|key| map.remove(key));
            assert!(map.get_mut(999).is_none() && map.iter().next().is_none());
        }
        assert_eq!(map.values.len(), 1000);
    }
}
