//! Many texts and their replacements: at each place the longest one counts.
//!
//! The texts are kept sorted, each with the longest other one that it begins
//! with. The longest text at a place is either the last one that is not greater
//! than what stands there, or one that this one begins with: a text at that
//! place is not greater either, and everything between both begins with it. So
//! one binary search is enough.
//!
//! An Aho-Corasick automaton would read each byte once, but needs ten times the
//! memory, in each instance, and follows a chain of dependent loads. Here, a
//! bitmap of the first four bytes rules out nearly all places.

mod filter;
mod fold;
mod heads;
mod pairs;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::ops::Range;

use self::filter::{Case, Filter};
use self::fold::Folding;
use self::heads::{Head, Heads, head};
pub(crate) use self::pairs::{Pair, Place, read_line, read_table};

const NONE: u32 = u32::MAX;

/// Byte strings in one allocation.
#[derive(Debug, Default)]
struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    fn push(&mut self, string: &[u8]) -> Result<(), String> {
        self.bytes.extend_from_slice(string);
        let end = u32::try_from(self.bytes.len()).map_err(|_| "the pairs are longer than 4 GiB")?;
        self.ends.push(end);
        Ok(())
    }

    fn get(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }

    fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    #[cfg(test)]
    fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + 4 * self.ends.capacity()
    }
}

/// How texts are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Whether letters match either case, by Unicode's simple case folding.
    pub(crate) ignore_case: bool,
    /// Whether no letter, digit or underscore may stand before or after.
    pub(crate) word: bool,
}

/// The texts.
#[derive(Debug)]
pub(crate) struct Dictionary {
    keys: Strings,
    values: Strings,
    /// For each key, the longest other key that it begins with.
    parents: Vec<u32>,
    heads: Heads,
    filter: Filter,
    folding: Option<Folding>,
    word: bool,
    longest: usize,
}

/// A text that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) range: Range<usize>,
    pub(crate) entry: u32,
}

impl Dictionary {
    /// # Errors
    /// If there is no pair, a text is empty, or has two replacements.
    pub(crate) fn new(pairs: Vec<Pair>, options: Options) -> Result<Self, String> {
        let folding = options.ignore_case.then(|| Folding::of(pairs.iter().map(|pair| &pair.from[..])));
        let sorted = sorted(pairs, folding.as_ref())?;
        let (mut keys, mut values) = (Strings::default(), Strings::default());
        let mut parents = Vec::with_capacity(sorted.len());
        let mut last = NONE;
        for pair in &sorted {
            while last != NONE && !pair.from.starts_with(keys.get(last)) {
                last = parents[last as usize];
            }
            parents.push(last);
            last = keys.len();
            keys.push(&pair.from)?;
            values.push(&pair.to)?;
        }
        let shown = |key: &[u8]| folding.as_ref().map_or(key.len(), |folding| folding.longest(key));
        let least = |key: &[u8]| folding.as_ref().map_or(key.len(), |folding| folding.shortest(key));
        let longest = sorted.iter().map(|pair| shown(&pair.from)).max().unwrap_or(0);
        let shortest = sorted.iter().map(|pair| least(&pair.from)).min().unwrap_or(0);
        let case = if options.ignore_case { Case::Insensitive } else { Case::Sensitive };
        let mut filter = Filter::new(sorted.len(), shortest, case);
        let heads = Heads::new(sorted.iter().map(|pair| &pair.from[..]));
        for index in 0..keys.len() {
            let key = keys.get(index);
            match &folding {
                None => filter.add(&key[..key.len().min(filter.width())], index),
                Some(folding) => {
                    for begin in folding.beginnings(key, filter.width()) {
                        filter.add(&begin, index);
                    }
                }
            }
        }
        let word = options.word;
        Ok(Self { keys, values, parents, heads, filter, folding, word, longest })
    }

    /// The length of the longest text that can be found, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// The texts.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        (0..self.keys.len()).map(|index| self.keys.get(index))
    }

    /// Whether every text is as long as its replacement.
    pub(crate) fn keeps_length(&self) -> bool {
        self.folding.is_none()
            && (0..self.keys.len()).all(|index| self.keys.get(index).len() == self.values.get(index).len())
    }

    /// Memory in bytes.
    #[cfg(test)]
    pub(crate) fn memory_bytes(&self) -> usize {
        self.keys.memory_bytes()
            + self.values.memory_bytes()
            + 4 * self.parents.capacity()
            + self.heads.memory_bytes()
            + self.filter.memory_bytes()
    }

    /// The replacement of a text that was found.
    pub(crate) fn value(&self, entry: u32) -> &[u8] {
        self.values.get(entry)
    }

    /// The first and longest text that lies in a range.
    pub(crate) fn find(&self, text: &[u8], range: Range<usize>) -> Option<Found> {
        let mut from = range.start;
        loop {
            let places = self.filter.next(text, from, range.end)?;
            from = places.end;
            if let Some(found) = places.into_iter().find_map(|at| self.at(text, at, range.end)) {
                return Some(found);
            }
        }
    }

    /// The longest text at a place.
    fn at(&self, text: &[u8], at: usize, end: usize) -> Option<Found> {
        let here = &text[at..end];
        let candidates = self.filter.candidates(here, self.keys.len());
        if candidates.is_empty() || self.word && !is_word_start(text, at) {
            return None;
        }
        let first = match &self.folding {
            Some(folding) => Head::from_be_bytes(folding.head(here)),
            None => head(here),
        };
        let is_at_most = |key| self.compare(key, here).0 != Ordering::Greater;
        let mut key = self.heads.find(first, &candidates, is_at_most);
        let (_, common) = self.compare(key, here);
        while key != NONE {
            let length = self.keys.get(key).len();
            if length <= common {
                let end = at + self.folding.as_ref().map_or(length, |folding| folding.shown(here, length));
                if !self.word || is_word_end(text, end) {
                    return Some(Found { range: at..end, entry: key });
                }
            }
            key = self.parents[key as usize];
        }
        None
    }

    /// Compares a key with a text that may go on: equal if it is a beginning.
    /// Also returns how many bytes of the key are there.
    fn compare(&self, key: u32, text: &[u8]) -> (Ordering, usize) {
        let key = self.keys.get(key);
        match &self.folding {
            Some(folding) => folding.compare(key, text),
            None => {
                let common = key.iter().zip(text).take_while(|(left, right)| left == right).count();
                let ordering = match (key.get(common), text.get(common)) {
                    (None, _) => Ordering::Equal,
                    (Some(_), None) => Ordering::Greater,
                    (Some(left), Some(right)) => left.cmp(right),
                };
                (ordering, common)
            }
        }
    }
}

/// The pairs, folded and sorted, each once.
fn sorted(mut pairs: Vec<Pair>, folding: Option<&Folding>) -> Result<Vec<Pair>, String> {
    if pairs.is_empty() {
        return Err("there is no pair to replace".into());
    }
    if let Some(empty) = pairs.iter().find(|pair| pair.from.is_empty()) {
        return Err(format!("{}: the text to look for is empty", empty.place));
    }
    if let Some(folding) = folding {
        for pair in &mut pairs {
            pair.from = folding.fold(&pair.from);
        }
    }
    pairs.sort_by(|left, right| left.from.cmp(&right.from));
    if let Some([left, right]) =
        pairs.array_windows().find(|[left, right]| left.from == right.from && left.to != right.to)
    {
        return Err(format!(
            "`{}` has two replacements, in {} and {}",
            left.from.escape_ascii(),
            left.place,
            right.place
        ));
    }
    pairs.dedup_by(|left, right| left.from == right.from);
    Ok(pairs)
}

/// Whether what stands before is no part of a word.
fn is_word_start(text: &[u8], at: usize) -> bool {
    let tail = &text[at.saturating_sub(4)..at];
    let last = (0..tail.len()).rev().find(|start| !(0x80..0xC0).contains(&tail[*start]));
    !last.is_some_and(|start| std::str::from_utf8(&tail[start..]).is_ok_and(begins_with_word_char))
}

/// Whether what stands after is no part of a word.
fn is_word_end(text: &[u8], at: usize) -> bool {
    let head = &text[at..text.len().min(at + 4)];
    !head.utf8_chunks().next().is_some_and(|chunk| begins_with_word_char(chunk.valid()))
}

fn begins_with_word_char(text: &str) -> bool {
    text.chars().next().is_some_and(|char| match char {
        '\0'..='\x7F' => char.is_ascii_alphanumeric() || char == '_',
        _ => regex_syntax::try_is_word_character(char).unwrap_or(false),
    })
}
