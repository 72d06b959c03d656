//! The prefilter for many texts.

use runner_plugin::Pattern as Prefilter;

use crate::text::is_ascii_folding;

/// The host searches for so many texts faster than the plugin.
const MAX_KEYS: usize = 32;
/// Beginnings are not shorter: those would be found too often.
const MIN_BEGINNING_BYTES: usize = 3;
/// Longer ones do not rule out much more.
const MAX_BEGINNING_BYTES: usize = 32;
/// Beginnings must be this far apart on average, or showing the places where
/// they are takes longer than searching all of the file.
const APART_BYTES: usize = 2 << 10;
/// A shorter head says too little about a file.
const MIN_HEAD_BYTES: usize = 16 << 10;

/// The texts, if they are few. Otherwise what they begin with, if few
/// beginnings are common to all, and the head of the file suggests that they
/// are rare.
pub(super) fn of<'a>(
    keys: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
    case: Case,
    head: &[u8],
) -> Option<Prefilter> {
    let patterns = if keys.len() <= MAX_KEYS {
        keys.map(<[u8]>::to_vec).collect()
    } else {
        beginnings(keys).filter(|texts| are_rare(texts, case, head))?
    };
    let ignore_ascii_case = case == Case::Insensitive;
    let is_exact = !ignore_ascii_case || patterns.iter().all(|text| is_ascii_folding(text));
    is_exact.then_some(Prefilter::Literals { patterns, ignore_ascii_case })
}

/// Whether letters match either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    Insensitive,
}

/// The longest beginnings of one length that are few. The keys are sorted.
fn beginnings<'a>(keys: impl Iterator<Item = &'a [u8]> + Clone) -> Option<Vec<Vec<u8>>> {
    let shortest = keys.clone().map(<[u8]>::len).min()?.min(MAX_BEGINNING_BYTES);
    (MIN_BEGINNING_BYTES..=shortest).rev().find_map(|length| {
        let mut found: Vec<Vec<u8>> = Vec::new();
        for key in keys.clone() {
            let begin = &key[..length];
            if found.last().is_none_or(|last| last != begin) {
                if found.len() == MAX_KEYS {
                    return None;
                }
                found.push(begin.to_vec());
            }
        }
        Some(found)
    })
}

fn are_rare(texts: &[Vec<u8>], case: Case, head: &[u8]) -> bool {
    let plain = |text: &[u8]| match case {
        Case::Sensitive => text.to_vec(),
        Case::Insensitive => text.to_ascii_lowercase(),
    };
    let plain_head = plain(head);
    let count = texts.iter().map(|text| memchr::memmem::find_iter(&plain_head, &plain(text)).count());
    head.len() >= MIN_HEAD_BYTES && count.sum::<usize>() <= head.len() / APART_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: usize) -> Vec<String> {
        let mut keys = (0..count).map(|number| format!("user{number:05}")).collect::<Vec<_>>();
        keys.push("xyz".to_owned());
        keys
    }

    fn literals(count: usize, case: Case, head: &str) -> Option<Vec<String>> {
        let keys = keys(count);
        match of(keys.iter().map(|key| key.as_bytes()), case, head.as_bytes())? {
            Prefilter::Literals { patterns, .. } => {
                Some(patterns.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
            }
            Prefilter::Regex(_) => None,
        }
    }

    #[test]
    fn few_texts_or_few_and_rare_beginnings_are_a_prefilter() {
        let rare = format!("{}user {}", "a b ".repeat(3000), "a b ".repeat(3000));
        let beginnings = Some(vec!["use".to_owned(), "xyz".to_owned()]);
        assert_eq!(literals(2, Case::Sensitive, "").map(|texts| texts.len()), Some(3));
        assert_eq!(literals(1000, Case::Sensitive, &rare), beginnings);
        assert_eq!(literals(1000, Case::Sensitive, &rare.replace("a b ", "user")), None);
        // The long s is a letter of `use`.
        assert_eq!(literals(1000, Case::Insensitive, &rare), None);
        assert_eq!(literals(1000, Case::Sensitive, "a"), None);
    }
}
