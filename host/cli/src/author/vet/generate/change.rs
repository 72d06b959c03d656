//! Changes inputs.

use super::Maker;

impl Maker {
    /// Changes some bytes.
    pub(super) fn change(&mut self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let start = self.rng.usize(0..=length);
        let end = (start + self.rng.usize(0..32)).min(length);
        match self.rng.u8(0..11) {
            0 => {
                bytes.drain(start..end);
            }
            1 => {
                let mut token = Vec::new();
                self.word(&mut token);
                bytes.splice(start..start, token);
            }
            2 => {
                let mut token = Vec::new();
                self.word(&mut token);
                bytes.splice(start..end, token);
            }
            3 => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte = self.rng.u8(..);
                }
            }
            4 => {
                let copy = bytes[start..end].to_vec();
                bytes.splice(start..start, copy);
            }
            5 => {
                let other = self.rng.choice(&self.pool).cloned().unwrap_or_default();
                let from = self.rng.usize(0..=other.len());
                let to = (from + self.rng.usize(0..200)).min(other.len());
                bytes.splice(start..start, other[from..to].iter().copied());
            }
            6 => bytes.truncate(start),
            7 => bytes.insert(start, b'\n'),
            8 => bytes[start..end].iter_mut().for_each(|byte| *byte = flipped(*byte)),
            9 => {
                // A word that matters becomes almost the same.
                let token = self.rng.choice(&self.tokens).cloned().unwrap_or_default();
                let all = near(&token);
                if let Some(at) = memchr::memmem::find(bytes, &token)
                    && let Some(other) = self.rng.choice(&all)
                {
                    bytes.splice(at..at + token.len(), other.iter().copied());
                }
            }
            _ => {
                // A line is moved, with its end.
                let mut lines: Vec<_> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let (one, two) =
                    (self.rng.usize(0..lines.len().max(1)), self.rng.usize(0..lines.len().max(1)));
                if lines.len() > 1 {
                    lines.swap(one, two);
                }
                *bytes = lines.concat();
            }
        }
    }
}

/// A letter in the other case.
fn flipped(byte: u8) -> u8 {
    if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte }
}

/// Words that are almost the same: in the other case, in part or whole, and with a
/// byte less or another one.
pub(super) fn near(word: &[u8]) -> Vec<Vec<u8>> {
    let with = |index: usize, change: fn(u8) -> u8| {
        let mut word = word.to_vec();
        if let Some(byte) = word.get_mut(index) {
            *byte = change(*byte);
        }
        word
    };
    let middle = word.len() / 2;
    let whole = word.iter().map(|byte| flipped(*byte)).collect();
    let less = word.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default();
    let all =
        [whole, with(0, flipped), with(middle, flipped), with(middle, |byte| byte.wrapping_add(1)), less];
    all.into_iter().filter(|near| near != word && !near.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_near_differ() {
        assert_eq!(near(b"ab="), [&b"AB="[..], b"Ab=", b"aB=", b"ac=", b"ab"]);
        assert_eq!(near(b"="), [b">"]);
        assert!(near(b"").is_empty());
    }
}
