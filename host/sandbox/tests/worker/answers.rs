//! Edits that must not be made, and positions where no scan is.

use runner_contract::Framing;
use runner_pipeline::error::Kind;
use runner_sandbox::testing::{Outcome, Request, WHOLE};

use crate::cases::{Act, Ask, Case, Ends, at, job, reply, send};

/// Start, old length, new length as it is claimed, new bytes.
type Edit = (u64, u32, u32, &'static [u8]);

/// What a case makes of the start and the end of a block.
type Of<T> = fn(u64, u64) -> T;
/// The name of a case, what the error says, and the edits.
type Wrong = (&'static str, &'static str, Of<Vec<Edit>>);
/// Edits by where they start after the position, and what follows them; the
/// position that the answer claims, made of the one before.
type Placed = (&'static str, Ends, &'static [(u64, u32)], Of<Option<(u64, u64)>>);

/// A reply with these edits, in which counts and bytes are off by so much.
fn edits(edits: &[Edit], off: (u64, u64), touched: Option<(u64, u64)>, position: Option<(u64, u64)>) -> Act {
    let new_bytes: usize = edits.iter().map(|edit| edit.3.len()).sum();
    let (count, new_bytes) = (edits.len() as u64, new_bytes as u64);
    let (count, new_bytes) = (count.wrapping_add(off.0), new_bytes.wrapping_add(off.1));
    let position = position.map(|(at, want)| (at, want, false));
    let mut message = reply(Outcome::Edits { count, new_bytes, touched, position, counts: Vec::new() });
    for (start, old, new, _) in edits {
        message.extend(start.to_le_bytes());
        message.extend(old.to_le_bytes());
        message.extend(new.to_le_bytes());
    }
    edits.iter().for_each(|edit| message.extend(edit.3));
    Act::Send(WHOLE, message)
}

fn block(ask: &Ask<'_>) -> (u64, u64) {
    match ask.request {
        Request::Records { records, .. } => *records,
        _ => unreachable!("other steps are left to the honest worker"),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    [records(), lies(), positions(), raced()].into_iter().flatten().collect()
}

fn records() -> Vec<Case> {
    let keeping = job(Framing::Bytes).length_preserving();
    let table: [Wrong; 15] = [
        ("overlapping", "overlaps another", |s, _| vec![(s, 4, 1, b"x"), (s + 3, 4, 1, b"y")]),
        ("unsorted", "not in order", |s, _| vec![(s + 9, 1, 1, b"x"), (s + 2, 1, 1, b"y")]),
        ("twice", "not in order", |s, _| vec![(s, 1, 1, b"x"), (s, 1, 1, b"y")]),
        ("inserted-twice", "not in order", |s, _| vec![(s, 0, 1, b"x"), (s, 0, 1, b"y")]),
        ("before", "an edit", |s, _| vec![(s.wrapping_sub(1), 1, 1, b"x")]),
        ("after", "not in its block", |_, e| vec![(e, 1, 1, b"x")]),
        ("inserted-after", "not in its block", |_, e| vec![(e + 1, 0, 1, b"x")]),
        ("across", "not in its block", |_, e| vec![(e - 1, 2, 1, b"x")]),
        ("beyond", "not in its block", |_, _| vec![(u64::MAX, 1, 1, b"x")]),
        ("around", "not in its block", |_, _| vec![(u64::MAX - 1, u32::MAX, 1, b"x")]),
        ("everything", "not in its block", |s, _| vec![(s, u32::MAX, 0, b"")]),
        ("longer", "a change of length", |s, _| vec![(s, 1, 2, b"xy")]),
        ("shorter", "a change of length", |s, _| vec![(s, 2, 1, b"x")]),
        ("of-more-bytes", "not as long as it says", |s, _| vec![(s, 1, 2, b"x"), (s + 1, 1, u32::MAX, b"")]),
        ("of-fewer-bytes", "not as long as it says", |s, _| vec![(s, 2, 0, b"x")]),
    ];
    let case = |(name, says, make): Wrong| {
        let act = move |ask: &Ask<'_>| {
            let (start, end) = block(ask);
            Some(edits(&make(start, end), (0, 0), None, None))
        };
        let case = at("records", &format!("edits-{name}"), Ends::Refused(says), act);
        if says == "a change of length" { case.with(keeping.clone()) } else { case }
    };
    let mut cases: Vec<_> = table.into_iter().map(case).collect();
    cases.push(at("sequential", "position-over-before-the-end", Ends::Refused("a window of"), |ask| {
        let Request::Sequential { at, want, .. } = *ask.request else { return None };
        let position = Some((at + 1, want, true));
        send(Outcome::Edits { count: 0, new_bytes: 0, touched: None, position, counts: Vec::new() })
    }));
    // The answer to the first question, again and again.
    cases.push(at("records", "edits-replayed", Ends::Refused("an edit"), |_| {
        Some(edits(&[(7, 1, 1, b"x")], (0, 0), None, None))
    }));
    cases
}

fn lies() -> Vec<Case> {
    let mut cases = Vec::new();
    let at_start = |ask: &Ask<'_>| [(block(ask).0 + 5, 1, 1, &b"x"[..]), (block(ask).0 + 9, 1, 1, b"y")];
    for (name, off) in [
        ("one-edit-more", (1, 0)),
        ("one-edit-fewer", (u64::MAX, 0)),
        ("endless-edits", (u64::MAX - 2, 0)),
        // So many spans have as many bytes as there are, if that wraps.
        ("wrapped-edits", (1 << 60, 0)),
        ("one-byte-more", (0, 1)),
        ("one-byte-fewer", (0, u64::MAX)),
        ("endless-bytes", (0, u64::MAX - 2)),
    ] {
        let act = move |ask: &Ask<'_>| Some(edits(&at_start(ask), off, None, None));
        cases.push(at("records", name, Ends::Refused("not as long as it says"), act));
    }
    let touched: [(&str, Of<(u64, u64)>); 7] = [
        ("backwards", |s, e| (e, s)),
        ("before", |s, e| (s.wrapping_sub(1), e)),
        ("after", |s, e| (s, e + 1)),
        ("endless", |s, _| (s, u64::MAX)),
        ("later", |s, e| (s + 6, e)),
        ("shorter", |s, _| (s, s + 9)),
        ("nowhere", |_, _| (u64::MAX, u64::MAX)),
    ];
    for (name, touched) in touched {
        let act = move |ask: &Ask<'_>| {
            let (start, end) = block(ask);
            Some(edits(&at_start(ask), (0, 0), Some(touched(start, end)), None))
        };
        cases.push(at("records", &format!("touched-{name}"), Ends::Refused("where they are not"), act));
    }
    cases
}

fn positions() -> Vec<Case> {
    let table: [Placed; 13] = [
        ("none", Ends::Refused("without a position"), &[], |_, _| None),
        ("still", Ends::Refused("a window of"), &[], |at, want| Some((at, want))),
        ("still-longer", Ends::Refused("a window of"), &[], |at, want| Some((at, want + 1))),
        ("still-doubled", Ends::Refused("a window of"), &[], |at, want| Some((at, 2 * want))),
        ("still-endless", Ends::Refused("a window of"), &[], |at, _| Some((at, u64::MAX))),
        ("no-window", Ends::Refused("a window of 0"), &[], |at, _| Some((at + 1, 0))),
        ("endless-window", Ends::Refused("a window of"), &[], |at, _| Some((at + 1, u64::MAX))),
        ("backwards", Ends::Refused("a window of"), &[], |at, want| {
            Some((if at == 0 { 1 << 20 } else { at - 1 }, want))
        }),
        // A plugin may skip all of the rest, but not more than there is.
        ("rest", Ends::Unchanged, &[], |_, want| Some((u64::MAX, want))),
        ("beyond", Ends::Error(Kind::Io, "beyond the end of the file"), &[], |_, want| {
            Some((u64::MAX - 1, want))
        }),
        ("before-its-edits", Ends::Refused("having consumed"), &[(10, 2)], |at, want| Some((at + 11, want))),
        ("at-its-insertion", Ends::Refused("having consumed"), &[(10, 0)], |at, want| Some((at + 10, want))),
        ("beyond-its-view", Ends::Refused("not in its block"), &[(u64::MAX, 1)], |_, want| {
            Some((u64::MAX, want))
        }),
    ];
    let case = |(name, ends, spans, place): Placed| {
        at("sequential", &format!("position-{name}"), ends, move |ask| {
            let Request::Sequential { at, want, .. } = *ask.request else { return None };
            let spans: Vec<Edit> =
                spans.iter().map(|(start, old)| (at.saturating_add(*start), *old, 1, &b"x"[..])).collect();
            Some(edits(&spans, (0, 0), None, place(at, want)))
        })
    };
    let mut cases: Vec<_> = table.into_iter().map(case).collect();
    for (name, settled) in [("at-zero", 0), ("beyond", u64::MAX)] {
        cases.push(at("settled", name, Ends::Unchanged, move |_| send(Outcome::Settled(settled))));
    }
    cases
}

/// One thread answers, another one rewrites the answer.
fn raced() -> Vec<Case> {
    let many = |start: u64, step: u64, new: &'static [u8]| {
        let list: Vec<Edit> = (0..20_000).map(|at| (start + at * step, 1, 1, new)).collect();
        let Act::Send(_, message) = edits(&list, (0, 0), None, None) else { unreachable!() };
        message
    };
    let act = move |ask: &Ask<'_>| {
        let (start, _) = block(ask);
        // The last block is short.
        let (one, other) = (many(start, 7, b"x"), many(start, 11, b"y"));
        Some(if ask.before < 3 { Act::Race(one, other) } else { Act::Send(WHOLE, one) })
    };
    let mut case = at("records", "raced", Ends::RacedEdits, act);
    case.rounds = 30;
    vec![case.with(job(Framing::Bytes).length_preserving())]
}
