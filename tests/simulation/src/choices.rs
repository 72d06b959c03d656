//! Where a simulation may go one way or another: every way in turn, as long as
//! they are few, and ways by chance else. The same seed gives the same ways.

use crate::Random;

pub struct Choices {
    /// What was chosen, of how many.
    taken: Vec<(usize, usize)>,
    next: usize,
    /// Chooses where `taken` does not.
    chance: Option<Random>,
    coins: Random,
}

impl Choices {
    /// Chooses by chance.
    pub fn random(seed: u64) -> Self {
        Self {
            taken: Vec::new(),
            next: 0,
            chance: Some(Random(seed)),
            coins: Random(seed ^ 0x5851_f42d_4c95_7f2d),
        }
    }

    /// One of `of` ways.
    pub fn pick(&mut self, of: usize) -> usize {
        if let Some(chance) = &mut self.chance {
            return chance.below(of as u64) as usize;
        }
        if self.next == self.taken.len() {
            self.taken.push((0, of));
        }
        self.next += 1;
        self.taken[self.next - 1].0
    }

    /// A choice of which there are too many to try them all.
    pub fn coin(&mut self) -> bool {
        self.coins.below(2) == 0
    }

    /// Goes on to the next combination; `false` when all were tried.
    fn advance(&mut self) -> bool {
        self.next = 0;
        while let Some((taken, of)) = self.taken.pop() {
            if taken + 1 < of {
                self.taken.push((taken + 1, of));
                return true;
            }
        }
        false
    }

    /// Calls `visit` with every combination if there are no more than
    /// `limit`; else with so many by chance.
    pub fn each(seed: u64, limit: u64, mut visit: impl FnMut(&mut Self)) {
        // Whether they are few is only known when they are through; the first
        // `limit` of many differ in the last choices alone, and are as good
        // as any.
        let mut choices = Self { chance: None, ..Self::random(seed) };
        for _ in 0..limit {
            visit(&mut choices);
            if !choices.advance() {
                return;
            }
        }
        for index in 0..limit {
            visit(&mut Self::random(seed.wrapping_add(index)));
        }
    }
}
