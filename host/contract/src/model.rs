//! A reference implementation of framings, for tests. It follows the
//! definitions byte by byte, and is not meant to be fast.

use std::ops::Range;

use crate::{ByteOrder, Framing};

/// The records of `input`, in order, under a framing that has records and
/// passes [`Job::validate`](crate::Job::validate).
///
/// # Errors
/// If a record states an impossible length, or the framing has no records.
pub fn records(framing: &Framing, input: &[u8]) -> Result<Vec<Range<usize>>, String> {
    match framing {
        Framing::Delimited(delimiter) => Ok(by_end(input, |at| input[..at].ends_with(delimiter))),
        Framing::Quoted { delimiter, quote } => {
            let mut inside = false;
            Ok(by_end(input, |at| {
                let byte = input[at - 1];
                inside ^= byte == *quote;
                byte == *delimiter && !inside
            }))
        }
        Framing::Fixed { header, size } => {
            by_length(input, *header, |_| Stated { length: (*size).into(), least: 1 })
        }
        Framing::LengthPrefixed { header, offset, width, order, adjustment, .. } => {
            let head = *offset as usize + usize::from(*width);
            by_length(input, *header, |rest| {
                // The end of the file truncates this record.
                let Some(field) = rest.get(*offset as usize..head) else {
                    return Stated { length: i128::MAX, least: 0 };
                };
                let mut field = field.to_vec();
                if *order == ByteOrder::Little {
                    field.reverse();
                }
                let value = field.iter().fold(0, |value, byte| value << 8 | i128::from(*byte));
                Stated { length: head as i128 + value + i128::from(*adjustment), least: head as i128 }
            })
        }
        Framing::Bytes | Framing::Overlapping { .. } | Framing::Sequential => {
            Err("a framing without records".into())
        }
    }
}

/// Records that end at each place that `is_end` picks from 1, 2, ... and at
/// the end of the input.
fn by_end(input: &[u8], mut is_end: impl FnMut(usize) -> bool) -> Vec<Range<usize>> {
    let mut records = Vec::new();
    let mut start = 0;
    for at in 1..=input.len() {
        if is_end(at) || at == input.len() {
            records.push(start..at);
            start = at;
        }
    }
    records
}

/// The length that a record states, and the shortest possible one.
struct Stated {
    length: i128,
    least: i128,
}

/// Records whose length `stated` computes from their first bytes; the last one
/// may be truncated.
fn by_length(
    input: &[u8],
    header: u64,
    stated: impl Fn(&[u8]) -> Stated,
) -> Result<Vec<Range<usize>>, String> {
    let mut records = Vec::new();
    let mut start = usize::try_from(header).unwrap_or(usize::MAX).min(input.len());
    while start < input.len() {
        let Stated { length, least } = stated(&input[start..]);
        if length < least {
            return Err(format!("the record at {start} states a length of {length}"));
        }
        let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(input.len());
        records.push(start..end);
        start = end;
    }
    Ok(records)
}
