//! Framings by choice, and where their records end, by the simplest means.

use std::ops::Range;

use runner_contract::{ByteOrder, Framing, Job, Prefilter};

use super::input::Input;

/// Any framing that a plugin may ask for.
pub(super) fn framing(input: &mut Input<'_>) -> Framing {
    let framing = match input.below(7) {
        0 => Framing::Delimited(input.bytes(4).to_vec()),
        1 => Framing::Quoted { delimiter: input.byte(), quote: input.byte() },
        2 => Framing::Fixed { header: input.number(), size: input.number() },
        3 => Framing::LengthPrefixed {
            header: input.number(),
            offset: input.number() as u32,
            width: 1 + input.byte() % 8,
            order: order(input),
            // Small ones of both signs too.
            adjustment: if input.flag() { i64::from(input.byte() as i8) } else { input.number() as i64 },
            checks: Vec::new(),
        },
        4 => Framing::Overlapping { before: input.byte().into(), after: input.byte().into() },
        5 => Framing::Sequential,
        _ => Framing::Bytes,
    };
    let job = Job::new(framing);
    if job.validate().is_ok() { job.framing } else { Framing::Delimited(b"\n".to_vec()) }
}

/// Either byte order.
pub(super) fn order(input: &mut Input<'_>) -> ByteOrder {
    if input.flag() { ByteOrder::Big } else { ByteOrder::Little }
}

/// All records of a file, one scan from front to back; and where the one
/// starts whose length is impossible, if that ends the scan. Framings without
/// records have one at each byte.
pub(super) fn records(framing: &Framing, file: &[u8]) -> (Vec<Range<u64>>, Option<u64>) {
    let size = file.len() as u64;
    let mut start = match framing {
        Framing::Fixed { header, .. } | Framing::LengthPrefixed { header, .. } => *header,
        _ => 0,
    };
    let (mut records, mut quoted) = (Vec::new(), false);
    while start < size {
        let end = match framing {
            Framing::Delimited(delimiter) => {
                (start + 1..size).find(|end| file[..*end as usize].ends_with(delimiter))
            }
            Framing::Quoted { delimiter, quote } => (start + 1..size).find(|end| {
                quoted ^= file[*end as usize - 1] == *quote;
                file[*end as usize - 1] == *delimiter && !quoted
            }),
            Framing::Fixed { size, .. } => start.checked_add(*size),
            Framing::LengthPrefixed { offset, width, order, adjustment, .. } => {
                let field = start as usize + *offset as usize;
                file.get(field..field + usize::from(*width)).map(|bytes| {
                    let mut bytes = bytes.to_vec();
                    if *order == ByteOrder::Little {
                        bytes.reverse();
                    }
                    let stated = bytes.iter().fold(0_i128, |sum, byte| sum * 256 + i128::from(*byte));
                    let change = stated + i128::from(*adjustment);
                    let end = (field + bytes.len()) as i128 + change;
                    // Zero is no end: it stands for what is impossible.
                    if change < 0 { 0 } else { u64::try_from(end).unwrap_or(0) }
                })
            }
            _ => Some(start + 1),
        };
        if end == Some(0) {
            return (records, Some(start));
        }
        let end = end.unwrap_or(size).min(size);
        records.push(start..end);
        start = end;
    }
    (records, None)
}
