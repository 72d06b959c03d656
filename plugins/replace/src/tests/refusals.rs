//! What other programs read differently, and lines with an end of their own.

use runner_plugin::testing::edit;

use crate::Replace;

/// What another program reads differently is an error that says what to write.
#[test]
fn what_would_silently_do_something_else_is_refused() {
    for (params, advice) in [
        (&[("find", r"(?:;|\n)"), ("regex", "true")][..], "set `multiline`"),
        (&[("find", r"^.*secret.*\n?"), ("regex", "true")], "set `multiline`"),
        (&[("find", "a"), ("with", r"\012")], r"`\x0a`"),
        (&[("find", r"\012")], "escapes=true"),
        (&[("delete-lines", "")], "write `^`"),
        (&[("find", "a"), ("not-lines", "")], "write `^`"),
    ] {
        let error = edit::<Replace>(params, b"a;\nsecret\n").unwrap_err();
        assert!(error.contains(advice), "{params:?}: {error}");
    }
    // A selection has no `multiline`.
    for name in ["delete-lines", "lines"] {
        let params = [(name, r"a\n"), ("insert-after", "x")];
        let params = if name == "lines" { &params[..] } else { &params[..1] };
        let error = edit::<Replace>(params, b"a\n").unwrap_err();
        assert!(error.contains("leave it out") && !error.contains("multiline"), "{error}");
    }
}

/// A line keeps its own end, in a file that has both.
#[test]
fn a_line_inserted_behind_another_one_has_its_line_end() {
    let output = edit::<Replace>(&[("insert-after", "new")], b"a\r\nb\nc");
    assert_eq!(output.unwrap().escape_ascii().to_string(), r"a\r\nnew\r\nb\nnew\nc\r\nnew\r\n");
}
