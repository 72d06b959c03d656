//! What is made of the values of several rounds.

/// The median of some values, with the least and the greatest of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// `None` of no values.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let half = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) };
        Some(Self { median, min, max })
    }

    /// Of the quotients, round by round: what disturbs a round disturbs both
    /// sides of it.
    pub(super) fn of_ratios(over: &[f64], under: &[f64]) -> Option<Self> {
        Self::of(over.iter().zip(under).map(|(over, under)| over / under))
    }

    /// As `1.23 (1.20 to 1.31)`; alone, if there was one round.
    pub(super) fn show(&self, unit: &str) -> String {
        let median = number(self.median);
        if self.min == self.max {
            return format!("{median} {unit}");
        }
        format!("{median} {unit} ({} to {})", number(self.min), number(self.max))
    }
}

/// Three digits, but never a whole number cut short.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0, 1.0, 9.0]), Some(Spread { median: 3.0, min: 1.0, max: 9.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 9.0]), Some(Spread { median: 3.0, min: 1.0, max: 9.0 }));
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let spread = Spread::of_ratios(&[2.0, 20.0, 4.0], &[1.0, 10.0, 1.0]);
        assert_eq!(spread, Some(Spread { median: 2.0, min: 2.0, max: 4.0 }));
    }

    #[test]
    fn values_have_three_digits() {
        let spread = Spread { median: 1.2345, min: 0.98765, max: 1234.5 };
        assert_eq!(spread.show("ms"), "1.23 ms (0.988 to 1234)");
        assert_eq!(Spread { median: 12.0, min: 12.0, max: 12.0 }.show("MiB"), "12.0 MiB");
    }
}
