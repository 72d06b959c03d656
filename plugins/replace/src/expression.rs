//! Guesses whether a text that is looked for as it stands was meant as an
//! expression. A wrong guess costs the user one line to read.

/// What hardly occurs in other texts.
const SIGNS: &[&str] = &[
    ".*", ".+", r"\d", r"\w", r"\s", r"\b", r"\D", r"\W", r"\S", r"\.", "]+", "]*", "]{", ")+", ")*", ")?",
    "(?", "[^", "|",
];

/// Whether a text looks like a regular expression.
pub(crate) fn looks_like_one(text: &str) -> bool {
    let is_anchored = text.len() > 1 && (text.starts_with('^') || text.ends_with('$'));
    is_anchored || SIGNS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::looks_like_one;

    #[test]
    fn expressions_are_guessed() {
        for text in [r"\d+ EUR", "^a", "end$", "a|b", "[0-9]+", "(ab)+", "a.*b", "[^a]", "(?i)a"] {
            assert!(looks_like_one(text), "{text}");
        }
        for text in ["foo", "a.b", "$5.00", "http://x/?a=b", "f(x)", "a[0]", "^", "$", "1+1", "*"] {
            assert!(!looks_like_one(text), "{text}");
        }
    }
}
