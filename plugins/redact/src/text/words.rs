//! The words near a place: `client` before `8.8.8.8`, `version` before
//! `1.2.3.4`.

use std::ops::Range;

/// What a word says about the value after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// The value is what it looks like.
    For,
    /// The value is something else.
    Against,
}

/// The longest word that is compared, in bytes.
const MAX_WORD: usize = 24;

/// How far before a value words are looked for, in bytes.
const REACH: usize = 48;

/// The words before `at` in its line, the nearest first. A word is a run of
/// ASCII letters.
pub(crate) fn before(text: &[u8], at: usize) -> impl Iterator<Item = Range<usize>> {
    let limit = at.saturating_sub(REACH);
    let mut end = at;
    std::iter::from_fn(move || {
        while end > limit && !text[end - 1].is_ascii_alphabetic() {
            if text[end - 1] == b'\n' {
                return None;
            }
            end -= 1;
        }
        // The letters of `%3D` are no word.
        if let Some(escape) = super::escape::before(text, end).filter(|escape| escape.length < end - limit) {
            end -= escape.length;
            return Some(end..end);
        }
        let mut start = end;
        while start > limit && text[start - 1].is_ascii_alphabetic() {
            start -= 1;
        }
        let word = start..end;
        end = start;
        (!word.is_empty()).then_some(word)
    })
    .filter(move |word| !word.is_empty() && is_whole(text, word))
}

/// Whether a word is no part of a longer one that begins out of reach, and no
/// single letter of a mixture of letters and digits: a key that contains `6V`
/// says nothing about versions.
fn is_whole(text: &[u8], word: &Range<usize>) -> bool {
    text[..word.start]
        .last()
        .is_none_or(|byte| !(byte.is_ascii_alphabetic() || byte.is_ascii_digit() && word.len() == 1))
}

/// What the nearest of `count` words that says something says.
pub(crate) fn hint(text: &[u8], at: usize, count: usize, of: impl Fn(&[u8]) -> Option<Hint>) -> Option<Hint> {
    before(text, at).take(count).find_map(|word| with_lower(&text[word], &of))
}

/// What a word says that may be in one of two lists.
pub(crate) fn listed(word: &[u8], against: &[&str], supporting: &[&str]) -> Option<Hint> {
    if is_in(against, word) { Some(Hint::Against) } else { is_in(supporting, word).then_some(Hint::For) }
}

/// Calls `of` with a word in lower case. A word in camel case is also tried
/// from its last capital: `clientIp` and then `ip`.
pub(crate) fn with_lower<T>(word: &[u8], of: &impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    let mut lower = [0; MAX_WORD];
    let place = lower.get_mut(..word.len())?;
    place.copy_from_slice(word);
    place.make_ascii_lowercase();
    let place = &*place;
    of(place).or_else(|| {
        let last = word.iter().rposition(u8::is_ascii_uppercase).filter(|&last| last > 0)?;
        word[last - 1].is_ascii_lowercase().then(|| of(&place[last..])).flatten()
    })
}

/// Whether a list of words in lower case has this word.
pub(crate) fn is_in(list: &[&str], word: &[u8]) -> bool {
    // Few items begin alike: the others need no call to compare memory.
    list.iter().any(|item| item.as_bytes().first() == word.first() && item.as_bytes() == word)
}

/// Whether the line has a word before `at`, in any case, at most `reach` bytes
/// away.
pub(crate) fn has_before(text: &[u8], at: usize, reach: usize, word: &[u8]) -> bool {
    let start = super::line_start(text, at, reach);
    text[start..at].windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_words_come_first() {
        let text = b"old\nnew: client_ip = (\"1.2.3.4";
        let words: Vec<_> = before(text, 22).map(|word| &text[word]).collect();
        assert_eq!(words, [&b"ip"[..], b"client", b"new"]);
    }

    #[test]
    fn parts_of_words_say_nothing() {
        let key = format!("Wv{}1.2.3.4", " ".repeat(REACH - 1));
        assert_eq!(before(key.as_bytes(), key.len() - 7).count(), 0);
        assert_eq!(before(b"XY6V: ", 6).map(|word| word.start).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn camel_case_is_two_words() {
        let is_ip = |word: &[u8]| (word == b"ip").then_some(Hint::For);
        assert_eq!(hint(b"clientIp=", 9, 1, is_ip), Some(Hint::For));
        assert_eq!(hint(b"clientip=", 9, 1, is_ip), None);
    }
}
