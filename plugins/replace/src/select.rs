//! Selects lines: by what they contain, by number, and between markers.

use regex_automata::meta::Regex;

/// Which lines are selected: those for which all of these hold.
#[derive(Debug, Default)]
pub(crate) struct Select {
    /// It contains a match of each.
    pub(crate) with: Vec<Regex>,
    /// It contains a match of none.
    pub(crate) without: Vec<Regex>,
    pub(crate) numbers: Option<Numbers>,
    pub(crate) between: Option<Between>,
}

/// A line of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// The text, without the line end.
    pub(crate) text: &'a [u8],
    /// From 1; not known where lines are not counted.
    pub(crate) number: u64,
    /// Whether it is the last one; not known where that is not asked.
    pub(crate) is_last: bool,
}

impl Select {
    /// Whether all lines before this one must be seen.
    pub(crate) fn counts(&self) -> bool {
        self.numbers.is_some() || self.between.is_some()
    }

    /// Whether the last line of the file must be known.
    pub(crate) fn asks_last(&self) -> bool {
        self.numbers.as_ref().is_some_and(Numbers::asks_last)
    }

    /// Whether a line is selected. If lines are counted, to be called for each
    /// line, in order.
    pub(crate) fn selects(&mut self, line: &Line<'_>) -> bool {
        let is_between = self.between.as_mut().is_none_or(|between| between.next(line.text));
        is_between
            && self.numbers.as_ref().is_none_or(|numbers| numbers.contain(line))
            && self.with.iter().all(|regex| regex.is_match(line.text))
            && !self.without.iter().any(|regex| regex.is_match(line.text))
    }
}

/// Lines between two markers, which may occur several times.
#[derive(Debug)]
pub(crate) struct Between {
    /// The line that begins a part; if absent, the file does.
    pub(crate) from: Option<Regex>,
    /// The line that ends it; if absent, the file does.
    pub(crate) to: Option<Regex>,
    /// Whether the lines with the markers belong to it.
    pub(crate) markers: bool,
    /// Whether the next line is; at first, if the file begins a part.
    pub(crate) is_inside: bool,
}

impl Between {
    /// Whether the next line is between. As in sed, the line that begins a part
    /// does not end it.
    fn next(&mut self, text: &[u8]) -> bool {
        if self.is_inside {
            let ends = self.to.as_ref().is_some_and(|to| to.is_match(text));
            self.is_inside = !ends;
            return !ends || self.markers;
        }
        self.is_inside = self.from.as_ref().is_some_and(|from| from.is_match(text));
        self.is_inside && self.markers
    }
}

/// Line numbers: `3`, `2-10`, `5-`, `$`, and lists of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbers(Vec<(Number, Number)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Line(u64),
    /// The last line of the file.
    Last,
}

impl Numbers {
    /// # Errors
    /// If the text is not of this form.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`line` must be numbers from 1, ranges, and `$` for the last line, as in `3`, `2-10`, `5-` or `1,$`, not `{text}`"
            )
        };
        let number = |text: &str| match text.trim() {
            "$" => Ok(Number::Last),
            digits => match digits.parse() {
                Ok(number @ 1..) => Ok(Number::Line(number)),
                _ => Err(wrong()),
            },
        };
        let range = |part: &str| match part.split_once('-') {
            Some((first, last)) if last.trim().is_empty() => Ok((number(first)?, Number::Last)),
            Some((first, last)) => match (number(first)?, number(last)?) {
                (Number::Line(first), Number::Line(last)) if first > last => Err(wrong()),
                (Number::Last, Number::Line(_)) => Err(wrong()),
                range => Ok(range),
            },
            None => number(part).map(|number| (number, number)),
        };
        text.split(',').map(range).collect::<Result<_, _>>().map(Self)
    }

    fn asks_last(&self) -> bool {
        self.0.iter().any(|(first, _)| *first == Number::Last)
    }

    fn contain(&self, line: &Line<'_>) -> bool {
        self.0.iter().any(|(first, last)| {
            let is_after = match first {
                Number::Line(first) => *first <= line.number,
                Number::Last => line.is_last,
            };
            let is_before = match last {
                Number::Line(last) => line.number <= *last,
                Number::Last => true,
            };
            is_after && is_before
        })
    }

    /// The last line that can be selected, if it is known.
    pub(crate) fn end(&self) -> Option<u64> {
        let end = |(_, last): &(Number, Number)| match last {
            Number::Line(last) => Some(*last),
            Number::Last => None,
        };
        self.0.iter().map(end).collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(numbers: &str, count: u64) -> Vec<u64> {
        let numbers = Numbers::parse(numbers).unwrap();
        let line = |number| Line { text: b"", number, is_last: number == count };
        (1..=count).filter(|number| numbers.contain(&line(*number))).collect()
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(selected("3", 5), [3]);
        assert_eq!(selected("2-4", 5), [2, 3, 4]);
        assert_eq!(selected("4-", 5), [4, 5]);
        assert_eq!(selected("$", 5), [5]);
        assert_eq!(selected("1, 3-3,$", 5), [1, 3, 5]);
        assert_eq!(selected("4-$", 5), [4, 5]);
        for wrong in ["", "0", "a", "3-2", "$-2", "1,,2", "-3", "1-2-3"] {
            assert!(Numbers::parse(wrong).is_err(), "{wrong}");
        }
    }
}
