//! Replies in parts, and those that never end.

use runner_pipeline::error::Kind;
use runner_sandbox::testing::{Outcome, PART, Request, WHOLE};

use crate::cases::{Act, Ask, Case, Ends, manifest, reply};

const STEPS: [&str; 5] = ["load", "begin", "records", "sequential", "settled"];

pub(crate) fn cases() -> Vec<Case> {
    STEPS.iter().flat_map(|step| of(step)).chain([long_head()]).collect()
}

fn of(step: &'static str) -> Vec<Case> {
    let none = Ends::Refused("a part of a reply that is none");
    let denied = Ends::Error(Kind::OutOfMemory, "more memory than its budget");
    vec![
        case(step, "empty", none, |_, _| Act::Send(PART, vec![])),
        case(step, "ends-empty", none, |first, _| {
            Act::Send(if first { PART } else { WHOLE }, vec![0; usize::from(first)])
        }),
        case(step, "then-unknown", none, |first, _| Act::Send(if first { PART } else { 7 }, vec![0; 9])),
        case(
            step,
            "then-hang",
            Ends::Late,
            |first, _| if first { Act::Send(PART, vec![0; 9]) } else { Act::Hang },
        ),
        case(
            step,
            "then-exit",
            Ends::Died,
            |first, _| if first { Act::Send(PART, vec![0; 9]) } else { Act::Exit },
        ),
        // A byte at a time: the deadline ends it.
        case(step, "endless-small", Ends::Late, |_, _| Act::Send(PART, vec![0])),
        // As much as possible: the budget ends it.
        case(step, "endless-large", denied, |_, limit| Act::Send(PART, vec![0; limit])),
    ]
}

/// A sound reply, but its head is longer than that of any honest worker.
fn long_head() -> Case {
    let head = || reply(Outcome::Loaded { manifest: manifest(), layers: "x".repeat(5 << 20) });
    let act = move |ask: &Ask<'_>| {
        matches!(ask.request, Request::Load(_) | Request::More).then(|| {
            let message = head();
            let rest = &message[ask.before as usize * ask.limit..];
            let kind = if rest.len() > ask.limit { PART } else { WHOLE };
            Act::Send(kind, rest[..rest.len().min(ask.limit)].to_vec())
        })
    };
    crate::cases::of("load", "long-head", Ends::Refused("bytes that mean nothing"), act)
}

/// `act` gets whether it is the first part, and the longest part.
fn case(step: &'static str, name: &str, ends: Ends, act: fn(bool, usize) -> Act) -> Case {
    let act = move |ask: &Ask<'_>| {
        let is_more = matches!(ask.request, Request::More);
        (is_more || crate::cases::step(ask.request) == step).then(|| act(!is_more, ask.limit))
    };
    let case = crate::cases::of(step, &format!("part-{name}"), ends, act);
    Case { budget: true, ..case }
}
