//! The rules for a job.

use std::collections::HashSet;

use crate::framing::{MAX_CHECKS, MAX_CONTEXT_BYTES, MAX_DELIMITER_BYTES};
use crate::job::MAX_RANGES;
use crate::prefilter::MAX_PREFILTERS;
use crate::{Framing, Job, MAX_COUNTS, MAX_NAME_BYTES, Pattern, Projection};

impl Job {
    /// Checks the job against the contract. The host calls this after `begin`.
    /// Whether a regular expression is valid is left to the host, which
    /// compiles it.
    ///
    /// # Errors
    /// A message that names the broken rule.
    pub fn validate(&self) -> Result<(), String> {
        self.framing.validate()?;
        self.check_prefilters()?;
        self.check_counts()?;
        if let Some(projection) = &self.projection {
            if !self.prefilters.is_empty() {
                return Err("a projection allows no prefilter".into());
            }
            projection.validate(&self.framing)?;
        }
        self.check_ranges()
    }

    fn check_prefilters(&self) -> Result<(), String> {
        if self.framing == Framing::Sequential && !self.prefilters.is_empty() {
            return Err("a sequential framing allows no prefilter".into());
        }
        if self.prefilters.len() > MAX_PREFILTERS {
            return Err(format!(
                "it has {} prefilters; the limit is {MAX_PREFILTERS}",
                self.prefilters.len()
            ));
        }
        let mut ids = HashSet::new();
        for prefilter in &self.prefilters {
            let id = prefilter.id;
            if usize::from(id) >= MAX_PREFILTERS {
                return Err(format!("a prefilter has the id {id}; ids are less than {MAX_PREFILTERS}"));
            }
            if !ids.insert(id) {
                return Err(format!("two of its prefilters have the id {id}"));
            }
            if let Pattern::Literals { patterns, .. } = &prefilter.pattern
                && (patterns.is_empty() || patterns.iter().any(Vec::is_empty))
            {
                return Err("its prefilter has no literals, or an empty one".into());
            }
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), String> {
        if self.counts.len() > MAX_COUNTS {
            return Err(format!("it counts {} things; the limit is {MAX_COUNTS}", self.counts.len()));
        }
        let fits = |name: &String| {
            (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if let Some(index) = self.counts.iter().position(|name| !fits(name)) {
            return Err(format!(
                "the name of its count {index} is not one word of at most {MAX_NAME_BYTES} printable ASCII characters"
            ));
        }
        let names: HashSet<_> = self.counts.iter().collect();
        if names.len() < self.counts.len() {
            return Err("two of its counts have the same name".into());
        }
        Ok(())
    }

    fn check_ranges(&self) -> Result<(), String> {
        let Some(ranges) = &self.ranges else { return Ok(()) };
        if self.framing != Framing::Bytes {
            return Err("it names ranges of the file, which only the framing `bytes` allows".into());
        }
        if ranges.len() > MAX_RANGES {
            return Err(format!("it names {} ranges; the limit is {MAX_RANGES}", ranges.len()));
        }
        let is_sorted = ranges.is_sorted_by(|one, next| one.end <= next.start);
        if !is_sorted || ranges.iter().any(|range| range.start >= range.end) {
            return Err("its ranges are empty, not sorted or not disjoint".into());
        }
        Ok(())
    }
}

impl Projection {
    fn validate(&self, framing: &Framing) -> Result<(), String> {
        let differs = match framing {
            Framing::Quoted { delimiter, quote } => ![delimiter, quote].contains(&&self.delimiter),
            Framing::Delimited(delimiter) => *delimiter != [self.delimiter],
            _ => return Err("a projection needs a quoted or delimited framing".into()),
        };
        let ends_lines = match framing {
            Framing::Quoted { delimiter, .. } => *delimiter == b'\n',
            _ => *framing == Framing::lines(),
        };
        if !ends_lines {
            return Err("a projection needs records that end with a line end".into());
        }
        if !differs || matches!(self.delimiter, b'\r' | b'\n') {
            return Err("the delimiter of its projection is one of its framing, too".into());
        }
        if self.fields.is_empty() || !self.fields.is_sorted_by(|one, next| one < next) {
            return Err("the fields of its projection are not sorted, or there are none".into());
        }
        Ok(())
    }
}

/// Whether an occurrence can begin within another one, as with `\n\n`.
fn overlaps_itself(delimiter: &[u8]) -> bool {
    (1..delimiter.len()).any(|at| delimiter.starts_with(&delimiter[at..]))
}

impl Framing {
    /// Checks the framing against the contract.
    ///
    /// # Errors
    /// A message that names the broken rule.
    pub fn validate(&self) -> Result<(), String> {
        let is_width = |width: &u8| (1..=8).contains(width);
        match self {
            Self::Delimited(delimiter) if delimiter.is_empty() => {
                Err("the delimiter of its framing is empty".into())
            }
            Self::Delimited(delimiter) if delimiter.len() > MAX_DELIMITER_BYTES => {
                Err(format!("the delimiter of its framing is longer than {MAX_DELIMITER_BYTES} bytes"))
            }
            Self::Delimited(delimiter) if overlaps_itself(delimiter) => Err(format!(
                "the delimiter of its framing, `{}`, overlaps itself, so where a record ends would depend on \
                 where a window begins; a plugin with the framing `sequential` can look for it",
                delimiter.escape_ascii()
            )),
            Self::Quoted { delimiter, quote } if delimiter == quote => {
                Err("delimiter and quote of its framing are the same byte".into())
            }
            Self::Fixed { size: 0, .. } => Err("the record size of its framing is zero".into()),
            Self::LengthPrefixed { width, .. } if !is_width(width) => Err(format!(
                "the length field of its framing is {width} bytes wide; it must have 1 to 8 bytes"
            )),
            Self::LengthPrefixed { checks, .. } if checks.len() > MAX_CHECKS => {
                Err(format!("its framing has {} checks; the limit is {MAX_CHECKS}", checks.len()))
            }
            Self::LengthPrefixed { checks, .. } if checks.iter().any(|check| !is_width(&check.width)) => {
                Err("a check of its framing reads a field that does not have 1 to 8 bytes".into())
            }
            Self::Overlapping { before, after } if *before.max(after) > MAX_CONTEXT_BYTES => {
                Err(format!("its framing asks for more than {MAX_CONTEXT_BYTES} bytes of context"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByteOrder, FieldCheck, Prefilter};

    #[track_caller]
    fn refused(job: Job, why: &str) {
        let error = job.validate().expect_err(why);
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn builders_set_what_they_name() {
        let job = Job::new(Framing::Bytes).literals(["a", "b"]).length_preserving();
        let patterns = vec![b"a".to_vec(), b"b".to_vec()];
        let pattern = Pattern::Literals { patterns, ignore_ascii_case: false };
        assert_eq!(job.prefilters, [Prefilter { id: 0, pattern }]);
        assert!(job.claims.length_preserving && !job.claims.text);
    }

    #[test]
    fn limits_are_inclusive() {
        for framing in [
            Framing::Delimited([vec![b'a'; MAX_DELIMITER_BYTES - 1], vec![b'b']].concat()),
            Framing::Overlapping { before: MAX_CONTEXT_BYTES, after: MAX_CONTEXT_BYTES },
        ] {
            assert_eq!(Job::new(framing).validate(), Ok(()));
        }
    }

    #[test]
    fn framings_that_break_the_contract_are_refused() {
        let prefixed = |width| Framing::LengthPrefixed {
            header: 0,
            offset: 0,
            width,
            order: ByteOrder::Little,
            adjustment: 0,
            checks: Vec::new(),
        };
        let quoted = Framing::Quoted { delimiter: b'"', quote: b'"' };
        for (framing, why) in [
            (Framing::Delimited(Vec::new()), "delimiter of its framing is empty"),
            (Framing::Delimited(vec![b'a'; MAX_DELIMITER_BYTES + 1]), "longer than 255 bytes"),
            (Framing::Delimited(b"\n\n".to_vec()), "`\\n\\n`, overlaps itself"),
            (Framing::Delimited(b"aba".to_vec()), "`aba`, overlaps itself"),
            (quoted, "are the same byte"),
            (Framing::Fixed { header: 0, size: 0 }, "record size of its framing is zero"),
            (prefixed(0), "0 bytes wide"),
            (prefixed(9), "9 bytes wide"),
            (Framing::Overlapping { before: 0, after: MAX_CONTEXT_BYTES + 1 }, "1048576 bytes of context"),
        ] {
            refused(Job::new(framing), why);
        }
    }

    #[test]
    fn prefilters_that_break_the_contract_are_refused() {
        refused(Job::new(Framing::Sequential).literals(["a"]), "allows no prefilter");
        refused(Job::new(Framing::Bytes).literals([""]), "no literals, or an empty one");
        refused(Job::new(Framing::Bytes).literals::<&str>([]), "no literals, or an empty one");
    }

    #[test]
    fn several_prefilters_need_ids_of_their_own() {
        let pattern = Pattern::literals(["a"]);
        let twice = vec![Prefilter { id: 3, pattern: pattern.clone() }; 2];
        refused(Job { prefilters: twice, ..Job::new(Framing::Bytes) }, "have the id 3");
        let beyond = vec![Prefilter { id: 64, pattern: pattern.clone() }];
        refused(Job { prefilters: beyond, ..Job::new(Framing::Bytes) }, "the id 64");
        let many = Job::new(Framing::Bytes).prefilters(vec![pattern; 65]);
        refused(many, "65 prefilters");
    }

    #[test]
    fn counts_have_names_of_their_own() {
        let job = || Job::new(Framing::Bytes);
        assert_eq!(job().counts(["email", "card"]).validate(), Ok(()));
        refused(job().counts(["a", "a"]), "the same name");
        refused(job().counts(["a b"]), "count 0 is not one word");
        refused(job().counts([""]), "count 0 is not one word");
        refused(job().counts((0..=MAX_COUNTS).map(|n| n.to_string())), "it counts 257 things");
    }

    #[test]
    fn projections_that_break_the_contract_are_refused() {
        let quoted = || Job::new(Framing::Quoted { delimiter: b'\n', quote: b'"' });
        assert_eq!(quoted().project(b',', [0, 3]).validate(), Ok(()));
        refused(quoted().project(b',', []), "are not sorted, or there are none");
        refused(quoted().project(b',', [1, 1]), "are not sorted");
        refused(quoted().project(b'"', [1]), "one of its framing");
        refused(quoted().project(b',', [1]).literals(["a"]), "allows no prefilter");
        refused(Job::new(Framing::Bytes).project(b',', [1]), "needs a quoted or delimited framing");
        refused(Job::new(Framing::Delimited(b";".to_vec())).project(b',', [1]), "end with a line end");
    }

    #[test]
    fn ranges_that_break_the_contract_are_refused() {
        let job = || Job::new(Framing::Bytes);
        assert_eq!(job().ranges([0..1, 1..2, 9..10]).validate(), Ok(()));
        refused(job().ranges([1..2, 0..1]), "not sorted");
        refused(job().ranges([0..2, 1..3]), "not disjoint");
        refused(job().ranges(std::iter::once(0..0)), "empty");
        refused(Job::new(Framing::lines()).ranges(std::iter::once(0..1)), "only the framing `bytes`");
    }

    #[test]
    fn checks_of_a_head_have_a_width() {
        let check = FieldCheck { offset: 0, width: 9, order: ByteOrder::Little, min: 0, max: 1 };
        let framing = |checks| Framing::LengthPrefixed {
            header: 0,
            offset: 0,
            width: 4,
            order: ByteOrder::Little,
            adjustment: 0,
            checks,
        };
        refused(Job::new(framing(vec![check])), "1 to 8 bytes");
        let good = FieldCheck { width: 2, ..check };
        refused(Job::new(framing(vec![good; 17])), "17 checks");
        assert!(good.allows(b"\x01\x00") && !good.allows(b"\x02\x00") && good.allows(b"\x02"));
    }
}
