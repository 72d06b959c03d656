//! Finds keywords in a text, in any case, in one pass.
//!
//! The pass looks at three bytes at every even place. Of each keyword, two
//! overlapping triples are known: one of them is at an even place, wherever the
//! keyword begins. The hashes of all triples are bits of a table that fits in
//! the first cache; few triples of other texts have a bit.

/// A keyword's triple, in few bytes, so that all of them stay in the cache.
#[derive(Debug, Clone, Copy)]
struct Probe {
    /// The triple and the byte after it, with their bits for lower case, where
    /// `mask` has them.
    bytes: u32,
    mask: u32,
    keyword: u16,
    /// Number of bytes from the keyword's beginning to the triple; -1 if it
    /// begins with the byte before.
    offset: i16,
}

/// The bit that tells lower case from upper case, and the three bytes.
const LOWER: u32 = 0x2020_2020;
const TRIPLE: u32 = 0x00ff_ffff;

/// Number of hashes.
const HASHES: usize = 1 << 17;

/// The hash of the first three of the four bytes, whatever their case.
#[inline(always)]
const fn hash(bytes: u32) -> usize {
    (((bytes | LOWER) & TRIPLE).wrapping_mul(0x9e37_79b1) >> 15) as usize
}

/// Number of bytes of which the triples are looked at together.
const BLOCK: usize = 64;

/// Number of bytes that these triples reach into, and more.
const SEEN: usize = BLOCK + 8;

/// A set of keywords to look for.
#[derive(Debug)]
pub(super) struct Scanner {
    keywords: Vec<Box<[u8]>>,
    /// A bit for the hash of each triple.
    hashes: Box<[u64; HASHES / 64]>,
    /// The triples in order of their hashes.
    probes: Vec<Probe>,
    /// For every 64 hashes, the number of triples with lower ones.
    starts: Box<[u32]>,
}

impl Scanner {
    /// Prepares the search. Keywords must be in lower case, neither empty nor
    /// with a line end in them.
    pub(super) fn new(keywords: &[Box<[u8]>]) -> Self {
        let hashes =
            vec![0; HASHES / 64].into_boxed_slice().try_into().expect("the length is that of the array");
        let mut scanner =
            Self { keywords: keywords.to_vec(), hashes, probes: Vec::new(), starts: Box::default() };
        let mut probes = Vec::new();
        for (keyword, bytes) in keywords.iter().enumerate() {
            for offset in offsets(bytes) {
                let [first, second, third, next] =
                    std::array::from_fn(|index| byte_at(bytes, offset + index as isize));
                let triple = [first, second, third];
                let known = [first, second, third, next];
                let mask = u32::from_le_bytes(known.map(|byte| if byte.is_some() { 0xff } else { 0 }));
                let probe = Probe {
                    bytes: (u32::from_le_bytes(known.map(Option::unwrap_or_default)) | LOWER) & mask,
                    mask,
                    keyword: keyword as u16,
                    offset: offset as i16,
                };
                each_hash(triple, &mut |hash| probes.push((hash, probe)));
            }
        }
        for (hash, _) in &probes {
            scanner.hashes[hash / 64] |= 1 << (hash % 64);
        }
        // A probe is found by its bytes, so it stands only once in a word.
        probes.sort_by_key(|(hash, probe): &(usize, Probe)| (hash / 64, probe.keyword, probe.offset));
        probes.dedup_by_key(|(hash, probe)| (*hash / 64, probe.keyword, probe.offset));
        let start = |word: usize| probes.partition_point(|(hash, _)| hash / 64 < word) as u32;
        scanner.starts = (0..=HASHES / 64).map(start).collect();
        scanner.probes = probes.into_iter().map(|(_, probe)| probe).collect();
        scanner
    }

    /// Calls `found` with the index and the place of each keyword. Places are
    /// in order of lines, but not within a line.
    pub(super) fn each(&self, text: &[u8], found: &mut impl FnMut(usize, usize)) {
        let mut at = 0;
        while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk()) {
            self.block(text, (at, block), found);
            at += BLOCK;
        }
        // Behind the end, as many zeros as a block needs.
        let mut last = [0; BLOCK + SEEN];
        let rest = &text[at..];
        last[..rest.len()].copy_from_slice(rest);
        for start in (0..rest.len()).step_by(BLOCK) {
            if let Some(block) = last[start..].first_chunk() {
                self.block(text, (at + start, block), found);
            }
        }
    }

    /// Looks at the triples that begin in the first bytes of a block at `at`.
    #[inline]
    fn block(&self, text: &[u8], (at, block): (usize, &[u8; SEEN]), found: &mut impl FnMut(usize, usize)) {
        let (words, _) = block.as_chunks::<8>();
        // A bit for each triple: branches for each would be mispredicted often.
        let mut bits = 0_u64;
        for (index, pair) in words.windows(2).enumerate() {
            let (low, high) = (u64::from_le_bytes(pair[0]), u64::from_le_bytes(pair[1]));
            let triples =
                [low as u32, (low >> 16) as u32, (low >> 32) as u32, (low >> 48 | high << 16) as u32];
            for (place, triple) in triples.into_iter().enumerate() {
                let hash = hash(triple);
                bits |= (self.hashes[hash / 64] >> (hash % 64) & 1) << (4 * index + place);
            }
        }
        while bits != 0 {
            let start = 2 * bits.trailing_zeros() as usize;
            let bytes = [block[start], block[start + 1], block[start + 2], block[start + 3]];
            self.compare(text, at + start, u32::from_le_bytes(bytes), found);
            bits &= bits - 1;
        }
    }

    /// Compares the keywords whose triple may be at `at`, where `bytes` are.
    #[inline]
    fn compare(&self, text: &[u8], at: usize, bytes: u32, found: &mut impl FnMut(usize, usize)) {
        let word = hash(bytes) / 64;
        let near = self.starts[word] as usize..self.starts[word + 1] as usize;
        for probe in self.probes[near].iter().filter(|probe| (bytes | LOWER) & probe.mask == probe.bytes) {
            let keyword = &self.keywords[usize::from(probe.keyword)];
            let Some(start) = at.checked_add_signed(-isize::from(probe.offset)) else { continue };
            let bytes = text.get(start..).and_then(|text| text.get(..keyword.len()));
            if bytes.is_some_and(|bytes| bytes.eq_ignore_ascii_case(keyword)) {
                found(usize::from(probe.keyword), start);
            }
        }
    }
}

/// A byte of a keyword; `None` is any byte.
fn byte_at(keyword: &[u8], at: isize) -> Option<u8> {
    keyword.get(usize::try_from(at).ok()?).copied()
}

/// Calls `found` with the hash of a triple, or of all triples that it may be.
fn each_hash(triple: [Option<u8>; 3], found: &mut impl FnMut(usize)) {
    if let Some(any) = triple.iter().position(Option::is_none) {
        // Bytes that differ in case only have the same hash.
        for byte in (0..=u8::MAX).filter(|byte| byte & 0x20 != 0) {
            let mut triple = triple;
            triple[any] = Some(byte);
            each_hash(triple, found);
        }
        return;
    }
    let [first, second, third] = triple.map(Option::unwrap_or_default);
    found(hash(u32::from_le_bytes([first, second, third, 0])));
}

/// Bytes of logs and source texts, from the most frequent to the rarest, by
/// rough estimate. Others are rarer.
const FREQUENT: &[u8] = b" e0t1aoinsr2.l-d3h:45c6798u/mpgfby_w,=kv[]()jx\"qz";

/// Pairs of letters that are frequent in words.
const WORDS: &[u8] =
    b"th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve \
co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ap pi ke ey ss us li et ta tr am so ec ac ct";

/// The offsets of two triples of a keyword that are likely to be rare, one
/// after the other, so that one is at an even place.
fn offsets(keyword: &[u8]) -> [isize; 2] {
    let weight = |byte: Option<u8>| {
        let Some(byte) = byte else { return 2000 };
        let rank = FREQUENT.iter().position(|&frequent| frequent == byte);
        rank.map_or(1, |rank| FREQUENT.len() + 1 - rank)
    };
    let cost = |offset: isize| {
        let triple: [_; 3] = std::array::from_fn(|index| byte_at(keyword, offset + index as isize));
        let is_word =
            |pair: &[Option<u8>]| WORDS.chunks(3).any(|word| pair == [Some(word[0]), Some(word[1])]);
        let words = triple.windows(2).filter(|pair| is_word(pair)).count();
        // Letters make words, so a byte that is none excludes more than its
        // share.
        let is_letters = triple.iter().all(|byte| byte.is_some_and(|byte| byte.is_ascii_alphabetic()));
        triple.into_iter().map(weight).product::<usize>()
            * 4_usize.pow(words as u32)
            * if is_letters { 30 } else { 1 }
    };
    // Only short keywords have triples with a byte that may be any.
    let places = if keyword.len() < 4 { -1..1 } else { 0..keyword.len() as isize - 3 };
    let first = places.min_by_key(|&offset| cost(offset) + cost(offset + 1)).unwrap_or_default();
    [first, first + 1]
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
        // Few cases, as each scanner has a large table.
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_keyword_is_found_once(
            keywords in prop::collection::btree_set("[ab-]{2,9}", 1..40),
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
