//! Where records end: the contract's definitions, byte by byte.

use std::ops::Range;

use crate::{ByteOrder, Framing};

/// The records of `input`, in order, under a framing that has records.
pub(crate) fn split(framing: &Framing, input: &[u8]) -> Result<Vec<Range<usize>>, String> {
    match framing {
        Framing::Delimited(delimiter) if delimiter.is_empty() => {
            Err("the delimiter of the framing is empty".into())
        }
        Framing::Delimited(delimiter) => Ok(by_end(input, |at| input[..at].ends_with(delimiter.as_slice()))),
        Framing::Quoted { delimiter, quote } if delimiter == quote => {
            Err("delimiter and quote of the framing are the same byte".into())
        }
        Framing::Quoted { delimiter, quote } => {
            let mut inside = false;
            Ok(by_end(input, |at| {
                let byte = input[at - 1];
                inside ^= byte == *quote;
                byte == *delimiter && !inside
            }))
        }
        Framing::Fixed { size: 0, .. } => Err("the record size of the framing is zero".into()),
        Framing::Fixed { header, size } => by_length(input, *header, |_| Ok(i128::from(*size))),
        Framing::LengthPrefixed { width, .. } if !(1..=8).contains(width) => {
            Err("the length field of the framing is not 1 to 8 bytes wide".into())
        }
        Framing::LengthPrefixed { header, offset, width, order, adjustment } => {
            let head = *offset as usize + usize::from(*width);
            by_length(input, *header, |rest| {
                let Some(field) = rest.get(*offset as usize..head) else { return Ok(i128::MAX) };
                let mut field = field.to_vec();
                if *order == ByteOrder::Little {
                    field.reverse();
                }
                let value = field.iter().fold(0, |value, byte| value << 8 | i128::from(*byte));
                Ok(head as i128 + value + i128::from(*adjustment))
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

/// Records as long as `length` says of what begins with them; the last one
/// may be cut short.
fn by_length(
    input: &[u8],
    header: u64,
    length: impl Fn(&[u8]) -> Result<i128, String>,
) -> Result<Vec<Range<usize>>, String> {
    let mut records = Vec::new();
    let mut start = usize::try_from(header).unwrap_or(usize::MAX).min(input.len());
    while start < input.len() {
        let length = length(&input[start..])?;
        if length < 1 {
            return Err(format!("the record at {start} states a length of {length}"));
        }
        let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(input.len());
        records.push(start..end);
        start = end;
    }
    Ok(records)
}
