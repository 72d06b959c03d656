//! The proof of what is the same, held against both versions.

use crate::cases::Case;
use runner_pipeline::hash::GROUP_BYTES;
use runner_pipeline::hash::proof::Content;
use runner_pipeline::run::Report;

/// The proof of a run holds, and lists the groups with edits up to the first change of
/// length, and no others.
pub(crate) fn holds(case: &Case, content: &[u8], report: &Report) {
    let of = |bytes: &[u8]| Content { size: bytes.len() as u64, root: blake3::hash(bytes) };
    let proven = report.proven.as_ref().expect("a proof was wanted");
    let proof = &proven.proof;
    assert_eq!(proof.check(&of(content), &of(&case.expected)), Ok(()));
    let end = proof.tail.unwrap_or(content.len() as u64);
    for at in (0..end).filter(|at| content[*at as usize] != case.expected[*at as usize]) {
        assert!(proof.tail == Some(0) || proof.covers(&(at..at + 1)), "byte {at} is another one");
    }
    // There are too many to list, sometimes.
    let Some(edited) = &proven.edited else { return };
    let moves = edited.iter().find(|edit| !edit.keeps_length());
    match (proof.tail, moves) {
        (None, None) => {}
        (Some(tail), Some(first)) => {
            let group = first.start / GROUP_BYTES * GROUP_BYTES;
            let is_short = [content, &case.expected].iter().any(|bytes| bytes.len() as u64 <= GROUP_BYTES);
            assert_eq!(tail, if is_short { 0 } else { group }, "the group of the first change of length");
        }
        found => panic!("a tail, or a change of length: {found:?}"),
    }
    if proof.tail == Some(0) {
        assert!(proof.changed.is_empty() && proof.values.is_empty());
        return;
    }
    for index in 0..end.div_ceil(GROUP_BYTES) {
        let start = index * GROUP_BYTES;
        let group = start..end.min(start + GROUP_BYTES);
        let is_edited =
            edited.iter().any(|edit| edit.start < group.end && edit.start + edit.old_bytes > group.start);
        assert_eq!(proof.covers(&group), is_edited, "group {index} of {proof:?}");
    }
    // The edits are where they are listed, and none is left out.
    let (mut at, mut result) = (0, 0);
    for edit in edited {
        assert!(proof.covers(&(edit.start..edit.start + edit.old_bytes)));
        let kept = at..edit.start as usize;
        assert!(content[kept.clone()] == case.expected[result..result + kept.len()]);
        at = (edit.start + edit.old_bytes) as usize;
        result += kept.len() + edit.new_bytes as usize;
    }
    assert!(content[at..] == case.expected[result..]);
}
