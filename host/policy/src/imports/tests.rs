use super::*;
use crate::audits::Audit;
use crate::revocation::Entry;
use crate::trust::tests::KEYS;

const NOW: &str = "2026-11-28T12:00:00Z";

pub(crate) fn list(more: &str) -> String {
    format!(
        "kind = \"runner-audits\"\nform = 1\nname = \"globex\"\nsequence = 3\n\
         issued = \"2026-11-01T00:00:00Z\"\nexpires = \"2027-05-01T00:00:00Z\"\n{more}"
    )
}

fn audit(plugin: &str, content: &[u8], words: &str) -> String {
    let digest = Digest::of(content);
    format!(
        "[[audit]]\nplugin = \"{plugin}\"\ndigest = \"{digest}\"\ncriteria = [{words}]\n\
         time = \"2026-11-01T00:00:00Z\"\n"
    )
}

pub(crate) fn pin(list: &str) -> Pin {
    Pin {
        name: "globex".into(),
        sequence: 3,
        blake3: Digest::of(list.as_bytes()),
        signed_by: vec!["globex".into()],
        keys: vec![KEYS[1].parse().unwrap()],
        plugins: vec!["acme:*".parse().unwrap()],
        until: "2027-02-01T00:00:00Z".parse().unwrap(),
        criteria: BTreeMap::from([("theirs".into(), "safe".into())]),
    }
}

#[test]
fn a_list_must_be_the_one_that_was_imported() {
    let text = list(&audit("acme:x@1.0.0", b"x", "\"theirs\", \"other\", \"runner:vetted\""));
    let path = Path::new("audits");
    let import = Import::new(pin(&text), text.as_bytes(), path, Level::User).unwrap();
    assert_eq!(import.end().to_string(), "2027-02-01T00:00:00Z");
    assert_eq!(import.words_without_meaning(), ["other"]);
    let other = text.clone() + "\n";
    let error = Import::new(pin(&text), other.as_bytes(), path, Level::User).unwrap_err();
    assert_eq!(error.kind(), Kind::Verification);
    let written = to_text(&[pin(&text)]);
    assert_eq!(parse(written.as_bytes(), path).unwrap(), [pin(&text)]);
    let twice = to_text(&[pin(&text), pin(&text)]);
    for bad in [
        "",
        &twice,
        &written.replace("form = 1", "form = 2"),
        &written.replace("acme:*", "acme"),
        &written.replace("\"globex\"", "\"../x\""),
        // A word of this program is nobody's to give.
        &written.replace("\"safe\"", "\"runner:vetted\""),
        &written.replace(KEYS[1], "RW"),
    ] {
        assert_eq!(parse(bad.as_bytes(), path).unwrap_err().kind(), Kind::Usage, "{bad}");
    }
}

#[test]
fn what_is_no_list_of_audits_is_an_error() {
    let good = list(&audit("acme:x@1.0.0", b"x", "\"safe\""));
    Audits::parse(good.as_bytes(), Path::new("x")).unwrap();
    let violation = |what: &str| format!("{good}[[violation]]\n{what}\nwhy = \"bad\"\n");
    Audits::parse(violation("plugin = \"acme:x\"\nbelow = \"2.0.0\"").as_bytes(), Path::new("x")).unwrap();
    for bad in [
        "".to_owned(),
        good.replace("runner-audits", "runner-revocations"),
        good.replace("form = 1", "form = 2"),
        good.replace("2027-05-01", "2026-10-01"),
        // More than a year, and a link to what others say.
        good.replace("2027-05-01", "2027-11-30"),
        good.replace("form = 1", "form = 1\nimports = [\"https://example.com\"]"),
        good.replace("\"safe\"", ""),
        good.replace("\"safe\"", "\"Safe\""),
        good.replace("acme:x@1.0.0", "acme:x"),
        violation(&format!("key = \"{}\"", KEYS[0])),
        violation(""),
    ] {
        assert_eq!(Audits::parse(bad.as_bytes(), Path::new("x")).unwrap_err().kind(), Kind::Usage, "{bad}");
    }
}

#[test]
fn what_is_drafted_is_read() {
    let now: Timestamp = NOW.parse().unwrap();
    let mut list = Audits::new("globex", (now, "2027-01-01T00:00:00Z".parse().unwrap()));
    let claim = Claim {
        key: KEYS[0].parse().unwrap(),
        criteria: vec!["safe".into()],
        runner: Some("0.1.0".parse().unwrap()),
        time: now,
    };
    list.audit.push(Audit::of(&"acme:x@1.0.0".parse().unwrap(), Digest::of(b"x"), &claim));
    list.violation.push(Entry::of_digest(Digest::of(b"y"), "it \"leaks\"\n"));
    let versions = (Some("1.0.0".parse().unwrap()), None);
    list.violation.push(Entry::of_versions("acme:y".parse().unwrap(), versions, "old"));
    assert_eq!(Audits::parse(list.to_text().as_bytes(), Path::new("x")).unwrap(), list);
}
