//! Searches lines for all rules at once.

use super::allow::Allowlist;
use super::anchor::Anchor;
use super::rule::{Line, Rule};
use super::scanner::Scanner;
use memchr::{memchr, memrchr};
use std::collections::BTreeMap;
use std::ops::Range;

/// Maximum number of keywords of a line that are kept. If there are more, the
/// rules search the whole line, with the same result.
const MAX_HITS: usize = 1 << 16;

/// What finds the lines that a rule may match.
#[derive(Debug)]
pub(super) struct Index {
    scanner: Scanner,
    /// The anchors, with their rules.
    anchors: Vec<(Anchor, usize)>,
    pub(super) keywords: Vec<Box<[u8]>>,
    /// For each keyword, the rules that have it.
    rules: Vec<Vec<usize>>,
    /// The rules without a keyword, which are searched for in every line.
    pub(super) always: Vec<usize>,
}

/// The keywords of a line.
#[derive(Debug, Default)]
struct Hits {
    /// The range of the line in the text; empty before the first line.
    line: Range<usize>,
    /// The rule and the place of each of its keywords.
    places: Vec<(usize, usize)>,
    has_dropped: bool,
}

impl Index {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut by_keyword: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        let (mut anchors, mut always) = (Vec::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate() {
            // A keyword with a line end would never be found.
            for keyword in &rule.keywords {
                let rules = by_keyword.entry(keyword).or_default();
                if rules.last() != Some(&index) {
                    rules.push(index);
                }
            }
            match rule.anchor {
                Some(anchor) => anchors.push((anchor, index)),
                None if rule.keywords.is_empty() => always.push(index),
                None => {}
            }
        }
        let (keywords, rules): (Vec<Box<[u8]>>, _) =
            by_keyword.into_iter().map(|(keyword, rules)| (keyword.into(), rules)).unzip();
        Self { scanner: Scanner::new(&keywords), anchors, keywords, rules, always }
    }

    /// Whether each rule has a keyword.
    pub(super) fn all_have_keywords(&self) -> bool {
        self.always.is_empty() && self.anchors.is_empty()
    }

    /// Calls `found` with the rule and the range of each secret.
    ///
    /// # Errors
    /// If an expression is too large.
    pub(super) fn find(
        &self,
        text: &[u8],
        (rules, allowlists): (&[Rule], &[Allowlist]),
        found: &mut impl FnMut(usize, Range<usize>),
    ) -> Result<(), String> {
        let mut hits = Hits::default();
        let mut outcome = Ok(());
        let mut search = |hits: &mut Hits| {
            let text = &text[hits.line.clone()];
            hits.search((rules, Line { text, allowlists }), found)
        };
        self.scanner.each(text, &mut |keyword, at| {
            if at >= hits.line.end || hits.line.is_empty() {
                if outcome.is_ok() {
                    outcome = search(&mut hits);
                }
                hits.line = line_at(text, at);
            }
            for &rule in &self.rules[keyword] {
                hits.add(rule, at);
            }
        });
        outcome?;
        search(&mut hits)?;
        hits.line = 0..0;
        for &(anchor, rule) in &self.anchors {
            let mut outcome = Ok(());
            anchor.each(text, &mut |at| {
                if outcome.is_ok() && (at >= hits.line.end || hits.line.is_empty()) {
                    outcome = search(&mut hits);
                    hits.line = line_at(text, at);
                }
                hits.add(rule, at);
            });
            outcome?;
            search(&mut hits)?;
            hits.line = 0..0;
        }
        self.find_always(text, (rules, allowlists), found)
    }

    /// The search for the rules without a keyword.
    fn find_always(
        &self,
        text: &[u8],
        (rules, allowlists): (&[Rule], &[Allowlist]),
        found: &mut impl FnMut(usize, Range<usize>),
    ) -> Result<(), String> {
        if self.always.is_empty() {
            return Ok(());
        }
        let mut start = 0;
        for line in text.split(|&byte| byte == b'\n') {
            for &rule in &self.always {
                rules[rule].find(Line { text: line, allowlists }, &[], &mut |secret| {
                    found(rule, start + secret.start..start + secret.end);
                })?;
            }
            start += line.len() + 1;
        }
        Ok(())
    }
}

/// The range of the line that the byte at `at` is in, without its end.
fn line_at(text: &[u8], at: usize) -> Range<usize> {
    let start = memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    start..memchr(b'\n', &text[at..]).map_or(text.len(), |length| at + length)
}

impl Hits {
    fn add(&mut self, rule: usize, at: usize) {
        if self.places.len() < MAX_HITS {
            self.places.push((rule, at));
            return;
        }
        if !self.has_dropped {
            // Each rule once, and then only those that come new.
            self.has_dropped = true;
            self.places.sort_unstable();
            self.places.dedup_by_key(|(rule, _)| *rule);
        }
        if self.places.binary_search_by_key(&rule, |(rule, _)| *rule).is_err() {
            self.places.push((rule, at));
            self.places.sort_unstable();
        }
    }

    /// Searches the line for the rules whose keywords are in it, and forgets
    /// them.
    fn search(
        &mut self,
        (rules, line): (&[Rule], Line<'_>),
        found: &mut impl FnMut(usize, Range<usize>),
    ) -> Result<(), String> {
        self.places.sort_unstable();
        let start = self.line.start;
        let mut places = Vec::new();
        for same in self.places.chunk_by(|(rule, _), (next, _)| rule == next) {
            let rule = same[0].0;
            places.clear();
            if !self.has_dropped {
                places.extend(same.iter().map(|(_, at)| at - start));
                places.dedup();
            }
            rules[rule].find(line, &places, &mut |secret| {
                found(rule, start + secret.start..start + secret.end);
            })?;
        }
        self.places.clear();
        self.has_dropped = false;
        Ok(())
    }
}
