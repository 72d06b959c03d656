//! Messages that are none.

use runner_sandbox::testing::{Outcome, WHOLE};

use crate::cases::{Act, Case, Ends, at, reply};

/// Steps whose answer somebody waits for.
const STEPS: [&str; 5] = ["load", "begin", "records", "sequential", "settled"];

pub(crate) fn cases() -> Vec<Case> {
    STEPS.iter().flat_map(|step| [heads(step), bytes(step)]).flatten().collect()
}

/// What stands before a message.
fn heads(step: &'static str) -> Vec<Case> {
    let table: [(&str, Ends, (u64, u64, u64)); 7] = [
        ("next-request", Ends::Refused("a reply to request"), (1, 0, 0)),
        ("some-request", Ends::Refused("a reply to request"), (1 << 40, 0, 0)),
        // The number of the last one is no news.
        ("last-request", Ends::Late, (u64::MAX, 0, 0)),
        ("wide-kind", Ends::Refused("kind 1099511627776"), (0, 1 << 40, 0)),
        ("length", Ends::Refused("a length of"), (0, 0, (2 << 20) + 1)),
        ("endless-length", Ends::Refused("a length of"), (0, 0, u64::MAX)),
        ("nothing", Ends::Refused("bytes that mean nothing"), (0, 0, 0)),
    ];
    let case = |(name, ends, (off, kind, length))| {
        at(step, &format!("head-{name}"), ends, move |_| Some(Act::Head(off, kind, length)))
    };
    table.into_iter().map(case).collect()
}

/// The message itself.
fn bytes(step: &'static str) -> Vec<Case> {
    let nothing = Ends::Refused("bytes that mean nothing");
    let dropped = reply(Outcome::Dropped);
    let length = |length: u32| [&length.to_le_bytes(), &dropped[4..]].concat();
    let mut table: Vec<(String, Vec<u8>)> = [
        ("short", vec![0; 3]),
        ("empty-head", vec![0; 4]),
        ("cut", dropped[..dropped.len() - 1].to_vec()),
        ("longer", length(dropped.len() as u32)),
        ("endless", length(u32::MAX)),
        ("unknown", vec![3, 0, 0, 0, 0, 0, 99]),
        ("unknown-level", vec![5, 0, 0, 0, 1, 99, 0, 0, 5]),
        ("no-text", vec![7, 0, 0, 0, 1, 0, 2, 0xff, 0xff, 0, 5]),
        ("endless-list", [&[13, 0, 0, 0], &[0xff; 9][..], &[1, 0, 0, 0]].concat()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec();
    for seed in 1..9_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut noise = vec![200, 0, 0, 0];
        noise.extend((0..400).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // Lists and texts that are longer than the message.
            state as u8 | 0x80
        }));
        table.push((format!("noise-{seed}"), noise));
    }
    let case = |(name, bytes): (String, Vec<u8>)| {
        at(step, &format!("bytes-{name}"), nothing, move |_| Some(Act::Send(WHOLE, bytes.clone())))
    };
    let mut cases: Vec<_> = table.into_iter().map(case).collect();
    for kind in [2, u32::MAX] {
        let ends = Ends::Refused("a part of a reply that is none");
        let message = dropped.clone();
        cases.push(at(step, &format!("kind-{kind}"), ends, move |_| Some(Act::Send(kind, message.clone()))));
    }
    cases
}
