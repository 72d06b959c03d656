//! Proofs against a model that holds all values.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::hash::{Cv, Tree, group_cv};

/// A pair of versions: the values of all groups, and what a proof is made of.
#[derive(Debug, Clone)]
struct Pair {
    old: Vec<Cv>,
    new: Vec<Cv>,
    /// The first moved group.
    moved: Option<u64>,
    /// Bytes of the last group.
    last: [u64; 2],
}

fn value(version: u8, index: usize) -> Cv {
    let mut bytes = vec![version];
    bytes.extend_from_slice(&index.to_le_bytes());
    *blake3::hash(&bytes).as_bytes()
}

impl Pair {
    /// Versions of so many groups, of which some are changed. With `moved`, the new one
    /// has `longer` groups.
    fn new(groups: usize, changed: &BTreeSet<usize>, tail: Option<(usize, usize)>) -> Self {
        // A length that is the same moves nothing.
        let tail = tail.filter(|(at, more)| *at < groups || *more > 0);
        let old: Vec<_> = (0..groups).map(|index| value(0, index)).collect();
        let end = tail.map_or(groups, |(at, _)| at.min(groups));
        let of = |index: &usize| if changed.contains(index) { value(1, *index) } else { old[*index] };
        let mut new: Vec<_> = (0..end).map(|index| of(&index)).collect();
        new.extend((0..tail.map_or(0, |(_, more)| more)).map(|index| value(2, index)));
        // Where nothing follows, the last group that is not moved is a whole one.
        let last = |groups: usize, bytes: u64| if groups == end { GROUP_BYTES } else { bytes };
        let last = if tail.is_some() { [last(groups, 1000), last(new.len(), 999)] } else { [1000; 2] };
        Self { old, new, moved: tail.map(|_| end as u64), last }
    }

    fn contents(&self) -> (Content, Content) {
        let content = |values: &[Cv], last: u64| {
            let mut tree = Tree::new();
            values.iter().for_each(|value| tree.push(*value));
            let size = values.len().checked_sub(1).map_or(0, |whole| whole as u64 * GROUP_BYTES + last);
            Content { size, root: tree.finish() }
        };
        (content(&self.old, self.last[0]), content(&self.new, self.last[1]))
    }

    fn proof(&self, limit_bytes: usize) -> Proof {
        let mut builder = Builder::within(limit_bytes);
        for (index, before) in self.old.iter().enumerate() {
            let after = match self.moved {
                Some(moved) if index as u64 >= moved => After::Moved,
                _ if self.new[index] == *before => After::Same,
                _ => After::Changed(self.new[index]),
            };
            builder.push(*before, after);
        }
        let moved = self.moved.unwrap_or(self.new.len() as u64);
        self.new[moved as usize..].iter().for_each(|value| builder.push_new(*value));
        let (old, new) = self.contents();
        let is_short = |content: &Content| content.size <= GROUP_BYTES;
        let tail = self.moved.map(|at| if is_short(&old) || is_short(&new) { 0 } else { at * GROUP_BYTES });
        builder.finish(tail, &old, &new).expect("a proof that holds")
    }

    fn check(&self, proof: &Proof) -> Result<(), Flaw> {
        let (old, new) = self.contents();
        proof.check(&old, &new)
    }
}

fn pairs() -> impl Strategy<Value = Pair> {
    let tail = prop::option::of((0_usize..70, 0_usize..70));
    let changed = prop::collection::btree_set(0_usize..64, 0..24);
    (0_usize..64, changed, tail).prop_map(|(groups, changed, tail)| Pair::new(groups, &changed, tail))
}

/// The changed groups that a proof lists.
fn listed(proof: &Proof) -> BTreeSet<u64> {
    proof.changed.iter().flat_map(|range| range.start / GROUP_BYTES..groups(range.end)).collect()
}

proptest! {
    #[test]
    fn a_proof_lists_what_has_changed_and_nothing_else(pair in pairs()) {
        let proof = pair.proof(MAX_VALUES_BYTES);
        prop_assert_eq!(pair.check(&proof), Ok(()));
        if proof.tail == Some(0) {
            return Ok(());
        }
        let end = pair.moved.unwrap_or(pair.old.len() as u64);
        let changed = (0..end).filter(|at| pair.old[*at as usize] != pair.new[*at as usize]);
        prop_assert_eq!(listed(&proof), changed.collect());
    }

    /// Where the values would be too many, ranges get wider, and still hold.
    #[test]
    fn a_bound_makes_ranges_wider(pair in pairs(), limit in 64_usize..1024) {
        let (all, few) = (pair.proof(MAX_VALUES_BYTES), pair.proof(limit));
        prop_assert_eq!(pair.check(&few), Ok(()));
        prop_assert!(listed(&few).is_superset(&listed(&all)));
        // The values of the tail, and of at most one subtree of each size, are not bounded.
        prop_assert!(few.values.len() <= limit + 32 * 8 * 4, "{} bytes", few.values.len());
    }

    /// No other ranges, no other values, and no other roots have the same proof.
    #[test]
    fn every_change_of_a_proof_is_refused(pair in pairs(), at: prop::sample::Index, number in 0_u8..8) {
        let proof = pair.proof(MAX_VALUES_BYTES);
        let (old, new) = pair.contents();
        let flipped = |root: blake3::Hash| {
            let mut bytes = *root.as_bytes();
            bytes[at.index(32)] ^= 1 << number;
            blake3::Hash::from_bytes(bytes)
        };
        if proof.tail != Some(0) && pair.old.len() > 1 {
            for (old_root, new_root) in [(flipped(old.root), new.root), (old.root, flipped(new.root))] {
                let (old, new) = (Content { root: old_root, ..old }, Content { root: new_root, ..new });
                prop_assert!(proof.check(&old, &new).is_err());
            }
        }
        let mut others = Vec::new();
        if !proof.values.is_empty() {
            let mut other = proof.clone();
            let place = at.index(other.values.len());
            other.values[place] ^= 1 << number;
            others.push(other);
            let mut other = proof.clone();
            other.values.remove(place);
            others.push(other);
        }
        let mut other = proof.clone();
        other.values.extend([0; 32]);
        others.push(other);
        if !proof.changed.is_empty() && pair.old.len() > 1 {
            let place = at.index(proof.changed.len());
            let step = [1, 32, GROUP_BYTES][usize::from(number) % 3];
            for change in [
                |range: &mut Range<u64>, step: u64| range.end += step,
                |range, step| range.end -= step,
                |range, step| range.start += step,
                |range, step| range.start = range.start.wrapping_sub(step),
                |range, _| std::mem::swap(&mut range.start, &mut range.end),
            ] as [fn(&mut Range<u64>, u64); 5] {
                let mut other = proof.clone();
                change(&mut other.changed[place], step);
                others.push(other);
            }
            let mut other = proof.clone();
            other.changed.remove(place);
            others.push(other);
            let mut other = proof.clone();
            other.changed.insert(place, other.changed[place].clone());
            others.push(other);
        }
        for tail in [None, Some(GROUP_BYTES), Some(1), Some(u64::MAX), proof.tail.map(|tail| tail + GROUP_BYTES)] {
            others.push(Proof { tail, ..proof.clone() });
        }
        for other in others.into_iter().filter(|other| *other != proof) {
            prop_assert!(pair.check(&other).is_err(), "{other:?} beside {proof:?}");
        }
    }

    /// Whatever the numbers are, it ends, and without a panic.
    #[test]
    fn any_proof_is_checked_or_refused(
        sizes: (u64, u64), tail: Option<u64>, ranges: Vec<(u64, u64)>, values: Vec<u8>, aligned: bool,
    ) {
        let align = |at: u64| if aligned { at / GROUP_BYTES * GROUP_BYTES } else { at };
        let changed = ranges.into_iter().map(|(start, end)| align(start)..align(end)).collect();
        let proof = Proof { changed, tail: tail.map(align), values };
        let content = |size: u64| Content { size: size >> 1, root: blake3::hash(b"x") };
        // Only the one that proves nothing can hold.
        let proves = proof.check(&content(sizes.0), &content(sizes.1)).is_ok();
        prop_assert!(!proves || proof.tail == Some(0) || sizes.0 >> 1 <= GROUP_BYTES);
    }
}

#[test]
fn real_bytes_have_the_roots_of_b3sum() {
    let old: Vec<u8> = (0..7 * GROUP_BYTES + 77).map(|at| (at % 251) as u8).collect();
    let mut new = old.clone();
    new[3 * GROUP_BYTES as usize + 5] ^= 1;
    let content = |bytes: &[u8]| Content { size: bytes.len() as u64, root: blake3::hash(bytes) };
    let cvs = |bytes: &[u8]| {
        let size = bytes.len() as u64;
        let groups = bytes.chunks(GROUP_BYTES as usize).zip(0..);
        groups.map(|(group, index)| group_cv(group, index, size)).collect::<Vec<_>>()
    };
    let mut builder = Builder::new();
    for (before, after) in cvs(&old).into_iter().zip(cvs(&new)) {
        builder.push(before, if before == after { After::Same } else { After::Changed(after) });
    }
    let proof = builder.finish(None, &content(&old), &content(&new)).unwrap();
    assert_eq!(listed(&proof), BTreeSet::from([3]));
    // Groups 0 and 1, group 2, group 3 in both versions, and groups 4 to 7.
    assert_eq!(proof.values.len(), 32 * 5);
    assert!(proof.covers(&(3 * GROUP_BYTES..3 * GROUP_BYTES + 9)));
    assert!(!proof.covers(&(3 * GROUP_BYTES - 1..3 * GROUP_BYTES + 9)));
    assert!(!proof.covers(&(0..1)) && !proof.covers(&(4 * GROUP_BYTES..4 * GROUP_BYTES + 1)));
    new[0] ^= 1;
    assert_eq!(proof.check(&content(&old), &content(&new)), Err(Flaw::NewRoot));
}

#[test]
fn versions_of_one_group_are_their_roots() {
    let content = |bytes: &[u8]| Content { size: bytes.len() as u64, root: blake3::hash(bytes) };
    let all = Proof { changed: std::iter::once(0..4).collect(), tail: None, values: Vec::new() };
    let none = Proof { changed: Vec::new(), ..all.clone() };
    assert_eq!(all.check(&content(b"abcd"), &content(b"abcx")), Ok(()));
    assert_eq!(none.check(&content(b"abcd"), &content(b"abcd")), Ok(()));
    assert_eq!(none.check(&content(b"abcd"), &content(b"abcx")), Err(Flaw::NewRoot));
    assert_eq!(none.check(&content(b""), &content(b"")), Ok(()));
    let wrong = Content { size: 0, root: blake3::hash(b"x") };
    assert_eq!(none.check(&wrong, &content(b"")), Err(Flaw::OldRoot));
    assert_eq!(none.check(&content(b"abcd"), &content(b"abc")), Err(Flaw::Sizes));
    assert_eq!(Proof::of_nothing().check(&content(b"abcd"), &content(b"abc")), Ok(()));
}

/// 64 GiB with 1,000 edits far apart, which is the worst place for them.
#[test]
fn a_proof_grows_with_the_edits_and_not_with_the_file() {
    const GROUPS: u64 = 1 << 20;
    let (same, changed) = (value(0, 0), value(1, 0));
    let (mut builder, mut old, mut new) = (Builder::new(), Tree::new(), Tree::new());
    for index in 0..GROUPS {
        let is_changed = index % (GROUPS / 1000) == 471;
        builder.push(same, if is_changed { After::Changed(changed) } else { After::Same });
        old.push(same);
        new.push(if is_changed { changed } else { same });
    }
    let content = |tree: &Tree| Content { size: GROUPS * GROUP_BYTES, root: tree.finish() };
    let (old, new) = (content(&old), content(&new));
    let proof = builder.finish(None, &old, &new).unwrap();
    assert!((1000..=1001).contains(&proof.changed.len()));
    // Each edit has its two values, and one for each level at which no other edit is near.
    assert!(proof.values.len() < 1001 * 32 * (2 + 11), "{} bytes", proof.values.len());
    proof.check(&old, &new).unwrap();
}
