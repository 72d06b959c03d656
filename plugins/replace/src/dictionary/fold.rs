//! Compares texts whose letters match either case.
//!
//! Each character has a representative, which is the same for all characters
//! that match each other by Unicode's simple case folding. Keys consist of
//! representatives. Bytes that are not UTF-8 represent themselves.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// The characters that match characters of the keys.
#[derive(Debug)]
pub(super) struct Folding {
    /// The representative of each, where it is a different one.
    representatives: BTreeMap<char, char>,
    /// For each representative, all that match it.
    variants: BTreeMap<char, Vec<char>>,
}

/// A character, or a byte that is not UTF-8, and the bytes it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Char(char),
    Byte(u8),
}

impl Unit {
    fn length(self) -> usize {
        match self {
            Self::Char(char) => char.len_utf8(),
            Self::Byte(_) => 1,
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Char(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            Self::Byte(byte) => out.push(byte),
        }
    }

    /// The first unit of a text.
    fn first(text: &[u8]) -> Option<Self> {
        let first = *text.first()?;
        if first.is_ascii() {
            return Some(Self::Char(first.into()));
        }
        let head = &text[..text.len().min(4)];
        let char = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        Some(char.map_or(Self::Byte(first), Self::Char))
    }
}

fn units(mut text: &[u8]) -> impl Iterator<Item = Unit> {
    std::iter::from_fn(move || {
        let unit = Unit::first(text)?;
        text = &text[unit.length()..];
        Some(unit)
    })
}

impl Folding {
    /// The folding of the characters in these texts.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut folding = Self { representatives: BTreeMap::new(), variants: BTreeMap::new() };
        for unit in texts.flat_map(units) {
            if let Unit::Char(char) = unit
                && !folding.variants.contains_key(&folding.representative(char))
            {
                folding.add(char);
            }
        }
        folding
    }

    fn add(&mut self, char: char) {
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(char, char)]);
        // Without the tables, letters would only match themselves.
        let _ = class.try_case_fold_simple();
        let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
        let all = all.collect::<Vec<_>>();
        // In ASCII the lower case, which is the last one there.
        let first = all.iter().rev().find(|char| char.is_ascii()).or(all.first()).copied().unwrap_or(char);
        for variant in all.iter().filter(|variant| **variant != first) {
            self.representatives.insert(*variant, first);
        }
        self.variants.insert(first, all);
    }

    fn representative(&self, char: char) -> char {
        self.representatives.get(&char).copied().unwrap_or(char)
    }

    fn unit(&self, unit: Unit) -> Unit {
        match unit {
            // Those that no key has need no lookup.
            Unit::Char(char) if char.is_ascii() => Unit::Char(char.to_ascii_lowercase()),
            Unit::Char(char) => Unit::Char(self.representative(char)),
            Unit::Byte(byte) => Unit::Byte(byte),
        }
    }

    /// The text with each character as its representative.
    pub(super) fn fold(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        units(text).for_each(|unit| self.unit(unit).write(&mut out));
        out
    }

    /// As `Dictionary::compare`, for a key of representatives.
    pub(super) fn compare(&self, key: &[u8], text: &[u8]) -> (Ordering, usize) {
        let mut common = 0;
        let mut buffer = Vec::with_capacity(4);
        for unit in units(text) {
            if common == key.len() {
                break;
            }
            buffer.clear();
            self.unit(unit).write(&mut buffer);
            let rest = &key[common..];
            if !rest.starts_with(&buffer) {
                return (rest.cmp(&buffer[..]), common);
            }
            common += buffer.len();
        }
        (if common == key.len() { Ordering::Equal } else { Ordering::Greater }, common)
    }

    /// The number of bytes of a text that begins with a key of this length.
    pub(super) fn shown(&self, text: &[u8], key_length: usize) -> usize {
        let (mut folded, mut shown) = (0, 0);
        for unit in units(text) {
            if folded >= key_length {
                break;
            }
            folded += self.unit(unit).length();
            shown += unit.length();
        }
        shown
    }

    /// The length of the longest text that matches a key.
    pub(super) fn longest(&self, key: &[u8]) -> usize {
        units(key).map(|unit| self.matching(unit).iter().map(|unit| unit.length()).max().unwrap_or(1)).sum()
    }

    fn matching(&self, unit: Unit) -> Vec<Unit> {
        match unit {
            Unit::Char(char) => match self.variants.get(&char) {
                Some(variants) => variants.iter().copied().map(Unit::Char).collect(),
                None => vec![unit],
            },
            Unit::Byte(_) => vec![unit],
        }
    }

    /// The length of the shortest text that matches a key.
    pub(super) fn shortest(&self, key: &[u8]) -> usize {
        units(key).map(|unit| self.matching(unit).iter().map(|unit| unit.length()).min().unwrap_or(1)).sum()
    }

    /// All ways in which a text that matches a key may begin: `width` bytes, or
    /// a shorter text as a whole.
    pub(super) fn beginnings(&self, key: &[u8], width: usize) -> Vec<Vec<u8>> {
        let mut open = vec![Vec::new()];
        let mut done = Vec::new();
        for unit in units(key).take(width) {
            // The filter does not tell the cases of ASCII letters apart.
            let mut matching = self.matching(unit);
            matching.retain(|unit| !matches!(unit, Unit::Char('A'..='Z')));
            let mut longer = Vec::new();
            for begin in open {
                for variant in &matching {
                    let mut begin = begin.clone();
                    variant.write(&mut begin);
                    if begin.len() < width { longer.push(begin) } else { done.push(begin) }
                }
            }
            open = longer;
        }
        done.append(&mut open);
        done
    }

    /// The first bytes of a text with each character as its representative.
    pub(super) fn head<const N: usize>(&self, text: &[u8]) -> [u8; N] {
        let mut head = [0; N];
        let mut length = 0;
        for unit in units(text) {
            let mut buffer = [0; 4];
            let bytes = match self.unit(unit) {
                Unit::Char(char) => char.encode_utf8(&mut buffer).as_bytes(),
                Unit::Byte(byte) => {
                    buffer[0] = byte;
                    &buffer[..1]
                }
            };
            for byte in bytes {
                if length == N {
                    return head;
                }
                head[length] = *byte;
                length += 1;
            }
            if length == N {
                break;
            }
        }
        head
    }
}
