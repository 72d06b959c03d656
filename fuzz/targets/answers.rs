//! Whatever a worker process answers for a block: an error that blames it, or
//! the edits that a check one by one accepts.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use runner_contract::{Claims, Framing, Job};
use runner_pipeline::engine::answer::{Answer, breach};
use runner_pipeline::engine::framing::View;
use runner_pipeline::engine::transform::{BlockTransform, Instance};
use runner_pipeline::engine::window::{Context, Position};
use runner_pipeline::error::{Kind, Result};
use runner_pipeline::storage::CopyMemory;
use runner_sandbox::testing::{Outcome, Reply, decode, encode, take_edits};

use super::input::Input;
use super::records::{framing, records};
use super::scanning::{Edit, PLAIN, apply, file, found};

/// Bytes of an edit, without its new bytes.
const SPAN_BYTES: usize = 16;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let framing = framing(&mut input);
    let job = Job {
        claims: Claims { length_preserving: input.flag(), ..Claims::default() },
        ..Job::new(framing).counts(["a", "b"])
    };
    let script: Arc<Vec<Vec<u8>>> =
        Arc::new((0..1 + input.below(4)).map(|_| input.bytes(60).to_vec()).collect());
    let file = file(&mut input, usize::MAX);

    let asked = Arc::new(Mutex::new(Vec::new()));
    let make = || {
        let instance = Scripted { script: script.clone(), asked: asked.clone() };
        Ok(Instance::Remote(Box::new(instance)))
    };
    let result = found(&job, &file, &make, PLAIN);
    let asked = std::mem::take(&mut *asked.lock().expect("nobody panics"));
    let accepted: Vec<_> = asked.iter().map(|asked| accepted(&job, &file, asked)).collect();
    match result {
        Ok(found) => {
            let edits = accepted.into_iter().map(|edits| edits.expect("what breaks a rule is refused"));
            let mut edits: Vec<Edit> = edits.flatten().collect();
            assert!(found.content == apply(&file, &edits), "{job:?}: {edits:?}");
            edits.retain(|(_, old, new)| old != new);
            assert!(found.edits == edits, "{job:?}: {:?}, not {edits:?}", found.edits);
        }
        // A skip beyond the end, or a record of an impossible length, is the fault of
        // the file.
        Err(error) if error.kind() == Kind::Io => {
            let skips = job.framing == Framing::Sequential && accepted.iter().all(Option::is_some);
            assert!(skips || records(&job.framing, &file).1.is_some(), "{error:?}");
        }
        Err(error) => {
            assert_eq!(error.kind(), Kind::Plugin, "{error:?}");
            assert_eq!(accepted.iter().position(Option::is_none), Some(asked.len() - 1), "{error:?}");
        }
    }
}

/// A question, and the answer.
struct Asked {
    owned: Range<u64>,
    /// Where what is in view ends, and whether that is the end of the file.
    limit: u64,
    end: bool,
    /// Where a sequential scan was, and its longest window.
    from: Option<(Position, u64)>,
    reply: Vec<u8>,
}

struct Scripted {
    script: Arc<Vec<Vec<u8>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Answers, as the parent takes an answer.
    fn answer(
        &self,
        (owned, view): (Range<u64>, &View<'_>),
        from: Option<(Position, u64)>,
        answer: &mut Answer<'_>,
    ) -> Result<Option<Position>> {
        // The same for the same question, whoever is asked.
        let line = (owned.start as usize).wrapping_add(view.bytes.len()) % self.script.len();
        let mut input = Input::new(&self.script[line]);
        let asked = Asked { owned, limit: view.limit(), end: view.end, from, reply: Vec::new() };
        let reply = reply(&mut input, &asked);
        self.asked.lock().expect("nobody panics").push(Asked { reply: reply.clone(), ..asked });
        let (head, rest) = decode::<Reply>(&reply).ok_or_else(|| breach("bytes that mean nothing"))?;
        take_edits(&head.outcome, rest, answer)
    }
}

impl BlockTransform for Scripted {
    fn take_memory(&mut self) -> Option<Box<dyn CopyMemory>> {
        None
    }

    fn ask_records(&mut self, _: &Context<'_>, _: &View<'_>, records: Range<u64>) -> Result<()> {
        self.asked.lock().expect("nobody panics").push(Asked {
            owned: records,
            limit: 0,
            end: false,
            from: None,
            reply: Vec::new(),
        });
        Ok(())
    }

    fn records(&mut self, _: &Context<'_>, view: &View<'_>, answer: &mut Answer<'_>) -> Result<()> {
        let question = self.asked.lock().expect("nobody panics").pop().expect("it was asked");
        self.answer((question.owned, view), None, answer).map(|_| ())
    }

    fn sequential(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        (from, _): (Position, u64),
        answer: &mut Answer<'_>,
    ) -> Result<Position> {
        let longest = context.record_limit.max(context.window_bytes);
        let position = self.answer((from.at..view.limit(), view), Some((from, longest)), answer)?;
        position.ok_or_else(|| breach("no position"))
    }

    fn settled(&mut self, _: &Context<'_>, _: &View<'_>, from: u64) -> Result<u64> {
        Ok(from)
    }
}

fn reply(input: &mut Input<'_>, asked: &Asked) -> Vec<u8> {
    if input.below(8) == 1 {
        return input.rest().to_vec();
    }
    let position = asked.from.filter(|_| input.below(16) != 1).map(|(from, _)| {
        let ahead = match input.below(4) {
            // Not so few that a large file takes for ever.
            1 => input.number().max((asked.limit - from.at) / 16),
            2 => 0,
            _ => asked.limit - from.at,
        };
        let want = match input.below(4) {
            1 => input.number(),
            2 => from.want.saturating_mul(2),
            _ => from.want,
        };
        let at = from.at.wrapping_add(ahead);
        let is_over = asked.end && at == asked.limit;
        (at, want, if input.below(16) == 1 { !is_over } else { is_over })
    });
    let touched = (input.below(4) == 1).then(|| {
        let first = asked.owned.start.wrapping_add(input.number());
        (first, if input.flag() { asked.owned.end } else { first.wrapping_add(input.number()) })
    });
    let (mut at, mut spans, mut count, mut new_bytes) = (asked.owned.start, Vec::new(), 0_u64, 0_u64);
    let (count_lie, bytes_lie) = match input.below(16) {
        1 => (input.number(), 0),
        2 => (0, input.number()),
        3 => (u64::MAX, 0),
        4 => (0, u64::MAX),
        _ => (0, 0),
    };
    while !input.is_empty() {
        let gap = match input.below(8) {
            1 => input.number(),
            2 => u64::MAX,
            3 => asked.owned.end.wrapping_sub(at),
            _ => input.below(5) as u64,
        };
        let start = at.wrapping_add(gap);
        let old = if input.below(16) == 1 { input.number() as u32 } else { u32::from(input.byte() % 8) };
        let new = if input.flag() { old.min(64) } else { input.below(9) as u32 };
        spans.extend([&start.to_le_bytes()[..], &old.to_le_bytes(), &new.to_le_bytes()].concat());
        (at, count, new_bytes) = (start.wrapping_add(old.into()), count + 1, new_bytes + u64::from(new));
    }
    let outcome = Outcome::Edits {
        count: count.wrapping_add(count_lie),
        new_bytes: new_bytes.wrapping_add(bytes_lie),
        touched,
        position,
        counts: (0..input.below(3)).map(|_| (input.below(4) as u32, input.number())).collect(),
    };
    let mut message = Vec::new();
    encode(
        &Reply { log: Vec::new(), times: Vec::new(), instructions: None, memory_bytes: None, outcome },
        &mut message,
    );
    message.extend(spans);
    message.extend((0..new_bytes).map(|at| b'A' + (at % 26) as u8));
    message
}

/// The edits of an answer, one by one; `None` if it breaks a rule.
fn accepted(job: &Job, file: &[u8], asked: &Asked) -> Option<Vec<Edit>> {
    let (head, rest) = decode::<Reply>(&asked.reply)?;
    let Outcome::Edits { count, new_bytes, touched, position, counts } = head.outcome else { return None };
    let count = usize::try_from(count).ok()?;
    let (spans, mut new) = rest.split_at_checked(count.checked_mul(SPAN_BYTES)?)?;
    if new.len() as u64 != new_bytes {
        return None;
    }
    let limit = match job.framing {
        Framing::Overlapping { after, .. } => asked.limit.min(asked.owned.end + u64::from(after)),
        _ => asked.owned.end,
    };
    let (mut edits, mut reach, mut inserted) = (Vec::<Edit>::new(), asked.owned.start, None);
    for span in spans.chunks(SPAN_BYTES) {
        let start = u64::from_le_bytes(span[..8].try_into().unwrap());
        let old = u64::from(u32::from_le_bytes(span[8..12].try_into().unwrap()));
        let new_bytes = u32::from_le_bytes(span[12..].try_into().unwrap()) as usize;
        let (bytes, after) = new.split_at_checked(new_bytes)?;
        let end = start.checked_add(old)?;
        let at_end = asked.end && start == asked.limit && asked.owned.end == asked.limit;
        let in_block = (start < asked.owned.end || at_end) && end <= limit;
        let in_order = start >= reach && !(old == 0 && inserted == Some(start));
        if !in_block || !in_order || job.claims.length_preserving && old != new_bytes as u64 {
            return None;
        }
        edits.push((start, file[start as usize..end as usize].to_vec(), bytes.to_vec()));
        (new, reach, inserted) = (after, end, (old == 0).then_some(start));
    }
    let touches = touched.is_none_or(|(first, to)| {
        let first_edit = edits.first().map_or(u64::MAX, |edit| edit.0);
        (asked.owned.start..=first_edit).contains(&first) && (first.max(reach)..=limit).contains(&to)
    });
    let moves = match (asked.from, position) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some((from, longest)), Some((at, want, is_over))) => {
            let behind =
                at > reach || at == reach && (inserted != Some(at) || asked.end && at == asked.limit);
            let behind = behind && touched.is_none_or(|(_, to)| at >= to);
            let grown = at == from.at && want >= from.want.saturating_mul(2);
            let moved = at > from.at || grown || is_over && !from.is_over;
            let ended = !is_over || asked.end && at == asked.limit;
            behind && moved && ended && (1..=longest).contains(&want)
        }
    };
    let counted = counts.iter().all(|(name, _)| (*name as usize) < job.counts.len());
    (new.is_empty() && touches && moves && counted).then_some(edits)
}
