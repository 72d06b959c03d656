// These tests expect lists with one candidate; they are not mistakes.
#![allow(clippy::single_range_in_vec_init)]

use proptest::prelude::*;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::*;

const LIMIT: u64 = 1000;

fn job(framing: Framing, pattern: Pattern) -> Job {
    Job::new(framing).prefilter(pattern)
}

fn whole(file: &[u8]) -> View<'_> {
    View { base: 0, bytes: file, end: true }
}

fn regex(expression: &str) -> Regex {
    Regex::builder()
        .syntax(syntax::Config::new().multi_line(true).utf8(false))
        .build(expression)
        .expect("a regular expression")
}

/// Whether some bytes match, tested in the obvious way.
fn matches(pattern: &Pattern, bytes: &[u8]) -> bool {
    match pattern {
        Pattern::Literals { patterns, ignore_ascii_case } => patterns.iter().any(|pattern| {
            bytes
                .windows(pattern.len())
                .any(|part| part == pattern || *ignore_ascii_case && part.eq_ignore_ascii_case(pattern))
        }),
        Pattern::Regex(expression) => regex(expression).is_match(bytes),
    }
}

fn records(cutter: &Cutter, file: &[u8]) -> Vec<Range<u64>> {
    let view = whole(file);
    let mut next = cutter.first_start(&view, 0..view.limit(), cutter.initial_carry());
    let mut records = Vec::new();
    while let Some(start) = next {
        let end = cutter.next_boundary(&view, start, start).expect("cut").expect("the end is in view");
        records.push(start..end);
        next = (end < view.limit()).then_some(end);
    }
    records
}

fn files() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aabbA\n\n\"\xff".to_vec()), 0..60)
}

fn framings() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::Delimited(b"\n".to_vec())),
        Just(Framing::Delimited(b"ab".to_vec())),
        Just(Framing::Quoted { delimiter: b'\n', quote: b'"' }),
        (0_u64..9, 1_u64..9).prop_map(|(header, size)| Framing::Fixed { header, size }),
    ]
}

fn literals() -> impl Strategy<Value = Pattern> {
    let literal = prop::collection::vec(prop::sample::select(b"aabA\n".to_vec()), 1..4);
    (prop::collection::vec(literal, 1..4), any::<bool>())
        .prop_map(|(patterns, ignore_ascii_case)| Pattern::Literals { patterns, ignore_ascii_case })
}

/// Builds expressions from these atoms, some of which contain or span line
/// ends.
fn expressions(atoms: &'static [&'static str]) -> impl Strategy<Value = Pattern> {
    let expression = prop::sample::select(atoms).prop_map(str::to_owned).prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.concat()),
            1 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => (inner, prop::sample::select(&["+", "*", "?", "{2}", "*?"][..]))
                .prop_map(|(part, count)| format!("(?:{part}){count}")),
        ]
    });
    expression.prop_map(Pattern::Regex)
}

const PLAIN: &[&str] = &["a", "b", "\\n", "[^b]", ".", "(?s:.)", "\\s", "(?i:a)", "(?-u:\\xff)"];
const WITH_ASSERTIONS: &[&str] =
    &["a", "b", "\\n", "[^b]", ".", "\\s", "\\w", "^", "$", "\\b", "\\B", "\\z", "(?-u:\\b)"];

/// Joins ranges that touch.
fn joined(ranges: impl IntoIterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_matching_record_is_left_out(
        framing in framings(), prefilter in prop_oneof![literals(), expressions(PLAIN), expressions(WITH_ASSERTIONS)],
        file in files(), first in any::<prop::sample::Index>(), count in 0_usize..20
    ) {
        let cutter = Cutter::new(&framing, LIMIT);
        let records = records(&cutter, &file);
        prop_assume!(!records.is_empty());
        let records = &records[first.index(records.len())..];
        let records = &records[..count.min(records.len())];
        let window = match records { [first, .., last] => first.start..last.end, [one] => one.clone(), [] => 0..0 };

        let finder = match Finder::new(&job(framing, prefilter.clone())) {
            Ok(finder) => finder.expect("there is a prefilter"),
            Err(message) => {
                prop_assert!(message.ends_with("matches the empty string"), "{message}");
                return Ok(());
            }
        };
        let candidates = finder.candidates(&cutter, &whole(&file), window).expect("search");
        let inside = |record: &Range<u64>| {
            candidates.iter().any(|c| c.start <= record.start && record.end <= c.end)
        };
        let chosen = joined(records.iter().filter(|record| inside(record)).cloned());
        prop_assert_eq!(&candidates, &chosen, "whole records, sorted, joined");
        let expected = records.iter().filter(|r| matches(&prefilter, &file[r.start as usize..r.end as usize]));
        if matches!(prefilter, Pattern::Regex(_)) {
            prop_assert_eq!(chosen, joined(expected.cloned()), "expressions are exact");
        } else {
            for record in expected {
                prop_assert!(inside(record), "{record:?} is missing from {candidates:?}");
            }
        }
    }

    #[test]
    fn no_edit_start_is_left_out(
        prefilter in prop_oneof![literals(), expressions(PLAIN)],
        file in files(), start in 0_u64..60, len in 0_u64..30, after in 0_u32..6
    ) {
        let framing = Framing::Overlapping { before: 0, after };
        let limit = file.len() as u64;
        let owned = start.min(limit)..(start + len).min(limit);
        let seen = View { base: 0, bytes: &file[..(owned.end + u64::from(after)).min(limit) as usize], end: false };
        let cutter = Cutter::new(&framing, LIMIT);
        let Ok(finder) = Finder::new(&job(framing, prefilter.clone())) else { return Ok(()) };
        let finder = finder.expect("there is a prefilter");
        let candidates = finder.candidates(&cutter, &seen, owned.clone()).expect("search");
        for pair in candidates.windows(2) {
            prop_assert!(pair[0].end < pair[1].start, "sorted and apart: {candidates:?}");
        }
        for range in &candidates {
            prop_assert!(owned.start <= range.start && range.start < range.end && range.end <= owned.end);
        }
        for edit in owned {
            let reach = (edit + 1 + u64::from(after)).min(limit);
            if matches(&prefilter, &file[edit as usize..reach as usize]) {
                prop_assert!(candidates.iter().any(|c| c.contains(&edit)), "{edit} is missing from {candidates:?}");
            }
        }
    }
}

fn lines(prefilter: Pattern, file: &[u8]) -> Vec<Range<u64>> {
    let framing = Framing::Delimited(b"\n".to_vec());
    let cutter = Cutter::new(&framing, LIMIT);
    let finder = Finder::new(&job(framing, prefilter)).expect("valid").expect("there is a prefilter");
    finder.candidates(&cutter, &whole(file), 0..file.len() as u64).expect("search")
}

#[test]
fn hit_across_records_hides_no_later_one() {
    let long_and_short = |patterns: [&[u8]; 2]| Pattern::Literals {
        patterns: patterns.map(<[u8]>::to_vec).to_vec(),
        ignore_ascii_case: false,
    };
    assert_eq!(lines(long_and_short([b"ab\ncd\nef", b"b"]), b"ab\ncd\nef\n"), [0..3]);
    assert_eq!(lines(Pattern::Regex("a(?s:.)*z|b".into()), b"ab\ncd\nef\nzz\n"), [0..3]);
    assert_eq!(lines(Pattern::Regex("a[^z]*z".into()), b"a\naz\nz\naz"), [2..5, 7..9]);
}

#[test]
fn a_record_is_the_whole_haystack_for_assertions() {
    assert_eq!(lines(Pattern::Regex("^a".into()), b"ba\nab\n"), [3..6]);
    assert_eq!(lines(Pattern::Regex(r"b$".into()), b"ba\nab\n"), [3..6]);
    assert_eq!(lines(Pattern::Regex(r"\bé\b".into()), "aé\n.é.\n".as_bytes()), [4..9]);
}

#[test]
fn bytes_framing_is_all_or_nothing() {
    let prefilter = Pattern::Literals { patterns: vec![b"KEY".to_vec()], ignore_ascii_case: true };
    let finder = Finder::new(&job(Framing::Bytes, prefilter)).expect("valid").expect("there is a prefilter");
    let cutter = Cutter::new(&Framing::Bytes, LIMIT);
    let view = whole(b"..key..");
    assert_eq!(finder.candidates(&cutter, &view, 1..6).expect("search"), [1..6]);
    assert!(finder.candidates(&cutter, &view, 3..7).expect("search").is_empty());
}

#[test]
fn what_cannot_be_searched_for_is_refused_in_words() {
    let refused = |expression: &str| {
        Finder::new(&job(Framing::Bytes, Pattern::Regex(expression.into()))).expect_err("refused")
    };
    for empty in ["a*", "^", r"\b", "(?m)$", "", "a|"] {
        assert_eq!(refused(empty), "the expression of its prefilter matches the empty string");
    }
    assert!(refused("(").starts_with("the expression of its prefilter is malformed"));
    assert!(refused(r"(?:\w{1000}){1000}").starts_with("the expression of its prefilter cannot be used"));
    assert!(refused(&"(".repeat(1000)).starts_with("the expression of its prefilter is malformed"));
    assert!(refused(&"a".repeat(70_000)).contains("longer than"));
    let classes = r"\pL".repeat(1001);
    assert!(refused(&format!("(?i)[{classes}]")).contains("1001 character classes; the limit is 1000"));
    for (length, count, why) in [((1 << 16) + 1, 1, "a literal of its"), (1 << 16, 17, "the literals of its")]
    {
        let patterns = vec![vec![b'x'; length]; count];
        let literals = Pattern::Literals { patterns, ignore_ascii_case: false };
        let error = Finder::new(&job(Framing::Bytes, literals)).expect_err("refused");
        assert!(error.starts_with(why), "{error}");
    }
    assert!(Finder::new(&Job::new(Framing::Bytes)).expect("valid").is_none());
}

#[test]
fn ordinary_expressions_fit_the_limits() {
    for expression in [
        r"(?i)\w{30}",
        r"[\w.+-]+@[\w-]+\.[\w.]+",
        r"\b\d{1,3}(?:\.\d{1,3}){3}\b",
        r"(?i)passwor[dt]\s*[:=]\s*\S+",
    ] {
        assert!(Finder::new(&job(Framing::Bytes, Pattern::Regex(expression.into()))).is_ok(), "{expression}");
    }
}

/// Long literals with many bytes get no table with an entry for each byte,
/// which would take a gigabyte. The memory that is used is drawn from the
/// budget.
#[test]
fn the_memory_of_an_automaton_is_bounded_and_drawn() {
    let patterns: Vec<_> = (0..100_u8)
        .map(|n| (0..10_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 ^ n).collect())
        .collect();
    let literals = job(Framing::Bytes, Pattern::Literals { patterns, ignore_ascii_case: true });
    let plan = crate::memory::Plan {
        workers: 1,
        total_bytes: 1 << 30,
        pool_bytes: 100 << 20,
        reply_bytes: 1,
        files: 1,
        file_bytes: 8 << 20,
    };
    let budget = Budget::new(&plan);
    let finder = Finder::within(&literals, &budget).expect("it fits").expect("a prefilter");
    assert!((1 << 20..64 << 20).contains(&budget.leased_bytes()), "{}", budget.leased_bytes());
    let error = Finder::within(&literals, &budget).expect_err("no room");
    assert!(crate::memory::is_denied(&error), "{error:?}");
    drop(finder);
    assert_eq!(budget.leased_bytes(), 0);
}

/// Assertions are checked only where that takes a short time.
#[test]
fn what_cannot_be_told_in_time_is_shown() {
    let expression = Pattern::Regex(r"\By@z".into());
    let short = [&b"-".repeat(20_000)[..], b"y@z\n"].concat();
    assert!(lines(expression.clone(), &short).is_empty());
    let long = [&b"-".repeat(10 << 20)[..], b"y@z\n"].concat();
    assert_eq!(lines(expression, &long), [0..long.len() as u64]);
}
