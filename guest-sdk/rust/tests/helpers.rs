//! Tests the helpers: typed parameters, records with their own positions, `sub`,
//! and values of CSV and JSON against other programs' crates.

use proptest::prelude::*;
use runner_plugin::csv::Dialect;
use runner_plugin::regex::bytes::Regex;
use runner_plugin::testing::{assert_split_invariant, edit, params};
use runner_plugin::{
    Choice, Error, FileHead, Framing, FromParams, Job, Manifest, ParamKind, ParamSpec, Params, Plugin,
    Record, RecordEdits, RecordPlugin, Records, json,
};

#[derive(Debug, PartialEq, Choice)]
enum Mode {
    Each,
    TwoWords,
    #[param(name = "utc+1")]
    Utc,
}

/// Every form of a parameter.
#[derive(Debug, PartialEq, Params)]
struct Options {
    /// A number.
    seconds: i64,
    /// Two lines
    /// of text
    #[param(default = "UTC")]
    zone: String,
    /// A word
    #[param(default = "two-words")]
    mode: Mode,
    /// A truth
    is_loud: bool,
    /// A small number
    #[param(name = "small", default = -3)]
    few: i8,
    /// Perhaps
    perhaps: Option<u32>,
    /// Several
    many: Vec<String>,
    /// Bytes
    #[param(default = "\\x00")]
    data: Vec<u8>,
    /// Hidden
    #[param(secret)]
    key: Option<String>,
    /// A text of a file
    #[param(from_file)]
    file: Option<String>,
}

macro_rules! plugin {
    ($name:ident, $options:ty, $job:expr, |$record:ident, $edits:ident| $body:expr) => {
        #[derive(Debug)]
        struct $name;

        impl RecordPlugin for $name {
            type Options = $options;

            fn describe() -> Manifest {
                Manifest::new("test", "0.1.0", "Tests")
            }

            fn begin(_: $options, _: &FileHead<'_>) -> Result<(Self, Job), Error> {
                Ok((Self, $job))
            }

            fn record(&mut self, $record: &Record<'_>, $edits: &mut RecordEdits<'_>) -> Result<(), Error> {
                $body
            }
        }
    };
}

plugin!(Typed, Options, Job::new(Framing::lines()), |_record, _edits| Ok(()));

#[test]
fn fields_describe_parameters() {
    let specs = <Records<Typed> as Plugin>::describe().params;
    let named = |name: &str| specs.iter().find(|spec| spec.name == name).expect(name).clone();
    assert_eq!(named("seconds"), ParamSpec::integer("seconds", "A number").required());
    assert_eq!(named("zone"), ParamSpec::text("zone", "Two lines of text").default("UTC"));
    let mode = ParamSpec::choice("mode", &["each", "two-words", "utc+1"], "A word");
    assert_eq!(named("mode"), mode.default("two-words"));
    assert_eq!(named("is-loud"), ParamSpec::boolean("is-loud", "A truth"));
    assert_eq!(named("small"), ParamSpec::integer("small", "A small number").default("-3"));
    assert_eq!(named("perhaps"), ParamSpec::integer("perhaps", "Perhaps"));
    assert_eq!(named("many"), ParamSpec::text("many", "Several").repeats());
    assert_eq!(named("data"), ParamSpec::bytes("data", "Bytes").default("\\x00"));
    assert_eq!(named("key").kind, ParamKind::Secret);
    assert_eq!(named("file"), ParamSpec::text("file", "A text of a file").from_file());
    assert_eq!(specs.len(), 10);
}

#[test]
fn fields_are_read() {
    let read =
        |given: &[(&str, &str)]| Options::from_params(&params::<Records<Typed>>(given).expect("checked"));
    let least = Options {
        seconds: 5,
        zone: "UTC".into(),
        mode: Mode::TwoWords,
        is_loud: false,
        few: -3,
        perhaps: None,
        many: Vec::new(),
        data: vec![0],
        key: None,
        file: None,
    };
    assert_eq!(read(&[("seconds", "5")]).expect("options"), least);
    let given = [("seconds", "5"), ("mode", "utc+1"), ("is-loud", "true"), ("many", "a"), ("many", "b")];
    let more = Options { mode: Mode::Utc, is_loud: true, many: vec!["a".into(), "b".into()], ..least };
    assert_eq!(read(&given).expect("options"), more);
    let failure = read(&[("seconds", "5"), ("small", "128")]).expect_err("a failure");
    assert_eq!(failure.message, "the parameter `small` must be from -128 to 127, not 128");
    assert!(read(&[("seconds", "1"), ("perhaps", "-1")]).is_err());
}

// The number of each line, doubled.
plugin!(Doubled, (), Job::new(Framing::lines()).text(), |line, edits| {
    let number: i64 = str::from_utf8(line.bytes)?.parse()?;
    edits.replace(0..line.bytes.len(), (2 * number).to_string().as_bytes());
    Ok(())
});

#[test]
fn any_error_ends_a_run() {
    assert_eq!(edit::<Records<Doubled>>(&[], b"1\n20").as_deref(), Ok(&b"2\n40"[..]));
    let error = edit::<Records<Doubled>>(&[], b"1\nx\n").expect_err("an error");
    assert!(error.contains("invalid digit found in string"), "{error}");
}

plugin!(Placed, (), Job::new(Framing::lines()), |_line, edits| {
    edits.try_sub("bad", |found| Err::<Option<&str>, _>(found.failure("this is bad").into()))?;
    Ok(())
});

#[test]
fn a_position_is_one_of_the_record() {
    let window = runner_plugin::Window::new(0, b"good\nis bad\n");
    let (mut plugin, _) =
        Records::<Placed>::begin(&Params::default(), &FileHead::new(None, b"")).expect("begun");
    let mut edits = runner_plugin::Edits::new(&window);
    let failure = plugin.transform(&window, &mut edits).expect_err("a failure");
    assert_eq!((failure.message.as_str(), failure.position), ("this is bad", Some(8)));
}

plugin!(Escaping, (), Job::new(Framing::lines()), |line, edits| {
    edits.delete(0..line.bytes.len() + line.end.len() + 1);
    Ok(())
});
plugin!(Behind, (), Job::new(Framing::Fixed { header: 0, size: 2 }), |record, edits| {
    edits.insert(record.bytes.len(), b"x");
    Ok(())
});
plugin!(Nowhere, (), Job::new(Framing::Sequential), |_record, _edits| Ok(()));

#[test]
fn edits_stay_in_their_record() {
    let error = edit::<Records<Escaping>>(&[], b"ab\ncd\n").expect_err("an error");
    assert!(error.contains("an edit of 0..4 in a record of 3 bytes"), "{error}");
    let error = edit::<Records<Behind>>(&[], b"abcd").expect_err("an error");
    assert!(error.contains("belongs to the next one"), "{error}");
    assert_eq!(edit::<Records<Behind>>(&[], b"a").as_deref(), Ok(&b"ax"[..]));
    let error = edit::<Records<Nowhere>>(&[], b"abcd").expect_err("an error");
    assert!(error.contains("has no records"), "{error}");
}

// Brackets round every line and its end, but not those that are deleted.
plugin!(Brackets, (), Job::new(Framing::lines()), |line, edits| {
    if line.bytes == b"-" {
        edits.delete_record();
    } else {
        edits.insert(0, b"[");
        edits.insert(line.bytes.len().max(1), b"]");
    }
    Ok(())
});

#[test]
fn records_end_before_their_delimiter() {
    assert_eq!(edit::<Records<Brackets>>(&[], b"ab\n-\nc").as_deref(), Ok(&b"[ab]\n[c]"[..]));
    assert_split_invariant::<Records<Brackets>>(&[], b"ab\n-\nx\n-\n-");
}

// Each shown field of a projection, with its index.
plugin!(
    Fields,
    (),
    Job::new(Framing::Quoted { delimiter: b'\n', quote: b'"' }).project(b',', [0, 2]),
    |field, edits| {
        edits.insert(field.bytes.len(), format!("<{}>", field.field.ok_or("no index")?).as_bytes());
        Ok(())
    }
);

#[test]
fn fields_of_a_projection_are_records() {
    let input = b"a,b,c\n\"x,y\",,\n\n1";
    assert_eq!(
        edit::<Records<Fields>>(&[], input).as_deref(),
        Ok(&b"a<0>,b,c<2>\n\"x,y\"<0>,,<2>\n\n1<0>"[..])
    );
    assert_split_invariant::<Records<Fields>>(&[], input);
}

/// What to look for.
#[derive(Params)]
struct Pattern {
    /// An expression
    find: Option<String>,
}

#[derive(Debug)]
struct Sub(Regex);

impl RecordPlugin for Sub {
    type Options = Pattern;

    fn describe() -> Manifest {
        Manifest::new("test", "0.1.0", "Tests")
    }

    fn begin(options: Pattern, _: &FileHead<'_>) -> Result<(Self, Job), Error> {
        Ok((Self(Regex::new(&options.find.ok_or("nothing to find")?)?), Job::new(Framing::lines())))
    }

    fn record(&mut self, _: &Record<'_>, edits: &mut RecordEdits<'_>) -> Result<(), Error> {
        edits.sub(&self.0, |found| [b"<", found.bytes(), b">"].concat());
        Ok(())
    }
}

proptest! {
    #[test]
    fn sub_is_replace_all(
        expression in prop::sample::select(vec!["a", "a+", "(a)|b", "a*", "^a?", "b$", "\\b", "x?", "", "[^a]*"]),
        line in "[abx ]{0,12}",
    ) {
        let expected = Regex::new(expression).expect("an expression").replace_all(line.as_bytes(), &b"<$0>"[..]);
        let found = edit::<Records<Sub>>(&[("find", expression)], format!("{line}\n").as_bytes());
        prop_assert_eq!(found, Ok([&expected, &b"\n"[..]].concat()));
    }

    #[test]
    fn csv_is_read_and_written_as_by_the_crate(
        fields in prop::collection::vec("[ab,\"\n ]{0,5}", 1..5),
    ) {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(&fields).expect("a record");
        let record = writer.into_inner().expect("bytes");
        let record = record.strip_suffix(b"\n").unwrap_or(&record);
        let dialect = Dialect::default();
        let values: Vec<_> = dialect.fields(record).map(|field| dialect.value(&record[field]).into_owned()).collect();
        let expected: Vec<_> = fields.iter().map(|field| field.clone().into_bytes()).collect();
        prop_assert_eq!(&values, &expected);
        for value in &values {
            let field = dialect.field(value);
            prop_assert_eq!(dialect.value(&field), value.as_slice());
            prop_assert_eq!(dialect.fields(&field).count(), usize::from(!field.is_empty()));
        }
    }

    #[test]
    fn strings_of_json_are_those_of_serde(text in any::<String>(), other in any::<String>()) {
        let string = json::string(&text);
        prop_assert_eq!(serde_json::from_str::<String>(&string).expect("a string"), text.clone());
        let string = serde_json::to_string(&text).expect("a string");
        prop_assert_eq!(json::text(string.as_bytes()).expect("a string"), text.clone());
        let record = serde_json::json!({"a": [{text.clone(): other, "z": {"k": [1, "]}", null]}}, 5]});
        let record = serde_json::to_string_pretty(&record).expect("JSON");
        let spans = json::spans(record.as_bytes(), &["a", "*", &text]).expect("JSON");
        prop_assume!(text != "*" && text != "z");
        prop_assert_eq!(spans.len(), 1);
        let value = json::text(&record.as_bytes()[spans[0].clone()]).map(std::borrow::Cow::into_owned);
        prop_assert_eq!(value, Some(other));
    }

    #[test]
    fn no_bytes_stop_the_readers(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\u0a1 \xff".to_vec()), 0..24)) {
        let spans = json::spans(&bytes, &["*", "a"]).unwrap_or_default();
        prop_assert!(spans.iter().all(|span| span.end <= bytes.len()));
        let _ = json::text(&bytes);
        prop_assert!(Dialect::default().fields(&bytes).all(|field| field.end <= bytes.len()));
    }
}

#[test]
fn escapes_and_faults_of_json() {
    assert_eq!(json::text(br#""\ud83d\ude00\/\u00e9""#).as_deref(), Some("\u{1f600}/\u{e9}"));
    for wrong in [r#""\ud83d""#, r#""\x""#, r#""\u12"#, r#""\u+123""#, "1"] {
        assert_eq!(json::text(wrong.as_bytes()), None, "{wrong}");
    }
    for (wrong, position) in [("{\"a\" 1}", 5), ("[1 2]", 3), ("{", 1), ("[1] 2", 4), ("{\"a", 1), ("", 0)] {
        let failure = json::spans(wrong.as_bytes(), &["a", "b"]).expect_err(wrong);
        assert_eq!(failure.position, Some(position), "{wrong}: {failure}");
    }
}
