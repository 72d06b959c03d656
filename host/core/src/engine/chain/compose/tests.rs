use proptest::prelude::*;

use super::*;

/// An edit as a gap after the last one, the number of bytes replaced, and the
/// new ones.
type Step = (u64, u64, Vec<u8>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let new = prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 0..4);
    prop::collection::vec((0_u64..4, 0_u64..4, new), 0..8)
}

/// A list of edits of a text that starts at `base`: disjoint, and without two
/// insertions at one place.
fn list(text: &[u8], base: u64, steps: &[Step]) -> EditList {
    let mut list = EditList::new(&Budget::UNLIMITED);
    let (mut at, mut inserted) = (0, None);
    for (gap, old, new) in steps {
        let start = (at + gap).min(text.len() as u64);
        let end = (start + old).min(text.len() as u64);
        if start == end && inserted == Some(start) {
            continue;
        }
        inserted = (start == end).then_some(start);
        list.push(base + start, &text[start as usize..end as usize], new).expect("no limit");
        at = end;
    }
    list
}

fn apply(text: &[u8], base: u64, list: &EditList) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    for index in 0.. {
        let Some(item) = list.get(index) else { break };
        out.extend_from_slice(&text[at..(item.start - base) as usize]);
        out.extend_from_slice(list.new_bytes(&item));
        at = (item.end() - base) as usize;
    }
    out.extend_from_slice(&text[at..]);
    out
}

fn spans(list: &EditList) -> Vec<(u64, u64, Vec<u8>)> {
    (0..)
        .map_while(|index| list.get(index))
        .map(|item| (item.start, item.end(), list.new_bytes(&item).to_vec()))
        .collect()
}

/// Both lists at once, which lie in one text at `base`.
fn both(text: &[u8], base: u64, one: &EditList, two: &EditList, shift: i64) -> EditList {
    let view = View { base, bytes: text, end: true };
    compose(&view, one, (two, shift), &Budget::UNLIMITED).expect("no limit")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn one_list_does_what_two_do_in_turn(
        text in prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 0..24),
        (one, two) in (steps(), steps()),
        (base, shift) in (0_u64..9, 0_i64..9),
    ) {
        let one = list(&text, base, &one);
        let between = apply(&text, base, &one);
        let two = list(&between, base + shift as u64, &two);
        let expected = apply(&between, base + shift as u64, &two);
        let made = both(&text, base, &one, &two, shift);
        prop_assert_eq!(apply(&text, base, &made), expected);
        let (mut reach, mut inserted) = (base, None);
        for (start, end, new) in spans(&made) {
            prop_assert!(start >= reach && start <= end && end <= base + text.len() as u64);
            prop_assert!(!(start == end && inserted == Some(start)), "two insertions at {start}");
            inserted = (start == end).then_some(start);
            let replaced = &text[(start - base) as usize..(end - base) as usize];
            reach = end;
            // Nothing in it is there for nothing but touching edits.
            prop_assert!(spans(&one).len() + spans(&two).len() > 0 && (replaced != new || start == end && !new.is_empty()));
        }
        prop_assert!(spans(&made).len() <= spans(&one).len() + spans(&two).len());
    }

    /// Records whose edits do not reach into others can be processed one by one
    /// or together: the list is the same.
    #[test]
    fn the_edits_of_a_record_do_not_depend_on_other_records(
        records in prop::collection::vec(("[ab]{0,4}", steps(), steps()), 1..5),
    ) {
        let (mut text, mut between) = (Vec::new(), Vec::new());
        let (mut ones, mut twos, mut apart) = (Vec::new(), Vec::new(), Vec::new());
        for (line, one, two) in records {
            let record = [line.as_bytes(), b"\n"].concat();
            // An insertion after a record belongs to the next one.
            let inside = |text: &[u8], steps: &[Step]| {
                let whole = spans(&list(text, 0, steps));
                whole.into_iter().filter(|(start, ..)| *start < text.len() as u64).collect::<Vec<_>>()
            };
            let (at, mid) = (text.len() as u64, between.len() as u64);
            let mut first = inside(&record, &one);
            // Its end stays, unless all of it goes.
            let made = |edits: &[(u64, u64, Vec<u8>)]| apply(&record, 0, &from(&record, 0, edits));
            if !made(&first).is_empty() && !made(&first).ends_with(b"\n") {
                first.clear();
            }
            let image = made(&first);
            let second = inside(&image, &two);
            let (one, two) = (from(&record, 0, &first), from(&image, 0, &second));
            let alone = both(&record, 0, &one, &two, 0);
            apart.extend(spans(&alone).into_iter().map(|(start, end, new)| (start + at, end + at, new)));
            ones.extend(first.into_iter().map(|(start, end, new)| (start + at, end + at, new)));
            twos.extend(second.into_iter().map(|(start, end, new)| (start + mid, end + mid, new)));
            text.extend_from_slice(&record);
            between.extend_from_slice(&image);
        }
        let (one, two) = (from(&text, 0, &ones), from(&between, 0, &twos));
        prop_assert_eq!(spans(&both(&text, 0, &one, &two, 0)), apart);
    }
}

fn from(text: &[u8], base: u64, edits: &[(u64, u64, Vec<u8>)]) -> EditList {
    let mut list = EditList::new(&Budget::UNLIMITED);
    for (start, end, new) in edits {
        let old = &text[(start - base) as usize..(end - base) as usize];
        list.push(*start, old, new).expect("no limit");
    }
    list
}

#[test]
fn what_stays_in_the_middle_of_overlapping_edits_is_left_out() {
    let text = b"0123456789\n";
    let one = from(text, 0, &[(2, 8, b"23abc7".to_vec())]);
    let between = apply(text, 0, &one);
    let two = from(&between, 0, &[(4, 5, b"4".to_vec()), (5, 7, b"56".to_vec())]);
    assert_eq!(spans(&both(text, 0, &one, &two, 0)), []);
}
