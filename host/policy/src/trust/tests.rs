use super::*;

pub(crate) const KEYS: [&str; 3] = [
    "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
    "RWSGOq2NVecA2UPNdBUZykf1CCb147pkmdtYxgb3Ti+JO/wCYvhbAb/U",
    "RWTAPRW5mTZ5NfDzQ0Jv4Bh1bQXvwXTPzxYSGYvV2wkT5Eo2gWxrMmvJ",
];
const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINYPkmZ2VZC7+cTXdJLt15Ft9fk7Z0WwkrICB8xRx1cs";

pub(crate) fn read(text: &str) -> Result<Trust> {
    Trust::parse(text.as_bytes(), Path::new("trust.toml"), Level::User)
}

fn key(name: &str, key: &str, more: &str) -> String {
    let word = if key.starts_with("ssh") { "ssh" } else { "minisign" };
    format!("[[key]]\nname = \"{name}\"\n{word} = \"{key}\"\nfor = [\"acme:*\"]\n{more}\n")
}

#[test]
fn keys_and_groups_are_read() {
    let text = key("a", KEYS[0], "role = \"author\"\nuntil = \"2027-01-31\"")
        + &key("b", SSH, "role = \"vet\"")
        + "[[group]]\nname = \"both\"\nkeys = [\"a\", \"b\"]\nmin = 2";
    let trust = read(&text).unwrap();
    assert_eq!((trust.keys.len(), trust.groups[0].min), (2, 2));
    let id: Id = "acme:x@1.0.0".parse().unwrap();
    let other: Id = "other:x@1.0.0".parse().unwrap();
    assert_eq!(trust.keys_for(Role::Author, Some(&id)).count(), 1);
    assert_eq!(trust.keys_for(Role::Author, Some(&other)).count(), 0);
    assert_eq!(trust.keys_for(Role::Author, None).count(), 0);
    let at = |text: &str| text.parse().unwrap();
    assert!(!trust.keys[0].is_expired(at("2027-01-31T23:59:59Z")));
    assert!(trust.keys[0].is_expired(at("2027-02-01T00:00:00Z")));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let good = key("a", KEYS[0], "role = \"author\"");
    let after = good.lines().count() + 1;
    for (text, line) in [
        (key("a", KEYS[0], "role = \"boss\""), 5),
        (key("a", KEYS[0], "role = \"author\"\nuntil = \"soon\""), 6),
        (key("a", KEYS[0], "role = \"author\"\nsince = \"2027-01-31\""), 6),
        (key("a b", KEYS[0], "role = \"author\""), 1),
        (key("a", "RWx", "role = \"author\""), 1),
        (key("a", KEYS[0], "role = \"author\"").replace("acme:*", "acme"), 4),
        (key("a", KEYS[0], "role = \"author\"").replace("\"acme:*\"", ""), 1),
        (key("a", KEYS[0], "role = \"author\"").replace("minisign", "ssh"), 1),
        (good.clone() + &key("b", KEYS[0], "role = \"author\""), after),
        (good.clone() + "[[group]]\nname = \"g\"\nkeys = [\"b\"]\nmin = 1", after),
        (good.clone() + "[[group]]\nname = \"g\"\nkeys = [\"a\"]\nmin = 2", after),
        (good.clone() + "[[group]]\nname = \"g\"\nkeys = [\"a\"]\nmin = 0", after),
        (good.clone() + "[[group]]\nname = \"a\"\nkeys = [\"a\"]\nmin = 1", after),
        (good.clone() + "[[group]]\nname = \"g\"\nkeys = [\"a\", \"a\"]\nmin = 2", after),
        (good.clone() + "[[keys]]", after),
    ] {
        let error = read(&text).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot use trust.toml, line {line}"), "{text}\n{error:?}");
    }
    assert_eq!(read("").unwrap(), Trust::default());
}
