//! Where a rule can match, given the places of its keywords.
//!
//! It follows from the expression: if every match has a keyword at a bounded
//! distance from its beginning, only the surroundings of keywords are searched,
//! and the result is that of a search in the whole line.

use super::anchor::Anchor;
use super::shape::{self, Bytes};
use regex_syntax::hir::{Hir, HirKind};
use std::ops::RangeInclusive;

/// Maximum number of texts that a part of an expression may stand for.
const MAX_TEXTS: usize = 64;

/// Maximum length of such a text, in bytes.
const MAX_TEXT_BYTES: usize = 64;

/// Where matches may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Starts {
    /// Anywhere in a line with a keyword.
    Anywhere,
    /// So many bytes before a keyword.
    Before(RangeInclusive<usize>),
}

/// What follows from an expression.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) starts: Starts,
    /// Maximum length of a match.
    pub(super) max_bytes: Option<usize>,
    /// The bytes with which every match begins.
    pub(super) shape: Vec<Bytes>,
}

impl Plan {
    /// The plan for an expression and the anchor of its rule, or else its
    /// keywords, in lower case.
    pub(super) fn new(expression: &Hir, anchor: Option<Anchor>, keywords: &[Box<[u8]>]) -> Self {
        let starts = match anchor {
            Some(anchor) => anchor_starts(expression, anchor),
            None => starts(expression, keywords),
        };
        let starts = starts.map_or(Starts::Anywhere, Starts::Before);
        Self { starts, max_bytes: expression.properties().maximum_len(), shape: shape::of(expression) }
    }
}

/// Texts in lower case of which every match contains one: the longest ones that
/// have at least three bytes each. Rules without keywords are found by them.
pub(super) fn required_texts(expression: &Hir) -> Option<Vec<Box<[u8]>>> {
    let parts = parts(expression);
    let runs = (0..parts.len()).map(|from| run_texts(&parts[from..]));
    let shortest = |texts: &Vec<Vec<u8>>| texts.iter().map(Vec::len).min().unwrap_or(0);
    let best = runs.filter(|texts| shortest(texts) >= 3).max_by_key(shortest)?;
    Some(best.into_iter().map(Vec::into_boxed_slice).collect())
}

/// How many bytes before a keyword a match begins, if each has a keyword.
fn starts(expression: &Hir, keywords: &[Box<[u8]>]) -> Option<RangeInclusive<usize>> {
    let parts = parts(expression);
    if let [only] = parts[..]
        && let HirKind::Alternation(branches) = only.kind()
    {
        return branches.iter().map(|branch| starts(branch, keywords)).reduce(|all, next| {
            let (all, next) = (all?, next?);
            Some(*all.start().min(next.start())..=*all.end().max(next.end()))
        })?;
    }
    let (mut before_min, mut before_max) = (0, 0);
    let mut best: Option<RangeInclusive<usize>> = None;
    for (index, part) in parts.iter().enumerate() {
        if let Some(offsets) = keyword_offsets(&run_texts(&parts[index..]), keywords) {
            let range = before_min + offsets.start()..=before_max + offsets.end();
            if best.as_ref().is_none_or(|best| range.end() < best.end()) {
                best = Some(range);
            }
        }
        before_min += part.properties().minimum_len().unwrap_or(0);
        match part.properties().maximum_len() {
            Some(max) => before_max += max,
            None => break,
        }
    }
    best
}

/// How many bytes before an anchor a match begins, if each has the anchor.
fn anchor_starts(expression: &Hir, anchor: Anchor) -> Option<RangeInclusive<usize>> {
    let parts = parts(expression);
    let (mut before_min, mut before_max) = (0, 0);
    for (index, part) in parts.iter().enumerate() {
        if begins_with(part, anchor.first) {
            let mut distance = 0;
            for (part, next) in parts[index..].iter().zip(&parts[index + 1..]) {
                let (min, max) = (part.properties().minimum_len(), part.properties().maximum_len());
                distance += min.filter(|_| min == max)?;
                if distance == anchor.distance && begins_with(next, anchor.last) {
                    return Some(before_min..=before_max);
                }
            }
        }
        before_min += part.properties().minimum_len()?;
        before_max += part.properties().maximum_len()?;
    }
    None
}

fn begins_with(part: &Hir, byte: u8) -> bool {
    matches!(part.kind(), HirKind::Literal(literal) if literal.0.starts_with(&[byte]))
}

/// The first and the last place of the first keyword in each text, if each has
/// one.
fn keyword_offsets(texts: &[Vec<u8>], keywords: &[Box<[u8]>]) -> Option<RangeInclusive<usize>> {
    let offset = |text: &Vec<u8>| {
        (0..text.len()).find(|&at| keywords.iter().any(|keyword| text[at..].starts_with(keyword)))
    };
    let offsets = texts.iter().map(offset).collect::<Option<Vec<_>>>()?;
    Some(*offsets.iter().min()?..=*offsets.iter().max()?)
}

/// The parts of a sequence, groups opened.
fn parts(expression: &Hir) -> Vec<&Hir> {
    match expression.kind() {
        HirKind::Capture(group) => parts(&group.sub),
        HirKind::Concat(parts) => parts.iter().flat_map(self::parts).collect(),
        _ => vec![expression],
    }
}

/// The texts in lower case with which the sequence of these parts can begin:
/// of as many parts as have few texts.
fn run_texts(parts: &[&Hir]) -> Vec<Vec<u8>> {
    let mut texts = vec![Vec::new()];
    for part in parts {
        let Some(next) = texts_of(part).and_then(|next| product(&texts, &next)) else { break };
        texts = next;
    }
    texts
}

/// Every text of `expression` in lower case, if they are few.
fn texts_of(expression: &Hir) -> Option<Vec<Vec<u8>>> {
    let texts = match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![Vec::new()],
        HirKind::Literal(literal) => vec![literal.0.to_ascii_lowercase()],
        HirKind::Class(class) => {
            let mut bytes: Vec<u8> = Bytes::of(class)?.iter().map(|byte| byte.to_ascii_lowercase()).collect();
            bytes.sort_unstable();
            bytes.dedup();
            (bytes.len() <= 4).then(|| bytes.into_iter().map(|byte| vec![byte]).collect())?
        }
        HirKind::Capture(group) => texts_of(&group.sub)?,
        HirKind::Concat(parts) => {
            parts.iter().try_fold(vec![Vec::new()], |texts, part| product(&texts, &texts_of(part)?))?
        }
        HirKind::Alternation(branches) => {
            let texts = branches.iter().map(texts_of).collect::<Option<Vec<_>>>()?;
            texts.into_iter().flatten().collect()
        }
        HirKind::Repetition(repetition) => {
            let max = repetition.max.filter(|&max| max <= 4)?;
            let each = texts_of(&repetition.sub)?;
            let mut texts = Vec::new();
            let mut times = vec![Vec::new()];
            for count in 0..=max {
                if count >= repetition.min {
                    texts.extend_from_slice(&times);
                }
                times = product(&times, &each)?;
            }
            texts
        }
    };
    (texts.len() <= MAX_TEXTS && texts.iter().all(|text| text.len() <= MAX_TEXT_BYTES)).then_some(texts)
}

fn product(firsts: &[Vec<u8>], seconds: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if firsts.len() * seconds.len() > MAX_TEXTS {
        return None;
    }
    let join = |first: &Vec<u8>| seconds.iter().map(move |second| [&first[..], second].concat()).collect();
    Some(firsts.iter().flat_map(|first| -> Vec<_> { join(first) }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_syntax::ParserBuilder;

    fn parse(expression: &str) -> Hir {
        ParserBuilder::new().unicode(false).utf8(false).build().parse(expression).expect(expression)
    }

    fn starts_of(expression: &str, keywords: &[&str]) -> Option<RangeInclusive<usize>> {
        let keywords: Vec<_> = keywords.iter().map(|word| word.as_bytes().into()).collect();
        starts(&parse(expression), &keywords)
    }

    #[test]
    fn matches_begin_at_a_known_distance_from_a_keyword() {
        assert_eq!(starts_of(r"\b(dapi[a-f0-9]{32})", &["dapi"]), Some(0..=0));
        assert_eq!(starts_of(r"(?i)[\w.-]{0,50}?(?:adafruit)=", &["adafruit"]), Some(0..=50));
        assert_eq!(starts_of(r"(?:^|[ :])([\w~.]{3}\dQ~\w+)", &["q~"]), Some(4..=5));
        assert_eq!(starts_of(r"\b((?:sk|rk)_(?:test|live)_\w)", &["sk_test", "sk_live", "rk_"]), Some(0..=0));
        assert_eq!(
            starts_of(r"[\w-]{0,9}(?i:new[_-]?relic)", &["newrelic", "new-relic", "new_relic"]),
            Some(0..=9)
        );
        assert_eq!(starts_of(r"a{1,3}bcd|x(bcd)", &["bcd"]), Some(1..=3));
    }

    #[test]
    fn matches_without_a_keyword_are_searched_for_in_the_whole_line() {
        assert_eq!(starts_of(r"\bpat\w{14}", &["airtable"]), None);
        assert_eq!(starts_of(r"\w*abc", &["abc"]), None);
        assert_eq!(starts_of(r"abc|xyz", &["abc"]), None);
    }

    #[test]
    fn matches_begin_at_a_known_distance_from_an_anchor() {
        let starts = |expression: &str, anchor: &str| {
            anchor_starts(&parse(expression), Anchor::parse(anchor).expect("an anchor"))
        };
        assert_eq!(starts(r"([MN][\w-]{23,27}\.\w{6}\.[\w-]{27,40})(?:x|$)", ".??????."), Some(24..=28));
        assert_eq!(starts(r"pat\w{3}\.x", "p?????."), Some(0..=0));
        assert_eq!(starts(r"\w{6}\.\w{5,6}\.", ".??????."), None);
    }

    #[test]
    fn texts_take_the_place_of_keywords() {
        let texts = required_texts(&parse(r"\d+(?i:token|key_)[=:]x")).expect("texts");
        assert!(
            texts.iter().all(|text| text.starts_with(b"token") || text.starts_with(b"key_")),
            "{texts:?}"
        );
        assert_eq!(required_texts(&parse(r"\d+")), None);
    }
}
