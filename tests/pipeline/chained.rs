//! Several native stand-ins in one pass: the file that comes out is that of one
//! run after the other, and the patch is the same however the file is cut.

use std::ops::Range;
use std::path::Path;

use proptest::prelude::*;
use runner_contract::{Edits, FileHead, Framing, HEAD_BYTES, Job, Window};
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::engine::chain::{self, CHAIN_HEAD_BYTES, Member};
use runner_pipeline::engine::transform::Instance;
use runner_pipeline::error::Result;
use runner_pipeline::memory::Budget;
use runner_pipeline::patch::PluginId;
use runner_pipeline::pipe;
use runner_pipeline::run::{self, Begun, Program};
use runner_pipeline::storage::Entry;
use runner_tests::Scratch;

use crate::models::{options, pipe_options};

/// What a stand-in does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Removes lines that hold a `d`.
    DropLines,
    /// Keeps lines that hold a `k`.
    KeepLines,
    /// Inserts a `\r` at the end of each line that has none.
    Crlf,
    /// Removes each `\r`.
    Lf,
    /// Makes `bb` of `b`.
    Grow,
    /// Breaks lines after each `s`.
    Split,
    /// Removes each `x`, and makes `x` of `y`.
    Shift,
    /// Inserts a line before the first one.
    Header,
    /// Inserts a line before each that starts with `b`.
    Insert,
    /// Ends the last line, if it is not ended.
    EndLine,
    /// Changes a `c` if the sum of the bytes around it is even.
    Around,
    /// Makes `Q` of each quoted record's first byte, even if line ends are in it.
    Quoted,
    /// Makes `-` of each `x`, for whatever cut.
    Bytes,
    /// Removes an `e`, and the end of the line if that follows it.
    Join,
}

use Does::*;

impl Does {
    fn job(self) -> Job {
        match self {
            Around => Job::new(Framing::Overlapping { before: 3, after: 4 }),
            Quoted => Job::new(Framing::Quoted { delimiter: b'\n', quote: b'"' }),
            Bytes => Job::new(Framing::Bytes),
            Shift => Job::new(Framing::lines()).literals(["x", "y"]).counts(["moved"]),
            Lf => Job::new(Framing::lines()).literals(["\r"]).counts(["line"]),
            DropLines => Job::new(Framing::lines()).literals(["d"]).counts(["line"]),
            _ => Job::new(Framing::lines()),
        }
    }

    fn transform(self, window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
        let bytes = window.bytes;
        if self == Around {
            for at in window.owned.clone().filter(|at| bytes[*at] == b'c') {
                let around = at.saturating_sub(3)..(at + 5).min(bytes.len());
                // Where the file starts and ends shows, too.
                let sum = bytes[around.clone()].iter().map(|byte| u32::from(*byte)).sum::<u32>();
                if (sum + around.len() as u32) % 2 == 0 {
                    edits.replace(at..at + 1, b"CC");
                }
            }
            return Ok(());
        }
        if self == Bytes {
            memchr::memchr_iter(b'x', bytes).for_each(|at| edits.replace(at..at + 1, b"-"));
            return Ok(());
        }
        if self == Quoted {
            window.quoted(b'\n', b'"').for_each(|(at, _)| edits.replace(at..at, b"Q"));
            return Ok(());
        }
        let mut first = window.first;
        for (start, line) in window.delimited(b"\n") {
            let range = start..start + line.len();
            let is_first = std::mem::take(&mut first);
            self.line(line, range, (is_first, window.last && start + line.len() == bytes.len()), edits);
        }
        Ok(())
    }

    fn line(self, line: &[u8], range: Range<usize>, (first, last): (bool, bool), edits: &mut Edits) {
        let start = range.start;
        let ends = line.ends_with(b"\n");
        match self {
            DropLines if line.contains(&b'd') => {
                edits.count(0, 1);
                edits.delete(range);
            }
            KeepLines if !line.contains(&b'k') => edits.delete(range),
            Crlf if ends && !line.ends_with(b"\r\n") => edits.insert(range.end - 1, b"\r"),
            Lf => memchr::memchr_iter(b'\r', line).for_each(|at| {
                edits.count(0, 1);
                edits.delete(start + at..start + at + 1);
            }),
            Grow => memchr::memchr_iter(b'b', line).for_each(|at| edits.insert(start + at, b"b")),
            Split => memchr::memchr_iter(b's', line).for_each(|at| edits.insert(start + at + 1, b"\n")),
            Shift => {
                for at in (0..line.len()).filter(|at| matches!(line[*at], b'x' | b'y')) {
                    let new: &[u8] = if line[at] == b'x' { b"" } else { b"x" };
                    edits.count(0, 1);
                    edits.replace(start + at..start + at + 1, new);
                }
            }
            Header if first => edits.insert(start, b"first: x y b\n"),
            Insert if line.starts_with(b"b") => edits.insert(start, b"a new one\n"),
            EndLine if last && !ends => edits.insert(range.end, b"\n"),
            Join => {
                for at in memchr::memchr_iter(b'e', line) {
                    let length = if line[at + 1..].starts_with(b"\n") { 2 } else { 1 };
                    edits.delete(start + at..start + at + length);
                }
            }
            _ => {}
        }
    }

    fn begin(self, _: FileHead<'_>) -> Result<Begun> {
        let transform = move |window: &Window<'_>, edits: &mut Edits| self.transform(window, edits);
        Ok((self.job(), Instance::local(transform)))
    }
}

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
            chain::begin(&members, head, &Budget::UNLIMITED)
        }
    };
    work(&Program {
        id: PluginId { name: "fake".into(), version: "1".into(), digest: String::new() },
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
        pipe::run(&mut input, &mut piped, &|head| (program.begin)(head), &pipe_options(5000))
    });
    match done {
        Ok(_) => assert!(piped == expected, "{all:?}: a stream gives something else"),
        Err(error) => assert!(all.contains(&Around), "{error}"),
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
        DropLines, KeepLines, Crlf, Lf, Grow, Split, Shift, Header, Insert, EndLine, Around, Bytes,
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
