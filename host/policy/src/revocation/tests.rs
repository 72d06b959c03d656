use proptest::prelude::*;

use super::*;
use crate::trust::tests::KEYS;

const NOW: &str = "2026-11-28T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn list(sequence: u64, more: &str) -> Accepted {
    let text = format!(
        "kind = \"runner-revocations\"\nform = 1\nname = \"l\"\nsequence = {sequence}\n\
         issued = \"2026-11-28T10:00:00Z\"\nexpires = \"2027-01-01T00:00:00Z\"\n{more}"
    );
    let list = List::parse(text.as_bytes(), Path::new("list")).unwrap();
    Accepted { signed_by: vec!["security".into()], plugins: vec!["acme:*".parse().unwrap()], list }
}

#[test]
fn a_list_names_contents_versions_and_keys() {
    let (x, y) = (Digest::of(b"x"), Digest::of(b"y"));
    let key: Signer = KEYS[0].parse().unwrap();
    let more = format!(
        "keep = [\"{y}\"]\n[[revoked]]\ndigest = \"{x}\"\nwhy = \"bad\"\n\
         [[revoked]]\nplugin = \"acme:r\"\nfrom = \"1.1.0\"\nbelow = \"1.2.0\"\nwhy = \"old\"\n\
         [[revoked]]\nkey = \"{key}\"\nwhy = \"stolen\"\n"
    );
    let mut lists = Lists::default();
    assert!(lists.accept(list(1, &more), at(NOW)).unwrap());
    let id = |text: &str| text.parse::<Id>().unwrap();
    let why = |text: &str, digest, signers: &[Signer]| {
        lists.revoked(Some(&id(text)), digest, signers).map(|revoked| revoked.why.to_owned())
    };
    let other = Digest::of(b"other");
    assert_eq!(why("acme:q@1.0.0", x, &[]).unwrap(), "bad");
    assert_eq!(why("other:q@1.0.0", x, &[]), None, "those who signed may not speak for it");
    for (version, is_old) in [("1.0.9", false), ("1.1.0", true), ("1.2.0-rc.1", true), ("1.2.0", false)] {
        let id = format!("acme:r@{version}");
        assert_eq!(why(&id, other, &[]).is_some(), is_old, "{version}");
        assert_eq!(why(&id, y, &[]), None, "it is kept");
    }
    assert_eq!(why("acme:q@1.0.0", other, std::slice::from_ref(&key)).unwrap(), "stolen");
    assert_eq!(why("acme:q@1.0.0", y, std::slice::from_ref(&key)), None);
    assert!(lists.revokes_key(Some(&id("acme:q@1.0.0")), &key) && lists.keeps(Some(&id("acme:q@1.0.0")), y));
    assert!(!lists.revokes_key(Some(&id("other:q@1.0.0")), &key));
    assert_eq!(Lists::parse(lists.to_text().as_bytes(), Path::new("x")).unwrap(), lists);
}

#[test]
fn an_older_list_and_one_from_the_future_are_refused() {
    let mut lists = Lists::default();
    assert!(lists.accept(list(5, ""), at(NOW)).unwrap());
    assert!(!lists.accept(list(5, ""), at(NOW)).unwrap(), "the same again");
    let before = lists.clone();
    let other = "[[revoked]]\nplugin = \"acme:x\"\nwhy = \"x\"\n";
    for number in [0, 4, 5] {
        assert_eq!(lists.accept(list(number, other), at(NOW)).unwrap_err().kind(), Kind::Refused);
    }
    assert!(lists.accept(list(6, other), at("2026-11-20T00:00:00Z")).is_err(), "the clock is set back");
    let narrow = Accepted { plugins: vec!["acme:x".parse().unwrap()], ..list(6, "") };
    assert!(lists.accept(narrow, at(NOW)).is_err(), "it would take back what it may not");
    assert_eq!(lists, before);
    assert!(lists.accept(list(6, other), at(NOW)).unwrap());
}

#[test]
fn what_is_no_list_is_an_error() {
    let text = toml::to_string(&list(1, "").list).unwrap();
    for bad in [
        "".to_owned(),
        text.replace("runner-revocations", "runner-rotation"),
        text.replace("form = 1", "form = 2"),
        text.replace("sequence = 1", "sequence = -1"),
        text.replace("2027-01-01", "2020-01-01"),
        text.replace("name = \"l\"", "name = \"../l\""),
        format!("{text}\nmore = 1"),
        format!("{text}\n[[revoked]]\nwhy = \"x\""),
        format!("{text}\n[[revoked]]\nplugin = \"acme:x\"\nkey = \"{}\"\nwhy = \"x\"", KEYS[0]),
        format!("{text}\n[[revoked]]\ndigest = \"{}\"\nfrom = \"1.0.0\"\nwhy = \"x\"", Digest::of(b"")),
    ] {
        assert!(List::parse(bad.as_bytes(), Path::new("x")).is_err(), "{bad}");
    }
    let mut lists = Lists::default();
    lists.accept(list(1, ""), at(NOW)).unwrap();
    let text = lists.to_text();
    for bad in [
        "".to_owned(),
        text.replacen("form = 1", "form = 2", 1),
        text.replace("2027-01-01", "2020-01-01"),
        text.replace("acme:*", "acme"),
    ] {
        let error = Lists::parse(bad.as_bytes(), Path::new("x")).unwrap_err();
        assert_eq!(error.kind(), Kind::Verification, "{bad}");
    }
}

proptest! {
    /// Whatever is accepted in whatever order, the number of a list never falls, and
    /// a list with a lower one changes nothing.
    #[test]
    fn a_lower_number_never_changes_anything(numbers in prop::collection::vec((0_u64..8, 0_u8..3), 1..20)) {
        let mut lists = Lists::default();
        for (number, what) in numbers {
            let before = lists.clone();
            let known = before.get("l").map(|known| known.list.sequence);
            let new = list(number, &format!("[[revoked]]\nplugin = \"acme:x{what}\"\nwhy = \"x\"\n"));
            let is_taken = lists.accept(new, at(NOW)).unwrap_or(false);
            prop_assert_eq!(is_taken, known.is_none_or(|known| number > known));
            prop_assert!(is_taken || lists == before);
        }
    }
}
