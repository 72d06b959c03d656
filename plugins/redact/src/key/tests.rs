use super::{ANY, Alphabet, FORMATS, SK_PREFIX};
use crate::kind::Kind;
use crate::oracle::found;
use proptest::prelude::*;

#[test]
fn web_tokens_are_found() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln_-";
    assert_eq!(found(&[Kind::Key], &format!("id={jwt};")), jwt);
    assert_eq!(found(&[Kind::Key], &format!("id={jwt}.a.b.c")), format!("{jwt}.a.b"));
    assert_eq!(
        found(&[Kind::Key], "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."
    );
}

#[test]
fn a_key_right_after_a_key_is_found() {
    for second in ["sk-abcdefghij0123456789", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln_-"] {
        let both = format!("AKIAIOSFODNN7EXAMPLE{second}");
        assert_eq!(found(&[Kind::Key], &both).replace(' ', ""), both);
    }
}

#[test]
fn lookalikes_are_left_alone() {
    for text in [
        "AKIA1234",
        "AKIAIOSFODNN7EXAMPLEX",
        "xAKIAIOSFODNN7EXAMPLE",
        "sk-loading-indicator-wide-screen",
        "task-1234567890123456789012",
        "ghp_short",
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi",
    ] {
        assert_eq!(found(&[Kind::Key], text), "", "in {text}");
    }
}

#[test]
fn no_prefix_hides_a_longer_one() {
    for (place, long) in FORMATS.iter().enumerate() {
        for short in &FORMATS[..place] {
            assert!(!long.prefix.starts_with(short.prefix), "{} is hidden by {}", long.prefix, short.prefix);
        }
    }
}

proptest! {
    #[test]
    fn every_format_is_found(
        format in prop::sample::select((0..FORMATS.len()).collect::<Vec<_>>()),
        body in prop::collection::vec(any::<prop::sample::Index>(), 1..120),
        before in "([ \"'(=:,]|%20|_|\\\\n)?",
        after in "[ \"'),;&\n]?",
    ) {
        let format = &FORMATS[format];
        let letters: &[u8] = match format.alphabet {
            Alphabet::Upper => b"ABCXYZ012789",
            Alphabet::Word => b"abcXYZ0129_",
            Alphabet::Url | Alphabet::Dotted => b"abcXYZ0129_-",
        };
        let length = if format.max == ANY { body.len().max(format.min) } else { format.max };
        let body: String = body.iter().cycle().take(length).map(|letter| char::from(*letter.get(letters))).collect();
        let is_sk = format.prefix == SK_PREFIX;
        prop_assume!(!is_sk || (body.contains(|letter: char| letter.is_ascii_digit()) && before != "_"));
        let key = format!("{}{body}", format.prefix);
        prop_assert_eq!(found(&[Kind::Key], &format!("{before}{key}{after}")), key);
    }
}
