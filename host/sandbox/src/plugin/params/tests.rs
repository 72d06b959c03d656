use super::*;

fn manifest() -> Manifest {
    Manifest::new("p", "1", "")
        .param(ParamSpec::text("find", "").required())
        .param(ParamSpec::integer("max", "").default("3"))
        .param(ParamSpec::boolean("all", ""))
        .param(ParamSpec::secret("key", ""))
        .param(ParamSpec::bytes("with", "").repeats().from_file())
        .param(ParamSpec::choice("to", &["lf", "crlf"], ""))
}

fn checked(given: &[(&str, &str)]) -> std::result::Result<Vec<(String, String)>, String> {
    let given: Vec<_> = given.iter().map(|(k, v)| Given::set(k, v)).collect();
    let params = check(&manifest(), &given).map_err(|e| e.to_string())?;
    Ok(params.into_iter().map(|p| (p.name, p.given)).collect())
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
        assert_eq!((&params[0].value, params[0].secret), (&Value::from("b"), false));
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
fn values_are_converted() {
    let given = [
        ("find", "x"),
        ("max", "+007"),
        ("all", "true"),
        ("to", "crlf"),
        ("with", r"\xff\n"),
        ("with", "@@a"),
    ];
    let given: Vec<_> = given.iter().map(|(name, value)| Given::set(name, value)).collect();
    let params = check(&manifest(), &given).expect("good parameters");
    let values: Vec<_> = params.iter().map(|param| (param.name.as_str(), &param.value)).collect();
    let expected = [
        ("find", Value::from("x")),
        ("max", Value::Integer(7)),
        ("all", Value::Boolean(true)),
        ("with", Value::Bytes(b"\xff\n".to_vec())),
        ("with", Value::Bytes(b"@a".to_vec())),
        ("to", Value::from("crlf")),
    ];
    assert_eq!(values, expected.iter().map(|(name, value)| (*name, value)).collect::<Vec<_>>());
    assert_eq!(storable(&params)[1], ("max".into(), Some("7".into())), "numbers are stored in one form");
    let choice = "parameter `to` of plugin `p` must be one of `lf`, `crlf`, not `cr`";
    assert_eq!(checked(&[("find", "a"), ("to", "cr")]), Err(choice.into()));
}

#[test]
fn a_value_may_be_the_content_of_a_file() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("value");
    std::fs::write(&path, b"a\\n\xff").unwrap();
    let given = format!("@{}", path.to_str().unwrap());
    let params = check(&manifest(), &[Given::set("find", &given), Given::set("with", &given)]).unwrap();
    assert_eq!(params[0].value, Value::Text(given.clone()), "only where the parameter allows that");
    assert_eq!(params[2].value, Value::Bytes(b"a\\n\xff".to_vec()));
    let hash = blake3::hash(b"a\\n\xff");
    assert_eq!(params[2].given, format!("{given} (BLAKE3 {hash})"));
    let missing = format!("{given}.missing");
    let error = check(&manifest(), &[Given::set("find", "a"), Given::set("with", &missing)]).unwrap_err();
    assert!(error.what().contains("value.missing"), "{error:?}");
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
        (b"key = [['TOPSECRET']]\n", 1),
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
