//! Tests of the whole plugin.

use proptest::prelude::*;
use runner_plugin::testing::{assert_split_invariant, edit, run_cases};
use runner_redact::Redact;

#[test]
fn cases() {
    run_cases::<Redact>(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
}

/// Lines with values, parts of values, and text between them.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~\n]",
        2 => "[ =:,;\"@.%\n-]",
        1 => "[a-z]{1,3}@[a-z]{1,3}\\.[a-z]{2,3}",
        1 => Just("bob%2Bx%40example.com".to_owned()),
        1 => any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        1 => any::<std::net::Ipv6Addr>().prop_map(|address| address.to_string()),
        1 => prop::sample::select(vec![
            "4111 1111 1111 1111", "378282246310005", "Bearer ", "bearer a1", "AKIAIOSFODNN7EXAMPLE",
            "sk-abcdefghij0123456789", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "fe80::", "%20", "\\n",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "é", "\r\n", "card_4111111111111111",
            "4222222222222",
            "0:1:2:3:4:5:1.2.3.4", "12:34:56",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn params() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let kinds = prop::sample::select(vec![
        "all",
        "email",
        "ipv4",
        "ipv6",
        "card",
        "key",
        "bearer",
        "email,key,bearer",
        "ipv4,bearer",
    ]);
    (kinds, any::<bool>()).prop_map(|(kinds, hash)| {
        if hash { vec![("kinds", kinds), ("style", "hash"), ("key", "k")] } else { vec![("kinds", kinds)] }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// This also shows that the prefilter passes every line with a value: the
    /// check compares runs with the prefilter and without.
    #[test]
    fn the_cut_does_not_matter(text in text(), params in params()) {
        assert_split_invariant::<Redact>(&params, text.as_bytes());
    }

    /// Tests one kind at a time. With several kinds, a mask may uncover another
    /// value: `fe80::` is not an address if an e-mail address follows directly.
    #[test]
    fn masks_keep_the_length_and_hide_for_good(
        text in text(),
        kind in prop::sample::select(vec!["email", "ipv4", "ipv6", "card", "key", "bearer"]),
    ) {
        let params = [("kinds", kind)];
        let once = edit::<Redact>(&params, text.as_bytes()).expect("no error");
        prop_assert_eq!(once.len(), text.len());
        let twice = edit::<Redact>(&params, &once).expect("no error");
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    }
}

/// The pseudonym of `value`.
fn pseudonym(kinds: &str, key: &str, value: &str) -> String {
    let params = [("kinds", kinds), ("style", "hash"), ("key", key)];
    let line = edit::<Redact>(&params, format!("x {value} y").as_bytes()).expect("no error");
    let line = String::from_utf8(line).expect("text");
    line.strip_prefix("x ").and_then(|line| line.strip_suffix(" y")).expect("the rest of the line").to_owned()
}

#[test]
fn ways_to_write_one_value_share_a_pseudonym() {
    for (kind, ways) in [
        ("email", &["Bob@Example.com", "bob@example.com", "bob%40example.com"][..]),
        ("ipv4", &["10.0.0.1", "010.000.000.001"]),
        ("ipv6", &["2001:db8::1", "2001:0DB8:0:0::0001"]),
        ("card", &["4111111111111111", "4111-1111-1111-1111", "4111 1111 1111 1111"]),
    ] {
        let first = pseudonym(kind, "k", ways[0]);
        assert!(first.starts_with(kind) && first.len() == kind.len() + 17, "{first}");
        for way in ways {
            assert_eq!(pseudonym(kind, "k", way), first, "{way}");
        }
        assert_ne!(pseudonym(kind, "another key", ways[0]), first);
    }
    assert_ne!(pseudonym("email", "k", "bob@example.com"), pseudonym("email", "k", "bob@example.org"));
}

/// Lines constructed to be slow must not be slow: each byte is read a bounded
/// number of times. If one of these took quadratic time, the test would take
/// minutes.
#[test]
fn long_lines_take_linear_time() {
    for piece in [
        "sk-",
        "sk-1",
        "eyJ-",
        "eyJaaaaaaaaaaaaaa.",
        "ghp_",
        "ghs_.",
        "AIza-",
        "a@",
        "a%40",
        "a.",
        "1.",
        "::",
        "a:",
        "1 ",
        "4111 ",
        "bearer ",
        "%",
        "\\n",
        "dop_v1_",
    ] {
        let line = piece.repeat((1 << 21) / piece.len());
        assert!(edit::<Redact>(&[], line.as_bytes()).is_ok(), "{piece}");
    }
}
