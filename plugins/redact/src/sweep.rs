//! Finds places in a text where a value may begin, or that indicate a value.
//!
//! The bytes that indicate values are frequent: a line of an access log has a
//! dozen dots. A search from one of them to the next would cost a call each.
//! Instead, a condition on a few bytes is evaluated at every place, and holds
//! at few. Compilers vectorise the inner loop, on every machine and in
//! WebAssembly, if the condition has no branches: `&` and `|` instead of `&&`
//! and `||`.

/// Number of places that are checked together.
const BLOCK: usize = 64;

/// How many bytes from a place a condition can see.
const MAX_SEEN: usize = 16;

/// The bytes at a place. They are read one by one as a condition needs them:
/// compilers would first combine an array into a single number.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    block: &'a [u8; BLOCK + MAX_SEEN],
    place: usize,
}

impl Seen<'_> {
    /// The byte `next` bytes after the place; zero after the end of the text.
    #[inline(always)]
    pub(crate) fn byte(self, next: usize) -> u8 {
        self.block[self.place + next]
    }
}

/// Calls `found` for each place in `text` where `is` holds.
pub(crate) fn each_place(text: &[u8], is: impl Fn(Seen<'_>) -> bool, mut found: impl FnMut(usize)) {
    let mut flags = [0; BLOCK];
    let mut last = [0; BLOCK + MAX_SEEN];
    for start in (0..text.len()).step_by(BLOCK) {
        let rest = &text[start..];
        let block = rest.first_chunk().unwrap_or_else(|| {
            last = [0; BLOCK + MAX_SEEN];
            last[..rest.len()].copy_from_slice(rest);
            &last
        });
        for (place, flag) in flags.iter_mut().enumerate() {
            *flag = u8::from(is(Seen { block, place }));
        }
        let words = flags.as_chunks().0;
        let any = words.iter().fold(0, |any, word| any | u64::from_le_bytes(*word));
        if any == 0 {
            continue;
        }
        for (word, at) in words.iter().zip((start..).step_by(size_of::<u64>())) {
            let mut bits = u64::from_le_bytes(*word);
            while bits != 0 {
                found(at + bits.trailing_zeros() as usize / 8);
                bits &= bits - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_place_is_checked(text in prop::collection::vec(prop::sample::select(b"ab".to_vec()), 0..300)) {
            let mut places = Vec::new();
            each_place(&text, |seen| (seen.byte(0) == b'a') & (seen.byte(2) == b'b'), |at| places.push(at));
            let expected = (0..text.len()).filter(|&at| text[at] == b'a' && text.get(at + 2) == Some(&b'b'));
            prop_assert_eq!(places, expected.collect::<Vec<_>>());
        }
    }
}
