//! Decides how many workers a machine under pressure can support. Pure: maps
//! facts to a number.

/// What is known about the machine's memory, or about the control group of the
/// process, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// The percentage of the time since the last look during which some task
    /// waited for memory; `None` if the kernel does not report it.
    pub stalled_percent: Option<u8>,
    /// What is left up to the nearest limit, as a percentage of the limit;
    /// `None` if there is no limit, or if it is unknown.
    pub left_percent: Option<u8>,
}

impl Facts {
    /// Tasks wait for memory, or it is nearly used up: the kernel may soon kill
    /// processes.
    fn tight(&self) -> bool {
        self.stalled_percent.is_some_and(|stalled| stalled >= 10)
            || self.left_percent.is_some_and(|left| left < 5)
    }

    /// As far as known, the memory is far from tight.
    fn calm(&self) -> bool {
        self.stalled_percent.is_none_or(|stalled| stalled < 1)
            && self.left_percent.is_none_or(|left| left >= 10)
    }
}

/// Number of consecutive calm looks before a worker resumes.
const CALM_LOOKS: u32 = 20;

/// Decides how many workers may run. Each look under pressure stops one, down
/// to one; a long calm period resumes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Governor {
    most: usize,
    wanted: usize,
    calm_looks: u32,
}

impl Governor {
    /// Starts with all workers.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { most: workers.max(1), wanted: workers.max(1), calm_looks: 0 }
    }

    /// Workers that may run; at least one.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// All workers except those that were stopped for good. At least one always
    /// runs.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// Records the state of the machine.
    pub fn look(&mut self, facts: &Facts) {
        self.calm_looks = if facts.calm() { self.calm_looks + 1 } else { 0 };
        if facts.tight() {
            self.wanted = (self.wanted - 1).max(1);
        } else if self.calm_looks >= CALM_LOOKS && self.wanted < self.most {
            self.wanted += 1;
            self.calm_looks = 0;
        }
    }

    /// Reduces the workers to one fewer than `running`, for good: the budget
    /// was used up.
    pub fn shed(&mut self, running: usize) {
        self.wanted = self.wanted.min(running.saturating_sub(1)).max(1);
        self.most = self.wanted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percents() -> impl Iterator<Item = Option<u8>> {
        std::iter::once(None).chain((0..=100).map(Some))
    }

    /// All possible facts.
    fn all_facts() -> impl Iterator<Item = Facts> {
        percents().flat_map(|stalled_percent| {
            percents().map(move |left_percent| Facts { stalled_percent, left_percent })
        })
    }

    #[test]
    fn no_facts_are_tight_and_calm() {
        for facts in all_facts() {
            assert!(!(facts.tight() && facts.calm()), "{facts:?}");
            // More stalls, or less memory left, never loosen the limit.
            for worse in [
                Facts { stalled_percent: facts.stalled_percent.map(|s| (s + 1).min(100)), ..facts },
                Facts { left_percent: facts.left_percent.map(|l| l.saturating_sub(1)), ..facts },
            ] {
                assert!(worse.tight() || !facts.tight(), "{facts:?}");
                assert!(facts.calm() || !worse.calm(), "{facts:?}");
            }
        }
        assert!(Facts::default().calm());
    }

    #[test]
    fn every_look_moves_by_one_at_most_and_never_below_one() {
        for facts in all_facts() {
            for most in 1..=5 {
                for wanted in 1..=most {
                    for calm_looks in [0, 1, CALM_LOOKS - 1, CALM_LOOKS] {
                        let before = Governor { most, wanted, calm_looks };
                        let mut after = before;
                        after.look(&facts);
                        let what = format!("{before:?} {facts:?} {after:?}");
                        let long_calm = facts.calm() && calm_looks + 1 >= CALM_LOOKS;
                        let expected = match () {
                            () if facts.tight() => (wanted - 1).max(1),
                            () if long_calm => (wanted + 1).min(most),
                            () => wanted,
                        };
                        assert_eq!((after.wanted, after.most), (expected, most), "{what}");
                    }
                }
            }
        }
    }

    #[test]
    fn workers_come_back_one_by_one_after_a_calm_each() {
        let tight = Facts { left_percent: Some(0), ..Facts::default() };
        let mut governor = Governor::new(3);
        (0..10).for_each(|_| governor.look(&tight));
        assert_eq!(governor.wanted(), 1);
        let calm = Facts { left_percent: Some(50), stalled_percent: Some(0) };
        let mut wanted = Vec::new();
        for _ in 0..3 * CALM_LOOKS {
            governor.look(&calm);
            wanted.push(governor.wanted());
        }
        let of = |count: usize| wanted.iter().filter(|&&wanted| wanted == count).count();
        assert_eq!((of(1), of(2), of(3)), (19, 20, 21));
        // A single look that is neither calm nor tight restarts the count.
        let mut governor = Governor::new(2);
        governor.look(&tight);
        for look in 1..100 {
            let left = if look % CALM_LOOKS == 0 { 7 } else { 50 };
            governor.look(&Facts { left_percent: Some(left), ..calm });
        }
        assert_eq!(governor.wanted(), 1);
    }

    #[test]
    fn who_is_shed_for_good_does_not_come_back() {
        let mut governor = Governor::new(4);
        governor.shed(4);
        assert_eq!(governor.wanted(), 3);
        governor.shed(2);
        governor.shed(1);
        for _ in 0..100 {
            governor.look(&Facts::default());
        }
        assert_eq!(governor.wanted(), 1);
    }
}
