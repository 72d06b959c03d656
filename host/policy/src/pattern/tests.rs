use proptest::prelude::*;

use super::*;

fn path(text: &str) -> PathPattern {
    text.to_owned().try_into().unwrap()
}

#[test]
fn names_have_three_forms() {
    let id = |text: &str| text.parse::<Id>().unwrap();
    let covers = |pattern: &str, text: &str| pattern.parse::<NamePattern>().unwrap().covers(Some(&id(text)));
    assert!(
        covers("*", "acme:x@1.0.0") && covers("acme:*", "acme:x@1.0.0") && covers("acme:x", "acme:x@2.0.0")
    );
    assert!(!covers("acme:*", "acm:x@1.0.0") && !covers("acme:x", "acme:y@1.0.0"));
    assert!(!"acme:*".parse::<NamePattern>().unwrap().covers(None));
    assert!("*".parse::<NamePattern>().unwrap().covers(None));
    for text in ["", "acme", "*:x", "acme:", "acme:x@1.0.0", "Acme:*", "acme:x*", "acme:**"] {
        assert!(text.parse::<NamePattern>().is_err(), "{text}");
    }
    let is_within =
        |one: &str, other: &str| one.parse::<NamePattern>().unwrap().is_within(&other.parse().unwrap());
    assert!(is_within("acme:x", "acme:*") && is_within("acme:*", "*") && is_within("acme:x", "acme:x"));
    assert!(!is_within("acme:*", "acme:x") && !is_within("*", "acme:*") && !is_within("other:x", "acme:*"));
}

#[test]
fn paths_have_wildcards() {
    for (pattern, yes, no) in [
        (
            "/srv/pii/**",
            vec!["/srv/pii/a", "/srv/pii/a/b", "/srv/pii"],
            vec!["/srv/piia", "/srv/a/pii/b", "/a/srv/pii/b"],
        ),
        ("/srv/*.csv", vec!["/srv/a.csv", "/srv/.csv"], vec!["/srv/a/b.csv", "/srv/a.csvx"]),
        ("/**/pii/?", vec!["/pii/a", "/a/b/pii/c"], vec!["/pii/ab", "/pii"]),
        ("/**", vec!["/a", "/"], vec!["a"]),
        // A folder means all that is in it.
        ("/srv/pii", vec!["/srv/pii", "/srv/pii/a/b"], vec!["/srv", "/srv/piia"]),
        ("/srv/*/in", vec!["/srv/a/in", "/srv/a/in/b"], vec!["/srv/a", "/srv/in/a"]),
    ] {
        yes.iter().for_each(|file| assert!(path(pattern).covers(Path::new(file)), "{pattern} {file}"));
        no.iter().for_each(|file| assert!(!path(pattern).covers(Path::new(file)), "{pattern} {file}"));
    }
    for text in ["", "srv/**", "/srv/../x", "/srv//x", "/srv/a**", "/srv/", "/", "/[a]", "/{a,b}", "/./a"] {
        assert!(PathPattern::try_from(text.to_owned()).is_err(), "{text}");
    }
    assert_eq!(path("/srv/pii/**").fixed(), Path::new("/srv/pii"));
    assert_eq!(path("/srv/pii/**").moved(Path::new("/data/x")).to_string(), "/data/x/**");
    assert_eq!(path("/srv/a").moved(Path::new("/b")).to_string(), "/b");
    assert_eq!(path("/**").moved(Path::new("/")).to_string(), "/**");
}

proptest! {
    /// A pattern that a path was made from fits it.
    #[test]
    fn a_path_with_parts_left_out_fits(names in prop::collection::vec("[ab]{1,3}", 1..6), from in 0_usize..6, count in 0_usize..6) {
        let from = from.min(names.len());
        let to = (from + count).min(names.len());
        let parts: Vec<_> = names[..from].iter().cloned().chain(["**".to_owned()]).chain(names[to..].iter().cloned()).collect();
        let file = format!("/{}", names.join("/"));
        let pattern = path(&format!("/{}", parts.join("/")));
        prop_assert!(pattern.covers(Path::new(&file)));
    }
}
