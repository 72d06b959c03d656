#![allow(
    clippy::fn_params_excessive_bools,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "a test is easiest to read in one piece"
)]

use proptest::prelude::*;

use super::*;

const G: u64 = GROUP_BYTES;

/// The groups that contain a byte of an edit; an insertion counts as well.
fn touched(edits: &[(u64, u64, u64)], both: bool) -> Vec<u64> {
    let (mut all, mut shift) = (std::collections::BTreeSet::new(), 0_i64);
    for &(start, old, new) in edits {
        let place = start.wrapping_add_signed(shift);
        all.extend((start..start + old).map(|at| at / G));
        if both {
            all.extend((place..place + new).map(|at| at / G));
        } else if old == 0 {
            all.insert(start / G);
        }
        shift += new as i64 - old as i64;
    }
    all.into_iter().collect()
}

/// An edit, or a group, in the order of a patch.
#[derive(Clone, Copy)]
enum Item {
    Edit((u64, u64, u64)),
    Group(Group),
}

/// Each group before the next edit that starts after it: in the old file, or
/// (`both`) in the old file and in the new one.
fn in_order(edits: &[(u64, u64, u64)], groups: &[Group], both: bool) -> Vec<Item> {
    let (mut items, mut left, mut shift) = (Vec::new(), groups, 0_i64);
    for (at, &(start, old, new)) in edits.iter().enumerate() {
        items.push(Item::Edit((start, old, new)));
        shift += new as i64 - old as i64;
        let next = edits.get(at + 1).map_or(u64::MAX, |next| {
            let place = next.0.wrapping_add_signed(shift);
            if both { next.0.min(place) / G } else { next.0 / G }
        });
        while let Some((first, rest)) = left.split_first().filter(|(first, _)| first.index < next) {
            items.push(Item::Group(*first));
            left = rest;
        }
    }
    items.extend(left.iter().copied().map(Item::Group));
    items
}

/// The tally of edits and groups, in an order in which a patch may list them,
/// one by one and in batches of `cut` items; both must give the same result.
fn tally(size: u64, edits: &[(u64, u64, u64)], groups: &[Group], cut: usize) -> Result<Stats, &'static str> {
    let mut items = in_order(edits, groups, false);
    let mut single = one_by_one(size, &items);
    if single.is_err() {
        let others = in_order(edits, groups, true);
        let other = one_by_one(size, &others);
        if other.is_ok() {
            (items, single) = (others, other);
        }
    }
    assert_eq!(single, in_batches(size, &items, cut));
    single
}

/// Old and new bytes of any edit.
static BYTES: [u8; 4 << 20] = [0; 4 << 20];

fn edit((start, old, new): (u64, u64, u64)) -> Edit<'static> {
    Edit { start, old: &BYTES[..old as usize], new: &BYTES[..new as usize] }
}

fn one_by_one(size: u64, items: &[Item]) -> Result<Stats, &'static str> {
    let mut tally = Tally::new(size);
    for item in items {
        match item {
            Item::Edit(it) => tally.edit(&edit(*it)),
            Item::Group(group) => tally.group(group),
        }
    }
    tally.end()
}

fn in_batches(size: u64, items: &[Item], cut: usize) -> Result<Stats, &'static str> {
    let mut tally = Tally::new(size);
    for batch in items.chunks(cut) {
        let (mut edits, mut groups) = (Vec::new(), Vec::new());
        for item in batch {
            match item {
                Item::Edit(it) => edits.push(edit(*it)),
                Item::Group(group) => groups.push(*group),
            }
        }
        tally.batch(edits.into_iter(), &groups);
    }
    let stats = tally.end();
    if let Some(stats) = stats.as_ref().ok().filter(|stats| stats.in_place_form) {
        reversed(stats, items, cut);
    }
    stats
}

/// A patch in in-place form is one in the other direction, too: a patch without
/// roots is copied so, batch by batch, when it is undone.
fn reversed(stats: &Stats, items: &[Item], cut: usize) {
    let (mut tally, mut shift) = (Tally::new(stats.post_size()), 0_i64);
    for batch in items.chunks(cut) {
        let (mut edits, mut groups) = (Vec::new(), Vec::new());
        for item in batch {
            match *item {
                Item::Edit((start, old, new)) => {
                    edits.push(edit((start.wrapping_add_signed(shift), new, old)));
                    shift += new as i64 - old as i64;
                }
                Item::Group(group) => {
                    groups.push(Group { before: group.after, after: group.before, ..group });
                }
            }
        }
        tally.batch(edits.into_iter(), &groups);
    }
    let back = tally.end().expect("a patch in in-place form in the other direction");
    assert!(back.in_place_form && back.post_size() == stats.pre_size, "{back:?}");
}

/// Sorted, disjoint edits in a file of some groups, and the size of the file.
fn edits() -> impl Strategy<Value = (u64, Vec<(u64, u64, u64)>)> {
    let gap = prop_oneof![Just(0), 0..3_u64, 0..2 * G, Just(G), Just(G - 1)];
    let bytes = prop_oneof![Just(0), 0..3_u64, 0..2 * G, Just(G), Just(G + 1)];
    let edit = (gap.clone(), bytes.clone(), bytes, any::<bool>());
    (proptest::collection::vec(edit, 1..12), gap).prop_map(|(steps, rest)| {
        let (mut at, mut edits) = (0, Vec::new());
        for (gap, old, new, keeps) in steps {
            at += gap;
            let new = if keeps { old } else { new };
            if old + new > 0 {
                edits.push((at, old, new));
            }
            at += old;
        }
        (at + rest, edits)
    })
}

fn group(index: u64, size: u64, known: u64) -> Group {
    let cv = Some([7; 32]);
    Group { index, before: cv.filter(|_| index * G < size), after: cv.filter(|_| index < known) }
}

/// After the second deletion, the third edit's new byte lies in the group before.
#[test]
fn a_group_waits_for_edits_after_a_deletion() {
    let edits = [(0, G, 0), (G, 1, 0), (G + 1, 1, 1)];
    let groups = [group(0, G + 2, 1), group(1, G + 2, 1)];
    for cut in 1..9 {
        assert!(tally(G + 2, &edits, &groups, cut).unwrap().in_place_form, "{cut}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// The touched groups with all known values are sufficient. Without any one
    /// of the groups, or with any one value missing or added, they are not.
    #[test]
    fn each_touched_group_and_each_value_is_needed((size, edits) in edits(), cut in 1..9_usize) {
        let post = size + edits.iter().map(|e| e.2).sum::<u64>() - edits.iter().map(|e| e.1).sum::<u64>();
        let change = edits.iter().find(|e| e.1 != e.2).map(|e| e.0 / G);
        let known = change.map_or(u64::MAX, |at| at).min(post.div_ceil(G));
        let groups: Vec<_> =
            touched(&edits, false).into_iter().map(|index| group(index, size, known)).collect();
        let stats = tally(size, &edits, &groups, cut).expect("all that it needs");
        prop_assert!(change.is_some() || stats.in_place_form);
        for at in 0..groups.len() {
            let mut less = groups.clone();
            less.remove(at);
            prop_assert!(tally(size, &edits, &less, cut).is_err(), "group {at} of {groups:?}");
            for change in [|g: &mut Group| g.before = g.before.xor(Some([1; 32])),
                |g: &mut Group| g.after = g.after.xor(Some([1; 32]))] {
                let mut other = groups.clone();
                change(&mut other[at]);
                // A tail with all its values can be written in place.
                let ok = tally(size, &edits, &other, cut).is_ok_and(|stats| !stats.in_place_form);
                prop_assert!(!ok, "a value of group {at} of {groups:?}");
            }
        }
        let mut more = groups.clone();
        let free = (0..).find(|index| !touched(&edits, true).contains(index)
            && !groups.iter().any(|g| g.index == *index)).expect("there are many");
        more.push(group(free, size, known));
        more.sort_by_key(|group| group.index);
        prop_assert!(tally(size, &edits, &more, cut).is_err(), "group {free} is in no edit");
    }

    /// The same for patches that are written in place: a tail that covers the
    /// rest of the file, group by group.
    #[test]
    fn each_group_of_a_tail_is_needed(
        from in 0..4_u64, old in 0..3 * G, new in 0..3 * G, cut in 1..9_usize, head in any::<bool>(),
    ) {
        prop_assume!(old != new);
        let (pre, post) = (from * G + old, from * G + new);
        let mut edits = Vec::new();
        if head && from > 0 {
            edits.push((5, 2, 2));
        }
        let mut at = from * G;
        while at < pre.max(post) {
            let part = |size: u64| G.min(size.saturating_sub(at));
            edits.push((at.min(pre), part(pre), part(post)));
            at += G;
        }
        let groups: Vec<_> = touched(&edits, true)
            .into_iter()
            .map(|index| group(index, pre, post.div_ceil(G)))
            .collect();
        prop_assert!(tally(pre, &edits, &groups, cut).expect("all that it needs").in_place_form);
        for at in 0..groups.len() {
            let mut less = groups.clone();
            less.remove(at);
            let in_place = tally(pre, &edits, &less, cut).is_ok_and(|stats| stats.in_place_form);
            prop_assert!(!in_place, "group {at} of {groups:?}");
            for change in [|g: &mut Group| g.before = g.before.xor(Some([1; 32])),
                |g: &mut Group| g.after = g.after.xor(Some([1; 32]))] {
                let mut other = groups.clone();
                change(&mut other[at]);
                let in_place = tally(pre, &edits, &other, cut).is_ok_and(|stats| stats.in_place_form);
                prop_assert!(!in_place, "a value of group {at} of {groups:?}");
            }
        }
    }
}

/// Edits with untouched groups between them do not list those groups, even when
/// all the edits come first.
#[test]
fn a_group_between_two_edits_is_not_listed() {
    let bytes = [0; 2];
    let edit = |start| Edit { start, old: &bytes, new: &bytes };
    let tally = |groups: &[u64]| {
        let mut tally = Tally::new(6 * G);
        tally.edit(&edit(5));
        tally.edit(&edit(5 * G));
        groups.iter().for_each(|&index| tally.group(&group(index, 6 * G, 6)));
        tally.end()
    };
    assert!(tally(&[0, 1, 2, 3, 4, 5]).is_err());
    assert!(tally(&[0, 5]).is_err(), "a group comes before the next edit that starts after it");
}

/// A group comes after all edits that touch it; listing it twice does not help.
#[test]
fn a_group_is_not_listed_before_its_last_edit() {
    let bytes = [0; 2];
    let edit = |start| Edit { start, old: &bytes, new: &bytes };
    let mut tally = Tally::new(G);
    tally.edit(&edit(5));
    tally.group(&group(0, G, 1));
    tally.edit(&edit(50));
    tally.group(&group(0, G, 1));
    assert!(tally.end().is_err());
}
