//! The choices of a simulation: all combinations in turn, if there are few;
//! otherwise random ones. The same seed gives the same choices.

use crate::Random;

pub struct Choices {
    /// For each choice so far: the chosen value and the number of alternatives.
    taken: Vec<(usize, usize)>,
    next: usize,
    /// Makes the choices that `taken` does not prescribe.
    chance: Option<Random>,
    coins: Random,
}

impl Choices {
    /// Makes random choices.
    pub fn random(seed: u64) -> Self {
        Self {
            taken: Vec::new(),
            next: 0,
            chance: Some(Random(seed)),
            coins: Random(seed ^ 0x5851_f42d_4c95_7f2d),
        }
    }

    /// Chooses one of `of` alternatives.
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

    /// A choice of a kind too frequent to try all combinations.
    pub fn coin(&mut self) -> bool {
        self.coins.below(2) == 0
    }

    /// Advances to the next combination; `false` when all were tried.
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

    /// Calls `visit` with every combination if there are at most `limit`;
    /// otherwise with `limit` random ones.
    pub fn each(seed: u64, limit: u64, mut visit: impl FnMut(&mut Self)) {
        // Whether there are few combinations is known only after the last one.
        // The first `limit` of many differ only in the last choices, and are as
        // useful as any others.
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
