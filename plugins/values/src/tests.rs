//! Properties of the actions as a whole.

use crate::{
    Action, Addresses, Context, Fit, Fold, Key, Kind, Mask, Outcome, Pseudonyms, Rules, Syntax, check,
};
use proptest::prelude::*;

fn key() -> Key {
    Key::new("a secret").expect("a key")
}

fn hash(fit: Fit, addresses: Addresses) -> Action {
    let pseudonyms = Pseudonyms::new(key()).with_addresses(addresses);
    Action::Hash { pseudonyms, fit, fold: Fold::Nothing }
}

fn apply(action: &Action, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match action.apply(value, &Context::default(), &mut out).expect("a good value") {
        Outcome::Changed => out,
        Outcome::Unchanged => value.to_vec(),
    }
}

/// Values of every kind.
const VALUES: [(Kind, &str); 24] = [
    (Kind::Email, "Bob.Ray@Example.com"),
    (Kind::Email, "root@localhost"),
    (Kind::Ipv4, "10.0.0.1"),
    (Kind::Ipv6, "2001:db8::1"),
    (Kind::Ipv6, "fe80::1%eth0"),
    (Kind::Card, "4111111111111111"),
    (Kind::Card, "4111 1111 1111 1111"),
    (Kind::Card, "3782-822463-10005"),
    (Kind::Phone, "+31 20 555 0100"),
    (Kind::Phone, "+12025550100"),
    (Kind::Phone, "(202) 555-0100"),
    (Kind::Phone, "555-0100"),
    (Kind::Ssn, "123-45-6789"),
    (Kind::Iban, "NL91ABNA0417164300"),
    (Kind::Iban, "GB29 NWBK 6016 1331 9268 19"),
    (Kind::Mac, "00:1A:2b:3c:4d:5e"),
    (Kind::Mac, "001a.2b3c.4d5e"),
    (Kind::Uuid, "F81D4FAE-7dec-11d0-a765-00a0c91e6bf6"),
    (Kind::Number, "-12345.678"),
    (Kind::Number, "0070"),
    (Kind::Date, "1984-02-29"),
    (Kind::Date, "2024-01-31T23:59:08.125+01:00"),
    (Kind::Text, "Ray, Bob"),
    (Kind::Text, " 10.0.0.1"),
];

#[test]
fn values_have_their_kind_and_pseudonyms_fit_it() {
    for (kind, value) in VALUES {
        assert_eq!(Kind::of(value.as_bytes()), kind, "{value}");
        let once = apply(&hash(Fit::Value, Addresses::Fit), value.as_bytes());
        assert_ne!(once, value.as_bytes());
        let fits = if kind == Kind::Card { kind } else { Kind::of(&once) };
        assert_eq!(fits, kind, "{value}: {}", once.escape_ascii());
        let is_recognised =
            !matches!(kind, Kind::Number | Kind::Date) && (kind != Kind::Phone || value.starts_with('+'));
        let twice = apply(&hash(Fit::Kind(kind), Addresses::Fit), &once);
        assert_eq!(twice == once, is_recognised, "{value}: {}", once.escape_ascii());
    }
}

/// Pseudonyms under a key never change from one release to the next: people
/// join files of different years.
#[test]
fn pseudonyms_stay_the_same() {
    let lines = VALUES.map(|(kind, value)| {
        let new = apply(&hash(Fit::Value, Addresses::Fit), value.as_bytes());
        format!("{}\t{value}\t{}\n", kind.name(), String::from_utf8_lossy(&new))
    });
    assert_eq!(lines.concat(), include_str!("pseudonyms.tsv"));
}

/// The actions of all parameters.
const RULES: [(&str, &str); 25] = [
    ("mask", "a"),
    ("mask", "a=fit"),
    ("mask", "a=phone"),
    ("mask", "a=number"),
    ("mask", "a=text=[-]"),
    ("hash", "a"),
    ("hash", "a=hex"),
    ("hash", "a=fold"),
    ("hash", "a=number"),
    ("hash", "a=phone"),
    ("hash", "a=card,fold"),
    ("hash", "a=ipv6"),
    ("hash", "a=ipv6,ip-token"),
    ("hash", "a=ipv4,ip-prefix"),
    ("hash", "a=date"),
    ("set", "a=x"),
    ("null", "a"),
    ("truncate", "a=3"),
    ("keep-last", "a=4"),
    ("keep-last", "a=4,fit"),
    ("map", "a=b\tc\n*\tc\nc\tc"),
    ("map", "a=b\tc\nc\tb"),
    ("replace", "a=/[0-9]/x/"),
    ("replace", "a=/$/x/"),
    ("shift-date", "a=9,impossible=keep"),
];

fn action(place: usize) -> Action {
    let key = key();
    let (name, text) = RULES[place];
    Rules { syntax: Syntax::Names, key: Some(&key) }.parse(name, text).expect(text).action
}

/// Values of every kind, parts of them, and any bytes.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(&VALUES[..]).prop_map(|(_, value)| value.as_bytes().to_vec());
    prop_oneof![
        known.clone(),
        (known.clone(), "[ -~]{0,3}").prop_map(|(value, after)| [value, after.into_bytes()].concat()),
        (known, 0..20_usize).prop_map(|(mut value, length)| {
            value.truncate(length);
            value
        }),
        "[0-9 *@.:+-]{0,16}".prop_map(String::into_bytes),
        "\\PC{0,12}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

#[test]
fn what_stays_of_a_value_may_be_of_another_kind() {
    let action = action(RULES.iter().position(|rule| *rule == ("keep-last", "a=4,fit")).expect("a rule"));
    let once = apply(&action, b"fe80::1%eth0*");
    assert!(apply(&action, &once) != once && !action.is_idempotent());
}

proptest! {
    #[test]
    fn every_action_is_total_and_does_what_it_promises(value in values(), place in 0..RULES.len()) {
        let action = action(place);
        let once = apply(&action, &value);
        prop_assert_eq!(&apply(&action, &value), &once, "twice the same");
        if action.keeps_length() {
            prop_assert_eq!(once.len(), value.len());
        }
        if action.is_idempotent() {
            let twice = apply(&action, &once);
            prop_assert_eq!(&twice, &once, "{} {}", once.escape_ascii(), twice.escape_ascii());
        }
        if matches!(action, Action::Mask { .. } | Action::Hash { .. }) {
            prop_assert!(!value.is_empty() || once.is_empty());
        }
        if !matches!(action, Action::Set(_) | Action::Null | Action::Map(_)) {
            let mut out = b"before".to_vec();
            let context = Context { nulls: &[b"NULL", &value], ..Context::default() };
            prop_assert_eq!(action.apply(&value, &context, &mut out), Ok(Outcome::Unchanged));
            prop_assert_eq!(out, b"before");
        }
    }

    #[test]
    fn nothing_of_a_value_stays_whatever_kind_it_is_said_to_be(
        letters in "[g-z]{3,12}", digits in "[0-9]{0,16}", kind in prop::sample::select(&Kind::ALL[..]),
    ) {
        let value = format!("{digits}~{letters}");
        // Tokens have the name of their kind.
        for addresses in [Addresses::Fit, Addresses::Token, Addresses::Prefix] {
            let new = apply(&hash(Fit::Kind(kind), addresses), value.as_bytes());
            let shown = String::from_utf8(new).expect("UTF-8").replace(kind.name(), "").replace("redacted.invalid", "");
            prop_assert!(!shown.contains(&letters) && !shown.contains('~'), "{}", shown);
        }
        let masked = apply(&Action::Mask { mask: Mask::default(), fit: Fit::Kind(kind) }, value.as_bytes());
        prop_assert!(masked.iter().all(|&byte| byte == b'*'));
    }

    #[test]
    fn forms_of_one_value_share_a_pseudonym(host in any::<[u16; 8]>(), octets in any::<[u8; 4]>(), card in "[0-9]{16}") {
        let hash = |kind, value: &str| apply(&hash(Fit::Kind(kind), Addresses::Fit), value.as_bytes());
        let [a, b, c, d] = octets;
        // What looks like a pseudonym stays.
        let a = a % 240;
        prop_assert_eq!(hash(Kind::Ipv4, &format!("{a}.{b}.{c}.{d}")), hash(Kind::Ipv4, &format!("{a:03}.{b:02}.{c}.{d}")));
        let long: Vec<String> = host.iter().map(|group| format!("{group:04X}")).collect();
        let short = std::net::Ipv6Addr::from(host).to_string();
        prop_assert_eq!(hash(Kind::Ipv6, &long.join(":")), hash(Kind::Ipv6, &short));
        let spaced = format!("{}-{}-{}-{}", &card[..4], &card[4..8], &card[8..12], &card[12..]);
        let hidden = hash(Kind::Card, &spaced);
        prop_assert!(!check::luhn(&hidden) || hidden == spaced.as_bytes());
        let bare: Vec<u8> = hidden.iter().copied().filter(|&byte| byte != b'-').collect();
        prop_assert_eq!(hash(Kind::Card, &card), bare);
        prop_assert_eq!(hash(Kind::Email, "o%27Brien@X.ie"), hash(Kind::Email, "O'brien@x.IE"));
    }

    #[test]
    fn numbers_of_a_layout_stay_different(a in "-?(0|[1-9][0-9]{0,3})([.][0-9]{1,2})?(e[+-]?[0-9])?", b in "-?(0|[1-9][0-9]{0,3})([.][0-9]{1,2})?") {
        let hash = |value: &str| apply(&hash(Fit::Kind(Kind::Number), Addresses::Fit), value.as_bytes());
        let layout = |text: &[u8]| text.iter().map(|&byte| if byte.is_ascii_digit() { b'0' } else { byte }).collect::<Vec<_>>();
        prop_assert_eq!(layout(&hash(&b)), layout(b.as_bytes()));
        // Still a number of JSON, which has no leading zeros.
        prop_assert_eq!(hash(&a).starts_with(b"0"), a.starts_with('0'));
        prop_assert_eq!(hash(&a) == hash(&b), a == b);
    }
}
