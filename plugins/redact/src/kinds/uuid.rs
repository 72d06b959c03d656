//! UUIDs (RFC 9562) with hyphens.

use crate::text::is_word_start;
use std::ops::Range;

/// The UUID whose first hyphen is at `hyphen`.
pub(crate) fn find(text: &[u8], hyphen: usize) -> Option<Range<usize>> {
    let start = hyphen.checked_sub(8)?;
    let value = text.get(start..start + 36)?;
    let is_layout = value.iter().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let goes_on = text.get(start + 36).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    (is_layout && !goes_on && is_word_start(text, start)).then_some(start..start + 36)
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn identifiers_are_found() {
        let uuid = "123e4567-e89b-42d3-a456-426614174000";
        assert_eq!(found(&[Kind::Uuid], &format!("user {uuid} x, \\n{uuid}")), format!("{uuid} {uuid}"));
        assert_eq!(
            found(
                &[Kind::Uuid],
                "a123e4567-e89b-42d3-a456-426614174000 123e4567-e89b-42d3-a456-4266141740001"
            ),
            ""
        );
    }
}
