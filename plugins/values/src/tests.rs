//! Properties of the actions as a whole.

use crate::{Action, Addresses, Context, Fit, Fold, Key, Kind, Mask, Outcome, Pseudonyms};
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

#[test]
fn the_last_characters_stay_but_never_more_than_half() {
    let mask = |kind, value: &str| {
        let mut out = Vec::new();
        Mask { keep_last: 4, ..Mask::default() }.write(kind, value.as_bytes(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    };
    assert_eq!(mask(Kind::Card, "4111 1111 1111 1234"), "**** **** **** 1234");
    assert_eq!(mask(Kind::Password, "secret"), "***ret");
    assert_eq!(mask(Kind::Text, "é"), "**");
}

proptest! {
    #[test]
    fn every_action_is_total(value in prop::collection::vec(any::<u8>(), 0..40), kind in prop::sample::select(&Kind::ALL[..])) {
        for addresses in [Addresses::Fit, Addresses::Token, Addresses::Prefix] {
            for fit in [Fit::Value, Fit::Kind(kind), Fit::Hex] {
                let once = apply(&hash(fit, addresses), &value);
                prop_assert_eq!(once.is_empty(), value.is_empty());
                prop_assert_eq!(apply(&hash(fit, addresses), &value), once);
            }
        }
        let masked = apply(&Action::Mask { mask: Mask::default(), fit: Fit::Kind(kind) }, &value);
        prop_assert_eq!(masked.len(), value.len());
    }
}
