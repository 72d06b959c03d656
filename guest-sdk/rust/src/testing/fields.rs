//! The fields that a projection shows, byte by byte.

use std::ops::Range;

use runner_contract::model;

use crate::{Framing, Projection};

/// The wanted fields of a record that has any.
pub(super) struct Record {
    /// Where the record starts and ends.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Index and place of each field.
    pub(super) fields: Vec<(u32, Range<usize>)>,
}

/// The wanted fields of all records.
///
/// # Errors
/// If quotes stand where they must not.
pub(super) fn fields(
    framing: &Framing,
    projection: &Projection,
    input: &[u8],
) -> Result<Vec<Record>, String> {
    let quote = match framing {
        Framing::Quoted { quote, .. } => Some(*quote),
        _ => None,
    };
    let mut records = Vec::new();
    for record in model::records(framing, input)? {
        let fields = of_record(input, record.clone(), projection, quote)?;
        if !fields.is_empty() {
            records.push(Record { start: record.start, end: record.end, fields });
        }
    }
    Ok(records)
}

fn of_record(
    input: &[u8],
    record: Range<usize>,
    projection: &Projection,
    quote: Option<u8>,
) -> Result<Vec<(u32, Range<usize>)>, String> {
    let text = &input[record.clone()];
    let line = text.strip_suffix(b"\n").unwrap_or(text);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let end = record.start + line.len();
    let mark = if record.start == 0 && line.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let (mut at, mut fields, mut index) = (record.start + mark, Vec::new(), 0);
    if at == end {
        return Ok(fields);
    }
    loop {
        let stop = field_end(&input[..end], at, projection.delimiter, quote)?;
        if projection.fields.contains(&index) {
            fields.push((index, at..stop));
        }
        index += 1;
        if stop == end {
            return Ok(fields);
        }
        at = stop + 1;
    }
}

fn field_end(bytes: &[u8], start: usize, delimiter: u8, quote: Option<u8>) -> Result<usize, String> {
    let find = |from: usize, byte| bytes[from..].iter().position(|one| *one == byte).map(|at| from + at);
    let Some(quote) = quote else { return Ok(find(start, delimiter).unwrap_or(bytes.len())) };
    if bytes.get(start) != Some(&quote) {
        let end = find(start, delimiter).unwrap_or(bytes.len());
        return match find(start, quote) {
            Some(at) if at < end => Err(format!("a quote inside a field at {at}")),
            _ => Ok(end),
        };
    }
    let mut at = start + 1;
    loop {
        at = find(at, quote).ok_or_else(|| format!("a quote that is never closed at {start}"))? + 1;
        match bytes.get(at) {
            None => return Ok(at),
            Some(&byte) if byte == delimiter => return Ok(at),
            Some(&byte) if byte == quote => at += 1,
            Some(_) => return Err(format!("text after a closing quote at {at}")),
        }
    }
}
