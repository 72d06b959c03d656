//! Finds keywords in a text, in any case, in one pass.
//!
//! Each keyword has a *window*: five of its bytes, or fewer and any around them.
//! The pass looks at two bytes at a time, at every even place. Whether a window
//! begins at an even or at an odd place, two such pairs lie in it, one after
//! the other: bytes 0-1 and 2-3, or 1-2 and 3-4. A table of all pairs says in
//! which of eight groups of keywords a pair may be the first or the second.
//! Where both agree, the keywords of the group are compared.

/// Number of bytes of a window.
const WINDOW: usize = 5;

/// Number of groups.
const GROUPS: usize = 8;

/// A keyword with its window.
#[derive(Debug)]
struct Keyword {
    /// In lower case.
    bytes: Box<[u8]>,
    /// Index of the byte where the window begins: -1 is the byte before.
    window: isize,
}

/// A set of keywords to look for.
#[derive(Debug)]
pub(super) struct Scanner {
    keywords: Vec<Keyword>,
    /// The indices of the keywords of each group.
    groups: [Vec<usize>; GROUPS],
    /// For each pair of bytes, a bit per group: in the low byte if the pair may
    /// be the first one, in the high byte if it may be the second.
    pairs: Box<[u16; 1 << 16]>,
}

impl Scanner {
    /// Prepares the search. Keywords must be in lower case, neither empty nor
    /// with a line end in them.
    pub(super) fn new(keywords: &[Box<[u8]>]) -> Self {
        let keywords: Vec<_> = keywords
            .iter()
            .map(|bytes| Keyword { window: best_window(bytes), bytes: bytes.clone() })
            .collect();
        let mut order: Vec<usize> = (0..keywords.len()).collect();
        // Short keywords exclude little, so they have groups of their own.
        let (mut short, mut long): (Vec<_>, Vec<_>) =
            order.drain(..).partition(|&index| keywords[index].bytes.len() < 4);
        let key = |&index: &usize| keywords[index].window().map(|byte| byte.unwrap_or(0));
        short.sort_by_key(|&index| (keywords[index].bytes.len(), key(&index)));
        long.sort_by_key(key);
        let mut groups: [Vec<usize>; GROUPS] = Default::default();
        let (few, many) = groups.split_at_mut(2);
        share(&short, few);
        share(&long, many);
        let mut pairs: Box<[u16; 1 << 16]> =
            vec![0; 1 << 16].into_boxed_slice().try_into().expect("the length is that of the array");
        for (group, members) in groups.iter().enumerate() {
            for &index in members {
                let window = keywords[index].window();
                for parity in 0..2 {
                    mark(&mut pairs, (window[parity], window[parity + 1]), 1 << group);
                    mark(&mut pairs, (window[parity + 2], window[parity + 3]), 1 << (group + GROUPS));
                }
            }
        }
        Self { keywords, groups, pairs }
    }

    /// Calls `found` with the index and the place of each keyword. Places are
    /// in order of lines, but not within a line.
    pub(super) fn each(&self, text: &[u8], found: &mut impl FnMut(usize, usize)) {
        let entry = |pair: u64| self.pairs[usize::from(pair as u16)];
        let mut before = 0;
        let (chunks, rest) = text.as_chunks::<8>();
        for (chunk, at) in chunks.iter().zip((0..).step_by(8)) {
            let bytes = u64::from_le_bytes(*chunk);
            let entries = [entry(bytes), entry(bytes >> 16), entry(bytes >> 32), entry(bytes >> 48)];
            let agree = before & entries[0] >> 8
                | entries[0] & entries[1] >> 8
                | entries[1] & entries[2] >> 8
                | entries[2] & entries[3] >> 8;
            if agree & 0xff != 0 {
                self.confirm(text, at, (before, &entries), found);
            }
            before = entries[3];
        }
        // Behind the end, as many zeros as a window has bytes.
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        for (pairs, at) in last.as_chunks::<8>().0.iter().zip((text.len() - rest.len()..).step_by(8)) {
            let bytes = u64::from_le_bytes(*pairs);
            let entries = [entry(bytes), entry(bytes >> 16), entry(bytes >> 32), entry(bytes >> 48)];
            self.confirm(text, at, (before, &entries), found);
            before = entries[3];
        }
    }

    /// Compares the keywords whose first pair is one of those before the last
    /// of `entries`, which are the pairs at `at`.
    #[cold]
    fn confirm(
        &self,
        text: &[u8],
        at: usize,
        (before, entries): (u16, &[u16; 4]),
        found: &mut impl FnMut(usize, usize),
    ) {
        let firsts = [before, entries[0], entries[1], entries[2]];
        for (index, (first, second)) in firsts.into_iter().zip(entries).enumerate() {
            let mut groups = first & second >> 8 & 0xff;
            // The pair before `at` begins two bytes before it. There is none at
            // the beginning of the text, and then `before` is zero.
            let pair = (at + 2 * index).wrapping_sub(2);
            while groups != 0 {
                for &keyword in &self.groups[groups.trailing_zeros() as usize] {
                    self.compare(text, pair, keyword, found);
                }
                groups &= groups - 1;
            }
        }
    }

    /// Compares a keyword whose window begins at `pair` or a byte before it.
    #[inline]
    fn compare(&self, text: &[u8], pair: usize, index: usize, found: &mut impl FnMut(usize, usize)) {
        let keyword = &self.keywords[index];
        for parity in [0, 1] {
            let Some(start) = pair.checked_add_signed(-parity - keyword.window) else { continue };
            let bytes = text.get(start..).and_then(|text| text.get(..keyword.bytes.len()));
            if bytes.is_some_and(|bytes| bytes.eq_ignore_ascii_case(&keyword.bytes)) {
                found(index, start);
            }
        }
    }
}

impl Keyword {
    /// The bytes of the window; `None` is any byte.
    fn window(&self) -> [Option<u8>; WINDOW] {
        std::array::from_fn(|index| {
            let at = index.checked_add_signed(self.window)?;
            self.bytes.get(at).copied()
        })
    }
}

/// Shares `members` between `groups`, neighbours together.
fn share(members: &[usize], groups: &mut [Vec<usize>]) {
    let each = members.len().div_ceil(groups.len()).max(1);
    for (group, members) in groups.iter_mut().zip(members.chunks(each)) {
        group.extend_from_slice(members);
    }
}

/// Marks a pair of bytes, in every case.
fn mark(pairs: &mut [u16; 1 << 16], (first, second): (Option<u8>, Option<u8>), bit: u16) {
    for first in cases(first) {
        for second in cases(second) {
            pairs[usize::from(u16::from_le_bytes([first, second]))] |= bit;
        }
    }
}

/// The bytes that a byte of a keyword stands for.
fn cases(byte: Option<u8>) -> impl Iterator<Item = u8> + Clone {
    let all = (0..=u8::MAX).take(if byte.is_none() { 256 } else { 0 });
    let upper = byte.map(|byte| byte.to_ascii_uppercase()).filter(|&upper| Some(upper) != byte);
    all.chain(byte).chain(upper)
}

/// Bytes of logs and source texts, from the most frequent to the rarest, by
/// rough estimate. Others are rarer.
const FREQUENT: &[u8] = b" e0t1aoinsr2.l-d3h:45c6798u/mpgfby_w,=kv[]()jx\"qz";

/// The place of the five bytes that are likely to be the rarest. With the byte
/// before it, all bytes of a short keyword are looked at.
fn best_window(keyword: &[u8]) -> isize {
    if keyword.len() < 4 {
        return -1;
    }
    let weight = |byte: u8| {
        let rank = FREQUENT.iter().position(|&frequent| frequent == byte);
        rank.map_or(1, |rank| FREQUENT.len() + 1 - rank)
    };
    let product = |bytes: &[u8]| bytes.iter().map(|&byte| weight(byte)).product::<usize>();
    let cost = |&start: &usize| product(&keyword[start..start + 4]) + product(&keyword[start + 1..start + 5]);
    (0..(keyword.len() + 1).saturating_sub(WINDOW)).min_by_key(cost).unwrap_or(0) as isize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(scanner: &Scanner, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        scanner.each(text, &mut |keyword, at| found.push((at, keyword)));
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn every_keyword_is_found_once(
            keywords in prop::collection::btree_set("[ab-]{1,9}", 1..40),
            text in "[abAB-]{0,60}",
        ) {
            let keywords: Vec<Box<[u8]>> = keywords.into_iter().map(|word| word.into_bytes().into()).collect();
            let lower = text.to_ascii_lowercase();
            let mut expected = Vec::new();
            for at in 0..text.len() {
                for (index, keyword) in keywords.iter().enumerate() {
                    if lower.as_bytes()[at..].starts_with(keyword) {
                        expected.push((at, index));
                    }
                }
            }
            prop_assert_eq!(sorted(&Scanner::new(&keywords), text.as_bytes()), expected);
        }
    }
}
