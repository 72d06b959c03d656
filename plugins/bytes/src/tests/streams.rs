//! Streams, whose end is not known before it is there.

use proptest::prelude::*;
use runner_plugin::testing::{Edit, apply};
use runner_plugin::{Change, Edits, FileHead, Framing, Params, Plugin as _, Value, Window};

use super::{Bytes, carried_out, made};

/// Shows a stream in windows of this size, the last one of which may be empty.
fn stream(texts: &[&str], input: &[u8], window_bytes: usize) -> Result<Vec<u8>, String> {
    let params = texts.iter().map(|text| ("op", Value::from(*text))).collect::<Params>();
    let begun = Bytes::begin(&params, &FileHead::new(None, b""));
    let (mut plugin, job) = begun.map_err(|failure| failure.message)?;
    assert_eq!((&job.framing, &job.ranges), (&Framing::Sequential, &None));
    let mut found = Vec::new();
    let mut start = 0;
    loop {
        let end = (start + window_bytes).min(input.len());
        let last = end == input.len();
        let window = Window::new(start as u64, &input[start..end]).last(last);
        let mut edits = Edits::new(&window);
        plugin.transform(&window, &mut edits).map_err(|failure| failure.message)?;
        if let Change::Edits { spans, bytes } = edits.finish()?.change {
            let mut rest = bytes.into_iter();
            found.extend(spans.iter().map(|span| Edit {
                start: start + span.start as usize,
                end: start + span.end as usize,
                new: rest.by_ref().take(span.len as usize).collect(),
                whole_window: false,
            }));
        }
        if last {
            return Ok(apply(input, &found));
        }
        start = end;
    }
}

proptest! {
    #[test]
    fn a_stream_is_changed_like_a_file(
        input in prop::collection::vec(any::<u8>(), 0..40),
        made in made(),
        window_bytes in 1..50_usize,
    ) {
        let Some((text, output)) = carried_out(&made, &input) else { return Ok(()) };
        let grows = output.len() > input.len() && text.starts_with("truncate");
        match stream(&[&text], &input, window_bytes) {
            Ok(found) => prop_assert_eq!(found, output, "{}", text),
            Err(error) if grows => prop_assert!(error.contains("the stream has"), "{}", error),
            Err(error) => {
                prop_assert!(text.contains("=-") || text.starts_with("append"), "{}: {}", text, error);
                prop_assert!(error.contains("use a file"), "{}: {}", text, error);
            }
        }
    }
}

#[test]
fn a_stream_that_is_too_short_is_an_error() {
    for text in [
        "overwrite at=9 text=ab",
        "insert at=11 text=a",
        "delete at=10 length=1",
        "truncate size=11",
        "insert at=0 text=a expect=01234567890",
    ] {
        for window_bytes in [1, 3, 10, 99] {
            let error = stream(&[text], b"0123456789", window_bytes).expect_err(text);
            assert!(error.contains("but the stream has 10 bytes"), "{text}: {error}");
        }
    }
}

#[test]
fn the_end_of_a_stream_takes_all_that_is_added_there() {
    for window_bytes in [1, 3, 4, 99] {
        let texts = ["insert at=4 text=a", "append text=b", "append text=c"];
        assert_eq!(stream(&texts, b"0123", window_bytes).as_deref(), Ok(&b"0123abc"[..]));
        let texts = ["truncate size=2", "append text=b"];
        assert_eq!(stream(&texts, b"0123", window_bytes).as_deref(), Ok(&b"01b"[..]));
    }
    assert_eq!(stream(&["append text=a"], b"", 1).as_deref(), Ok(&b"a"[..]));
}
