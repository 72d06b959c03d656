use std::path::Path;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::{Direction, Edit, Edits, Group, Header, Patch, PluginId, Segment, Writer, walk};
use crate::cancel::Cancel;
use crate::fs::{Entry, Identity, OsStorage};

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
    let plugin = PluginId { name: "p".into(), version: "1".into(), digest: "d".into() };
    let params = vec![("key".into(), None)];
    let header = Header { plugin, params, target: "t".into(), identity, group_bytes: 65536 };
    let mut writer = Writer::new(&OsStorage, Entry::unpinned(directory.join("spill")), header).unwrap();
    for (start, bytes, new) in edits {
        writer.edit(Edit { start: *start as u64, old: &old[*start..start + bytes], new }).unwrap();
    }
    writer.group(Group { index: 0, before: Some([1; 32]), after: None }).unwrap();
    writer.finish().unwrap().seal(blake3::hash(old), blake3::hash(&apply(old, edits))).unwrap()
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

/// The file as a patch makes it, by its own overlay.
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

/// Sorted, disjoint edits of a file, as gaps, lengths and replacements.
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
        for (start, bytes, new) in &model {
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

/// Whatever single byte is changed, and wherever it is cut short or goes on:
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

/// A long patch goes to a file, and one that is dropped leaves none.
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
