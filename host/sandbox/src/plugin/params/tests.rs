use super::*;

fn manifest() -> Manifest {
    let spec = |name: &str, kind, required, default: Option<&str>| ParamSpec {
        name: name.into(),
        kind,
        required,
        default: default.map(Into::into),
        doc: String::new(),
    };
    Manifest {
        name: "p".into(),
        version: "1".into(),
        summary: String::new(),
        license: String::new(),
        params: vec![
            spec("find", ParamKind::Text, true, None),
            spec("max", ParamKind::Integer, false, Some("3")),
            spec("all", ParamKind::Boolean, false, None),
            spec("key", ParamKind::Secret, false, None),
        ],
    }
}

fn checked(given: &[(&str, &str)]) -> std::result::Result<Vec<(String, String)>, String> {
    let given: Vec<_> = given.iter().map(|(k, v)| Given::set(k, v)).collect();
    let params = check(&manifest(), &given).map_err(|e| e.to_string())?;
    Ok(params.into_iter().map(|p| (p.name, p.value)).collect())
}

fn in_file(name: &str, value: &str) -> Given {
    Given { origin: Origin::File("line 7 of p.toml".into()), ..Given::set(name, value) }
}

#[test]
fn defaults_are_added_and_set_overrides_a_file() {
    let expected = [("find", "b"), ("max", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(checked(&[("find", "b")]), Ok(expected.to_vec()));
    for given in
        [[in_file("find", "a"), Given::set("find", "b")], [Given::set("find", "b"), in_file("find", "a")]]
    {
        let params = check(&manifest(), &given).unwrap();
        assert_eq!((params[0].value.as_str(), params[0].secret), ("b", false));
    }
}

#[test]
fn bad_parameters_are_refused() {
    assert_eq!(checked(&[]), Err("plugin `p` needs the parameter `find`".into()));
    assert_eq!(checked(&[("find", "a"), ("fin", "b")]), Err("plugin `p` has no parameter `fin`".into()));
    let integer = "parameter `max` of plugin `p` must be an integer, not `x`";
    assert_eq!(checked(&[("find", "a"), ("max", "x")]), Err(integer.into()));
    let boolean = "parameter `all` of plugin `p` must be `true` or `false`, not `yes`";
    assert_eq!(checked(&[("find", "a"), ("all", "yes")]), Err(boolean.into()));
}

#[test]
fn one_value_for_each_parameter() {
    let twice = "parameter `find` is set twice, but takes one value";
    assert_eq!(checked(&[("find", "a"), ("find", "b")]), Err(twice.into()));
    assert_eq!(checked(&[("find", "a"), ("max", "1"), ("find", "a")]), Err(twice.into()));
}

#[test]
fn nothing_of_a_file_is_in_an_error() {
    for (given, what) in [
        (in_file("max", "TOPSECRET"), "must be an integer, unlike the value on line 7 of p.toml"),
        (in_file("all", "TOPSECRET"), "must be `true` or `false`, unlike the value on line 7 of p.toml"),
        (in_file("TOPSECRET", "key"), "line 7 of p.toml sets a parameter that"),
    ] {
        let error = check(&manifest(), &[Given::set("find", "a"), given]).unwrap_err();
        let text = format!("{error:?} {:?}", error.hints());
        assert!(text.contains(what) && !text.contains("TOPSECRET"), "{text}");
    }
}

#[test]
fn a_misspelt_name_in_a_file_is_named() {
    for (name, is_named) in
        [("fnd", true), ("finds", true), ("Find", true), ("mx", true), ("fnid", false), ("hunter2", false)]
    {
        let error = check(&manifest(), &[Given::set("find", "a"), in_file(name, "x")]).unwrap_err();
        let what = "line 7 of p.toml sets a parameter that plugin `x` does not have";
        let plugin = &manifest().name;
        let what = what.replace("`x`", &format!("`{plugin}`"));
        let wanted = if is_named { format!("{what}: `{name}`") } else { what };
        assert_eq!(error.what(), wanted);
    }
}

#[test]
fn no_line_of_a_bad_file_is_in_an_error() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("p.toml");
    for (bad, line) in [
        (&b"a = 1\nkey = TOPSECRET\n"[..], 2),
        (b"a = 1\n\nkey = \"TOPSECRET", 3),
        (b"key = 'TOPSECRET' x\n", 1),
        (b"key = \"TOPSECRET\\q\"\n", 1),
        (b"TOPSECRET\n", 1),
        (b"TOPSECRET = 1\nTOPSECRET = 2\n", 2),
        (b"a = 1\nTOPSECRET.b = 2\n[TOPSECRET]\nc = 1\n", 3),
        (b"a = 'TOPSECRET'\na.b = 'TOPSECRET'\n", 2),
        (b"[TOPSECRET\n", 1),
        (b"key = ['TOPSECRET']\n", 1),
        (b"key = 12TOPSECRET\n", 1),
        (b"key = 99999999999999999999\n", 1),
        (b"key = 'TOPSECRET\xff'\n", 1),
    ] {
        std::fs::write(&path, bad).unwrap();
        let error = read_file(&path).unwrap_err();
        let text = format!("{error:?} {:?}", error.hints());
        assert!(!text.contains("TOPSECRET") && !text.contains("9999"), "{text}");
        assert!(text.contains(&format!("line {line}")), "{line}: {text}");
    }
}

#[test]
fn secrets_and_text_from_a_file_are_not_storable() {
    let given = [Given::set("find", "a"), Given::set("key", "s3cret")];
    let params = check(&manifest(), &given).expect("good parameters");
    assert_eq!(
        storable(&params),
        [("find".into(), Some("a".into())), ("max".into(), Some("3".into())), ("key".into(), None)]
    );
    let given = [in_file("find", "s3cret"), in_file("max", "7"), in_file("all", "true")];
    let params = check(&manifest(), &given).expect("good parameters");
    assert_eq!(
        storable(&params),
        [("find".into(), None), ("max".into(), Some("7".into())), ("all".into(), Some("true".into()))]
    );
}
