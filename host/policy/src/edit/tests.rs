use super::*;
use crate::trust::tests::{KEYS, read};

const HEAD: &str = "# Ours.\n\n";

#[test]
fn what_was_added_can_be_removed_and_comments_stay() {
    let key = |name: &str, at: usize| Key {
        name: name.into(),
        signer: KEYS[at].parse().unwrap(),
        plugins: vec!["acme:*".parse().unwrap()],
        role: crate::trust::Role::Author,
        until: (at == 1).then(|| "2027-01-31T00:00:00Z".parse().unwrap()),
        level: crate::level::Level::User,
    };
    let one = with(HEAD, &key("one", 0)) + "\n# The second.\n";
    let two = with(&one, &key("two", 1));
    let trust = read(&two).unwrap();
    assert_eq!(trust.keys, [key("one", 0), key("two", 1)]);
    let left = without(&two, |name, _| name == "one");
    assert_eq!(read(&left).unwrap().keys, [key("two", 1)]);
    assert!(left.starts_with("# Ours.\n\n") && left.contains("# The second.\n"), "{left}");
    let left = without(&two, |_, line| line == KEYS[1]);
    assert_eq!(read(&left).unwrap().keys, [key("one", 0)]);
    let group = two.clone() + "\n[[group]]\nname = \"g\"\nkeys = [\"one\", \"two\"]\nmin = 1\n";
    let left = without(&group, |_, _| true);
    assert!(left.contains("[[group]]") && !left.contains("[[key]]"), "{left}");
    assert_eq!(without("[[", |_, _| true), "[[");
}
