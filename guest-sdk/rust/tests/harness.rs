//! Tests that the harness finds the faults that it promises to find. Each
//! plugin here breaks one rule, except the first few, which break none.

use runner_plugin::testing::{Cut, assert_split_invariant, edit, edits};
use runner_plugin::{Edits, Failure, FileHead, Framing, Job, Manifest, ParamSpec, Params, Plugin, Window};

macro_rules! plugin {
    ($name:ident, $job:expr, |$state:ident, $window:ident, $edits:ident| $body:block) => {
        #[derive(Default)]
        struct $name {
            #[allow(dead_code, reason = "not every plugin has a state")]
            seen: usize,
        }

        impl Plugin for $name {
            fn describe() -> Manifest {
                Manifest::new("test", "0.1.0", "Tests").param(ParamSpec::integer("n", "").default("1"))
            }

            fn begin(_: &Params, _: &FileHead<'_>) -> Result<(Self, Job), Failure> {
                Ok((Self::default(), $job))
            }

            fn transform(&mut self, $window: &Window<'_>, $edits: &mut Edits) -> Result<(), Failure> {
                let $state = self;
                let _ = &$state;
                $body
                Ok(())
            }
        }
    };
}

const TEXT: &[u8] = b"one two\nxaax\n\nthree aaaaa\nx aa";

// Replaces `aa` with `b` from left to right, across window boundaries.
plugin!(
    Pairs,
    Job::new(Framing::Overlapping { before: 0, after: 1 }).literals(["aa"]),
    |_s, window, edits| {
        let mut at = window.owned.start;
        while at < window.owned.end {
            if window.bytes[at..].starts_with(b"aa") {
                edits.replace(at..at + 2, b"b");
                at += 2;
            } else {
                at += 1;
            }
        }
    }
);

#[test]
fn colliding_windows_are_shown_again() {
    assert_split_invariant::<Pairs>(&[], TEXT);
    assert_eq!(edit::<Pairs>(&[], b"aaaaa").as_deref(), Ok(&b"bba"[..]));
}

// Numbers the lines: needs all of them, in order, and whole.
plugin!(Number, Job::new(Framing::Sequential), |state, window, edits| {
    let mut consumed = 0;
    for (start, line) in window.delimited(b"\n") {
        if line.ends_with(b"\n") || window.last {
            state.seen += 1;
            edits.insert(start, format!("{} ", state.seen).as_bytes());
            consumed = start + line.len();
        }
    }
    edits.consumed(consumed as u64);
});

#[test]
fn bytes_that_a_sequential_plugin_leaves_are_shown_again() {
    assert_split_invariant::<Number>(&[], TEXT);
    assert_eq!(edit::<Number>(&[], b"a\nb").as_deref(), Ok(&b"1 a\n2 b"[..]));
}

// Skips the first half of the input, or a byte more than there is, and marks its
// end.
plugin!(Skips, Job::new(Framing::Sequential), |_s, window, edits| {
    let is_first = window.offset == 0 && !window.last;
    edits.consumed(if is_first { u64::from(window.bytes[0]) } else { window.bytes.len() as u64 });
    if window.last {
        edits.insert(window.bytes.len(), b"!");
    }
});

#[test]
fn a_skip_to_the_end_is_followed_by_the_last_window() {
    let cut = |windows: &[usize]| Cut { windows: windows.to_vec(), ..Cut::default() };
    for (to, ends) in [(4, true), (7, true), (8, true), (9, false)] {
        let input = [to, 0, 0, 0, 0, 0, 0, 0];
        let edits = edits::<Skips>(&[], &input, &cut(&[4]));
        assert_eq!(edits.is_ok_and(|edits| edits[0].start == 8 && edits[0].new == b"!"), ends, "{to}");
    }
}

// Marks the start, and wants nothing more.
plugin!(Start, Job::new(Framing::Sequential), |_s, window, edits| {
    edits.insert(0, b"!");
    edits.consumed(if window.last { window.bytes.len() as u64 } else { u64::MAX });
});

#[test]
fn a_plugin_can_skip_all_of_the_rest() {
    assert_split_invariant::<Start>(&[], b"abcdefgh");
}

plugin!(Whole, Job::new(Framing::lines()), |_s, window, edits| {
    edits.replace_all(window.bytes.to_ascii_uppercase());
});

#[test]
fn replaced_windows_are_compared_by_their_output() {
    assert_split_invariant::<Whole>(&[], TEXT);
}

// The faults.

plugin!(Greedy, Job::new(Framing::Bytes), |_s, window, edits| {
    if let Some(at) = window.bytes.windows(2).position(|pair| pair == b"aa") {
        edits.delete(at..at + 2);
    }
});

#[test]
#[should_panic(expected = "the edits depend on the cut")]
fn an_edit_that_depends_on_the_cut_is_found() {
    assert_split_invariant::<Greedy>(&[], TEXT);
}

plugin!(Blind, Job::new(Framing::lines()).literals(["xa"]), |_s, window, edits| {
    for (start, _) in window.lines().filter(|(_, line)| line.contains(&b'x')) {
        edits.insert(start, b"> ");
    }
});

#[test]
#[should_panic(expected = "the edits depend on the cut")]
fn a_prefilter_that_misses_a_record_is_found() {
    assert_split_invariant::<Blind>(&[], TEXT);
}

plugin!(Counting, Job::new(Framing::lines()), |state, window, edits| {
    for (start, _) in window.lines() {
        state.seen += 1;
        edits.insert(start, state.seen.to_string().as_bytes());
    }
});

#[test]
#[should_panic(expected = "the edits depend on the cut")]
fn a_state_between_windows_is_found() {
    assert_split_invariant::<Counting>(&[], TEXT);
}

plugin!(Liar, Job::new(Framing::lines()).length_preserving(), |_s, _window, edits| {
    edits.delete(0..1);
});

#[test]
fn a_broken_claim_of_length_is_an_error() {
    assert!(edit::<Liar>(&[], TEXT).is_err_and(|error| error.contains("claim")));
}

#[test]
fn parameters_are_checked_as_the_host_does() {
    for (params, words) in [
        (&[("m", "1")][..], "no parameter `m`"),
        (&[("n", "x")], "not `x`"),
        (&[("n", "1"), ("n", "2")], "given twice"),
    ] {
        assert!(edit::<Whole>(params, TEXT).is_err_and(|error| error.contains(words)), "{words}");
    }
}
