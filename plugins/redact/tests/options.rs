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
fn what_a_mask_keeps_of_an_address_stays() {
    let keep = [("kinds", "email"), ("keep-last", "4")];
    for (text, once) in [
        ("bobby@x.io", "****y@x.io"),
        ("a@a.aaaa@a.aa:", "a@*.***a@a.aa:"),
        // A mark of emphasis is no mask.
        ("**bob@example.com**", "*****@******e.com**"),
        ("**y@x.io", "***@*.io"),
    ] {
        let found = redacted(&keep, text);
        assert_eq!(found, once, "of {text}");
        assert_eq!(redacted(&keep, &found), found, "of {text}");
    }
}

/// Number of days from the beginning of year 1 to a date.
fn day(date: &str) -> i64 {
    let numbers: Vec<i64> = date.split('-').map(|part| part.parse().expect("a number")).collect();
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let years = (1..numbers[0]).map(|year| 365 + i64::from(is_leap(year))).sum::<i64>();
    let february = 28 + i64::from(is_leap(numbers[0]));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(numbers[1] - 1).expect("a month");
    years + months[..before].iter().sum::<i64>() + numbers[2]
}

#[test]
fn dates_are_shifted_by_one_number_of_days() {
    let shift = [("kinds", "email"), ("shift-dates", "400"), ("key", "k")];
    let text = "a@example.com 2024-02-28 2024-02-29 01/Mar/2024:10:00:00 31.12.2023 2024-02-30 9999-12-31\n";
    let shifted = redacted(&shift, text);
    let dates: Vec<&str> = shifted.split_whitespace().collect();
    assert_eq!(dates[0], "*@*******.***");
    // Every form is shifted by the same number of days, which is never 0.
    let month = |name: &str| 1 + "JanFebMarAprMayJunJulAugSepOctNovDec".find(name).expect("a month") / 3;
    let parts = |date: &str| date.split(['-', '/', '.']).map(str::to_owned).collect::<Vec<_>>();
    let iso = |date: &str| day(date);
    let slashes = |date: &str| {
        let parts = parts(&date[..11]);
        day(&format!("{}-{:02}-{}", parts[2], month(&parts[1]), parts[0]))
    };
    let dots = |date: &str| {
        let parts = parts(date);
        day(&format!("{}-{}-{}", parts[2], parts[1], parts[0]))
    };
    let days = iso(dates[1]) - iso("2024-02-28");
    assert!(days != 0 && days.abs() <= 400, "{shifted}");
    assert_eq!(iso(dates[2]) - iso("2024-02-29"), days, "{shifted}");
    assert_eq!(slashes(dates[3]) - iso("2024-03-01"), days, "{shifted}");
    assert_eq!(dots(dates[4]) - iso("2023-12-31"), days, "{shifted}");
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
