//! Streams that come in pieces, with pauses between: the result is that of the
//! whole, and what is complete at a pause is out by then.

use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use runner_contract::{FileHead, Framing, HEAD_BYTES, Job, Pattern};
use runner_pipeline::engine::framing::View;
use runner_pipeline::engine::prefilter::Finder;
use runner_pipeline::engine::transform::Instance;
use runner_pipeline::error::Result;
use runner_pipeline::pipe::{self, Input};
use runner_pipeline::run::Begun;

use crate::cases::{Action, Case, content, length_prefixed, per_record, records, scanning};
use crate::models::pipe_options;

/// Lengths of pieces, and whether a pause follows; again from the first when
/// they are used up.
type Pieces = [(usize, bool)];

/// What has been written, and flushed, for both ends to see.
#[derive(Default)]
struct Seen {
    written: std::cell::RefCell<Vec<u8>>,
    flushed: std::cell::Cell<usize>,
}

/// Tells pauses instead of waiting; `at_pause` is called at each.
struct Halting<'a, F> {
    rest: &'a [u8],
    pieces: std::iter::Cycle<std::slice::Iter<'a, (usize, bool)>>,
    piece: usize,
    halts: bool,
    read: usize,
    at_pause: F,
}

impl<F: FnMut(usize)> Read for Halting<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.piece.min(buffer.len()).min(self.rest.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        self.piece -= count;
        self.read += count;
        Ok(count)
    }
}

impl<F: FnMut(usize)> Input for Halting<'_, F> {
    fn wait(&mut self, most: Option<Duration>) -> io::Result<bool> {
        if self.piece > 0 || self.rest.is_empty() {
            return Ok(true);
        }
        if most.is_some() && self.halts {
            return Ok(false);
        }
        if self.halts {
            // Whoever waits for good has written all it can.
            (self.at_pause)(self.read);
        }
        let next = self.pieces.next().expect("there is a piece");
        (self.piece, self.halts) = (next.0.max(1), next.1);
        Ok(true)
    }
}

struct Written(Rc<Seen>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.written.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flushed.set(self.0.written.borrow().len());
        Ok(())
    }
}

/// Runs a case; `at_pause` is told how much has been read, and shown what has
/// come out of it.
fn run(
    case: &Case,
    file: &[u8],
    pieces: &Pieces,
    window: u64,
    mut at_pause: impl FnMut(usize, &[u8]),
) -> Vec<u8> {
    let seen = Rc::new(Seen::default());
    let look = Rc::clone(&seen);
    let at_pause = |read: usize| at_pause(read, &look.written.borrow()[..look.flushed.get()]);
    let mut pieces = pieces.iter().cycle();
    let &(piece, halts) = pieces.next().expect("there is a piece");
    let mut input = Halting { rest: file, pieces, piece: piece.max(1), halts, read: 0, at_pause };
    let begin = |_: FileHead<'_>| -> Result<Begun> { Ok((case.job.clone(), (case.make)().into())) };
    pipe::run(&mut input, &mut Written(Rc::clone(&seen)), &begin, &pipe_options(window)).unwrap();
    seen.written.take()
}

/// The same bytes, whatever the pieces.
pub(crate) fn does_not_matter(case: &Case, file: &[u8]) {
    let long = (file.len() / 3).max(1);
    for pieces in [&[(long, true)][..], &[(1, true), (long, true), (1 << 16, false), (7, true)]] {
        assert!(run(case, file, pieces, 1 << 16, |_, _| {}) == case.expected, "in pieces {pieces:?}");
    }
}

/// Up to where the records are whole, of a part of a file.
fn whole(framing: &Framing, part: &[u8]) -> usize {
    let (header, length) = match framing {
        Framing::Fixed { header, size } => {
            let size = *size as usize;
            let header = *header as usize;
            return header + part.len().saturating_sub(header) / size * size;
        }
        Framing::LengthPrefixed { header, .. } => (*header as usize, true),
        _ => (0, false),
    };
    // The last record that the model finds may have been cut short: it is
    // whole if one byte more is a record of its own.
    let mut longer = part.to_vec();
    longer.push(b'x');
    let last = records(framing, &longer).pop().map_or(header, |last| last.start);
    if length { last.max(header) } else { last }
}

mod properties {
    use super::*;
    use crate::cases::expected;
    use proptest::prelude::*;

    fn pieces() -> impl Strategy<Value = Vec<(usize, bool)>> {
        proptest::collection::vec(
            (prop_oneof![1..40_usize, 1..5_000_usize, 1..200_000_usize], any::<bool>()),
            1..20,
        )
    }

    /// Appends a long piece if the pieces are so short that there would be
    /// thousands of pauses. The model starts over at each pause, which is slow.
    fn some_hundred(mut pieces: Vec<(usize, bool)>, file: &[u8]) -> Vec<(usize, bool)> {
        let long = file.len() / 20;
        if pieces.iter().map(|(bytes, _)| bytes).sum::<usize>() < long {
            pieces.push((long, true));
        }
        pieces
    }

    fn framing() -> impl Strategy<Value = Framing> {
        prop_oneof![
            Just(Framing::Delimited(b"\n".to_vec())),
            Just(Framing::Delimited(b"b\n".to_vec())),
            Just(Framing::Quoted { delimiter: b'\n', quote: b'"' }),
            (0..200_u64, 1..300_u64).prop_map(|(header, size)| Framing::Fixed { header, size }),
            (0..200_u64).prop_map(length_prefixed),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        /// What stands at a pause is all that can be said: the answer for all
        /// whole records.
        #[test]
        fn whole_records_are_out_at_a_pause(
            file in content(), framing in framing(), prefilter: bool, pieces in pieces(),
        ) {
            let case = per_record(framing.clone(), Action::Mark, prefilter, &file);
            let pieces = some_hundred(pieces, &file);
            let output = run(&case, &file, &pieces, 1 << 16, |read, out| {
                let whole = whole(&framing, &file[..read]).min(read);
                let wanted = expected(&framing, Action::Mark, &file[..whole]);
                assert!(out.starts_with(&wanted), "{read} bytes read, {whole} of them whole, {} out", out.len());
            });
            prop_assert!(output == case.expected);
        }

        #[test]
        fn an_overlapping_stream_may_pause_anywhere(
            file in content(), prefilter: bool, more in 0..3_u32, pieces in pieces(),
        ) {
            let case = scanning(Framing::Overlapping { before: more, after: 2 + more }, prefilter, &file);
            let held = std::cell::Cell::new(0);
            let output = run(&case, &file, &pieces, 1 << 16, |read, out| {
                // Of `aba`, which became two bytes: at least two thirds.
                held.set(held.get().max((read * 2 / 3).saturating_sub(out.len())));
            });
            prop_assert!(output == case.expected);
            prop_assert!(held.get() <= 2 * (2 + more as usize), "{} bytes were held", held.get());
        }

        #[test]
        fn a_sequential_stream_may_pause_anywhere(file in content(), pieces in pieces()) {
            let case = scanning(Framing::Sequential, false, &file);
            let output = run(&case, &file, &pieces, 1 << 16, |_, _| {});
            prop_assert!(output == case.expected);
        }
    }

    /// A match is there, and what its edit may depend on is not.
    #[test]
    fn a_match_waits_for_its_context() {
        for after in 2..6 {
            for part in ["xaba", "xabax", "xababa", "aba"] {
                let file = [part, "zzzzzz"].concat();
                let case = scanning(Framing::Overlapping { before: 0, after }, true, file.as_bytes());
                let output =
                    run(&case, file.as_bytes(), &[(part.len(), true), (6, false)], 1 << 16, |_, _| {});
                assert!(output == case.expected, "{part} and {after} bytes: {output:?}");
            }
        }
    }

    /// Of a text, only what may be the beginning of one is held.
    #[test]
    fn a_text_holds_back_its_own_beginnings_alone() {
        let framing = Framing::Overlapping { before: 0, after: 2 };
        for (part, out) in
            [("x\n", "x\n"), ("xa", "x"), ("xab", "x"), ("xaba", "x<>"), ("xabab", "x<>b"), ("ab\n", "ab\n")]
        {
            let file = [part, "zz"].concat();
            let case = scanning(framing.clone(), true, file.as_bytes());
            let mut seen = None;
            run(&case, file.as_bytes(), &[(part.len(), true), (2, false)], 1 << 16, |_, flushed| {
                seen.get_or_insert_with(|| String::from_utf8(flushed.to_vec()).unwrap());
            });
            assert_eq!(seen.as_deref(), Some(out), "{part}");
        }
    }
}

/// A prefilter's claim allows a match behind the edit's start, within its
/// context: then more is held than the beginning of the match.
#[test]
fn a_match_may_come_after_its_edit() {
    let overlapping = Framing::Overlapping { before: 0, after: 4 };
    let job = Job::new(overlapping).prefilter(Pattern::literals_of_any_case(["aba"]));
    let finder = Finder::new(&job).unwrap().unwrap();
    let settled = |text: &str| {
        let view = View { base: 10, bytes: text.as_bytes(), end: false };
        finder.settled(&view, view.limit() - 4) - view.base
    };
    // An edit at 3 could have its match at 5 to 8.
    assert_eq!(settled("xxxxx"), 3);
    assert_eq!((settled("xxxxa"), settled("xxxAB"), settled("xxaba")), (2, 1, 1));
}

/// `begin` is shown what has come, and asked again when that was less than a
/// line, and it could do nothing with it.
#[test]
fn begin_is_shown_what_has_come() {
    let file = "id,name\n1,2\n3,4\n";
    let job = Job::new(Framing::Bytes);
    let shown = |pieces: &Pieces, wants: usize| {
        let heads = std::cell::RefCell::new(Vec::new());
        let begin = |head: FileHead<'_>| -> Result<Begun> {
            heads.borrow_mut().push((head.size, head.head.len()));
            if head.head.len() < wants {
                return Err(runner_pipeline::error::Error::new(
                    runner_pipeline::error::Kind::Plugin,
                    "too short",
                ));
            }
            Ok((job.clone(), Instance::local(crate::cases::Swap)))
        };
        let mut pieces = pieces.iter().cycle();
        let &(piece, halts) = pieces.next().unwrap();
        let mut input = Halting { rest: file.as_bytes(), pieces, piece, halts, read: 0, at_pause: |_| {} };
        let done = pipe::run(&mut input, &mut Vec::new(), &begin, &pipe_options(1 << 16));
        (heads.take(), done.is_ok())
    };
    assert!(file.len() < HEAD_BYTES);
    assert_eq!(shown(&[(5, true), (8, true)], 0), (vec![(None, 5)], true));
    assert_eq!(shown(&[(5, true), (8, true)], 6), (vec![(None, 5), (None, 13)], true));
    assert_eq!(shown(&[(5, true), (8, true)], 14), (vec![(None, 5), (None, 13)], false));
    assert_eq!(shown(&[(5, false), (20, false)], 14), (vec![(Some(16), 16)], true));
    assert_eq!(shown(&[(5, true), (20, false)], 6), (vec![(None, 5), (Some(16), 16)], true));
}
