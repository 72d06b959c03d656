//! Where a word begins, in a text that may hold escapes.

/// Whether a value may begin at `at`: at the beginning of the text, after a
/// byte that is neither a letter nor a digit, or after an escape that ends in
/// one, such as `%20`, `\n`, `\u003d`, `=3D` and the codes of colours.
pub(super) fn is_word_start(text: &[u8], at: usize) -> bool {
    let before = &text[..at];
    match before.last() {
        Some(byte) if byte.is_ascii_alphanumeric() => ends_with_escape(before),
        _ => true,
    }
}

/// Whether `text`, which ends in a letter or digit, ends with an escape.
fn ends_with_escape(text: &[u8]) -> bool {
    if let [.., b'\\', b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'0'] = text {
        return true;
    }
    // `%20` and `%2520`; `=3D` of quoted-printable; `\x3e`.
    let is_hex =
        |digits: usize| text.len() > digits && text[text.len() - digits..].iter().all(u8::is_ascii_hexdigit);
    if is_hex(2) {
        let before = &text[..text.len() - 2];
        if before.ends_with(b"%") || before.ends_with(b"=") || before.ends_with(b"\\x") {
            return true;
        }
        if before.ends_with(b"%25") {
            return true;
        }
    }
    if is_hex(4) && text[..text.len() - 4].ends_with(b"\\u") {
        return true;
    }
    ends_with_colour(text)
}

/// Whether `text` ends with a code for a colour (ECMA-48, SGR): the byte ESC or
/// a form of it, `[`, numbers, `m`.
fn ends_with_colour(text: &[u8]) -> bool {
    let Some(code) = text.strip_suffix(b"m").or_else(|| text.strip_suffix(b"K")) else { return false };
    let numbers = code.iter().rev().take(24).take_while(|byte| matches!(byte, b'0'..=b'9' | b';')).count();
    let Some(escape) = code[..code.len() - numbers].strip_suffix(b"[") else { return false };
    let forms: [&[u8]; 7] = [b"\x1b", b"#033", b"\\033", b"\\x1b", b"\\u001b", b"\\e", b"^["];
    forms.iter().any(|form| {
        let tail = escape.len().checked_sub(form.len()).map(|start| &escape[start..]);
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(form))
    })
}

#[cfg(test)]
mod tests {
    use super::is_word_start;

    #[test]
    fn words_begin_after_signs_and_escapes() {
        for before in [
            "",
            " ",
            "=",
            "\"",
            "_",
            "%20",
            "%253D",
            "=3D",
            "\\n",
            "\\x3e",
            "\\u003c",
            "\x1b[31m",
            "\x1b[0m",
            "#033[36m",
            "\\u001b[1;32m",
            "\\033[m",
            "^[[31m",
        ] {
            assert!(is_word_start(format!("{before}AKIA").as_bytes(), before.len()), "after {before:?}");
        }
    }

    #[test]
    fn words_do_not_begin_inside_of_words() {
        for before in ["a", "9", "xn", "3D", "2520", "u003c", "[31m", "x1b[q1m"] {
            assert!(!is_word_start(format!("{before}AKIA").as_bytes(), before.len()), "after {before:?}");
        }
    }
}
