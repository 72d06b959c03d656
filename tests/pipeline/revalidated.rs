//! A patch that is made anew, from its own edits and its file, is the same; and
//! one that says of its file what is not so changes nothing.

use std::path::Path;

use proptest::prelude::*;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::context::RunContext;
use runner_pipeline::error::{Kind, Result};
use runner_pipeline::hash::{GROUP_BYTES, group_cv};
use runner_pipeline::patch::{Direction, Edit, Group, Header, Patch, PluginId, Writer};
use runner_pipeline::run::{self, OsPatch, Report};
use runner_pipeline::scan::{Revalidated, revalidate};
use runner_pipeline::storage::mmap::Mapping;
use runner_pipeline::storage::{Entry, Identity, OsStorage};

use runner_tests::Scratch;

use crate::models::{NEVER, options};

/// Makes a saved patch of `file` anew, and compares.
pub(crate) fn is_the_same(file: &Path, saved: &Path, scratch: &Scratch) {
    let patch = Patch::load(&OsStorage, &Entry::unpinned(saved)).unwrap();
    let opened = std::fs::File::open(file).unwrap();
    let mapping = Mapping::new(&opened, patch.header().identity.size(), file).unwrap();
    for threads in [1, 3] {
        let writer =
            Writer::new(&OsStorage, Entry::unpinned(scratch.path("spill")), patch.header().clone()).unwrap();
        let context = RunContext::unstoppable(threads);
        let reader = patch.reader(Direction::Forward);
        let revalidated = revalidate(&mapping, reader, writer, context, &mut |_| {}).unwrap();
        let Revalidated::Fits(scanned) = revalidated else { panic!("it fits") };
        let seal = patch.seal();
        assert_eq!((&scanned.pre_root, scanned.draft.stats()), (&seal.pre_root, &seal.stats));
        if seal.stats.first_length_change.is_none() {
            assert_eq!(Some(scanned.after.finish()), seal.post_root);
        }
        let again = scratch.path("again");
        let sealed = scanned.draft.seal_with(seal.pre_root.zip(seal.post_root), seal.counts.clone()).unwrap();
        sealed.copy_to(&Entry::unpinned(&again), &Entry::unpinned(scratch.path("new"))).unwrap();
        let (lists, all) = (lists(&again), lists(saved));
        assert!(lists == all, "{threads} threads");
        // Between the parts of an edit that was split, there may be groups.
        if all.0.iter().all(|(_, old, new)| old.len().max(new.len()) < 1 << 20) {
            assert!(std::fs::read(&again).unwrap() == std::fs::read(saved).unwrap(), "{threads} threads");
        }
        std::fs::remove_file(&again).unwrap();
    }
}

/// All edits and groups.
fn lists(path: &Path) -> (Model, Vec<Group>) {
    let patch = Patch::load(&OsStorage, &Entry::unpinned(path)).unwrap();
    let (mut reader, mut edits, mut groups) = (patch.reader(Direction::Forward), Vec::new(), Vec::new());
    while let Some(batch) = reader.next_batch().unwrap() {
        edits.extend(batch.edits().map(|edit| (edit.start as usize, edit.old.to_vec(), edit.new.to_vec())));
        groups.extend_from_slice(batch.groups());
    }
    (edits, groups)
}

/// Start, old bytes, new bytes.
type Model = Vec<(usize, Vec<u8>, Vec<u8>)>;

fn applied(old: &[u8], model: &Model) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    for (start, replaced, new) in model {
        out.extend_from_slice(&old[at..*start]);
        out.extend_from_slice(new);
        at = start + replaced.len();
    }
    out.extend_from_slice(&old[at..]);
    out
}

/// Writes a patch of these edits, and of values that are right where `values`
/// says so.
fn saved(path: &Path, old: &[u8], model: &Model, values: bool, roots: [blake3::Hash; 2]) -> OsPatch {
    let size = old.len() as u64;
    let identity = Identity { device: (0, 0), inode: 1, born_ns: None, changed_ns: 0, modified_ns: 0, size };
    let plugin = PluginId { name: "p".into(), version: "1".into(), digest: "d".into(), evidence: Vec::new() };
    let identity = (&identity).into();
    let header = Header {
        plugin,
        params: vec![],
        conversion: vec![],
        target: "t".into(),
        identity,
        group_bytes: GROUP_BYTES,
    };
    let mut writer = Writer::new(&OsStorage, Entry::unpinned(path.with_extension("spill")), header).unwrap();
    let (group, new) = (GROUP_BYTES as usize, applied(old, model));
    let moved = model.iter().find(|(_, old, new)| old.len() != new.len()).map_or(usize::MAX, |e| e.0 / group);
    let touched: std::collections::BTreeSet<_> = model
        .iter()
        .flat_map(|(start, old, _)| start / group..=(start + old.len().max(1) - 1) / group)
        .collect();
    let mut edits = model.iter().peekable();
    for index in touched {
        while let Some((start, old, new)) = edits.next_if(|edit| edit.0 < (index + 1) * group) {
            writer.edit(Edit { start: *start as u64, old, new }).unwrap();
        }
        let cv = |content: &[u8]| {
            let end = content.len().min((index + 1) * group);
            let right = group_cv(&content[index * group..end], index as u64, content.len() as u64);
            if values { right } else { [7; 32] }
        };
        let before = (index * group < old.len()).then(|| cv(old));
        let after = (index < moved).then(|| cv(&new));
        writer.group(Group { index: index as u64, before, after }).unwrap();
    }
    let mut patch = writer.finish().unwrap().seal(roots[0], roots[1], Vec::new()).unwrap();
    patch.publish(&Entry::unpinned(path), Cancel::new(&NEVER)).unwrap();
    drop(patch);
    Patch::load(&OsStorage, &Entry::unpinned(path)).unwrap()
}

/// Edits of a file, sorted and disjoint, round the ends of groups, pieces and
/// the file.
fn edits() -> impl Strategy<Value = (Vec<u8>, Model)> {
    let near = |at: usize| at - 2..at + 3;
    let gap = prop_oneof![0..3_usize, 0..9_usize, near(65_536), near(1 << 18), 0..300_000_usize];
    let bytes = || prop_oneof![3 => 0..9_usize, 1 => near(65_536), 1 => 0..150_000_usize];
    let edit = (gap.clone(), bytes(), bytes(), prop::bool::weighted(0.7));
    (prop::collection::vec(edit, 0..10), gap).prop_map(|(steps, rest)| {
        let size = steps.iter().map(|step| step.0 + step.1).sum::<usize>() + rest;
        let old: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
        let (mut at, mut model) = (0, Model::new());
        for (gap, bytes, new_bytes, keeps) in steps {
            at += gap;
            let new = vec![b'#'; if keeps { bytes } else { new_bytes }];
            if bytes + new.len() > 0 {
                model.push((at, old[at..at + bytes].to_vec(), new));
            }
            at += bytes;
        }
        (old, model)
    })
}

/// What a patch says that is not so.
#[derive(Debug, Clone, Copy)]
enum Lie {
    None,
    /// No harm: values are computed anew.
    Values,
    Old,
    RootBefore,
    RootAfter,
}

fn carry_out(
    file: &Path,
    patch: OsPatch,
    direction: Direction,
    choice: Choice,
    threads: usize,
) -> Result<Report> {
    run::apply_patch(file, patch, direction, &options(threads, 1 << 16, choice), &mut |_| {})
}

/// Groups that are far from each other, in front of a tail.
#[test]
fn a_tail_keeps_the_groups_before_it() {
    let scratch = Scratch::in_memory();
    let (file, path) = (scratch.path("file"), scratch.path("patch"));
    let old = vec![b'x'; 400_000];
    let edit = |at: usize, new: &[u8]| (at, b"x".to_vec(), new.to_vec());
    let model = vec![edit(5, b"a"), edit(140_000, b"b"), edit(270_000, b"c"), edit(390_000, b"longer")];
    let new = applied(&old, &model);
    for (direction, from, to) in [(Direction::Forward, &old, &new), (Direction::Reverse, &new, &old)] {
        let roots = [blake3::hash(&old), blake3::hash(&new)];
        std::fs::write(&file, from).unwrap();
        carry_out(&file, saved(&path, &old, &model, true, roots), direction, Choice::InPlace, 1).unwrap();
        assert!(std::fs::read(&file).unwrap() == *to);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_a_patch_only_the_edits_are_believed(
        (old, model) in edits(),
        lie in prop::sample::select(vec![Lie::None, Lie::Values, Lie::Old, Lie::RootBefore, Lie::RootAfter]),
        which in any::<prop::sample::Index>(),
        choice in prop::sample::select(vec![Choice::Auto, Choice::InPlace, Choice::Rewrite]),
        threads in 1..4_usize,
        reverse: bool,
    ) {
        let scratch = Scratch::in_memory();
        let (file, path) = (scratch.path("file"), scratch.path("patch"));
        let new = applied(&old, &model);
        let mut roots = [blake3::hash(&old), blake3::hash(&new)];
        let direction = if reverse { Direction::Reverse } else { Direction::Forward };
        let (from, to) = if reverse { (&new, &old) } else { (&old, &new) };
        let mut told = model.clone();
        let mut harmless = matches!(lie, Lie::None | Lie::Values);
        match lie {
            Lie::None | Lie::Values => {}
            Lie::RootBefore => roots[0] = blake3::hash(b"something else"),
            Lie::RootAfter => roots[1] = blake3::hash(b"something else"),
            Lie::Old => {
                // Of what is replaced, one byte is another.
                let some: Vec<_> = told.iter_mut().flat_map(|(_, old, new)| if reverse { new } else { old }).collect();
                harmless = some.is_empty();
                if !harmless {
                    let at = which.index(some.len());
                    *some.into_iter().nth(at).unwrap() ^= 1;
                }
            }
        }
        let patch = saved(&path, &old, &told, !matches!(lie, Lie::Values), roots);
        std::fs::write(&file, from).unwrap();
        let before = (scratch.entries(), std::fs::metadata(&file).unwrap().modified().unwrap());
        let done = carry_out(&file, patch, direction, choice, threads);
        if harmless {
            let report = done.unwrap();
            prop_assert_eq!(report.pre_root, Some(blake3::hash(from)));
            prop_assert_eq!(report.post_root, Some(blake3::hash(to)));
            prop_assert!(std::fs::read(&file).unwrap() == *to);
        } else {
            prop_assert_eq!(done.unwrap_err().kind(), Kind::Verification);
            prop_assert!(std::fs::read(&file).unwrap() == *from);
            let after = (scratch.entries(), std::fs::metadata(&file).unwrap().modified().unwrap());
            prop_assert!(before == after, "touched");
        }
        prop_assert_eq!(scratch.entries(), ["file", "patch"]);
    }
}
