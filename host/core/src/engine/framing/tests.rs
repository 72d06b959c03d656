use proptest::prelude::*;
use runner_contract::ByteOrder;

use super::*;

/// Finds every record of a file in the obvious way: one scan from left to
/// right. Returns `None` when a record states an impossible length.
fn model(framing: &Framing, file: &[u8]) -> Option<Vec<Range<u64>>> {
    let mut start = match framing {
        Framing::Fixed { header, .. } | Framing::LengthPrefixed { header, .. } => *header as usize,
        _ => 0,
    };
    let mut records = Vec::new();
    let mut quoted = false;
    while start < file.len() {
        let mut end = start + 1;
        match framing {
            Framing::Delimited(delimiter) => {
                while end < file.len() && !file[..end].ends_with(delimiter) {
                    end += 1;
                }
            }
            Framing::Quoted { delimiter, quote } => loop {
                quoted ^= file[end - 1] == *quote;
                if end == file.len() || file[end - 1] == *delimiter && !quoted {
                    break;
                }
                end += 1;
            },
            Framing::Fixed { size, .. } => end = start + *size as usize,
            Framing::LengthPrefixed { offset, width, order, adjustment, .. } => {
                let field = start + *offset as usize;
                end = field + usize::from(*width);
                if end <= file.len() {
                    let mut bytes = file[field..end].to_vec();
                    if *order == ByteOrder::Big {
                        bytes.reverse();
                    }
                    let stated = bytes.iter().rev().fold(0_i128, |sum, b| sum * 256 + i128::from(*b));
                    let change = stated + i128::from(*adjustment);
                    end = end.checked_add(usize::try_from(change).ok()?)?;
                }
            }
            Framing::Bytes | Framing::Overlapping { .. } | Framing::Sequential => {}
        }
        end = end.min(file.len());
        records.push(start as u64..end as u64);
        start = end;
    }
    Some(records)
}

fn whole(file: &[u8]) -> View<'_> {
    View { base: 0, bytes: file, end: true }
}

/// The view that a worker is guaranteed: its part, with some bytes before and
/// after.
fn part<'a>(file: &'a [u8], cutter: &Cutter, range: Range<u64>) -> View<'a> {
    let base = range.start.saturating_sub(cutter.look_behind());
    let end = range.end.min(file.len() as u64);
    View { base, bytes: &file[base as usize..end as usize], end: end == file.len() as u64 }
}

fn framings() -> impl Strategy<Value = Framing> {
    let delimiter = prop::collection::vec(0_u8..2, 1..5);
    prop_oneof![
        Just(Framing::Bytes),
        delimiter.prop_map(Framing::Delimited),
        Just(Framing::Quoted { delimiter: 0, quote: 1 }),
        (0_u64..9, 1_u64..9).prop_map(|(header, size)| Framing::Fixed { header, size }),
        (0_u64..9, 0_u32..3, 1_u8..4, any::<bool>(), -1_i64..4).prop_map(
            |(header, offset, width, big, adjustment)| {
                let order = if big { ByteOrder::Big } else { ByteOrder::Little };
                Framing::LengthPrefixed { header, offset, width, order, adjustment, checks: Vec::new() }
            }
        ),
    ]
}

/// Uses few different bytes, so that delimiters, quotes and short lengths are
/// frequent.
fn files() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(0_u8..3, 0..80),
        prop::collection::vec(prop_oneof![8 => Just(2_u8), 1 => Just(0), 1 => Just(1)], 0..120),
    ]
}

/// Scans as a run does: summaries, carries, then the windows of each block.
fn scan(cutter: &Cutter, file: &[u8], block_bytes: u64, window_bytes: u64) -> Result<Vec<Range<u64>>> {
    let view = whole(file);
    let mut carry = cutter.initial_carry();
    let mut windows = Vec::new();
    for start in (0..view.limit()).step_by(block_bytes as usize) {
        let block = start..(start + block_bytes).min(view.limit());
        let mut next = cutter.first_start(&part(file, cutter, block.clone()), block.clone(), carry);
        while let Some(from) = next {
            let at_least = (from + window_bytes).min(block.end);
            let end = cutter.next_boundary(&view, from, at_least)?.expect("the end is in view");
            windows.push(from..end);
            next = (end < block.end).then_some(end);
        }
        let summary = cutter.summarize(&part(file, cutter, block.clone()), block.clone());
        carry = cutter.advance(&view, block, carry, summary)?.expect("the end is in view");
    }
    Ok(windows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Blocks and windows tile the file along the model's boundaries, and each
    /// window is the shortest one that is long enough.
    #[test]
    fn windows_are_the_models_records(
        framing in framings(), file in files(), block in 1_u64..40, window in 1_u64..40
    ) {
        let scanned = scan(&Cutter::new(&framing, 1000), &file, block, window);
        let Some(records) = model(&framing, &file) else {
            prop_assert!(scanned.expect_err("no such file").to_string().contains("impossible length"));
            return Ok(());
        };
        let mut expected: Vec<Range<u64>> = Vec::new();
        for record in records {
            match expected.last_mut() {
                // The window continues while it is too short, and as long as
                // records start in its block.
                Some(last)
                    if record.start < last.start + window && record.start / block == last.start / block =>
                {
                    last.end = record.end;
                }
                _ => expected.push(record),
            }
        }
        prop_assert_eq!(scanned.expect("cut"), expected);
    }

    #[test]
    fn first_start_is_the_models_first_in_the_block(
        framing in framings(), file in files(), start in 0_u64..120, len in 0_u64..40
    ) {
        let Some(records) = model(&framing, &file) else { return Ok(()) };
        let cutter = Cutter::new(&framing, 1000);
        let limit = file.len() as u64;
        let block = start.min(limit)..(start + len).min(limit);
        let before = 0..block.start;
        let summary = cutter.summarize(&whole(&file), before.clone());
        let carry = cutter.advance(&whole(&file), before, cutter.initial_carry(), summary);
        let carry = carry.expect("cut").expect("the end is in view");
        let expected = records.iter().map(|r| r.start).find(|start| block.contains(start));
        prop_assert_eq!(cutter.first_start(&part(&file, &cutter, block.clone()), block, carry), expected);
    }

    /// A record is refused exactly when it is longer than the limit, and the
    /// error names the first such record, however the file is cut.
    #[test]
    fn limit_does_not_depend_on_the_cut(
        framing in framings(), file in files(), block in 1_u64..40, limit in 1_u64..20, window in 1_u64..20
    ) {
        let Some(records) = model(&framing, &file) else { return Ok(()) };
        let scanned = scan(&Cutter::new(&framing, limit), &file, block, window.min(limit));
        match records.iter().find(|r| r.end - r.start > limit) {
            Some(long) => {
                let message = scanned.expect_err("a long record").to_string();
                prop_assert_eq!(
                    message,
                    format!(
                        "the record at offset {} is longer than the limit of {}",
                        long.start,
                        count(limit, "byte")
                    )
                );
            }
            None => prop_assert!(scanned.is_ok()),
        }
    }

    /// A view that is too short gives no answer or the right one. A view that
    /// reaches the limit beyond the target always gives an answer.
    #[test]
    fn short_views_never_mislead(
        framing in framings(), file in files(), seen in 0_u64..120, pick in any::<prop::sample::Index>(),
        limit in 1_u64..30, window in 0_u64..30
    ) {
        let Some(records) = model(&framing, &file) else { return Ok(()) };
        prop_assume!(!records.is_empty());
        let cutter = Cutter::new(&framing, limit);
        let from = records[pick.index(records.len())].start;
        let at_least = from + window.min(limit);
        let right = cutter.next_boundary(&whole(&file), from, at_least);
        let seen = (from + seen).min(file.len() as u64);
        let mut view = part(&file, &cutter, from..seen);
        if view.limit() == file.len() as u64 && seen % 2 == 0 {
            view.end = false;
        }
        match (cutter.next_boundary(&view, from, at_least), right) {
            (Ok(None), _) => prop_assert!(!view.end && seen <= at_least.max(from + 1) + limit),
            (Ok(answer), right) => prop_assert_eq!(answer, right.expect("a whole view knows more")),
            (Err(error), Err(right)) => prop_assert_eq!(error.to_string(), right.to_string()),
            (Err(error), Ok(right)) => prop_assert!(false, "{error} instead of {right:?}"),
        }
    }

    #[test]
    fn record_at_is_the_models_record(
        framing in framings(), file in files(), pick in any::<prop::sample::Index>(), skip in 0_u64..40
    ) {
        let Some(records) = model(&framing, &file) else { return Ok(()) };
        prop_assume!(!records.is_empty());
        let cutter = Cutter::new(&framing, 1000);
        let from = records[pick.index(records.len())].start;
        let hit = (from + skip).min(file.len() as u64 - 1);
        let expected = records.iter().find(|r| r.contains(&hit)).expect("records tile the file");
        prop_assert_eq!(&cutter.record_at(&whole(&file), from, hit).expect("cut"), expected);
        let view = part(&file, &cutter, from..expected.end);
        prop_assert_eq!(&cutter.record_at(&view, from, hit).expect("cut"), expected);
    }
}

#[test]
fn overlapping_delimiters_each_end_a_record() {
    let framing = Framing::Delimited(b"aa".to_vec());
    let ends: Vec<u64> =
        scan(&Cutter::new(&framing, 100), b"xaaay", 100, 1).expect("cut").iter().map(|r| r.end).collect();
    assert_eq!(ends, [3, 4, 5]);
}

#[test]
fn lengths_beyond_the_address_space_are_impossible() {
    let framing = Framing::LengthPrefixed {
        header: 1,
        offset: 0,
        width: 8,
        order: ByteOrder::Big,
        adjustment: i64::MAX,
        checks: Vec::new(),
    };
    let file = [0xff; 20];
    let error = Cutter::new(&framing, 100).next_boundary(&whole(&file), 1, 1).expect_err("no such record");
    assert_eq!(
        error.to_string(),
        "the record at offset 1 states an impossible length: 27,670,116,110,564,327,430 bytes"
    );
    let fixed = Framing::Fixed { header: u64::MAX, size: u64::MAX };
    assert_eq!(Cutter::new(&fixed, 100).first_start(&whole(&file), 0..20, 0), None);
}

#[test]
fn a_long_record_is_refused_without_reading_all_of_it() {
    let file = vec![b'x'; 1000];
    let cutter = Cutter::new(&Framing::Delimited(b"\n".to_vec()), 64);
    let seen = View { base: 0, bytes: &file[..129], end: false };
    let error = cutter.next_boundary(&seen, 0, 64).expect_err("too long");
    assert_eq!(error.to_string(), "the record at offset 0 is longer than the limit of 64 bytes");
    assert_eq!(error.hints().len(), 1);
}
