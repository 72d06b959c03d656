//! The reference model: every rule, in every line, as the definition says.

use super::boundary::is_word_start;
use super::entropy::entropy;
use super::file::{AllowSpec, File, Spec, Target};
use super::{Match, context, go};
use regex::bytes::{Regex, RegexBuilder};
use std::ops::Range;

/// The slow search for the rules of a file.
pub(super) struct Model {
    rules: Vec<(Spec, Regex, Vec<List>)>,
    allowlists: Vec<List>,
}

/// An allowlist with its expressions.
type List = (AllowSpec, Vec<Regex>);

fn compile(go: &str) -> Regex {
    RegexBuilder::new(&go::translate(go)).unicode(false).size_limit(1 << 28).build().expect(go)
}

fn lists<'l>(lists: impl IntoIterator<Item = &'l AllowSpec>) -> Vec<List> {
    lists
        .into_iter()
        .map(|list| (list.clone(), list.regexes.iter().map(|go| compile(go)).collect()))
        .collect()
}

impl Model {
    pub(super) fn new(file: File) -> Self {
        let rules = file.rules.into_iter().filter(|rule| !rule.has_path).map(|rule| {
            let go = match (&rule.regex, &rule.value) {
                (Some(regex), _) => regex.clone(),
                (None, value) => context::expression(&rule.context, value.as_ref().expect("a value")),
            };
            let allowlists = lists(&rule.allowlists);
            (rule, compile(&go), allowlists)
        });
        Self { rules: rules.collect(), allowlists: lists(file.allowlists.iter().map(|(list, _)| list)) }
    }

    /// The secrets in `text`, by rule.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Match> {
        let mut found = Vec::new();
        let mut start = 0;
        for line in text.split(|&byte| byte == b'\n') {
            for (rule, (spec, regex, allowlists)) in self.rules.iter().enumerate() {
                if has_keyword(spec, line) {
                    for value in self.find_in(line, spec, regex, allowlists) {
                        found.push(Match { rule, value: start + value.start..start + value.end });
                    }
                }
            }
            start += line.len() + 1;
        }
        found.sort_by_key(|found| (found.rule, found.value.start));
        found
    }

    fn find_in(&self, line: &[u8], spec: &Spec, regex: &Regex, allowlists: &[List]) -> Vec<Range<usize>> {
        let (mut values, mut from) = (Vec::new(), 0);
        while let Some(whole) = regex.find_at(line, from).map(|found| found.range()) {
            if spec.at_word && !is_word_start(line, whole.start) {
                from = whole.start + 1;
                continue;
            }
            from = whole.end.max(whole.start + 1);
            let captures = regex.captures(&line[whole.clone()]);
            let group = captures.and_then(|captures| match spec.secret_group {
                0 => captures
                    .iter()
                    .skip(1)
                    .flatten()
                    .map(|group| group.range())
                    .find(|group| !group.is_empty()),
                group => captures.get(group).map(|group| group.range()),
            });
            let secret = group.filter(|group| !group.is_empty());
            let secret =
                secret.map_or(whole.clone(), |group| whole.start + group.start..whole.start + group.end);
            let is_high = spec.entropy == 0.0 || entropy(&line[secret.clone()]) > spec.entropy;
            let mut lists = allowlists.iter().chain(&self.allowlists);
            if is_high && !lists.any(|list| allows(list, line, &line[whole.clone()], &line[secret.clone()])) {
                values.push(secret);
            }
            if from > line.len() {
                break;
            }
        }
        values
    }
}

fn has_keyword(spec: &Spec, line: &[u8]) -> bool {
    let keywords = if spec.keywords.is_empty() { &spec.context } else { &spec.keywords };
    if let Some(anchor) = spec.anchor {
        let mut has_anchor = false;
        anchor.each(line, &mut |_| has_anchor = true);
        return has_anchor;
    }
    let line = line.to_ascii_lowercase();
    let has = |word: &String| {
        let word = word.to_ascii_lowercase().into_bytes();
        line.windows(word.len()).any(|bytes| bytes == word)
    };
    keywords.is_empty() || keywords.iter().any(has)
}

fn allows((list, regexes): &List, line: &[u8], whole: &[u8], secret: &[u8]) -> bool {
    let target = match list.target {
        Target::Secret => secret,
        Target::Match => whole,
        Target::Line => line,
    };
    let lower = String::from_utf8_lossy(secret).to_lowercase();
    let has_word = list.stop_words.iter().any(|word| lower.contains(&word.to_lowercase()));
    let matches = regexes.iter().any(|regex| regex.is_match(target));
    if !list.all {
        return has_word || matches;
    }
    let is_empty = list.stop_words.is_empty() && regexes.is_empty();
    !list.has_other
        && !is_empty
        && (list.stop_words.is_empty() || has_word)
        && (regexes.is_empty() || matches)
}
