//! Files, and native stand-ins for plugins with their models: what each of
//! them must make of a file, in ten lines.

use std::ops::Range;

use proptest::prelude::*;
use runner_contract::{ByteOrder, Change, FileHead, Framing, Job, Pattern, Reply, Span, Window};
use runner_pipeline::engine::transform::Transform;
use runner_pipeline::error::Result;
use runner_pipeline::patch::PluginId;
use runner_pipeline::run::{Begun, Program};

/// What is done to each record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    /// Every record gets a `>` in front.
    Prefix,
    /// The first byte of every record changes case.
    Case,
    /// Records that hold `ab` are removed.
    Remove,
    /// Records that hold `ab` get their last byte replaced by `#`.
    Mark,
    /// A `>` in front of the first `@`, else `%` becomes `&`.
    Signs,
    /// Long records become a fifth shorter, or longer: edits that are split.
    Shrink,
    Grow,
}

/// The edits of one record, in its own coordinates.
pub(crate) fn edits(action: Action, record: &[u8]) -> Option<(Range<usize>, Vec<u8>)> {
    let hit = record.windows(2).any(|pair| pair == b"ab");
    match action {
        Action::Prefix => Some((0..0, b">".to_vec())),
        Action::Case => Some((0..1, vec![record[0] ^ 0x20])),
        Action::Remove => hit.then(|| (0..record.len(), Vec::new())),
        Action::Signs => {
            let sign = |sign| record.iter().position(|&byte| byte == sign);
            let at = sign(b'@').map(|at| (at..at, b">".to_vec()));
            at.or_else(|| sign(b'%').map(|at| (at..at + 1, b"&".to_vec())))
        }
        Action::Shrink | Action::Grow if record.len() < 1000 => None,
        Action::Shrink => Some((0..record.len(), record[record.len() / 5..].to_vec())),
        Action::Grow => Some((0..record.len(), [&record[..record.len() / 5], record].concat())),
        Action::Mark => hit.then(|| (record.len() - 1..record.len(), b"#".to_vec())),
    }
}

/// The model of every framing: where the records of a whole file are.
pub(crate) fn records(framing: &Framing, file: &[u8]) -> Vec<Range<usize>> {
    let mut ends = Vec::new();
    let mut start = 0;
    match framing {
        Framing::Delimited(delimiter) => {
            ends.extend((delimiter.len()..=file.len()).filter(|&end| file[..end].ends_with(delimiter)));
        }
        Framing::Quoted { delimiter, quote } => {
            let mut inside = false;
            for (at, byte) in file.iter().enumerate() {
                inside ^= byte == quote;
                if !inside && byte == delimiter {
                    ends.push(at + 1);
                }
            }
        }
        Framing::Fixed { header, size } => {
            start = (*header as usize).min(file.len());
            ends.extend((start..file.len()).step_by(*size as usize).skip(1));
        }
        Framing::LengthPrefixed { header, .. } => {
            start = (*header as usize).min(file.len());
            let mut at = start;
            while at < file.len() {
                at = (at + 1 + usize::from(file[at])).min(file.len());
                ends.push(at);
            }
        }
        Framing::Bytes | Framing::Overlapping { .. } | Framing::Sequential => {
            unreachable!("they have no records")
        }
    }
    ends.push(file.len());
    let starts: Vec<_> = std::iter::once(start).chain(ends.iter().copied()).collect();
    starts.into_iter().zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end).collect()
}

pub(crate) fn expected(framing: &Framing, action: Action, file: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    for record in records(framing, file) {
        if let Some((range, new)) = edits(action, &file[record.clone()]) {
            out.extend_from_slice(&file[at..record.start + range.start]);
            out.extend_from_slice(&new);
            at = record.start + range.end;
        }
    }
    out.extend_from_slice(&file[at..]);
    out
}

/// A record framing's stand-in: windows begin at a record's start, so the
/// model of the framing without its header finds the records.
pub(crate) struct PerRecord {
    framing: Framing,
    action: Action,
}

impl Transform for PerRecord {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let framing = match &self.framing {
            Framing::Fixed { size, .. } => Framing::Fixed { header: 0, size: *size },
            Framing::LengthPrefixed { .. } => length_prefixed(0),
            other => other.clone(),
        };
        let (mut spans, mut bytes) = (Vec::new(), Vec::new());
        for record in records(&framing, window.bytes) {
            if let Some((range, new)) = edits(self.action, &window.bytes[record.clone()]) {
                let at = |offset: usize| (record.start + offset) as u32;
                spans.push(Span { start: at(range.start), end: at(range.end), len: new.len() as u32 });
                bytes.extend_from_slice(&new);
            }
        }
        Ok(Reply::new(0, Change::Edits { spans, bytes }))
    }
}

/// Replaces `aba` from left to right, wherever it stands: under an overlapping
/// framing with context, or sequentially.
pub(crate) struct Scan {
    sequential: bool,
}

pub(crate) fn scan_expected(file: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < file.len() {
        if file[at..].starts_with(b"aba") {
            out.extend_from_slice(b"<>");
            at += 3;
        } else {
            out.push(file[at]);
            at += 1;
        }
    }
    out
}

impl Transform for Scan {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let (mut spans, mut bytes) = (Vec::new(), Vec::new());
        let mut at = window.owned.start;
        // A sequential scan leaves what may be the start of a match.
        let end = if self.sequential && !window.last { window.bytes.len() - 2 } else { window.owned.end };
        while at < end {
            if window.bytes[at..].starts_with(b"aba") {
                spans.push(Span { start: at as u32, end: at as u32 + 3, len: 2 });
                bytes.extend_from_slice(b"<>");
                at += 3;
            } else {
                at += 1;
            }
        }
        Ok(Reply::new(at as u64, Change::Edits { spans, bytes }))
    }
}

/// Replaces whole windows, byte for byte.
pub(crate) struct Swap;

impl Transform for Swap {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let new = window.bytes.iter().map(|&byte| if byte == b'a' { b'z' } else { byte }).collect();
        Ok(Reply::new(0, Change::Replaced(new)))
    }
}

pub(crate) fn length_prefixed(header: u64) -> Framing {
    Framing::LengthPrefixed {
        header,
        offset: 0,
        width: 1,
        order: ByteOrder::Little,
        adjustment: 0,
        checks: Vec::new(),
    }
}

pub(crate) struct Case {
    pub(crate) job: Job,
    pub(crate) make: Box<dyn Fn() -> Box<dyn Transform> + Sync>,
    pub(crate) expected: Vec<u8>,
}

pub(crate) fn per_record(framing: Framing, action: Action, prefilter: bool, file: &[u8]) -> Case {
    let is_filtered = prefilter && matches!(action, Action::Remove | Action::Mark);
    let mut job = Job::new(framing.clone()).prefilters(is_filtered.then(|| Pattern::literals(["ab"])));
    job.claims.length_preserving = matches!(action, Action::Case | Action::Mark);
    Case {
        expected: expected(&framing, action, file),
        job,
        make: Box::new(move || Box::new(PerRecord { framing: framing.clone(), action })),
    }
}

pub(crate) fn scanning(framing: Framing, prefilter: bool, file: &[u8]) -> Case {
    let sequential = framing == Framing::Sequential;
    let is_filtered = prefilter && !sequential;
    Case {
        expected: scan_expected(file),
        job: Job::new(framing).prefilters(is_filtered.then(|| Pattern::literals(["aba"]))),
        make: Box::new(move || Box::new(Scan { sequential })),
    }
}

pub(crate) fn with_program<T>(case: &Case, run: impl FnOnce(&Program<'_>) -> T) -> T {
    let begin = |_: FileHead<'_>| -> Result<Begun> { Ok((case.job.clone(), (case.make)().into())) };
    let id =
        PluginId { name: "fake".into(), version: "1".into(), digest: String::new(), evidence: Vec::new() };
    let params_digest = blake3::hash(b"");
    run(&Program {
        id,
        params: Vec::new(),
        head_bytes: runner_contract::HEAD_BYTES,
        params_digest,
        begin: &begin,
    })
}

/// Files of up to some blocks, of pieces that stress cuts: long and short
/// lines, quotes, runs that overlap with themselves, and bytes that count.
pub(crate) fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'\n'), Just(b'"'), Just(b',')], 0..40),
        2 => Just(b"ababababa\n".to_vec()),
        1 => (0..70_000_usize).prop_map(|n| vec![b'x'; n]),
        1 => (0..70_000_usize).prop_map(|n| b"ab".repeat(n / 2)),
        1 => (0..5_000_usize).prop_map(|n| b"k,\"v\nw\",ab\n".repeat(n / 10)),
    ];
    (proptest::collection::vec(piece, 0..12), 1..5_usize)
        .prop_map(|(pieces, repeat)| pieces.concat().repeat(repeat))
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Prefix), Just(Action::Case), Just(Action::Remove), Just(Action::Mark)]
}

pub(crate) fn record_framing() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::Delimited(b"\n".to_vec())),
        Just(Framing::Delimited(b"ba".to_vec())),
        Just(Framing::Delimited(b",\n".to_vec())),
        Just(Framing::Quoted { delimiter: b'\n', quote: b'"' }),
        (0..100_u64, 1..70_000_u64).prop_map(|(header, size)| Framing::Fixed { header, size }),
        (0..100_u64).prop_map(length_prefixed),
    ]
}
