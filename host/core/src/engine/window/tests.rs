//! What is found in a block does not depend on how much of the file the view
//! contains, nor on the process in which it is found.

use proptest::prelude::*;
use runner_contract::{ByteOrder, Change, Pattern, Span};

use super::*;
use crate::engine::answer::Answer;
use crate::engine::framing::Cutter;
use crate::engine::prefilter::Finder;
use crate::engine::transform::{BlockTransform, Instance};
use crate::error::Error;
use crate::storage::CopyMemory;

/// Replaces each `a` that it owns by its neighbours, as far as they are shown.
struct Neighbours;

impl Transform for Neighbours {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let (mut spans, mut bytes) = (Vec::new(), Vec::new());
        for at in window.owned.clone().filter(|at| window.bytes[*at] == b'a') {
            let shown = &window.bytes[at.saturating_sub(2)..];
            let shown = &shown[..shown.len().min(5)];
            spans.push(Span { start: at as u32, end: at as u32 + 1, len: shown.len() as u32 });
            bytes.extend_from_slice(shown);
        }
        Ok(Reply::new(window.bytes.len() as u64, Change::Edits { spans, bytes }))
    }
}

/// Stands for a process that does its work well.
struct Elsewhere {
    job: Job,
    window_bytes: u64,
    asked: Range<u64>,
}

impl Elsewhere {
    fn work<T>(&self, work: impl FnOnce(&Context<'_>) -> T) -> T {
        let (budget, cancel) = (&Budget::UNLIMITED, Cancel::NEVER);
        let cutter = Cutter::new(&self.job.framing, 1000);
        let finder = Finder::within(&self.job, budget).expect("a good literal");
        work(&Context {
            job: &self.job,
            cutter: &cutter,
            finder: finder.as_ref(),
            window_bytes: self.window_bytes,
            record_limit: 1000,
            shows: Shows::Candidates,
            budget,
            cancel,
            whole: None,
        })
    }
}

impl BlockTransform for Elsewhere {
    fn take_memory(&mut self) -> Option<Box<dyn CopyMemory>> {
        None
    }

    fn ask_records(&mut self, _: &Context<'_>, _: &View<'_>, records: Range<u64>) -> Result<()> {
        self.asked = records;
        Ok(())
    }

    fn records(&mut self, _: &Context<'_>, view: &View<'_>, answer: &mut Answer<'_>) -> Result<()> {
        let records = self.asked.clone();
        let found = self.work(|context| {
            let found = Found::new(context.budget, records.start);
            find(context, view, &mut Neighbours, records, found)
        });
        pass_on(&found?, answer)
    }

    fn sequential(
        &mut self,
        _: &Context<'_>,
        view: &View<'_>,
        (mut at, until): (Position, u64),
        answer: &mut Answer<'_>,
    ) -> Result<Position> {
        let found = self.work(|context| {
            find_sequential(context, view, &mut Neighbours, (&mut at, until), Found::new(context.budget, 0))
        });
        pass_on(&found?, answer)?;
        Ok(at)
    }

    fn settled(&mut self, _: &Context<'_>, _: &View<'_>, from: u64) -> Result<u64> {
        Ok(from)
    }
}

fn pass_on(found: &Found, answer: &mut Answer<'_>) -> Result<()> {
    let mut rest = found.new_bytes();
    for (start, old, new) in found.spans() {
        let (bytes, after) = rest.split_at(new as usize);
        answer.edit(start, old, bytes)?;
        rest = after;
    }
    found.touched().map_or(Ok(()), |(first, reach)| answer.touched(first, reach))
}

fn framings() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::Bytes),
        Just(Framing::Overlapping { before: 2, after: 2 }),
        Just(Framing::Delimited(b"\n".to_vec())),
        Just(Framing::Delimited(b"\n\n".to_vec())),
        Just(Framing::Quoted { delimiter: b'\n', quote: b'"' }),
        Just(Framing::Fixed { header: 5, size: 7 }),
        Just(Framing::LengthPrefixed {
            header: 3,
            offset: 1,
            width: 1,
            order: ByteOrder::Big,
            adjustment: 0,
            checks: Vec::new(),
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn views_and_processes_change_nothing(
        content in prop::collection::vec(prop::sample::select(b"aabc\"\n\n\x02\x09".to_vec()), 1..400),
        framing in framings(),
        filtered in any::<bool>(),
        cuts in (0_u64..400, 1_u64..200),
        margins in (0_u64..4, 0_u64..6),
        window_bytes in 1_u64..50,
    ) {
        let size = content.len() as u64;
        let start = cuts.0.min(size - 1);
        let block = start..(start + cuts.1).min(size);
        let job = Job::new(framing).prefilters(filtered.then(|| Pattern::literals(["a"])));
        let (budget, cancel) = (&Budget::UNLIMITED, Cancel::NEVER);
        let cutter = Cutter::new(&job.framing, 1000);
        let finder = Finder::within(&job, budget).expect("a good literal");
        let finder = finder.as_ref();
        let context =
            Context { job: &job, cutter: &cutter, finder, window_bytes, record_limit: 1000, shows: Shows::Candidates, budget, cancel, whole: None };
        let whole = View { base: 0, bytes: &content, end: true };
        let summary = cutter.summarize(&whole, 0..block.start);
        let carry = cutter.advance(&whole, 0..block.start, cutter.initial_carry(), summary);
        let carry = carry.expect("no length is impossible").expect("all is in view");
        let Some(first) = cutter.first_start(&whole, block.clone(), carry) else { return Ok(()) };

        let (before, _) = job.framing.context_bytes();
        let base = first.saturating_sub(before.max(cutter.look_behind()) + margins.0);
        let limit = (block.end + margins.1).min(size);
        let near = View { base, bytes: &content[base as usize..limit as usize], end: limit == size };
        let summary = cutter.summarize(&whole, block.clone());
        let next = cutter.advance(&whole, block.clone(), carry, summary);
        let next = next.expect("no length is impossible").expect("all is in view");

        // The end is that of the records cut one after the other.
        let mut end = first;
        while end < block.end {
            end = cutter.next_boundary(&whole, end, end).expect("records are short").expect("all is in view");
        }
        prop_assert_eq!(cutter.last_end(&whole, first, block.end, next).expect("records are short"), Some(end));
        // A near view shows the same end, or that it is too short.
        let near_end = cutter.last_end(&near, first, block.end, next).expect("records are short");
        prop_assert!(near_end.is_none() || near_end == Some(end));

        let found = |view: &View<'_>| -> Result<_, Error> {
            let found = find(&context, view, &mut Neighbours, first..end, Found::new(context.budget, first))?;
            Ok((found.edits.save(), found.touched(), found.reach))
        };
        let expected = found(&whole).expect("the fake obeys");
        prop_assert_eq!(&found(&context.around(&whole, &(first..end))).expect("the fake obeys"), &expected);

        // What another process finds passes the check, and is the same.
        let mut remote = Instance::Remote(Box::new(Elsewhere { job: job.clone(), window_bytes, asked: 0..0 }));
        let checked = remote.edits(&context, &whole, first..end).expect("the fake obeys");
        prop_assert_eq!((checked.edits.save(), checked.touched(), checked.reach), expected);
    }
}
