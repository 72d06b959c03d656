//! What is found in a block does not depend on how much of the file the first
//! view contains.

use std::time::Duration;

use proptest::prelude::*;
use runner_contract::{ByteOrder, Change, Prefilter, Span};

use super::*;
use crate::engine::framing::Cutter;
use crate::engine::prefilter::Finder;
use crate::error::Error;

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
        Ok(Reply { consumed: window.bytes.len() as u64, change: Change::Edits { spans, bytes } })
    }
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
            adjustment: 0
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn a_view_that_ends_too_early_changes_nothing(
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
        let prefilter = match filtered {
            true => Prefilter::Literals { patterns: vec![b"a".to_vec()], ignore_ascii_case: false },
            false => Prefilter::None,
        };
        let job = Job { framing, prefilter, length_preserving: false };
        let (budget, cancel) = (&Budget::UNLIMITED, Cancel::NEVER);
        let cutter = Cutter::new(&job.framing, 1000);
        let finder = Finder::within(&job, budget, cancel).expect("a good literal");
        let finder = finder.as_ref();
        let context =
            Context { job: &job, cutter: &cutter, finder, window_bytes, record_limit: 1000, budget, cancel };
        let whole = View { base: 0, bytes: &content, end: true };
        let summary = cutter.summarize(&whole, 0..block.start);
        let carry = cutter.advance(&whole, 0..block.start, cutter.initial_carry(), summary);
        let carry = carry.expect("no length is impossible").expect("all is in view");
        let Some(first) = cutter.first_start(&whole, block.clone(), carry) else { return Ok(()) };

        let (before, _) = job.framing.context_bytes();
        let base = first.saturating_sub(before.max(cutter.look_behind()) + margins.0);
        let limit = (block.end + margins.1).min(size);
        let near = View { base, bytes: &content[base as usize..limit as usize], end: limit == size };
        let found = |view, wider| -> Result<_, Error> {
            let found = find(&context, Views { near: view, wider }, &mut Neighbours, first..block.end)?;
            Ok(found.map(|(found, end)| (found.edits.save(), found.first, found.reach, end)))
        };
        let expected = found(&whole, None).expect("the fake obeys");
        prop_assert!(expected.is_some());
        prop_assert_eq!(&found(&near, Some(&whole)).expect("the fake obeys"), &expected);
        // On its own, the near view reports that it is too short, or gives the
        // same result.
        let alone = found(&near, None).expect("the fake obeys");
        prop_assert!(alone.is_none() || alone == expected);
    }
}

/// Replies to each window immediately, and allows the host no time.
struct Late(Change);

impl Transform for Late {
    fn transform(&mut self, _window: &Window<'_>) -> Result<Reply> {
        Ok(Reply { consumed: 0, change: self.0.clone() })
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn checking_counts_towards_the_time_of_a_call() {
    let content = vec![b'a'; 200_000];
    let spans: Vec<_> = (0..content.len() as u32).map(|at| Span { start: at, end: at + 1, len: 1 }).collect();
    let edits = Change::Edits { spans, bytes: vec![b'b'; content.len()] };
    let few = Change::Edits { spans: vec![Span { start: 0, end: 1, len: 0 }], bytes: Vec::new() };
    let job = Job { framing: Framing::Bytes, prefilter: Prefilter::None, length_preserving: false };
    let (cutter, cancel) = (Cutter::new(&job.framing, 1000), Cancel::NEVER);
    let (window_bytes, budget) = (1 << 20, &Budget::UNLIMITED);
    let context = Context {
        job: &job,
        cutter: &cutter,
        finder: None,
        window_bytes,
        record_limit: 1000,
        budget,
        cancel,
    };
    let view = View { base: 0, bytes: &content, end: true };
    let find = |change| {
        find(&context, Views { near: &view, wider: None }, &mut Late(change), 0..content.len() as u64)
    };
    for (change, what) in [
        (edits, "checking the plugin's answer"),
        (Change::Replaced(b"c\nd\n".to_vec()), "matching the lines of the plugin's answer"),
    ] {
        let Err(error) = find(change) else { panic!("{what}: there was time") };
        assert!(error.to_string().contains(what), "{error:?}");
    }
    assert!(find(few).is_ok(), "the deadline is checked once in a while, not for each edit");
}
