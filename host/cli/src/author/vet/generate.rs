//! Makes inputs: records of the plugin's framing, and changed copies of others.
//!
//! The same seed gives the same inputs for the same plugin, parameters and samples.

mod change;
mod matching;
mod records;

use fastrand::Rng;
use runner_contract::{Framing, Job, Pattern};

/// Bytes of a changed input, at most.
const CHANGED_BYTES: usize = 64 << 10;
/// Bytes of the part of a longer input that is changed.
const PART_BYTES: usize = 16 << 10;
/// Expressions of prefilters for which texts are made, and texts for each.
const EXPRESSIONS: usize = 20;
const MATCHING: usize = 20;
/// Makes inputs.
pub(super) struct Maker {
    rng: Rng,
    /// What the plugin looks for, and words of its parameters.
    tokens: Vec<Vec<u8>>,
    /// Expressions that it has asked for.
    expressions: Vec<String>,
    /// Framings that it has asked for, with the bytes before the first record.
    framings: Vec<(Framing, Vec<u8>)>,
    /// Inputs to be changed.
    pool: Vec<Vec<u8>>,
    /// How many generated inputs the plugin accepted, and how many there were.
    accepted: (u32, u32),
}

impl Maker {
    pub(super) fn new(seed: u64) -> Self {
        let (tokens, expressions, framings, pool) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { rng: Rng::with_seed(seed), tokens, expressions, framings, pool, accepted: (0, 0) }
    }

    /// Whether there is anything to make inputs of.
    pub(super) fn is_empty(&self) -> bool {
        self.framings.is_empty()
    }

    /// Adds words that may matter.
    pub(super) fn learn(&mut self, words: impl IntoIterator<Item = Vec<u8>>) {
        for word in words {
            if !word.is_empty()
                && word.len() <= 200
                && self.tokens.len() < 500
                && !self.tokens.contains(&word)
            {
                self.tokens.push(word);
            }
        }
    }

    /// Adds an input that the plugin accepts, and what it asks for.
    pub(super) fn accept(&mut self, bytes: &[u8], job: &Job) {
        for prefilter in &job.prefilters {
            // With what a plugin may look for in another way than its prefilter says.
            match &prefilter.pattern {
                Pattern::Literals { patterns, .. } => {
                    self.learn(patterns.iter().take(100).cloned());
                    self.learn(patterns.iter().take(20).flat_map(|pattern| change::near(pattern)));
                }
                Pattern::Regex(expression) => self.learn_expression(expression),
            }
        }
        let header = match job.framing {
            Framing::Fixed { header, .. } | Framing::LengthPrefixed { header, .. } => header,
            _ => 0,
        };
        let header = usize::try_from(header).ok().and_then(|header| bytes.get(..header));
        if let Some(header) = header
            && self.framings.len() < 16
            && !self.framings.iter().any(|(framing, _)| *framing == job.framing)
        {
            self.framings.push((job.framing.clone(), header.to_vec()));
        }
        if !bytes.is_empty() && self.pool.len() < 200 {
            self.pool.push(part(bytes).to_vec());
        }
    }

    /// Learns texts that an expression matches, and others that are near them.
    fn learn_expression(&mut self, expression: &str) {
        if self.expressions.len() >= EXPRESSIONS || self.expressions.iter().any(|known| known == expression) {
            return;
        }
        self.expressions.push(expression.to_owned());
        let texts = matching::matching(expression, &mut self.rng, MATCHING);
        self.learn(texts.iter().take(MATCHING / 4).flat_map(|text| change::near(text)));
        self.learn(texts);
    }

    /// Learns whether the plugin accepted an input that was made here.
    #[expect(clippy::fn_params_excessive_bools, reason = "it is what was found")]
    pub(super) fn judge(&mut self, bytes: &[u8], what: &str, is_accepted: bool) {
        if what == "generated" {
            self.accepted = (self.accepted.0 + u32::from(is_accepted), self.accepted.1 + 1);
        } else if is_accepted && self.pool.len() < 200 {
            self.pool.push(bytes.to_vec());
        }
    }

    /// The next input, and what it is.
    pub(super) fn next(&mut self) -> (Vec<u8>, &'static str) {
        // A plugin that needs certain columns or a certain head refuses most of them.
        let (accepted, generated) = self.accepted;
        let share = if generated >= 4 && accepted * 4 < generated { 15 } else { 100 };
        if self.pool.is_empty() || self.rng.u8(..) < share {
            return (self.made(), "generated");
        }
        let mut bytes = self.rng.choice(&self.pool).cloned().unwrap_or_default();
        for _ in 0..self.rng.usize(1..5) {
            self.change(&mut bytes);
        }
        bytes.truncate(CHANGED_BYTES);
        (bytes, "mutated")
    }
}

/// An input, or the beginning of a long one, with its last whole line.
fn part(bytes: &[u8]) -> &[u8] {
    if bytes.len() <= CHANGED_BYTES {
        return bytes;
    }
    let end = memchr::memrchr(b'\n', &bytes[..PART_BYTES]).map_or(PART_BYTES, |end| end + 1);
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use runner_contract::{ByteOrder, FieldCheck, Window};

    use super::*;

    fn maker(framing: Framing, header: &[u8]) -> Maker {
        let mut maker = Maker::new(1);
        maker.accept(header, &Job::new(framing));
        maker.pool.clear();
        maker
    }

    #[test]
    fn a_seed_gives_the_same_inputs() {
        let inputs = || {
            let mut maker = maker(Framing::lines(), b"");
            maker.accept(b"some\nlines\n", &Job::new(Framing::lines()));
            (0..50).map(|_| maker.next()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(), inputs());
    }

    #[test]
    fn texts_for_an_expression_and_parts_of_long_inputs_are_used() {
        let mut maker = Maker::new(1);
        let long = b"some line\n".repeat(CHANGED_BYTES);
        let job = Job::new(Framing::lines()).prefilter(Pattern::Regex("level=[a-z]+ x".to_owned()));
        maker.accept(&long, &job);
        assert_eq!(maker.pool, [b"some line\n".repeat(PART_BYTES / 10)]);
        let made: Vec<_> = (0..200).map(|_| maker.next().0).collect();
        let has = |what: &[u8]| made.iter().any(|input| memchr::memmem::find(input, what).is_some());
        assert!(has(b"level=") && has(b"some line\n"));
    }

    #[test]
    fn records_state_their_length_and_pass_their_checks() {
        let check = FieldCheck { offset: 6, width: 2, order: ByteOrder::Little, min: 3, max: 9 };
        let framing = Framing::LengthPrefixed {
            header: 4,
            offset: 2,
            width: 2,
            order: ByteOrder::Big,
            adjustment: 0,
            checks: vec![check],
        };
        let mut maker = maker(framing, b"HEAD");
        for _ in 0..200 {
            let (input, _) = maker.next();
            if input.len() < 4 {
                continue;
            }
            assert!(input.starts_with(b"HEAD"));
            for (_, record) in Window::new(4, &input[4..]).length_prefixed(2, 2, ByteOrder::Big, 0) {
                assert!(check.allows(record));
            }
        }
    }

    #[test]
    fn quotes_are_closed() {
        let framing = Framing::Quoted { delimiter: b'\n', quote: b'"' };
        let mut maker = maker(framing, b"");
        let whole = (0..100).filter(|_| {
            let (input, _) = maker.next();
            memchr::memchr_iter(b'"', &input).count().is_multiple_of(2)
        });
        // Some are cut at the end.
        assert!(whole.count() > 80);
    }
}
