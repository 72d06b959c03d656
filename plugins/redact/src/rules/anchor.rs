//! Two bytes at a distance, which a rule can have instead of keywords.

/// Number of places that are looked at together.
const BLOCK: usize = 64;

/// A byte, any bytes, and a byte: `.??????.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) first: u8,
    pub(super) last: u8,
    pub(super) distance: usize,
}

impl Anchor {
    /// Reads an anchor as it is written; `?` stands for any byte.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let [first, between @ .., last] = text.as_bytes() else { return None };
        let is_any = between.iter().all(|&byte| byte == b'?');
        is_any.then_some(Self { first: *first, last: *last, distance: between.len() + 1 })
    }

    /// Calls `found` with each place of the first byte.
    pub(super) fn each(self, text: &[u8], found: &mut impl FnMut(usize)) {
        let Some(ahead) = text.get(self.distance..) else { return };
        let is = |(&first, &last): (&u8, &u8)| (first == self.first) & (last == self.last);
        for ((firsts, lasts), start) in text.chunks(BLOCK).zip(ahead.chunks(BLOCK)).zip((0..).step_by(BLOCK))
        {
            let any = firsts.iter().zip(lasts).fold(0, |any, pair| any | u8::from(is(pair)));
            if any != 0 {
                for (index, _) in firsts.iter().zip(lasts).enumerate().filter(|(_, pair)| is(*pair)) {
                    found(start + index);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Anchor;
    use proptest::prelude::*;

    #[test]
    fn an_anchor_is_two_bytes_with_any_between() {
        assert_eq!(Anchor::parse(".??????."), Some(Anchor { first: b'.', last: b'.', distance: 7 }));
        assert_eq!(Anchor::parse("a.b"), None);
        assert_eq!(Anchor::parse("a"), None);
    }

    proptest! {
        #[test]
        fn every_place_is_found(text in "[a.]{0,200}") {
            let mut places = Vec::new();
            Anchor::parse(".??a").expect("an anchor").each(text.as_bytes(), &mut |at| places.push(at));
            let is = |&at: &usize| text.as_bytes()[at] == b'.' && text.as_bytes().get(at + 3) == Some(&b'a');
            prop_assert_eq!(places, (0..text.len()).filter(is).collect::<Vec<_>>());
        }
    }
}
