//! Replies in parts, and those that never end.

use runner_pipeline::error::Kind;
use runner_sandbox::testing::{Outcome, PART, Request, WHOLE};

use crate::cases::{Act, Case, Ends, reply};

const STEPS: [&str; 5] = ["load", "begin", "records", "sequential", "settled"];

pub(crate) fn cases() -> Vec<Case> {
    STEPS.iter().flat_map(|step| of(step)).collect()
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
        // A head that no honest worker needs, of one list that is not there.
        case(step, "long-head", Ends::Refused("bytes that mean nothing"), |first, limit| {
            let message =
                reply(Outcome::Loaded { manifest: crate::cases::manifest(), layers: "x".repeat(30 << 20) });
            long(&message, first, limit)
        }),
    ]
}

/// A message of 30 MiB, of which the parts are all the same.
fn long(message: &[u8], first: bool, limit: usize) -> Act {
    if first { Act::Send(PART, message[..limit].to_vec()) } else { Act::Send(WHOLE, vec![b'x'; limit]) }
}

/// `act` gets whether it is the first part, and the longest part.
fn case(step: &'static str, name: &str, ends: Ends, act: fn(bool, usize) -> Act) -> Case {
    let act = move |ask: &crate::cases::Ask<'_>| {
        let is_more = matches!(ask.request, Request::More);
        (is_more || crate::cases::step(ask.request) == step).then(|| act(!is_more, ask.limit))
    };
    let case = crate::cases::of(step, &format!("part-{name}"), ends, act);
    Case { budget: true, ..case }
}
