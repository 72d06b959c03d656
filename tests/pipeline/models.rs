//! The whole trip with native stand-ins for plugins: for every framing, the
//! file that comes out is the one a ten-line model makes, the patch is the
//! same however the file is cut, and every way to the disk agrees.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::cases::{Action, Case, Swap, action, content, per_record, record_framing, scanning, with_program};
use proptest::prelude::*;
use runner_contract::{FileHead, Framing, Job};
use runner_pipeline::commit::output::Output;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::commit::verify::{Level, VerifyChoice};
use runner_pipeline::error::{Kind, Result};
use runner_pipeline::patch::{Direction, Patch};
use runner_pipeline::pipe;
use runner_pipeline::run::{self, Begun, Options};
use runner_pipeline::storage::{Entry, OsStorage};
use runner_tests::Scratch;

pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);

pub(crate) fn options(threads: usize, window_bytes: u64, choice: Choice) -> Options<'static> {
    let verify = VerifyChoice::Exactly(Level::Cached);
    Options { threads, window_bytes, choice, verify, ..Options::default() }
}

pub(crate) fn pipe_options(window_bytes: u64) -> pipe::Options<'static> {
    pipe::Options { window_bytes, ..pipe::Options::default() }
}

/// The patch of one way to scan, as the bytes of its file.
pub(crate) fn plan(case: &Case, file: &Path, saved: &Path, threads: usize, window: u64) -> Vec<u8> {
    let options = options(threads, window, Choice::Auto);
    let _ = std::fs::remove_file(saved);
    with_program(case, |program| run::plan(file, program, &options, &Entry::unpinned(saved), &mut |_| {}))
        .unwrap();
    std::fs::read(saved).unwrap()
}

/// Everything that must hold for one file and one program.
pub(crate) fn check(case: &Case, content: &[u8]) {
    let scratch = Scratch::in_memory();
    let (file, saved) = (scratch.path("file"), scratch.path("saved"));
    std::fs::write(&file, content).unwrap();

    // One patch, however the file is cut.
    let patch = plan(case, &file, &saved, 1, 1 << 20);
    for (threads, window) in [(1, 1 << 16), (2, 1 << 16), (7, 3 << 16), (2, 1 << 20), (3, 4 << 20)] {
        let other = plan(case, &file, &scratch.path("other"), threads, window);
        assert!(patch == other, "{threads} threads and windows of {window} bytes give another patch");
    }

    crate::memory::does_not_matter(case, &file, &scratch.path("other"), &patch);

    // Its roots are those of the files before and after.
    let loaded = Patch::load(&OsStorage, &Entry::unpinned(&saved)).unwrap();
    assert_eq!(loaded.seal().pre_root, Some(blake3::hash(content)));
    assert_eq!(loaded.seal().post_root, Some(blake3::hash(&case.expected)));
    crate::revalidated::is_the_same(&file, &saved, &scratch);

    // Every way to the disk gives the same file, and leaves nothing behind.
    let target = scratch.path("target");
    for choice in [Choice::Auto, Choice::InPlace, Choice::Rewrite] {
        std::fs::write(&target, content).unwrap();
        let before = scratch.entries();
        let options = Options { prove: true, ..options(2, 1 << 16, choice) };
        let report = with_program(case, |program| run::apply(&target, program, &options, &mut |_| {}));
        crate::proofs::holds(case, content, &report.unwrap());
        assert!(std::fs::read(&target).unwrap() == case.expected, "apply, {choice:?}");
        assert_eq!(before, scratch.entries());

        let undo = Patch::load(&OsStorage, &Entry::unpinned(&saved)).unwrap();
        run::apply_patch(&target, undo, Direction::Reverse, &options, &mut |_| {}).unwrap();
        assert!(std::fs::read(&target).unwrap() == content, "undo, {choice:?}");

        let redo = Patch::load(&OsStorage, &Entry::unpinned(&saved)).unwrap();
        run::apply_patch(&target, redo, Direction::Forward, &options, &mut |_| {}).unwrap();
        assert!(std::fs::read(&target).unwrap() == case.expected, "patch, {choice:?}");
        assert_eq!(before, scratch.entries());
    }

    crate::resumed::goes_on(case, content);

    // Elsewhere, and through a pipe.
    let out = scratch.path("out");
    let elsewhere = Output::File(Entry::unpinned(&out));
    with_program(case, |program| {
        run::apply_to(&file, &elsewhere, program, &options(2, 1 << 16, Choice::Auto), &mut |_| {})
    })
    .unwrap();
    assert!(std::fs::read(&out).unwrap() == case.expected, "-o");
    let mut piped = Vec::new();
    let begin = |_: FileHead<'_>| -> Result<Begun> { Ok((case.job.clone(), (case.make)().into())) };
    pipe::run(&mut &content[..], &mut piped, &begin, &pipe_options(1 << 16)).unwrap();
    assert!(piped == case.expected, "pipe");
    crate::paused::does_not_matter(case, content);
    assert!(std::fs::read(&file).unwrap() == content, "the source of all this");
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
        let job = Job::new(Framing::Bytes).length_preserving();
        check_content(&Case { job, make: Box::new(|| Box::new(Swap)), expected }, &file);
    }
}

/// For `replaced`, where the cuts decide which bytes become one edit.
pub(crate) fn check_content(case: &Case, content: &[u8]) {
    let scratch = Scratch::in_memory();
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
/// out, and a plan does not take the place of anything.
#[test]
fn a_saved_patch_stays() {
    let scratch = Scratch::in_memory();
    let (file, saved) = (scratch.path("file"), scratch.path("saved"));
    std::fs::write(&file, "one\ntwo\n").unwrap();
    let case = per_record(Framing::Delimited(b"\n".to_vec()), Action::Case, false, b"one\ntwo\n");
    let before = plan(&case, &file, &saved, 1, 1 << 16);
    let patch = Patch::load(&OsStorage, &Entry::unpinned(&saved)).unwrap();
    run::apply_patch(&file, patch, Direction::Forward, &options(1, 1 << 16, Choice::Auto), &mut |_| {})
        .unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"One\nTwo\n");
    assert_eq!(std::fs::read(&saved).unwrap(), before);
    let onto_itself = with_program(&case, |program| {
        let options = options(1, 1 << 16, Choice::Auto);
        run::plan(&file, program, &options, &Entry::unpinned(&file), &mut |_| {})
    });
    assert!(onto_itself.unwrap_err().to_string().contains("already exists"));
    assert_eq!(std::fs::read(&file).unwrap(), b"One\nTwo\n");
}

/// A plan is held to the expected root, as a change is.
#[test]
fn a_plan_with_an_unexpected_root_is_not_saved() {
    let scratch = Scratch::in_memory();
    let (file, saved) = (scratch.path("file"), scratch.path("saved"));
    std::fs::write(&file, "one\ntwo\n").unwrap();
    let case = per_record(Framing::Delimited(b"\n".to_vec()), Action::Case, false, b"one\ntwo\n");
    let plan = |root: &[u8]| {
        let mut options = options(1, 1 << 16, Choice::Auto);
        options.conditions.expect = Some(blake3::hash(root));
        with_program(&case, |program| {
            run::plan(&file, program, &options, &Entry::unpinned(&saved), &mut |_| {})
        })
    };
    assert_eq!(plan(b"one\ntwo\n").unwrap_err().kind(), Kind::Verification);
    assert!(!saved.exists());
    plan(b"One\nTwo\n").unwrap();
    assert!(saved.exists());
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
