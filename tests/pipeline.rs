//! The whole trip with native stand-ins for plugins: for every framing, the
//! file that comes out is the one a ten-line model makes, the patch is the
//! same however the file is cut, and every way to the disk agrees.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use proptest::prelude::*;
use runner::cancel::Cancel;
use runner::error::Result;
use runner::fs::OsStorage;
use runner::job::{FileHead, Framing, Job, Prefilter};
use runner::memory::{self, Budget, Facts, Guard};
use runner::output::Output;
use runner::patch::{Direction, Patch, PluginId};
use runner::plan::Choice;
use runner::reach::Extras;
use runner::run::{self, Begun, Event, Options, Program};
use runner::transform::{Change, Reply, Span, Transform, Window};
use runner::verify::{Level, Wanted};

/// What is done to each record.
#[derive(Debug, Clone, Copy)]
enum Action {
    /// Every record gets a `>` in front.
    Prefix,
    /// The first byte of every record changes case.
    Case,
    /// Records that hold `ab` are removed.
    Remove,
    /// Records that hold `ab` get their last byte replaced by `#`.
    Mark,
    /// A `>` in front of the first `@`, else `%` becomes `&`.
    Signs,
    /// Long records become a fifth shorter, or longer: edits that are split.
    Shrink,
    Grow,
}

/// The edits of one record, in its own coordinates.
fn edits(action: Action, record: &[u8]) -> Option<(Range<usize>, Vec<u8>)> {
    let hit = record.windows(2).any(|pair| pair == b"ab");
    match action {
        Action::Prefix => Some((0..0, b">".to_vec())),
        Action::Case => Some((0..1, vec![record[0] ^ 0x20])),
        Action::Remove => hit.then(|| (0..record.len(), Vec::new())),
        Action::Signs => {
            let sign = |sign| record.iter().position(|&byte| byte == sign);
            let at = sign(b'@').map(|at| (at..at, b">".to_vec()));
            at.or_else(|| sign(b'%').map(|at| (at..at + 1, b"&".to_vec())))
        }
        Action::Shrink | Action::Grow if record.len() < 1000 => None,
        Action::Shrink => Some((0..record.len(), record[record.len() / 5..].to_vec())),
        Action::Grow => Some((0..record.len(), [&record[..record.len() / 5], record].concat())),
        Action::Mark => hit.then(|| (record.len() - 1..record.len(), b"#".to_vec())),
    }
}

/// The model of every framing: where the records of a whole file are.
fn records(framing: &Framing, file: &[u8]) -> Vec<Range<usize>> {
    let mut ends = Vec::new();
    let mut start = 0;
    match framing {
        Framing::Delimited(delimiter) => {
            ends.extend((delimiter.len()..=file.len()).filter(|&end| file[..end].ends_with(delimiter)));
        }
        Framing::Quoted { delimiter, quote } => {
            let mut inside = false;
            for (at, byte) in file.iter().enumerate() {
                inside ^= byte == quote;
                if !inside && byte == delimiter {
                    ends.push(at + 1);
                }
            }
        }
        Framing::Fixed { header, size } => {
            start = (*header as usize).min(file.len());
            ends.extend((start..file.len()).step_by(*size as usize).skip(1));
        }
        Framing::LengthPrefixed { header, .. } => {
            start = (*header as usize).min(file.len());
            let mut at = start;
            while at < file.len() {
                at = (at + 1 + usize::from(file[at])).min(file.len());
                ends.push(at);
            }
        }
        Framing::Bytes | Framing::Overlapping { .. } | Framing::Sequential => {
            unreachable!("they have no records")
        }
    }
    ends.push(file.len());
    let starts: Vec<_> = std::iter::once(start).chain(ends.iter().copied()).collect();
    starts.into_iter().zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end).collect()
}

fn expected(framing: &Framing, action: Action, file: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    for record in records(framing, file) {
        if let Some((range, new)) = edits(action, &file[record.clone()]) {
            out.extend_from_slice(&file[at..record.start + range.start]);
            out.extend_from_slice(&new);
            at = record.start + range.end;
        }
    }
    out.extend_from_slice(&file[at..]);
    out
}

/// A record framing's stand-in: windows begin at a record's start, so the
/// model of the framing without its header finds the records.
struct PerRecord {
    framing: Framing,
    action: Action,
}

impl Transform for PerRecord {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let framing = match &self.framing {
            Framing::Fixed { size, .. } => Framing::Fixed { header: 0, size: *size },
            Framing::LengthPrefixed { .. } => length_prefixed(0),
            other => other.clone(),
        };
        let (mut spans, mut bytes) = (Vec::new(), Vec::new());
        for record in records(&framing, window.bytes) {
            if let Some((range, new)) = edits(self.action, &window.bytes[record.clone()]) {
                let at = |offset: usize| (record.start + offset) as u32;
                spans.push(Span { start: at(range.start), end: at(range.end), len: new.len() as u32 });
                bytes.extend_from_slice(&new);
            }
        }
        Ok(Reply { consumed: 0, change: Change::Edits { spans, bytes } })
    }
}

/// Replaces `aba` from left to right, wherever it stands: under an overlapping
/// framing with context, or sequentially.
struct Scan {
    sequential: bool,
}

fn scan_expected(file: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < file.len() {
        if file[at..].starts_with(b"aba") {
            out.extend_from_slice(b"<>");
            at += 3;
        } else {
            out.push(file[at]);
            at += 1;
        }
    }
    out
}

impl Transform for Scan {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let (mut spans, mut bytes) = (Vec::new(), Vec::new());
        let mut at = window.owned.start as usize;
        // A sequential scan leaves what may be the start of a match.
        let end =
            if self.sequential && !window.last { window.bytes.len() - 2 } else { window.owned.end as usize };
        while at < end {
            if window.bytes[at..].starts_with(b"aba") {
                spans.push(Span { start: at as u32, end: at as u32 + 3, len: 2 });
                bytes.extend_from_slice(b"<>");
                at += 3;
            } else {
                at += 1;
            }
        }
        Ok(Reply { consumed: at as u64, change: Change::Edits { spans, bytes } })
    }
}

/// Replaces whole windows, byte for byte.
struct Swap;

impl Transform for Swap {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let new = window.bytes.iter().map(|&byte| if byte == b'a' { b'z' } else { byte }).collect();
        Ok(Reply { consumed: 0, change: Change::Replaced(new) })
    }
}

fn length_prefixed(header: u64) -> Framing {
    Framing::LengthPrefixed { header, offset: 0, width: 1, big_endian: false, adjustment: 0 }
}

struct Case {
    job: Job,
    make: Box<dyn Fn() -> Box<dyn Transform> + Sync>,
    expected: Vec<u8>,
}

fn per_record(framing: Framing, action: Action, prefilter: bool, file: &[u8]) -> Case {
    let prefilter = if prefilter && matches!(action, Action::Remove | Action::Mark) {
        Prefilter::Literals { patterns: vec![b"ab".to_vec()], ignore_ascii_case: false }
    } else {
        Prefilter::None
    };
    let length_preserving = matches!(action, Action::Case | Action::Mark);
    Case {
        expected: expected(&framing, action, file),
        job: Job { framing: framing.clone(), prefilter, length_preserving },
        make: Box::new(move || Box::new(PerRecord { framing: framing.clone(), action })),
    }
}

fn scanning(framing: Framing, prefilter: bool, file: &[u8]) -> Case {
    let sequential = framing == Framing::Sequential;
    let prefilter = if prefilter && !sequential {
        Prefilter::Literals { patterns: vec![b"aba".to_vec()], ignore_ascii_case: false }
    } else {
        Prefilter::None
    };
    Case {
        expected: scan_expected(file),
        job: Job { framing, prefilter, length_preserving: false },
        make: Box::new(move || Box::new(Scan { sequential })),
    }
}

static NEVER: AtomicBool = AtomicBool::new(false);

fn options(threads: usize, window_bytes: u64, choice: Choice) -> Options<'static> {
    let verify = Wanted::Exactly(Level::Cached);
    let (extras, memory) = (Extras::default(), Guard::NONE);
    Options { threads, window_bytes, choice, verify, extras, memory, cancel: Cancel::new(&NEVER) }
}

fn with_program<T>(case: &Case, run: impl FnOnce(&Program<'_>) -> T) -> T {
    let begin = |_: FileHead<'_>| -> Result<Begun> { Ok((case.job.clone(), (case.make)())) };
    let id = PluginId { name: "fake".into(), version: "1".into(), digest: String::new() };
    run(&Program { id, params: Vec::new(), begin: &begin })
}

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn entries(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The patch of one way to scan, as the bytes of its file.
fn plan(case: &Case, file: &Path, saved: &Path, threads: usize, window: u64) -> Vec<u8> {
    let options = options(threads, window, Choice::Auto);
    with_program(case, |program| {
        run::plan(file, program, &options, saved.with_extension("scan"), saved, &mut |_| {})
    })
    .unwrap();
    std::fs::read(saved).unwrap()
}

/// Workers are shed and come back at every block, and the budget runs out, at
/// every size: the patch is the same, or there is none.
fn check_memory(case: &Case, file: &Path, saved: &Path, patch: &[u8]) {
    let looks = AtomicU32::new(0);
    let tight =
        |tight| Some(Facts { left_percent: Some(if tight { 0 } else { 100 }), stalled_percent: None });
    let never = || None;
    let always = || tight(true);
    // In turns of 21, as a worker comes back after 20 calm looks.
    let now_and_then = || tight(looks.fetch_add(1, Relaxed).is_multiple_of(21));
    let presses: [&(dyn Fn() -> Option<Facts> + Sync); 3] = [&never, &always, &now_and_then];
    let plan = |look, pool_bytes, threads| {
        let budget =
            Budget::new(&memory::Plan { workers: 4, total_bytes: 1 << 20, pool_bytes, reply_bytes: 0 });
        let memory = Guard { budget: &budget, look: Some(look) };
        let options = Options { memory, ..options(threads, 1 << 16, Choice::Auto) };
        let mut fewest = 4;
        let made = with_program(case, |program| {
            run::plan(file, program, &options, saved.with_extension("scan"), saved, &mut |event| {
                if let Event::Workers(workers) = event {
                    assert!((1..=workers.of).contains(&workers.running) && workers.of <= 4, "{workers:?}");
                    fewest = fewest.min(workers.running);
                }
            })
        });
        assert_eq!(budget.leased_bytes(), 0, "all is given back");
        match made {
            Ok(_) => assert!(std::fs::read(saved).unwrap() == patch, "{pool_bytes} bytes give another patch"),
            Err(ref error) => assert!(memory::is_denied(error), "{error:?}"),
        }
        (made.is_ok(), fewest)
    };
    let blocks = std::fs::metadata(file).unwrap().len().div_ceil(1 << 20);
    for look in presses {
        assert!(plan(look, 1 << 40, 4).0, "memory for everything");
    }
    if blocks > 4 {
        assert_eq!(plan(&always, 1 << 40, 4).1, 1, "{blocks} blocks under pressure");
    }
    // Four times as much each time, until it is enough. What one worker can
    // do, four can; but for a sequential plugin, which cannot be asked again.
    let failed = (4..40).step_by(2).take_while(|shift| {
        let (alone, together) = (plan(&never, 1 << shift, 1).0, plan(&never, 1 << shift, 4).0);
        assert!(together || !alone || case.job.framing == Framing::Sequential, "{} bytes", 1_u64 << shift);
        !together
    });
    assert!(failed.count() < 12, "it needed more than 64 MiB");
}

/// Everything that must hold for one file and one program.
fn check(case: &Case, content: &[u8]) {
    let scratch = Scratch::new();
    let (file, saved) = (scratch.path("file"), scratch.path("saved"));
    std::fs::write(&file, content).unwrap();

    // One patch, however the file is cut.
    let patch = plan(case, &file, &saved, 1, 1 << 20);
    for (threads, window) in [(1, 1 << 16), (2, 1 << 16), (7, 3 << 16), (2, 1 << 20), (3, 4 << 20)] {
        let other = plan(case, &file, &scratch.path("other"), threads, window);
        assert!(patch == other, "{threads} threads and windows of {window} bytes give another patch");
    }
    check_memory(case, &file, &scratch.path("other"), &patch);

    // Its roots are those of the files before and after.
    let loaded = Patch::load(&OsStorage, &saved).unwrap();
    assert_eq!(loaded.seal().pre_root, blake3::hash(content));
    assert_eq!(loaded.seal().post_root, blake3::hash(&case.expected));

    // Every way to the disk gives the same file, and leaves nothing behind.
    let target = scratch.path("target");
    for choice in [Choice::Auto, Choice::InPlace, Choice::Rewrite] {
        std::fs::write(&target, content).unwrap();
        let before = scratch.entries();
        let options = options(2, 1 << 16, choice);
        with_program(case, |program| run::apply(&target, program, &options, &mut |_| {})).unwrap();
        assert!(std::fs::read(&target).unwrap() == case.expected, "apply, {choice:?}");
        assert_eq!(before, scratch.entries());

        let undo = Patch::load(&OsStorage, &saved).unwrap();
        run::apply_patch(&target, undo, Direction::Reverse, &options, &mut |_| {}).unwrap();
        assert!(std::fs::read(&target).unwrap() == content, "undo, {choice:?}");

        let redo = Patch::load(&OsStorage, &saved).unwrap();
        run::apply_patch(&target, redo, Direction::Forward, &options, &mut |_| {}).unwrap();
        assert!(std::fs::read(&target).unwrap() == case.expected, "patch, {choice:?}");
        assert_eq!(before, scratch.entries());
    }

    // Elsewhere, and through a pipe.
    let out = scratch.path("out");
    let spill = scratch.path("spill");
    let elsewhere = Output::File(out.clone());
    with_program(case, |program| {
        run::apply_to(&file, &elsewhere, program, &options(2, 1 << 16, Choice::Auto), spill, &mut |_| {})
    })
    .unwrap();
    assert!(std::fs::read(&out).unwrap() == case.expected, "-o");
    let mut piped = Vec::new();
    let begin = |_: FileHead<'_>| -> Result<Begun> { Ok((case.job.clone(), (case.make)())) };
    runner::pipe::run(&mut &content[..], &mut piped, &begin, 1 << 16, &Budget::UNLIMITED).unwrap();
    assert!(piped == case.expected, "pipe");
    assert!(std::fs::read(&file).unwrap() == content, "the source of all this");
}

/// Files of up to some blocks, of pieces that stress cuts: long and short
/// lines, quotes, runs that overlap with themselves, and bytes that count.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'\n'), Just(b'"'), Just(b',')], 0..40),
        2 => Just(b"ababababa\n".to_vec()),
        1 => (0..70_000_usize).prop_map(|n| vec![b'x'; n]),
        1 => (0..70_000_usize).prop_map(|n| b"ab".repeat(n / 2)),
        1 => (0..5_000_usize).prop_map(|n| b"k,\"v\nw\",ab\n".repeat(n / 10)),
    ];
    (proptest::collection::vec(piece, 0..12), 1..5_usize)
        .prop_map(|(pieces, repeat)| pieces.concat().repeat(repeat))
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Prefix), Just(Action::Case), Just(Action::Remove), Just(Action::Mark)]
}

fn record_framing() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::Delimited(b"\n".to_vec())),
        Just(Framing::Delimited(b"ba".to_vec())),
        Just(Framing::Delimited(b",\n".to_vec())),
        Just(Framing::Quoted { delimiter: b'\n', quote: b'"' }),
        (0..100_u64, 1..70_000_u64).prop_map(|(header, size)| Framing::Fixed { header, size }),
        (0..100_u64).prop_map(length_prefixed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn record_framings_agree_with_their_models(
        file in content(), framing in record_framing(), action in action(), prefilter: bool,
    ) {
        check(&per_record(framing, action, prefilter, &file), &file);
    }

    #[test]
    fn an_overlapping_scan_is_one_from_left_to_right(file in content(), prefilter: bool, more in 0..3_u32) {
        let framing = Framing::Overlapping { before: more, after: 2 + more };
        check(&scanning(framing, prefilter, &file), &file);
    }

    #[test]
    fn a_sequential_scan_is_one_from_left_to_right(file in content()) {
        check(&scanning(Framing::Sequential, false, &file), &file);
    }

    #[test]
    fn replaced_windows_are_diffed(file in content()) {
        let expected = file.iter().map(|&byte| if byte == b'a' { b'z' } else { byte }).collect();
        let job = Job { framing: Framing::Bytes, prefilter: Prefilter::None, length_preserving: true };
        check_content(&Case { job, make: Box::new(|| Box::new(Swap)), expected }, &file);
    }
}

/// For `replaced`, where the cuts decide which bytes become one edit.
fn check_content(case: &Case, content: &[u8]) {
    let scratch = Scratch::new();
    let file = scratch.path("file");
    for window in [1 << 16, 1 << 20] {
        std::fs::write(&file, content).unwrap();
        with_program(case, |program| {
            run::apply(&file, program, &options(2, window, Choice::Auto), &mut |_| {})
        })
        .unwrap();
        assert!(std::fs::read(&file).unwrap() == case.expected);
    }
}

/// An insertion right at a block's border, by a record that starts before it,
/// touches the first group of the block.
#[test]
fn an_insertion_at_a_border_moves_the_group_behind_it() {
    const BLOCK: usize = 1 << 20;
    let mut file = b"a\n".repeat((BLOCK - 10) / 2);
    file.extend_from_slice(b"0123456789@9\n%\n");
    file.extend_from_slice(&b"b\n".repeat(BLOCK));
    assert_eq!(file[BLOCK], b'@');
    check(&per_record(Framing::Delimited(b"\n".to_vec()), Action::Signs, false, &file), &file);
}

/// With the least memory that one worker can do with, four can do too, however
/// they come: who is alone in the end finds nothing else in memory.
#[test]
fn what_one_worker_can_do_four_can() {
    let file = b"0123456789abcde\n".repeat(12 << 16);
    let case = per_record(Framing::Delimited(b"\n".to_vec()), Action::Prefix, false, &file);
    let scratch = Scratch::new();
    let path = scratch.path("file");
    std::fs::write(&path, &file).unwrap();
    let fits = |threads, pool_bytes| {
        let plan = memory::Plan { workers: 4, total_bytes: 1 << 20, pool_bytes, reply_bytes: 0 };
        let budget = Budget::new(&plan);
        let memory = Guard { budget: &budget, look: None };
        let options = Options { memory, ..options(threads, 1 << 20, Choice::Auto) };
        let spill = scratch.path("spill");
        let look = &mut |_: &run::OsPatch, _: &run::Report| Ok(());
        with_program(&case, |program| run::dry_run(&path, program, &options, spill, &mut |_| {}, look))
            .is_ok()
    };
    let (mut too_little, mut enough) = (0, 64 << 20);
    while enough - too_little > 64 << 10 {
        let middle = u64::midpoint(too_little, enough);
        *(if fits(1, middle) { &mut enough } else { &mut too_little }) = middle;
    }
    assert!((1..32).contains(&(enough >> 20)), "{enough} bytes");
    for turn in 0..10 {
        assert!(fits(4, enough), "{enough} bytes, in turn {turn}");
    }
}

/// Edits of more than 1 MiB are split; what changes the length is in front.
#[test]
fn long_edits_are_split() {
    for (action, bytes) in
        [(Action::Shrink, 1_500_000), (Action::Grow, 1_500_000), (Action::Shrink, 8_000_000)]
    {
        let record: Vec<u8> = (0..bytes).map(|at: u32| b'a' + (at % 23) as u8).collect();
        let file = [b"x\n", &record[..], b"\ny\n"].concat();
        check(&per_record(Framing::Delimited(b"\n".to_vec()), action, false, &file), &file);
    }
}

/// A saved patch is nobody's journal: it is still there when it was carried
/// out, and a plan does not take the place of anything but a patch.
#[test]
fn a_saved_patch_stays() {
    let scratch = Scratch::new();
    let (file, saved) = (scratch.path("file"), scratch.path("saved"));
    std::fs::write(&file, "one\ntwo\n").unwrap();
    let case = per_record(Framing::Delimited(b"\n".to_vec()), Action::Case, false, b"one\ntwo\n");
    let before = plan(&case, &file, &saved, 1, 1 << 16);
    let patch = Patch::load(&OsStorage, &saved).unwrap();
    run::apply_patch(&file, patch, Direction::Forward, &options(1, 1 << 16, Choice::Auto), &mut |_| {})
        .unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"One\nTwo\n");
    assert_eq!(std::fs::read(&saved).unwrap(), before);
    let onto_itself = with_program(&case, |program| {
        let options = options(1, 1 << 16, Choice::Auto);
        run::plan(&file, program, &options, scratch.path("scan"), &file, &mut |_| {})
    });
    assert!(onto_itself.unwrap_err().to_string().contains("is not an older patch"));
    assert_eq!(std::fs::read(&file).unwrap(), b"One\nTwo\n");
}

/// Sizes at which the hash tree or the in-place form change their shape.
#[test]
fn sizes_round_a_group_are_right() {
    for size in [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073] {
        for action in [Action::Prefix, Action::Remove, Action::Case] {
            let mut file = b"ab\n".repeat(size / 3 + 1);
            file.truncate(size);
            check(&per_record(Framing::Delimited(b"\n".to_vec()), action, false, &file), &file);
            // One record is removed at the very end, or all but the first.
            let mut file = b"x\n".repeat(size / 2 + 1);
            file.truncate(size);
            file.extend_from_slice(b"ab");
            check(&per_record(Framing::Delimited(b"\n".to_vec()), action, false, &file), &file);
        }
    }
}
