//! Text that comes from plugins and files, made safe to show.

use std::fmt::Write as _;

/// `text` fit for one line of a terminal: control characters, and those that
/// reorder or hide text, are written as escapes (`\n`, `\u{1b}`), and after
/// `max_chars` characters the rest is replaced by a count.
///
/// For reading only: backslashes stay as they are, so the escapes cannot be
/// undone.
#[must_use]
pub fn escape(text: &str, max_chars: usize) -> String {
    let mut out = String::with_capacity(text.len().min(4 * max_chars));
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count == max_chars {
            // `write!` to a `String` cannot fail.
            let _ = write!(out, "… ({} bytes more)", text.len() - at);
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_deceptive(c) => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

/// Characters that are not control characters by Unicode's word, but change
/// the order of what is read, break the line or cannot be seen.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn terminal_controls_are_escaped() {
        assert_eq!(escape("a\x1b[2Jb\n\u{9b}\u{202e}", 100), "a\\u{1b}[2Jb\\n\\u{9b}\\u{202e}");
    }

    #[test]
    fn plain_text_is_left_alone() {
        assert_eq!(escape("naïve \\ 木", 100), "naïve \\ 木");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(escape("ééé", 2), "éé… (2 bytes more)");
        assert_eq!(escape("ééé", 3), "ééé");
    }
}
