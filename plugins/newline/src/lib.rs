//! Converts line ends.

use runner_plugin::{Edits, Failure, FileHead, Framing, Job, Manifest, ParamSpec, Params, Plugin, Window};

/// The plugin: which line end it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newline {
    /// Removes the CR of each CRLF, like `dos2unix`.
    Lf,
    /// Adds a CR to each LF without one, like `unix2dos`.
    Crlf,
}

impl Plugin for Newline {
    fn describe() -> Manifest {
        Manifest::new("newline", env!("CARGO_PKG_VERSION"), "Converts line ends").param(
            ParamSpec::choice(
                "to",
                &["lf", "crlf"],
                "The line end to write: lf (like dos2unix) or crlf (like unix2dos)",
            )
            .default("lf"),
        )
    }

    fn begin(params: &Params, _: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let lines = Job::new(Framing::lines()).text().deterministic().counts(["line-end"]);
        match params.required("to")? {
            // Not idempotent: CR CR LF loses one CR each time.
            "lf" => Ok((Self::Lf, lines.literals(["\r\n"]))),
            // These lines differ from the others by one missing byte. In files
            // that need conversion it is missing in every line, so a prefilter
            // would pass all lines. So there is none.
            _ => Ok((Self::Crlf, lines.idempotent())),
        }
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let bytes = window.bytes;
        match self {
            Self::Lf => {
                for at in memchr::memmem::find_iter(bytes, b"\r\n") {
                    edits.delete(at..at + 1);
                    edits.count(0, 1);
                }
            }
            Self::Crlf => {
                for at in memchr::memchr_iter(b'\n', bytes) {
                    if at == 0 || bytes[at - 1] != b'\r' {
                        edits.insert(at, b"\r");
                        edits.count(0, 1);
                    }
                }
            }
        }
        Ok(())
    }
}

runner_plugin::export!(Newline);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use runner_plugin::testing::{assert_split_invariant, edit, run_cases};

    use super::*;

    #[test]
    fn cases() {
        run_cases::<Newline>("cases");
    }

    /// Beside dos2unix and unix2dos, what the README says.
    #[test]
    fn the_rest_of_the_file_is_not_changed() {
        for (to, input, output) in [
            ("lf", &b"\xef\xbb\xbfa\r\n"[..], &b"\xef\xbb\xbfa\n"[..]),
            ("lf", b"a\0\x1b\x1a\r\nb", b"a\0\x1b\x1a\nb"),
            ("lf", b"a\rb\n\rc\r", b"a\rb\n\rc\r"),
            ("lf", b"a\r\r\n", b"a\r\n"),
            ("crlf", b"a\r\r\nb", b"a\r\r\nb"),
            ("crlf", b"a\nb", b"a\r\nb"),
        ] {
            assert_eq!(convert(to, input), output, "{}", input.escape_ascii());
        }
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(b"a\r\n".to_vec()), 0..40)
    }

    fn convert(to: &str, input: &[u8]) -> Vec<u8> {
        edit::<Newline>(&[("to", to)], input).expect("valid parameters")
    }

    proptest! {
        #[test]
        fn the_cut_does_not_matter(input in text()) {
            assert_split_invariant::<Newline>(&[("to", "lf")], &input);
            assert_split_invariant::<Newline>(&[("to", "crlf")], &input);
        }

        #[test]
        fn crlf_pairs_lose_their_cr_and_nothing_else_changes(input in text()) {
            let text = String::from_utf8(input.clone()).expect("ASCII");
            prop_assert_eq!(convert("lf", &input), text.replace("\r\n", "\n").into_bytes());
        }

        #[test]
        fn after_crlf_every_line_end_is_one_and_no_other_cr_is_new(input in text()) {
            let output = String::from_utf8(convert("crlf", &input)).expect("ASCII");
            prop_assert!(!output.replace("\r\n", "").contains('\n'));
            prop_assert_eq!(convert("crlf", output.as_bytes()), output.as_bytes());
            let plain = String::from_utf8(input).expect("ASCII").replace("\r\n", "\n");
            prop_assert_eq!(output.replace("\r\n", "\n"), plain);
        }
    }
}
