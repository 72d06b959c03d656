//! What a plugin counts.

use serde::{Deserialize, Serialize};

/// Sums of what a plugin counts, by the index of the name in the job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(Vec<u64>);

impl Counts {
    /// Adds to one of them. A sum stays at the largest number that it can be.
    pub fn add(&mut self, name: usize, number: u64) {
        if self.0.len() <= name {
            self.0.resize(name + 1, 0);
        }
        self.0[name] = self.0[name].saturating_add(number);
    }

    /// Adds all of another.
    pub(crate) fn append(&mut self, other: &Self) {
        for (name, number) in other.iter() {
            self.add(name, number);
        }
    }

    /// Index and sum of those that are not zero.
    pub fn iter(&self) -> impl Iterator<Item = (usize, u64)> {
        self.0.iter().copied().enumerate().filter(|(_, number)| *number > 0)
    }

    /// Name and sum of each, in the order of the job's names, zeros included.
    pub(crate) fn named(&self, names: &[String]) -> Vec<(String, u64)> {
        let sum = |name: usize| self.0.get(name).copied().unwrap_or_default();
        names.iter().enumerate().map(|(index, name)| (name.clone(), sum(index))).collect()
    }
}
