//! Tests of the parameters, and of what is counted and promised.

use runner_plugin::testing::{Cut, assert_split_invariant, edit, outcome, params};
use runner_plugin::{FileHead, Job, Plugin};
use runner_redact::Redact;

/// A rule for keys that no built-in rule finds.
const RULES: &str =
    "[[rules]]\nid = \"internal\"\nregex = '''itok_([a-z0-9]{8})\\b'''\nkeywords = [\"itok_\"]\n";

/// A line of a private key, as of 64 bytes of base64.
const PEM: &str = "u/XP5MzIj5r0AXPrNvZADNuxgDtU0a+cpAdOIc1rTleBjgnZK7Z7gioUaxWGarc1";

fn redacted(params: &[(&str, &str)], text: &str) -> String {
    String::from_utf8(edit::<Redact>(params, text.as_bytes()).expect("no error")).expect("text")
}

fn job(given: &[(&str, &str)]) -> Result<Job, String> {
    let params = params::<Redact>(given)?;
    let begun = Redact::begin(&params, &FileHead { size: None, head: b"", seed: None });
    begun.map(|(_, job)| job).map_err(|failure| failure.message)
}

#[test]
fn each_kind_is_counted() {
    let text = format!("bob@example.com al@example.com 10.1.2.3\npassword=hunter2\n{PEM}\n");
    let outcome = outcome::<Redact>(&[], text.as_bytes(), &Cut::default()).expect("no error");
    let counts: Vec<_> = outcome.counts.into_iter().filter(|(_, number)| *number > 0).collect();
    let expected = [("email", 2), ("ipv4", 1), ("pem", 1), ("password", 1)];
    assert_eq!(counts, expected.map(|(name, number)| (name.to_owned(), number)));
}

#[test]
fn dates_are_shifted_by_one_number_of_days() {
    let shift = [("kinds", "email"), ("shift-dates", "400"), ("key", "k")];
    let text = "a@example.com 2024-02-28 2024-02-29 01/Mar/2024:10:00:00 31.12.2023 2024-02-30 9999-12-31\n";
    let shifted = redacted(&shift, text);
    let dates: Vec<&str> = shifted.split_whitespace().collect();
    assert_eq!(dates[0], "*@*******.***");
    // The fixed key shifts by some days: neighbours stay neighbours in all forms.
    let next_day = |date: &str| redacted(&shift, date);
    assert_eq!(
        [dates[1], dates[2]],
        [next_day("2024-02-28"), next_day("2024-02-29")].each_ref().map(String::as_str)
    );
    assert_ne!(dates[1], "2024-02-28");
    assert!(dates[3].ends_with(":10:00:00") && dates[3].len() == 20, "{shifted}");
    // No day of the calendar, and one after which there is none.
    assert_eq!(dates[5], "2024-02-30");
    assert_eq!(shifted.len(), text.len());
    for wrong in [&[("shift-dates", "400")][..], &[("shift-dates", "0"), ("key", "k")], &[("kinds", "date")]]
    {
        assert!(job(wrong).is_err(), "{wrong:?}");
    }
    let job = job(&shift).expect("a job");
    assert!(job.claims.length_preserving && !job.claims.idempotent);
}

#[test]
fn values_that_stay_are_not_counted() {
    let allow = [("allow", "bob@example.com"), ("allow", "loopback, 10.0.0.0/8")];
    let text = "bob@example.com 127.0.0.1 10.1.2.3";
    let outcome = outcome::<Redact>(&allow, text.as_bytes(), &Cut::default()).expect("no error");
    assert!(outcome.edits.is_empty() && outcome.counts.iter().all(|(_, number)| *number == 0));
}

#[test]
fn lines_of_private_keys_are_a_kind() {
    let text = format!("-----BEGIN RSA PRIVATE KEY-----\n{PEM}\n-----END RSA PRIVATE KEY-----\n");
    assert!(!redacted(&[], &text).contains("u/XP5"));
    assert!(redacted(&[("kinds", "all,-pem")], &text).contains(PEM));
    assert!(redacted(&[("kinds", "pem")], &text).starts_with("-----BEGIN RSA"));
}

#[test]
fn own_rules_take_the_place_of_the_built_in_ones_or_extend_them() {
    let text = "a itok_abcd1234 b AKIAQYLPMN5HFIQR7XYA c";
    let own = [("kinds", "key"), ("rules", RULES)];
    assert_eq!(redacted(&own, text), "a itok_******** b AKIAQYLPMN5HFIQR7XYA c");
    let extended = format!("[extend]\nuseDefault = true\n{RULES}");
    let both = [("kinds", "key"), ("rules", extended.as_str())];
    assert_eq!(redacted(&both, text), format!("a itok_******** b {} c", "*".repeat(20)));
    assert_split_invariant::<Redact>(&own, format!("{text}\nnone\n{text}\n").as_bytes());
}

#[test]
fn mistakes_are_refused() {
    for (given, expected) in [
        (&[("rules", "gitleaks.toml")][..], "`rules=@FILE`"),
        (&[("rules", "[[rules]]\nid = 'x'\nregex = '('\n")], "`x`"),
        (&[("rules", RULES), ("kinds", "email")], "the kind `key`"),
        (&[("key", "k")], "`style=hash`"),
        (&[("addresses", "prefix")], "`style=hash`"),
        (&[("with", "")], "`with` is empty"),
        (&[("with", "a,b")], "would break"),
        (&[("with", "x"), ("keep-last", "4")], "exclude"),
        (&[("keep-last", "-1")], "zero or more"),
        (&[("allow", "10.0.0/8")], "no network"),
    ] {
        let error = job(given).expect_err("a mistake");
        assert!(error.contains(expected), "{given:?}: {error}");
    }
}

#[test]
fn promises_depend_on_the_style() {
    for (given, length, idempotent) in [
        (&[][..], true, false),
        (&[("kinds", "card"), ("keep-last", "4")], true, true),
        (&[("kinds", "email"), ("with", "[X]")], false, true),
        (&[("kinds", "key"), ("style", "hash"), ("key", "k")], false, true),
        (&[("kinds", "ipv4"), ("style", "hash"), ("key", "k"), ("addresses", "prefix")], false, false),
    ] {
        let claims = job(given).expect("a job").claims;
        assert_eq!((claims.length_preserving, claims.idempotent), (length, idempotent), "{given:?}");
        assert!(claims.text && claims.deterministic);
    }
}
