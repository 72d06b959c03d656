//! Edits make exactly what the command writes, however the file is cut, and
//! however late the command writes.

use std::ops::Range;

use proptest::prelude::*;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::engine::framing::{Cutter, View};
use runner_pipeline::engine::window::{Context, Found, Position, Shows, find_sequential};
use runner_pipeline::memory::Budget;

use super::*;

/// What a command makes of a line with its number.
type Rule = fn(usize, &[u8]) -> Vec<u8>;

/// Stands for a command that goes on: changes lines, and writes late.
struct Late {
    /// The input that is not complete.
    line: Vec<u8>,
    lines: usize,
    fed: u64,
    held: Vec<u8>,
    late_bytes: usize,
    change: Rule,
    output: Vec<u8>,
}

impl Late {
    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.put();
            }
        }
        let ready = self.held.len().saturating_sub(self.late_bytes);
        self.output.extend(self.held.drain(..ready));
    }

    fn finish(&mut self) {
        if !self.line.is_empty() {
            self.put();
        }
        self.output.append(&mut self.held);
    }

    fn put(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.held.extend((self.change)(self.lines, &line));
        self.lines += 1;
    }
}

impl Transform for Late {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let new = &window.bytes[(self.fed - window.offset) as usize..];
        if !window.last && settle::is_too_short(new.len(), window.bytes.len()) {
            return Ok(Reply::new(0, Change::Unchanged));
        }
        self.fed = window.offset + window.bytes.len() as u64;
        self.take(new);
        if window.last {
            self.finish();
        }
        answer(window, &mut self.output, b"\n")
    }
}

/// The content after the edits, and the ranges of the edits.
fn run(content: &[u8], transform: &mut dyn Transform, window_bytes: u64) -> (Vec<u8>, Vec<Range<usize>>) {
    let job = Job::new(Framing::Sequential);
    let (budget, cutter) = (&Budget::UNLIMITED, Cutter::new(&job.framing, 1 << 24));
    let context = Context {
        job: &job,
        cutter: &cutter,
        finder: None,
        window_bytes,
        record_limit: 1 << 24,
        shows: Shows::Candidates,
        budget,
        cancel: Cancel::NEVER,
        whole: None,
    };
    let view = View { base: 0, bytes: content, end: true };
    let mut position = Position::start(window_bytes);
    let found = Found::without_old_bytes(budget, 0);
    let size = content.len() as u64;
    let found = find_sequential(&context, &view, transform, (&mut position, size), found).expect("it obeys");
    let (mut out, mut at, mut new, mut ranges) = (Vec::new(), 0, found.new_bytes(), Vec::new());
    for (start, old, bytes) in found.spans() {
        let start = start as usize;
        out.extend_from_slice(&content[at..start]);
        let (now, rest) = new.split_at(bytes as usize);
        out.extend_from_slice(now);
        (at, new) = (start + old as usize, rest);
        ranges.push(start..at);
    }
    out.extend_from_slice(&content[at..]);
    (out, ranges)
}

fn late(change: Rule, late_bytes: usize) -> Late {
    let (line, held, output) = (Vec::new(), Vec::new(), Vec::new());
    Late { line, lines: 0, fed: 0, held, late_bytes, change, output }
}

/// What commands do: nothing, change, leave out, put in, number, keep back.
const CHANGES: [Rule; 7] = [
    |_, line| line.to_vec(),
    |_, line| line.to_ascii_uppercase(),
    |_, line| if line.starts_with(b"b") { Vec::new() } else { line.to_vec() },
    |_, line| [line, line].concat(),
    |index, line| [format!("{index} ").as_bytes(), line].concat(),
    |index, line| if index % 5 == 4 { b"every fifth\n".to_vec() } else { line.to_vec() },
    |_, _| Vec::new(),
];

/// What a command adds after a window that is not the last one is an edit of its
/// last byte.
#[test]
fn nothing_is_inserted_after_a_window() {
    let spans = |last, new: &[u8]| {
        let window = Window { last, ..Window::new(0, b"a\nb\n") };
        let mut edits = Edits::default();
        edits.add(&window, 0..4, new, b"\n").unwrap();
        let span = |span: &Span| (span.start, span.end, span.len);
        (edits.spans.iter().map(span).collect::<Vec<_>>(), edits.bytes)
    };
    assert_eq!(spans(true, b"a\nb\nc\n"), (vec![(4, 4, 2)], b"c\n".to_vec()));
    assert_eq!(spans(false, b"a\nb\nc\n"), (vec![(3, 4, 3)], b"\nc\n".to_vec()));
    assert_eq!(spans(false, b"b\n"), (vec![(0, 2, 0)], Vec::new()));
    assert_eq!(spans(false, b""), (vec![(0, 4, 0)], Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_out_is_what_the_command_writes(
        lines in prop::collection::vec("[ab]{0,3}", 0..200),
        change in prop::sample::select(CHANGES.to_vec()),
        late_bytes in 0_usize..300,
        window_bytes in 1_u64..200,
        closed in any::<bool>(),
    ) {
        let mut content = lines.join("\n").into_bytes();
        if closed {
            content.push(b'\n');
        }
        let mut alone = late(change, 0);
        alone.take(&content);
        alone.finish();
        end(&content, &mut alone.output, b"\n");
        let (out, _) = run(&content, &mut late(change, late_bytes), window_bytes);
        prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&alone.output));
    }

    /// Also where all lines are alike.
    #[test]
    fn a_command_that_changes_nothing_costs_nothing(
        lines in prop::collection::vec("[ab]{0,1}\n", 0..200),
        late_bytes in 0_usize..100,
        window_bytes in 1_u64..200,
    ) {
        let content = lines.concat().into_bytes();
        let (_, edits) = run(&content, &mut late(CHANGES[0], late_bytes), window_bytes);
        prop_assert!(edits.is_empty(), "{edits:?}");
    }

    /// Lines that are all different, of which some are changed: an edit lies in
    /// one of those, if windows are long beside what the command holds back.
    #[test]
    fn lines_that_stay_cost_no_edit(late_bytes in 0_usize..60, window_bytes in 200_u64..500, count in 0_usize..100) {
        let content: String = (0..count).map(|index| format!("line {index} of all\n")).collect();
        let (_, edits) = run(content.as_bytes(), &mut late(CHANGES[5], late_bytes), window_bytes);
        let lines: Vec<&str> = content.split_inclusive('\n').collect();
        let start = |index: usize| lines[..index].concat().len();
        let changed: Vec<_> = (4..count).step_by(5).map(|index| start(index)..start(index + 1)).collect();
        for edit in &edits {
            prop_assert!(changed.iter().any(|line| line.start <= edit.start && edit.end <= line.end), "{edit:?}");
        }
        prop_assert_eq!(edits.len(), changed.len());
    }
}
