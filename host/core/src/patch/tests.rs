use std::path::Path;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::{
    Direction, Edit, Edits, Group, Header, MAX_TRAILER_BYTES, MAX_TRAILERS, Patch, PluginId, Segment,
    TRAILER_AUTHENTICATION, TRAILER_EVIDENCE, TRAILER_SIGNER, Writer, walk,
};
use crate::cancel::Cancel;
use crate::hash::GROUP_BYTES;
use crate::storage::{Entry, Identity, OsStorage};

static NEVER: AtomicBool = AtomicBool::new(false);

/// Start, bytes replaced, replacement.
type Model = Vec<(usize, usize, Vec<u8>)>;

fn write(directory: &Path, old: &[u8], edits: &Model) -> Patch<'static, OsStorage> {
    let identity = Identity {
        device: (1, 2),
        inode: 3,
        born_ns: Some(4),
        changed_ns: 5,
        modified_ns: 6,
        size: old.len() as u64,
    };
    let plugin = PluginId { name: "p".into(), version: "1".into(), digest: "d".into(), evidence: Vec::new() };
    let params = vec![("key".into(), None)];
    let identity = (&identity).into();
    let header = Header {
        plugin,
        params,
        conversion: Vec::new(),
        target: "t".into(),
        identity,
        group_bytes: GROUP_BYTES,
    };
    let mut writer = Writer::new(&OsStorage, Entry::unpinned(directory.join("spill")), header).unwrap();
    let group = |index: usize| index / GROUP_BYTES as usize;
    let moved = edits.iter().find(|(_, old, new)| *old != new.len()).map_or(usize::MAX, |edit| group(edit.0));
    let mut touched = 0..0;
    let list = |writer: &mut Writer<'_, _>, touched: &mut std::ops::Range<usize>, end: usize| {
        for index in touched.start..touched.end.min(end) {
            let before = (index * (GROUP_BYTES as usize) < old.len()).then_some([1; 32]);
            let after = (index < moved).then_some([2; 32]);
            writer.group(Group { index: index as u64, before, after }).unwrap();
        }
        touched.start = touched.start.max(end).min(touched.end);
    };
    for (start, bytes, new) in edits.iter().filter(|edit| edit.1 > 0 || !edit.2.is_empty()) {
        list(&mut writer, &mut touched, group(*start));
        writer.edit(Edit { start: *start as u64, old: &old[*start..start + bytes], new }).unwrap();
        let start_group = if touched.is_empty() { group(*start) } else { touched.start };
        touched = start_group..group(start + bytes.max(&1) - 1) + 1;
    }
    list(&mut writer, &mut touched, usize::MAX);
    writer.finish().unwrap().seal(blake3::hash(old), blake3::hash(&apply(old, edits)), Vec::new()).unwrap()
}

fn apply(old: &[u8], edits: &Model) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    for (start, bytes, new) in edits {
        out.extend_from_slice(&old[at..*start]);
        out.extend_from_slice(new);
        at = start + bytes;
    }
    out.extend_from_slice(&old[at..]);
    out
}

/// The new file, computed with the patch's own segments.
fn overlay(patch: &Patch<'_, OsStorage>, direction: Direction, source: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    walk(patch.reader(direction), 0, |segment| {
        match segment {
            Segment::Source(range) => {
                out.extend_from_slice(&source[range.start as usize..range.end as usize])
            }
            Segment::New(bytes) => out.extend_from_slice(bytes),
        }
        Ok(())
    })
    .unwrap();
    out
}

/// Sorted, disjoint edits of a file, generated from gaps, lengths and
/// replacements.
fn edits() -> impl Strategy<Value = (Vec<u8>, Model)> {
    let edit = (0..50_usize, 0..50_usize, proptest::collection::vec(any::<u8>(), 0..50));
    (proptest::collection::vec(edit, 0..200), 0..100_usize).prop_map(|(steps, rest)| {
        let (mut at, mut edits) = (0, Vec::new());
        for (gap, bytes, new) in steps {
            edits.push((at + gap, bytes, new));
            at += gap + bytes;
        }
        ((0..at + rest).map(|i| (i * 31 % 251) as u8).collect(), edits)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_patch_reads_as_it_was_written_in_both_directions((old, model) in edits()) {
        let directory = tempfile::tempdir().unwrap();
        let new = apply(&old, &model);
        let saved = directory.path().join("saved");
        write(directory.path(), &old, &model).publish(&Entry::unpinned(&saved), Cancel::new(&NEVER)).unwrap();
        let patch = Patch::load(&OsStorage, &Entry::unpinned(&saved)).unwrap();
        let mut edits = Edits::new(patch.reader(Direction::Forward));
        for (start, bytes, new) in model.iter().filter(|edit| edit.1 > 0 || !edit.2.is_empty()) {
            let edit = edits.peek().unwrap().unwrap();
            prop_assert_eq!(edit, Edit { start: *start as u64, old: &old[*start..start + bytes], new });
            edits.advance();
        }
        prop_assert!(edits.peek().unwrap().is_none());
        prop_assert_eq!(patch.seal().stats.post_size(), new.len() as u64);
        prop_assert_eq!(overlay(&patch, Direction::Forward, &old), &new[..]);
        prop_assert_eq!(overlay(&patch, Direction::Reverse, &new), old);
    }
}

/// Whichever single byte is changed, and wherever the file is cut or continued,
/// it is refused as a whole.
#[test]
fn a_damaged_patch_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let saved = directory.path().join("saved");
    let model = vec![(2, 3, b"abc".to_vec()), (7, 0, b"d".to_vec())];
    write(directory.path(), b"0123456789", &model)
        .publish(&Entry::unpinned(&saved), Cancel::new(&NEVER))
        .unwrap();
    let good = std::fs::read(&saved).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&saved, bytes).unwrap();
        Patch::load(&OsStorage, &Entry::unpinned(&saved))
            .is_err_and(|e| e.kind() == crate::error::Kind::Verification)
    };
    assert!(!refused(&good));
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x41;
        assert!(refused(&bad), "byte {at} is changed");
        assert!(refused(&good[..at]), "cut at {at}");
    }
    assert!(refused(&[&good[..], b"x"].concat()));
    assert!(refused(&[&good[..], &good[12..]].concat()));
}

/// Trailers after the seal are part of the file, but not of the patch.
#[test]
fn trailers_are_kept_and_change_no_check() {
    let directory = tempfile::tempdir().unwrap();
    let [saved, copy, temporary] =
        ["saved", "copy", "new"].map(|name| Entry::unpinned(directory.path().join(name)));
    let model = vec![(2, 3, b"abc".to_vec())];
    let mut patch = write(directory.path(), b"0123456789", &model);
    let check = patch.seal_check();
    patch.push_trailer(TRAILER_AUTHENTICATION, b"a proof").unwrap();
    patch.push_trailer(0xff, &[7; MAX_TRAILER_BYTES]).unwrap();
    patch.push_trailer(TRAILER_AUTHENTICATION, b"another").unwrap();
    assert_eq!(patch.seal_check(), check);
    patch.copy_to(&copy, &temporary).unwrap();
    patch.publish(&saved, Cancel::new(&NEVER)).unwrap();
    assert_eq!(blake3::hash(&std::fs::read(saved.path()).unwrap()), patch.root());
    for entry in [&saved, &copy] {
        let patch = Patch::load(&OsStorage, entry).unwrap();
        assert_eq!(patch.seal_check(), check);
        assert_eq!(patch.trailer(TRAILER_AUTHENTICATION), Some(&b"a proof"[..]));
        assert_eq!(patch.trailer(0xff), Some(&[7; MAX_TRAILER_BYTES][..]));
        assert_eq!(patch.trailer(TRAILER_SIGNER), None);
        assert_eq!(overlay(&patch, Direction::Forward, b"0123456789"), b"01abc56789");
    }
    let good = std::fs::read(saved.path()).unwrap();
    for at in [good.len() - 40, good.len() - 1, good.len() - 500] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(saved.path(), &bad).unwrap();
        assert!(Patch::load(&OsStorage, &saved).is_err(), "byte {at} is changed");
    }
}

#[test]
fn more_trailers_than_a_reader_accepts_are_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut patch = write(directory.path(), b"0123456789", &vec![(2, 3, b"abc".to_vec())]);
    for _ in 0..MAX_TRAILERS {
        patch.push_trailer(TRAILER_EVIDENCE, b"").unwrap();
    }
    let [saved, temporary] = ["saved", "new"].map(|name| Entry::unpinned(directory.path().join(name)));
    patch.copy_to(&saved, &temporary).unwrap();
    assert!(Patch::load(&OsStorage, &saved).is_ok());
    let one_more = std::panic::AssertUnwindSafe(|| patch.push_trailer(TRAILER_EVIDENCE, b""));
    assert!(std::panic::catch_unwind(one_more).is_err());
}

/// A group that is not listed would never be checked, so the writer does not
/// allow leaving one out.
#[test]
#[should_panic(expected = "an edit in no group")]
fn an_edit_in_no_group_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let identity =
        Identity { device: (1, 2), inode: 3, born_ns: None, changed_ns: 5, modified_ns: 6, size: 9 };
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
    let mut writer =
        Writer::new(&OsStorage, Entry::unpinned(directory.path().join("spill")), header).unwrap();
    writer.edit(Edit { start: 3, old: b"a", new: b"b" }).unwrap();
    let _ = writer.finish();
}

/// A long patch is stored in a file, and a dropped one leaves no file.
#[test]
fn a_patch_that_outgrows_memory_is_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let old = vec![7; 3 << 20];
    let model: Model = (0..3).map(|at| (at << 20, 1 << 20, vec![at as u8; (1 << 20) + at])).collect();
    let patch = write(directory.path(), &old, &model);
    assert!(directory.path().join("spill").exists());
    assert_eq!(overlay(&patch, Direction::Forward, &old), apply(&old, &model));
    drop(patch);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// What this run has written itself is a patch, whatever the medium returns.
#[test]
fn a_medium_that_loses_the_start_of_a_patch_is_said_to_be_faulty() {
    let directory = tempfile::tempdir().unwrap();
    let old = vec![7; 3 << 20];
    let model: Model = (0..3).map(|at| (at << 20, 1 << 20, vec![at as u8; (1 << 20) + at])).collect();
    let patch = write(directory.path(), &old, &model);
    let spill = std::fs::OpenOptions::new().write(true).open(directory.path().join("spill")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&spill, &[0; 512], 0).unwrap();
    let error = walk(patch.reader(Direction::Forward), 0, |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("is corrupt at byte 0"), "{error}");
    assert!(
        error.hints().iter().any(|hint| hint.contains("the medium or its controller is faulty")),
        "{error}"
    );
}

#[test]
fn what_edits_and_groups_take_counts() {
    let stats = super::Stats {
        edits: 2,
        groups: 1,
        old_bytes: 10,
        new_bytes: 20,
        pre_size: 100,
        first_length_change: None,
        in_place_form: true,
    };
    assert_eq!(stats.patch_bytes(), 2 * 16 + 72 + 30);
}
