use proptest::prelude::*;
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::*;

fn pairs(keys: &[&str]) -> Vec<Pair> {
    let pair = |(index, key): (usize, &&str)| Pair {
        from: key.as_bytes().into(),
        to: index.to_string().into_bytes(),
        place: pairs::Place::Line(index as u32 + 1),
    };
    keys.iter().enumerate().map(pair).collect()
}

/// Whether two characters match by simple case folding.
fn fold_together(left: char, right: char) -> bool {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(left, left)]);
    class.try_case_fold_simple().unwrap();
    class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&right))
}

/// The length of `key` at the start of `text`.
fn length_of(key: &str, text: &str, options: Options) -> Option<usize> {
    let mut rest = text.chars();
    for char in key.chars() {
        let next = rest.next()?;
        if next != char && !(options.ignore_case && fold_together(char, next)) {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

fn is_word(char: Option<char>) -> bool {
    char.is_some_and(|char| char.is_alphanumeric() || char == '_')
}

/// Tries every key at every place.
fn naive(keys: &[&str], options: Options, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let whole =
            |end: &usize| !is_word(text[..at].chars().next_back()) && !is_word(text[*end..].chars().next());
        let ends = keys.iter().filter_map(|key| length_of(key, &text[at..], options));
        match ends.map(|length| at + length).filter(|end| !options.word || whole(end)).max() {
            Some(end) => {
                found.push(at..end);
                at = end;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

fn all(dictionary: &Dictionary, text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = dictionary.find(text, at..text.len()) {
        at = next.range.end;
        found.push(next.range);
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_longest_key_at_the_first_place_is_found(
        keys in prop::collection::vec("[abkSé\\[{ ]{1,11}", 1..8),
        ignore_case: bool,
        word: bool,
        pieces in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), "[aAbKksS\\[{ſ\u{212a}éÉ ]{0,4}"), 0..8),
    ) {
        // Keys, in either case, and other characters between them.
        let text = pieces.iter().map(|(index, upper, other)| {
            let key = index.get(&keys);
            format!("{}{other}", if *upper { key.to_uppercase() } else { key.clone() })
        }).collect::<String>();
        let mut keys = keys.iter().map(String::as_str).collect::<Vec<_>>();
        let options = Options { ignore_case, word };
        keys.sort_unstable();
        keys.dedup_by(|left, right| length_of(left, right, Options { ignore_case: true, word }) == Some(right.len()));
        let Ok(dictionary) = Dictionary::new(pairs(&keys), options) else { return Ok(()) };
        let found = all(&dictionary, text.as_bytes());
        prop_assert!(found.iter().all(|range| range.len() <= dictionary.longest()));
        prop_assert_eq!(found, naive(&keys, options, &text));
    }
}

#[test]
fn nested_keys_are_found() {
    let keys = ["a", "ab", "abcd", "abcdefgh", "bcdefgx"];
    let dictionary = Dictionary::new(pairs(&keys), Options::default()).unwrap();
    let value = |text: &str| dictionary.find(text.as_bytes(), 0..text.len()).map(|found| found.entry);
    assert_eq!(value("abcdefgx"), Some(2));
    assert_eq!(value("xabcdefgh"), Some(3));
    assert_eq!(value("ac"), Some(0));
    assert_eq!(value("bcdefgx"), Some(4));
    assert_eq!(value("bcdefgh"), None);
}

#[test]
fn mistakes_in_pairs_name_their_place() {
    let fails = |table: &str, why: &str| {
        let made = read_table(table, None).and_then(|pairs| Dictionary::new(pairs, Options::default()));
        let error = made.unwrap_err();
        assert!(error.contains(why), "{error}");
    };
    fails("a\tb\nc\n", "line 2 of `pairs` has no tab");
    fails("a\tb\tc\n", "more than one tab");
    fails("a\tb\n\tc\n", "line 2 of `pairs`: the text to look for is empty");
    fails("a\tb\na\tc\n", "two replacements, in line 1 of `pairs` and line 2");
    fails("a\t\\q\n", "line 1 of `pairs` has `\\q`");
    fails("C:\\temp\tx\n", "escapes=false");
    fails("", "no pair");
    let pairs = read_table("\u{feff}a\\t\tb\r\n\nc\t\n", None).unwrap();
    assert_eq!(pairs[0].from, b"a\t");
    assert_eq!((&pairs[0].to[..], &pairs[1].to[..]), (&b"b"[..], &b""[..]));
}

/// As the README says.
#[test]
fn a_pair_takes_a_hundred_bytes() {
    let keys = (0..10_000).map(|number| format!("user{}", number * 97)).collect::<Vec<_>>();
    let keys = keys.iter().map(String::as_str).collect::<Vec<_>>();
    let memory = Dictionary::new(pairs(&keys), Options::default()).unwrap().memory_bytes();
    assert!((700_000..1_300_000).contains(&memory), "{memory}");
}
