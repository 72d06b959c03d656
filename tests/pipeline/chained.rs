//! Several native stand-ins in one pass: the file that comes out is that of one
//! run after the other, and the patch is the same however the file is cut.

mod stand_ins;

use std::path::Path;

use proptest::prelude::*;
use runner_contract::{FileHead, HEAD_BYTES};
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::engine::chain::{self, CHAIN_HEAD_BYTES, Member};
use runner_pipeline::engine::readable::NoText;
use runner_pipeline::error::Result;
use runner_pipeline::memory::Budget;
use runner_pipeline::patch::PluginId;
use runner_pipeline::pipe;
use runner_pipeline::run::{self, Program};
use runner_pipeline::storage::Entry;
use runner_tests::Scratch;

use self::stand_ins::Does::{self, *};
use crate::models::{options, pipe_options};

fn with_program<T>(all: &[Does], work: impl FnOnce(&Program<'_>) -> T) -> T {
    let begins: Vec<_> = all.iter().map(|does| move |head: FileHead<'_>| does.begin(head)).collect();
    let begin = |head: FileHead<'_>| match all {
        [one] => one.begin(FileHead { head: &head.head[..head.head.len().min(HEAD_BYTES)], ..head }),
        _ => {
            let members: Vec<_> = begins
                .iter()
                .enumerate()
                .map(|(index, begin)| Member { name: format!("{index}-{:?}", all[index]), begin })
                .collect();
            chain::begin(&members, head, NoText::Refuse, &Budget::UNLIMITED)
        }
    };
    work(&Program {
        id: PluginId {
            name: "fake".into(),
            version: "1".into(),
            digest: String::new(),
            evidence: Vec::new(),
        },
        params: Vec::new(),
        params_digest: blake3::hash(b""),
        head_bytes: CHAIN_HEAD_BYTES,
        begin: &begin,
    })
}

fn apply(all: &[Does], file: &Path) -> Result<run::Report> {
    with_program(all, |program| run::apply(file, program, &options(2, 1 << 16, Choice::Auto), &mut |_| {}))
}

fn plan(all: &[Does], file: &Path, saved: &Path, (threads, window): (usize, u64)) -> Result<Vec<u8>> {
    let options = options(threads, window, Choice::Auto);
    let _ = std::fs::remove_file(saved);
    with_program(all, |program| run::plan(file, program, &options, &Entry::unpinned(saved), &mut |_| {}))?;
    Ok(std::fs::read(saved).unwrap())
}

/// What the stand-ins make in turn, and the sums of what they count.
fn in_turn(all: &[Does], content: &[u8]) -> (Vec<u8>, Vec<u64>) {
    let scratch = Scratch::in_memory();
    let file = scratch.write("turn", content);
    let mut counts = Vec::new();
    for one in all {
        let report = apply(&[*one], &file).unwrap();
        counts.extend(report.counts.iter().map(|(_, number)| *number));
    }
    (std::fs::read(&file).unwrap(), counts)
}

const CUTS: [(usize, u64); 4] = [(1, 1 << 16), (3, 1 << 16), (2, 1 << 20), (2, 4 << 20)];

/// Runs the stand-ins in one pass, in all ways. Either all of them give the
/// result of one run after the other, or all of them the same error.
fn check(all: &[Does], content: &[u8]) -> Result<(), String> {
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", content);
    let mut first: Option<Result<Vec<u8>, String>> = None;
    for cut in CUTS {
        let made = plan(all, &file, &scratch.path("saved"), cut).map_err(|error| format!("{error}"));
        match &first {
            None => first = Some(made),
            Some(first) => assert!(
                *first == made,
                "{all:?} with {cut:?}: {:?} and {:?}",
                first.as_ref().err(),
                made.as_ref().err()
            ),
        }
    }
    first.unwrap()?;
    let (expected, counts) = in_turn(all, content);
    let report = apply(all, &file).unwrap();
    let made = std::fs::read(&file).unwrap();
    if let Some(at) = (0..expected.len().max(made.len())).find(|at| expected.get(*at) != made.get(*at)) {
        let near = |bytes: &[u8]| {
            String::from_utf8_lossy(
                &bytes[at.saturating_sub(40).min(bytes.len())..(at + 40).min(bytes.len())],
            )
            .into_owned()
        };
        panic!("{all:?} at {at}: {:?} is not {:?}", near(&made), near(&expected));
    }
    assert_eq!(report.counts.iter().map(|(_, number)| *number).collect::<Vec<_>>(), counts);
    // A stream gives the same, unless a stand-in looks ahead.
    let mut piped = Vec::new();
    let mut input = content;
    let done = with_program(all, |program| {
        pipe::run(&mut input, &mut piped, &|head| (program.begin)(head), &pipe_options(50_000))
    });
    match done {
        Ok(_) => assert!(piped == expected, "{all:?}: a stream gives something else"),
        Err(error) => {
            let is_short = error.to_string().starts_with("the first plugins leave too little");
            assert!(all.contains(&Around) || is_short && content.len() > HEAD_BYTES, "{all:?}: {error}");
        }
    }
    Ok(())
}

/// Lines of some letters, and long runs of lines of one kind.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let letters = prop::sample::select(vec!["abcdeksxy \r", "bc\"x s", "d", "abx", "kcd", "e b"]);
    let part =
        (letters, 1_usize..60, prop_oneof![4 => 1_usize..400, 1 => 20_000_usize..60_000], any::<u64>());
    (prop::collection::vec(part, 1..5), any::<bool>()).prop_map(|(parts, ended)| {
        let mut out = Vec::new();
        for (letters, length, lines, seed) in parts {
            let mut random = runner_tests::Random(seed | 1);
            for _ in 0..lines {
                for _ in 0..random.below(length as u64 + 1) {
                    out.push(letters.as_bytes()[random.below(letters.len() as u64) as usize]);
                }
                out.push(b'\n');
            }
        }
        if !ended {
            out.pop();
        }
        out
    })
}

fn some() -> impl Strategy<Value = Does> {
    prop::sample::select(vec![
        DropLines, KeepLines, Crlf, Lf, Grow, Split, Shift, Header, Insert, EndLine, Around, Bytes, Headed,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_pass_does_what_runs_in_turn_do(all in prop::collection::vec(some(), 2..4), content in content()) {
        if let Err(error) = check(&all, &content) {
            // These alone depend on what others remove at the end.
            prop_assert!(error.contains("depends on which record is the last one"), "{}", error);
        }
    }

    #[test]
    fn lines_may_be_parts_of_longer_records(
        one in prop::sample::select(vec![Crlf, Lf, Grow, Shift, Bytes]), content in content(), swap in any::<bool>(),
    ) {
        let all = if swap { [one, Quoted] } else { [Quoted, one] };
        // A quote that stays open makes one record of the rest.
        let result = check(&all, &content);
        prop_assert!(result.is_ok(), "{:?}", result);
    }
}

/// Lines that stay, after or before more lines than a block has that do not.
fn long(before: &str, dropped: usize, after: &str) -> Vec<u8> {
    [before.as_bytes(), "drop this line\n".repeat(dropped).as_bytes(), after.as_bytes()].concat()
}

/// More than two blocks.
const MANY: usize = 150_000;

#[test]
fn the_start_of_the_file_is_where_earlier_ones_leave_it() {
    for dropped in [1, MANY] {
        let content = long("", dropped, "x\nkx\n");
        assert_eq!(check(&[DropLines, Header], &content), Ok(()));
        assert_eq!(check(&[DropLines, KeepLines, Header], &content), Ok(()));
        assert_eq!(check(&[Crlf, DropLines, Around, Header], &content), Ok(()));
        assert_eq!(check(&[DropLines, Headed], &content), Ok(()));
    }
    assert_eq!(check(&[DropLines, Header, EndLine], &long("", MANY, "")), Ok(()));
    assert_eq!(check(&[Header, EndLine], b""), Ok(()));
}

#[test]
fn the_end_of_the_file_must_not_matter_where_earlier_ones_remove_it() {
    for dropped in [1, MANY] {
        let removed = long("k\n", dropped, "");
        // Nothing of these depends on it.
        assert_eq!(check(&[DropLines, EndLine, Header], &removed), Ok(()));
        let error = check(&[DropLines, Footer], &removed).unwrap_err();
        assert!(
            error.starts_with("the plugins before `1-Footer` remove the last record of the file"),
            "{error}"
        );
        assert_eq!(check(&[Grow, DropLines, Shift, Footer], &removed).map_err(|_| ()), Err(()));
        assert_eq!(check(&[DropLines, Footer], &long("k\n", dropped, "k\n")).map_err(|_| ()), Ok(()));
        assert_eq!(check(&[Footer, DropLines], &removed), Ok(()));
    }
}

#[test]
fn two_lines_never_become_one_before_the_last_plugin() {
    // In the middle of a block, at its end, and wherever a window ends.
    for lines in [3, 5000, 65_536 / 8, (1 << 20) / 8, 300_000] {
        let content = ["a book\n\n".repeat(lines - 1).as_bytes(), b"a joint e\nb\n"].concat();
        let error = check(&[Join, Shift], &content).unwrap_err();
        let at = (lines - 1) * 8;
        assert!(error.starts_with("plugin `0-Join` removes the end of a record"), "{error}");
        let line = 2 * (lines - 1) + 1;
        let place = format!("at line {}, offset {}", digits(line), digits(at));
        assert!(error.ends_with(&place), "{error} is not {place}");
        assert_eq!(check(&[Shift, Join], &content), Ok(()));
    }
    // Whole lines may go, and the end of the last one.
    assert_eq!(check(&[Join, Shift], b"x\ne\ny\n"), Ok(()));
    assert_eq!(check(&[Join, EndLine], b"x\nye\n"), Ok(()));
}

#[test]
fn no_edit_reaches_from_one_line_into_the_next_one() {
    for lines in [1, 32_768, (1 << 20) / 2, 600_000] {
        let content = ["a\n".repeat(lines).as_bytes(), b"o\nx"].concat();
        for all in [[Crlf, Across], [Across, Crlf], [Shift, Across]] {
            let error = check(&all, &content).unwrap_err();
            assert!(error.contains("-Across` changes bytes across the end of a record"), "{error}");
            let place = format!("at line {}, offset {}", digits(lines), digits(2 * lines - 1));
            assert!(error.ends_with(&place), "{error} is not {place}");
        }
    }
}

fn digits(number: usize) -> String {
    runner_pipeline::escape::group_digits(number as u64)
}

#[test]
fn what_cannot_run_in_one_pass_is_an_error_that_says_what_to_do() {
    for (all, why) in [
        ([Whole, Lf], "plugin `0-Whole` must see the whole file from start to end by itself"),
        (
            [Quoted, OtherQuotes],
            "plugins `0-Quoted` and `1-OtherQuotes` divide the file into different records",
        ),
    ] {
        let error = check(&all, b"x\n").unwrap_err();
        assert!(error.starts_with(why), "{error}");
    }
}

#[test]
fn a_failure_of_a_later_one_names_it_and_what_it_saw() {
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", b"b\nb!\n");
    let error = apply(&[Grow, Fail], &file).unwrap_err();
    assert_eq!(error.causes().last().map(ToString::to_string), Some("there is a ! at 5".to_owned()));
    assert!(
        error.hints()[0].contains("plugin `1-Fail` sees what `0-Grow` made of the file"),
        "{:?}",
        error.hints()
    );
    assert_eq!(std::fs::read(&file).unwrap(), b"b\nb!\n");
}
