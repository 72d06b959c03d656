//! Differences between values that do not count.

use std::borrow::Cow;

/// What is taken to be the same value before a pseudonym is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// Only equal values.
    #[default]
    Nothing,
    /// Values that differ in upper and lower case, in spaces at their ends, or
    /// in the number of spaces between words.
    CaseAndSpace,
}

impl Fold {
    /// One form of the values that are taken to be the same. Text that is not
    /// UTF-8 is folded as ASCII.
    #[must_use]
    pub fn apply(self, value: &[u8]) -> Cow<'_, [u8]> {
        if self == Self::Nothing {
            return Cow::Borrowed(value);
        }
        let Ok(text) = str::from_utf8(value) else {
            let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            return Cow::Owned(words.collect::<Vec<_>>().join(&b' ').to_ascii_lowercase());
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        Cow::Owned(words.join(" ").to_lowercase().into_bytes())
    }
}
