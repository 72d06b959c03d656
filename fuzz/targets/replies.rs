//! Whatever a plugin answers: an error that blames it, or the edits that a
//! check byte by byte accepts.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use runner_contract::{Change, Framing, Job, Pattern, Reply, Span, Window};
use runner_pipeline::engine::transform::{Instance, Transform};
use runner_pipeline::error::{Error, Kind, Result};

use super::input::Input;
use super::records::{framing, records};
use super::scanning::{CommitOptions, Edit, Found, PLAIN, apply, file, found};

/// Files of one block are asked about once, from front to back.
const BLOCK_BYTES: usize = 1 << 20;
/// With a prefilter, the plugin sees what holds this.
const LITERAL: &[u8] = b"x";

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let framing = framing(&mut input);
    let literals = Pattern::literals([LITERAL]);
    let mut job = Job::new(framing).prefilters(input.flag().then_some(literals));
    job.claims.length_preserving = input.flag();
    if job.validate().is_err() {
        job.prefilters.clear();
    }
    let script: Arc<Vec<Vec<u8>>> =
        Arc::new((0..1 + input.below(4)).map(|_| input.bytes(40).to_vec()).collect());
    let threads = 1 + input.below(3);
    let file = file(&mut input, usize::MAX);

    let asked = Arc::new(Mutex::new(Vec::new()));
    let make = || Ok(Instance::local(Scripted { script: script.clone(), asked: asked.clone() }));
    let result = found(&job, &file, &make, PLAIN);
    let asked_once = std::mem::take(&mut *asked.lock().expect("nobody panics"));
    if file.len() <= BLOCK_BYTES {
        check(&job, &file, &asked_once, result.as_ref());
    }
    let again = found(&job, &file, &make, CommitOptions { threads, ..PLAIN });
    match (result, again) {
        (Ok(one), Ok(many)) => assert!(one == many, "{:?} and {:?}", one.edits, many.edits),
        (one, many) => assert_eq!(one.err().map(|e| e.to_string()), many.err().map(|e| e.to_string())),
    }
}

/// A window that was shown, and the answer.
struct Asked {
    offset: u64,
    bytes: Vec<u8>,
    owned: Range<usize>,
    last: bool,
    reply: Reply,
}

struct Scripted {
    script: Arc<Vec<Vec<u8>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Transform for Scripted {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        // The same for the same window, whoever is asked.
        let line = (window.offset as usize).wrapping_add(window.bytes.len()) % self.script.len();
        let reply = reply(&mut Input::new(&self.script[line]), window);
        let asked = Asked {
            offset: window.offset,
            bytes: window.bytes.to_vec(),
            owned: window.owned.clone(),
            last: window.last,
            reply: reply.clone(),
        };
        self.asked.lock().expect("nobody panics").push(asked);
        Ok(reply)
    }
}

fn reply(input: &mut Input<'_>, window: &Window<'_>) -> Reply {
    let shown = window.bytes.len() as u64;
    let consumed = match input.below(4) {
        0 => match input.number() {
            // Not so few that a large file takes for ever.
            few @ 1.. => few.max(shown / 16),
            none => none,
        },
        1 => shown.saturating_sub(input.byte().into()),
        _ => shown,
    };
    let change = match input.below(4) {
        0 => Change::Unchanged,
        1 => Change::Replaced(match input.below(3) {
            0 => input.rest().to_vec(),
            1 => window.bytes.iter().map(|byte| byte ^ 1).collect(),
            _ => [input.bytes(9), window.bytes].concat(),
        }),
        _ => {
            let (mut spans, mut at) = (Vec::new(), window.owned.start as u32);
            let mut bytes = 0;
            while !input.is_empty() {
                let gap = if input.flag() { input.number() as u32 } else { input.below(5) as u32 };
                let start = at.wrapping_add(gap);
                let end = start.wrapping_add(u32::from(input.byte() % 8));
                let len = if input.flag() { end - start.min(end) } else { input.below(9) as u32 };
                spans.push(Span { start, end, len });
                (at, bytes) = (end, bytes + len as usize);
            }
            // Now and then one thing is wrong.
            match (window.offset.wrapping_add(shown) % 8, spans.last_mut()) {
                (1, _) => bytes += 1,
                (2, _) => bytes = bytes.saturating_sub(1),
                (3, Some(span)) => span.end = span.start.wrapping_sub(1),
                (4, Some(span)) => span.len = u32::MAX,
                _ => {}
            }
            Change::Edits { spans, bytes: (0..bytes).map(|at| b'A' + (at % 26) as u8).collect() }
        }
    };
    Reply::new(consumed, change)
}

/// What a scan of one block came to, against a check of all answers in order.
fn check(job: &Job, file: &[u8], all: &[Asked], result: Result<&Found, &Error>) {
    let (records, impossible) = records(&job.framing, file);
    let packs =
        !job.prefilters.is_empty() && !matches!(job.framing, Framing::Bytes | Framing::Overlapping { .. });
    let holds = |record: &&Range<u64>| file[record.start as usize..record.end as usize].contains(&LITERAL[0]);
    let mut candidates = records.iter().filter(holds);
    // What was asked about so far, and where the last edit ends.
    let (mut at, mut reach) = (records.first().map_or(0, |first| first.start), 0);
    let (mut edits, mut replaced) = (Vec::new(), false);
    for (index, asked) in all.iter().enumerate() {
        let shown = asked.bytes.len() as u64;
        let mut origin: Vec<u64> = Vec::new();
        if packs {
            while origin.len() < asked.bytes.len() {
                origin.extend(candidates.next().expect("only these are shown").clone());
            }
        } else {
            origin.extend(asked.offset..asked.offset + shown);
        }
        let content: Vec<u8> = origin.iter().map(|at| file[*at as usize]).collect();
        assert!(content == asked.bytes, "the window at {} shows other bytes", asked.offset);
        if job.prefilters.is_empty() {
            assert_eq!(asked.offset + asked.owned.start as u64, at.max(reach), "{job:?}");
        }
        let unfinished = job.framing == Framing::Sequential && asked.last && asked.reply.consumed < shown;
        let Some(accepted) = accepted(job, asked, &origin).filter(|_| !unfinished) else {
            assert_eq!(index + 1, all.len(), "nobody is asked after a breach");
            let error = result.expect_err("the contract is broken");
            assert_eq!(error.kind(), Kind::Plugin, "{error:?}");
            return;
        };
        let to = asked.offset.saturating_add(asked.reply.consumed);
        if job.framing == Framing::Sequential && to > file.len() as u64 && to != u64::MAX {
            assert_eq!(index + 1, all.len(), "nobody is asked beyond the end");
            let error = result.expect_err("a skip beyond the end");
            assert_eq!(error.kind(), Kind::Io, "{error:?}");
            return;
        }
        at = match job.framing {
            Framing::Sequential => asked.offset.saturating_add(asked.reply.consumed),
            _ => asked.offset + asked.owned.end as u64,
        };
        reach = accepted.last().map_or(reach, |(start, old, _)| start + old.len() as u64);
        replaced |= matches!(asked.reply.change, Change::Replaced(_));
        edits.extend(accepted);
    }
    match result {
        Ok(found) => {
            assert_eq!(impossible, None, "{job:?}");
            assert!(found.content == apply(file, &edits), "{job:?}: {edits:?}");
            // Those of a replaced window are of the host's choice.
            edits.retain(|(_, old, new)| old != new);
            assert!(replaced || found.edits == edits, "{job:?}: {:?}, not {edits:?}", found.edits);
            let done = !job.prefilters.is_empty() || at.max(reach) >= file.len() as u64;
            assert!(done || records.is_empty(), "{job:?}: the end was not asked about");
            assert!(!packs || candidates.next().is_none(), "{job:?}: a record was left out");
        }
        Err(error) => {
            assert!(impossible.is_some() && error.kind() == Kind::Usage, "{job:?}: {error:?}");
        }
    }
}

/// The edits of an answer, byte by byte; `None` when it breaks the contract.
fn accepted(job: &Job, asked: &Asked, origin: &[u64]) -> Option<Vec<Edit>> {
    let shown = asked.bytes.len();
    let limit = match job.framing {
        Framing::Sequential => usize::try_from(asked.reply.consumed).unwrap_or(shown).min(shown),
        _ => shown,
    };
    let (spans, bytes) = match &asked.reply.change {
        Change::Unchanged => return Some(Vec::new()),
        Change::Replaced(new) => {
            let forbidden = matches!(job.framing, Framing::Overlapping { .. })
                || !job.prefilters.is_empty()
                || job.claims.length_preserving && new.len() != limit;
            return (!forbidden).then(|| vec![(asked.offset, asked.bytes[..limit].to_vec(), new.clone())]);
        }
        Change::Edits { spans, bytes } => (spans, bytes),
    };
    let (mut edits, mut rest) = (Vec::new(), &bytes[..]);
    for (index, span) in spans.iter().enumerate() {
        let (start, end, len) = (span.start as usize, span.end as usize, span.len as usize);
        let owned = asked.owned.contains(&start) && start < limit || asked.last && start == shown;
        let behind = spans[..index]
            .last()
            .is_none_or(|before| before.end <= span.start && !(before.start == span.start && start == end));
        let keeps = !job.claims.length_preserving || end.wrapping_sub(start) == len;
        if start > end || end > limit || !owned || !behind || !keeps || len > rest.len() {
            return None;
        }
        if origin[start..end].windows(2).any(|pair| pair[0] + 1 != pair[1]) {
            return None;
        }
        let place = origin.get(start).copied().unwrap_or_else(|| origin[shown - 1] + 1);
        edits.push((place, asked.bytes[start..end].to_vec(), rest[..len].to_vec()));
        rest = &rest[len..];
    }
    rest.is_empty().then_some(edits)
}
