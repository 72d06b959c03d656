//! Text that is shown at once: lines, each escaped when it is added.

use std::fmt::{Display, Write as _};

use super::{escape, escape_lines};

/// Lines that are safe for a terminal. Raw text cannot be added.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// A page of one line.
    #[must_use]
    pub fn of(line: impl Display) -> Self {
        let mut page = Self::default();
        page.line(line);
        page
    }

    /// Adds a line. Line ends in it are escaped, so it stays one line.
    pub fn line(&mut self, line: impl Display) {
        self.0.push_str(&escape(&line.to_string(), usize::MAX));
        self.0.push('\n');
    }

    /// Adds text of several lines, at most `max_chars` characters. The first
    /// line gets the prefix `first`, all others `rest`, so that none can be
    /// mistaken for a line of the page itself.
    pub fn several(&mut self, first: &str, rest: &str, text: &str, max_chars: usize) {
        let text = escape_lines(text.trim_end_matches('\n'), max_chars);
        for (index, line) in text.split('\n').enumerate() {
            // Writing to a `String` cannot fail.
            let _ = writeln!(self.0, "{}{line}", if index == 0 { first } else { rest });
        }
    }

    /// The text to write.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn a_line_is_one_line() {
        let mut page = Page::of("a\nerror: b\x1b[2J");
        page.line(format_args!("{}  c", "\r"));
        assert_eq!(page.as_str(), "a\\nerror: b\\u{1b}[2J\n\\r  c\n");
    }

    #[test]
    fn several_lines_cannot_forge_another_one() {
        let mut page = Page::default();
        page.several("error: ", "    | ", "a\n  hint: rm\r\nerror: b\n\n", 100);
        assert_eq!(page.as_str(), "error: a\n    |   hint: rm\\r\n    | error: b\n");
        let mut page = Page::default();
        page.several("error: ", "    | ", "a\nbcdef", 3);
        assert_eq!(page.as_str(), "error: a\n    | b… (4 bytes more)\n");
    }
}
