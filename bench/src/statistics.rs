//! Statistics over the rounds of a case.

/// Median, minimum and maximum of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` if there are no values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let half = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) };
        Some(Self { median, min, max })
    }

    /// The spread of `over / under`, round by round, because a disturbance in a
    /// round affects both sides.
    pub(crate) fn of_ratios(over: &[f64], under: &[f64]) -> Option<Self> {
        Self::of(over.iter().zip(under).map(|(over, under)| over / under))
    }

    /// Shown as `1.23 ms (1.20 to 1.31)`, or without the range if there was one
    /// round.
    pub(crate) fn show(&self, unit: &str) -> String {
        let median = format_number(self.median);
        if self.min == self.max {
            return format!("{median} {unit}");
        }
        format!("{median} {unit} ({} to {})", format_number(self.min), format_number(self.max))
    }
}

/// Formats with three significant digits, and with all digits of larger integers.
pub(crate) fn format_number(value: f64) -> String {
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
