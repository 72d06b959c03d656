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
            "0:1:2:3:4:5:1.2.3.4", "12:34:56", "password=", "\"password\":\"", "Cookie: a=b; c=d", "://u:p@h", "+49 151 12345678",
            "123-45-6789", "00:1a:2b:3c:4d:5e", "DE89370400440532013000", "Authorization: Basic ", "=3D", "\\u003c", "call ", "ip ",
            "\u{1b}[1m", "token=", "4155552671", "[REDACTED]", "\\",
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
        "mac",
        "phone",
        "password,token,cookie",
        "email,key,bearer",
        "ipv4,bearer",
        "personal",
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
        kind in prop::sample::select(vec!["email", "ipv4", "ipv6", "card", "key", "bearer", "mac", "iban", "phone", "ssn", "password", "token", "cookie"]),
        keep in prop::sample::select(vec![None, None, Some("2"), Some("4")]),
    ) {
        let mut params = vec![("kinds", kind)];
        params.extend(keep.map(|count| ("keep-last", count)));
        let once = edit::<Redact>(&params, text.as_bytes()).expect("no error");
        prop_assert_eq!(once.len(), text.len());
        let twice = edit::<Redact>(&params, &once).expect("no error");
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    }
}

/// Lines with credentials of the rules' forms, as logs have them.
const SECRETS: [&str; 8] = [
    "datadog_api_key=",
    "0123456789abcdef0123456789abcdef",
    "asana: ",
    "4111111111111111",
    "https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/abcdefghijklmnopqrstuvwx",
    "email=bob@example.com",
    "AKIAQYLPMN5HFIQR7XYA",
    "cloudflare token: ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No rule takes a mask or a pseudonym, of any kind, for a secret.
    #[test]
    fn a_second_run_changes_nothing(
        parts in prop::collection::vec(prop::sample::select(SECRETS.to_vec()), 1..6),
        style in prop::sample::select(vec![vec![], vec![("style", "hash"), ("key", "k")], vec![("with", "[REDACTED]")]]),
    ) {
        let text = parts.join(" ");
        let once = edit::<Redact>(&style, text.as_bytes()).expect("no error");
        let twice = edit::<Redact>(&style, &once).expect("no error");
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    }
}

/// The pseudonym of `value` after `before`.
fn pseudonym(kinds: &str, before: &str, value: &str, after: &str) -> String {
    let params = [("kinds", kinds), ("style", "hash"), ("key", "k")];
    let line = edit::<Redact>(&params, format!("{before}{value}{after}").as_bytes()).expect("no error");
    let line = String::from_utf8(line).expect("text");
    let middle = line.strip_prefix(before).and_then(|line| line.strip_suffix(after));
    middle.unwrap_or_else(|| panic!("`{line}` has lost what stood around the value")).to_owned()
}

#[test]
fn ways_to_write_one_value_share_a_pseudonym() {
    for (kind, ways) in [
        ("email", &["Bob@Example.com", "bob@example.com"][..]),
        ("ipv4", &["10.0.0.1", "010.000.000.001"]),
        ("ipv6", &["2001:db8::1", "2001:0DB8:0:0::0001"]),
    ] {
        let first = pseudonym(kind, "from ", ways[0], " y");
        assert_ne!(first, ways[0]);
        for way in ways {
            assert_eq!(pseudonym(kind, "from ", way, " y"), first, "{way}");
        }
    }
    let digits = |card: &str| pseudonym("card", "pan ", card, " y").replace([' ', '-'], "");
    assert_eq!(digits("4111-1111-1111-1111"), digits("4111111111111111"));
    assert_eq!(
        pseudonym("email", "mail=", "bob%40example.com", "&x=1"),
        pseudonym("email", "mail=", "bob@example.com", "&x=1").replace('@', "%40")
    );
    assert_eq!(
        pseudonym("ipv4", "dhcp-", "192-168-0-66", " up"),
        pseudonym("ipv4", "ip ", "192.168.0.66", " up").replace('.', "-")
    );
    let reversed = pseudonym("ipv4", "x ", "66.0.168.192", ".in-addr.arpa");
    let parts: Vec<&str> = reversed.split('.').rev().collect();
    assert_eq!(parts.join("."), pseudonym("ipv4", "ip ", "192.168.0.66", " up"));
}

/// What stands before a value: escapes, colours, and what holds it.
const BEFORE: [&str; 21] = [
    "x ",
    r"\u003c",
    r"\n",
    "\"",
    r#"\""#,
    r"\t",
    r"\f",
    r"\b",
    r"\r",
    "%20",
    "%2F",
    "%252F",
    "=3D",
    r"\x3c",
    "&lt;",
    "\u{1b}[36m",
    "#033[36m",
    r"\u001b[1;31m",
    r"CORP\\",
    "(",
    ",",
];

#[test]
fn a_pseudonym_does_not_depend_on_what_stands_before() {
    for (kind, value) in [
        ("email", "bob@example.com"),
        ("email", "root@example.com"),
        ("ipv4", "192.0.2.33"),
        ("ipv6", "2001:db8::1"),
        ("card", "4111111111111111"),
        ("mac", "00:1a:2b:3c:4d:5e"),
        ("iban", "DE89370400440532013000"),
        ("key", "AKIAIOSFODNN7EXAMPLE"),
    ] {
        let expected = pseudonym(kind, "x ", value, " y");
        assert_ne!(expected, value);
        for before in BEFORE {
            assert_eq!(pseudonym(kind, before, value, " y"), expected, "{kind} after {before:?}");
        }
    }
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
        "password=",
        "key=",
        "\"password\":\"",
        "cookie: a=",
        "authorization: digest ",
        "://a:b@",
        "a=40a.bc",
        "\\\\\"",
        " -p",
    ] {
        let line = piece.repeat((1 << 17) / piece.len());
        assert!(edit::<Redact>(&[], line.as_bytes()).is_ok(), "{piece}");
    }
}
