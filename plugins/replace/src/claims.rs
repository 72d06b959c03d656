//! What the plugin promises about a run.

use crate::text::Text;

/// Whether a second run changes nothing: if it can be shown that no text to
/// look for is where a replacement was put, or comes about around it.
///
/// Between two replacements stands nothing to replace, because the first run
/// would have found it. So a text to look for must have a byte of a
/// replacement. It cannot be inside the replacement, have the replacement
/// inside, or reach over an end of it.
pub(crate) fn is_idempotent(find: &Text, with: &[u8]) -> bool {
    let plain = |text: &[u8]| match find {
        Text::Exact(_) => text.to_vec(),
        Text::Folded { .. } => text.to_ascii_lowercase(),
    };
    let (find, with) = (plain(find.bytes()), plain(with));
    let contains = |text: &[u8], part: &[u8]| memchr::memmem::find(text, part).is_some();
    let common = find.len().min(with.len());
    let reaches_over =
        |bytes: usize| with.ends_with(&find[..bytes]) || with.starts_with(&find[find.len() - bytes..]);
    !with.is_empty() && !contains(&with, &find) && !contains(&find, &with) && !(1..common).any(reaches_over)
}

/// Whether a text is meant as bytes: such a search is no mistake in a file that
/// holds no text.
pub(crate) fn is_about_bytes(text: &[u8]) -> bool {
    text.contains(&0) || std::str::from_utf8(text).is_err()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use runner_plugin::testing::edit;

    use super::*;
    use crate::Replace;

    proptest! {
        #[test]
        fn a_second_run_changes_nothing(find in "[abB]{1,4}", with in "[abBX]{0,4}", ignore_case: bool, input in "[aAbBX]{0,30}") {
            let text = if ignore_case { Text::folded(find.as_bytes()) } else { Text::exact(find.as_bytes()) };
            let flag = ignore_case.to_string();
            let params = [("find", find.as_str()), ("with", with.as_str()), ("ignore-case", flag.as_str())];
            let once = edit::<Replace>(&params, input.as_bytes());
            if is_idempotent(&text, with.as_bytes()) {
                let once = once.expect("an edit");
                prop_assert_eq!(edit::<Replace>(&params, &once), Ok(once));
            }
        }
    }

    #[test]
    fn a_claim_is_made_only_where_it_can_be_shown() {
        for (find, with, expected) in [
            ("foo", "bar", true),
            ("foo", "foobar", false),
            ("ab", "b", false),
            ("ab", "Xa", false),
            ("abc", "cX", false),
            ("ab", "", false),
        ] {
            assert_eq!(
                is_idempotent(&Text::exact(find.as_bytes()), with.as_bytes()),
                expected,
                "{find} {with}"
            );
        }
        assert!(!is_idempotent(&Text::folded(b"foo"), b"FOOx"));
    }

    #[test]
    fn bytes_are_no_text() {
        assert!(is_about_bytes(b"f\0o\0") && is_about_bytes(b"\xff") && !is_about_bytes("é".as_bytes()));
    }
}
