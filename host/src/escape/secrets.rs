//! Values that must not be shown, taken out of what a plugin says.

use aho_corasick::{AhoCorasick, MatchKind};

use super::escape_lines;

/// Values shorter than this are found in any text by chance.
const MIN_BYTES: usize = 4;
/// What stands in a secret's place.
const INSTEAD: &str = "(secret)";

/// Secret values of parameters.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Option<AhoCorasick>);

impl Secrets {
    /// These values, and each line of those that have several. Values of less
    /// than four bytes are left out.
    #[must_use]
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut patterns = Vec::new();
        for text in values.into_iter().flat_map(|value| std::iter::once(value).chain(value.lines())) {
            // A plugin's words are escaped when they come here.
            for form in [text.to_owned(), escape_lines(text, usize::MAX), regex_syntax::escape(text)] {
                if form.len() >= MIN_BYTES {
                    patterns.push(form);
                }
            }
        }
        patterns.sort();
        patterns.dedup();
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns);
        Self(search.ok().filter(|_| !patterns.is_empty()))
    }

    /// `text` with `(secret)` for each value in it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        match &self.0 {
            Some(search) => search.replace_all(text, &vec![INSTEAD; search.patterns_len()]),
            None => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn values_are_taken_out_however_they_are_written() {
        let secrets = Secrets::new(["hunter22", "abc", "two\x1b\nlines here", "a+b*"]);
        assert_eq!(secrets.redact("key hunter22, abc"), "key (secret), abc");
        assert_eq!(secrets.redact("two\\u{1b}\nlines here"), "(secret)");
        assert_eq!(secrets.redact("line `lines here`"), "line `(secret)`");
        assert_eq!(secrets.redact(r"expression a\+b\*"), "expression (secret)");
        assert_eq!(Secrets::default().redact("hunter22"), "hunter22");
    }
}
