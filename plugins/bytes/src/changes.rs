//! From operations to changes at offsets of one file.

use std::ops::Range;

use crate::operation::{Operation, Payload, Verb};

/// How many bytes `fill` may insert and `truncate` may add, at most. They are
/// stored in the patch, and sent to the host in one piece.
pub const MAX_ADDED_BYTES: u64 = 16 << 20;

/// The end of a stream, whose size is not known. No offset is that large.
pub(crate) const UNKNOWN_END: u64 = u64::MAX;

/// A range of the file that is replaced. It is empty for an insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The range of the file.
    pub range: Range<u64>,
    /// The new bytes: none, or as many as the range has, or, for an insertion,
    /// any number.
    pub new: Payload,
}

impl Change {
    /// Whether nothing is removed.
    #[must_use]
    pub fn is_insertion(&self) -> bool {
        self.range.is_empty()
    }
}

/// Bytes that the file must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Where they begin.
    pub start: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Who expects them, for errors.
    pub label: String,
    /// Where the last one of the checks up to this one ends.
    pub reach: u64,
}

impl Check {
    /// Where the bytes end.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// All changes of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Sorted and disjoint; an insertion comes before what replaces the bytes
    /// after it. No two insertions are at one place, but for the end of a
    /// stream.
    pub changes: Vec<Change>,
    /// Sorted by their start.
    pub checks: Vec<Check>,
    /// The size of the file; `None` for a stream.
    pub size: Option<u64>,
}

impl Changes {
    /// Finds the places of operations, each with a label for errors, in a file
    /// of this size. All offsets are those of the file before any change.
    ///
    /// # Errors
    /// If an operation does not fit the file, or two of them overlap.
    pub fn new(operations: Vec<(String, Operation)>, size: Option<u64>) -> Result<Self, String> {
        let (mut found, mut checks) = (Vec::new(), Vec::new());
        for (label, operation) in operations {
            let add = |what: String| format!("{label}: {what}");
            let at = start(&operation, size).map_err(add)?;
            if let Some(bytes) = &operation.expect {
                let start = check_start(&operation, at, bytes.len() as u64, size).map_err(add)?;
                checks.push(Check { start, bytes: bytes.clone(), label: label.clone(), reach: 0 });
            }
            if let Some(change) = change(operation, at, size).map_err(add)? {
                found.push((label, change));
            }
        }
        let mut reach = 0;
        checks.sort_by_key(|check| check.start);
        for check in &mut checks {
            reach = check.end().max(reach);
            check.reach = reach;
        }
        Ok(Self { changes: in_order(found)?, checks, size })
    }

    /// Whether every change keeps the length.
    #[must_use]
    pub fn keep_length(&self) -> bool {
        self.changes.iter().all(|change| change.new.length() == change.range.end - change.range.start)
    }

    /// The ranges of a file of known size that must be seen: sorted, disjoint,
    /// and not touching each other.
    #[must_use]
    pub fn ranges(&self) -> Vec<Range<u64>> {
        let size = self.size.unwrap_or(UNKNOWN_END);
        let shown = |change: &Change| match change.range.clone() {
            // An insertion belongs to the byte after it, or to the last one.
            range if range.is_empty() && range.start < size => range.start..range.start + 1,
            range if range.is_empty() => size.saturating_sub(1)..size,
            range => range,
        };
        let checks = self.checks.iter().map(|check| check.start..check.end());
        let mut ranges: Vec<_> = self.changes.iter().map(shown).chain(checks).collect();
        ranges.retain(|range| !range.is_empty());
        ranges.sort_by_key(|range| range.start);
        ranges.dedup_by(|next, range| {
            let touches = next.start <= range.end;
            if touches {
                range.end = range.end.max(next.end);
            }
            touches
        });
        ranges
    }
}

/// The offset of an operation; for one that truncates, the new size.
fn start(operation: &Operation, size: Option<u64>) -> Result<u64, String> {
    use crate::number::Place;
    match (operation.place, size) {
        (Place::Start(at), _) => Ok(at),
        (place, Some(size)) => place
            .offset(size)
            .ok_or_else(|| format!("its place lies before the start of the file, which has {}", bytes(size))),
        (Place::End(0), None) if operation.verb == Verb::Append => Ok(UNKNOWN_END),
        (Place::End(_), None) => {
            Err("its place counts from the end, but the size of a stream is not known; use a file".into())
        }
    }
}

/// Where the bytes that an operation expects begin.
fn check_start(operation: &Operation, at: u64, length: u64, size: Option<u64>) -> Result<u64, String> {
    let start = match (operation.verb, size) {
        (Verb::Append, None) => {
            return Err("it expects an end, but the size of a stream is not known; use a file".into());
        }
        (Verb::Append, Some(size)) => size.checked_sub(length),
        (_, None) => Some(at),
        (_, Some(size)) => Some(at).filter(|at| at.saturating_add(length) <= size),
    };
    start.ok_or_else(|| {
        let has = bytes(size.unwrap_or(0));
        format!("it expects {}, which do not fit into the file there: it has {has}", bytes(length))
    })
}

/// The change that an operation makes, if it makes one.
fn change(operation: Operation, at: u64, size: Option<u64>) -> Result<Option<Change>, String> {
    let Operation { verb, new, length, .. } = operation;
    let end = size.unwrap_or(UNKNOWN_END);
    let beyond = |to: u64| match to > end {
        true => Err(format!("it reaches up to offset {to}, but the file has {}", bytes(end))),
        false => Ok(()),
    };
    let limit = |new: &Payload| match new {
        Payload::Fill { length, .. } if *length > MAX_ADDED_BYTES => Err(format!(
            "it adds {}, but at most {MAX_ADDED_BYTES} can be added by `fill` or by growing a file",
            bytes(*length)
        )),
        _ => Ok(()),
    };
    let range = match verb {
        Verb::Overwrite => at..at + new.length(),
        Verb::Delete => at..at + length,
        Verb::Insert | Verb::Append => at..at,
        Verb::Truncate if at > end => {
            let new = Payload::Fill { byte: 0, length: at - end };
            limit(&new)?;
            return Ok(Some(Change { range: end..end, new }));
        }
        Verb::Truncate => at..end,
    };
    if range.is_empty() {
        limit(&new)?;
    }
    match beyond(range.end) {
        Err(what) if verb == Verb::Overwrite => {
            return Err(format!("{what}; overwriting does not make a file longer, `append` does"));
        }
        checked => checked?,
    }
    let is_change = !range.is_empty() || new.length() > 0;
    Ok(is_change.then_some(Change { range, new }))
}

/// Sorts changes, and joins insertions at one place in the order in which they
/// were given.
fn in_order(mut found: Vec<(String, Change)>) -> Result<Vec<Change>, String> {
    found.sort_by_key(|(_, change)| (change.range.start, !change.is_insertion()));
    let mut changes: Vec<Change> = Vec::with_capacity(found.len());
    let mut reach = (0, String::new());
    for (label, change) in found {
        if change.range.start < reach.0 {
            let earlier = reach.1;
            return Err(format!("{earlier} and {label} overlap; all offsets are those before the changes"));
        }
        if !change.is_insertion() {
            reach = (change.range.end, label);
        }
        match changes.last_mut() {
            Some(last) if last.is_insertion() && last.range == change.range => {
                join(&mut last.new, &change.new)
            }
            _ => changes.push(change),
        }
    }
    Ok(changes)
}

/// Adds new bytes to others.
fn join(to: &mut Payload, more: &Payload) {
    let mut bytes = Vec::new();
    for part in [&*to, more] {
        part.write(0, part.length(), &mut bytes);
    }
    *to = Payload::Bytes(bytes);
}

/// A number of bytes, for people.
pub(crate) fn bytes(number: u64) -> String {
    if number == 1 { "1 byte".into() } else { format!("{number} bytes") }
}
