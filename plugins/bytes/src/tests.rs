//! The plugin against a model that changes a vector.

use proptest::prelude::*;
use runner_plugin::testing::{assert_split_invariant, edit, run_cases};
use runner_plugin::{FileHead, Plugin as _, Value};

use super::*;

mod streams;

#[test]
fn cases() {
    run_cases::<Bytes>("cases");
}

/// An operation as a test makes it up. Its place is a share of the file.
#[derive(Debug, Clone)]
pub(super) struct Made {
    verb: u8,
    place: usize,
    bytes: Vec<u8>,
    expects: bool,
}

pub(super) fn made() -> impl Strategy<Value = Made> {
    let bytes = prop::collection::vec(any::<u8>(), 1..5);
    (0..5_u8, any::<prop::sample::Index>(), bytes, any::<bool>())
        .prop_map(|(verb, place, bytes, expects)| Made { verb, place: place.index(1000), bytes, expects })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What one operation does, by the simplest means; also how it is written.
/// `None` if it does not fit the file.
pub(super) fn carried_out(made: &Made, input: &[u8]) -> Option<(String, Vec<u8>)> {
    let at = made.place % (input.len() + 1);
    let mut output = input.to_vec();
    let new = hex(&made.bytes);
    let count = made.bytes.len();
    let (mut text, expected) = match made.verb {
        0 => {
            output.get_mut(at..at + count)?.copy_from_slice(&made.bytes);
            (format!("overwrite at={at} hex={new}"), at..at + count)
        }
        1 => {
            output.splice(at..at, made.bytes.iter().copied());
            (format!("insert at=0x{at:x} hex={new}"), at..input.len().min(at + 2))
        }
        2 => {
            output.get(at..at + count)?;
            output.drain(at..at + count);
            (format!("delete at=-{} length={count}", input.len() - at), at..at + count)
        }
        3 => {
            output.extend_from_slice(&made.bytes);
            (format!("append hex={new}"), input.len().saturating_sub(2)..input.len())
        }
        _ => {
            let size = made.place % (input.len() + 5);
            output.resize(size, 0);
            (format!("truncate size={size}"), size.min(input.len())..input.len().min(size + 3))
        }
    };
    if made.expects && !expected.is_empty() {
        text += &format!(" expect-hex={}", hex(&input[expected]));
    }
    Some((text, output))
}

fn run(operations: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let params: Vec<_> = operations.iter().map(|operation| ("op", *operation)).collect();
    edit::<Bytes>(&params, input)
}

proptest! {
    #[test]
    fn one_operation_does_what_it_does_to_a_vector(
        input in prop::collection::vec(any::<u8>(), 0..40),
        made in made(),
    ) {
        let Some((text, output)) = carried_out(&made, &input) else { return Ok(()) };
        prop_assert_eq!(run(&[&text], &input), Ok(output), "{}", text);
        assert_split_invariant::<Bytes>(&[("op", &text)], &input);
    }

    /// Offsets are those before any change. So several operations that do not
    /// overlap are the same as one after the other from the end of the file on.
    #[test]
    fn several_operations_are_one_after_the_other_from_the_end(
        input in prop::collection::vec(any::<u8>(), 1..40),
        places in prop::collection::btree_set(0..40_usize, 1..6),
        made in prop::collection::vec(made(), 6),
    ) {
        let mut output = input.clone();
        let mut texts = Vec::new();
        let mut limit = input.len();
        for (place, made) in places.into_iter().rev().zip(made) {
            let made = Made { place, verb: made.verb % 3, ..made };
            let reach = match made.verb { 1 => place, _ => place + made.bytes.len() };
            if place > input.len() || reach > limit {
                continue;
            }
            limit = place;
            let Some((text, _)) = carried_out(&made, &input) else { continue };
            let (head, tail) = output.split_at(reach);
            let (_, head) = carried_out(&made, head).expect("it fits");
            output = [&head, tail].concat();
            texts.push(text);
        }
        if texts.is_empty() {
            return Ok(());
        }
        let params: Vec<_> = texts.iter().map(|text| ("op", text.as_str())).collect();
        prop_assert_eq!(edit::<Bytes>(&params, &input), Ok(output.clone()), "{:?}", texts);
        assert_split_invariant::<Bytes>(&params, &input);
        // In a file, their order in the file of operations does not matter.
        let lines = texts.iter().rev().map(|text| format!("{text}\n")).collect::<String>();
        prop_assert_eq!(edit::<Bytes>(&[("ops", &lines)], &input), Ok(output));
    }

    #[test]
    fn other_bytes_than_expected_are_an_error(
        input in prop::collection::vec(any::<u8>(), 1..40),
        place in any::<prop::sample::Index>(),
        wrong in 1..255_u8,
    ) {
        let at = place.index(input.len());
        let mut expected = input[at..].to_vec();
        let last = expected.len() - 1;
        expected[last] ^= wrong;
        for text in [
            format!("overwrite at={at} hex=00 expect-hex={}", hex(&expected)),
            format!("truncate size={at} expect-hex={}", hex(&expected)),
            format!("append hex=00 expect-hex={}", hex(&expected)),
        ] {
            let error = run(&[&text], &input).expect_err("the file has other bytes");
            prop_assert!(error.contains(&format!("at offset {}", input.len() - 1)), "{}", error);
            assert_split_invariant::<Bytes>(&[("op", &text)], &input);
        }
    }

    #[test]
    fn no_text_makes_the_plugin_panic(text in r#"(overwrite|append|truncate)( (at|size|hex|text|fill|length|data|expect)=?["\\ -z]{0,4}){0,3}"#) {
        let _ = run(&[&text], b"0123456789");
    }
}

#[test]
fn places_outside_the_file_are_an_error() {
    let input = b"0123456789";
    for (text, what) in [
        ("overwrite at=8 hex=000000", "reaches up to offset 11, but the file has 10 bytes"),
        ("overwrite at=1T hex=00", "but the file has 10 bytes"),
        ("overwrite at=-11 hex=00", "before the start of the file"),
        ("insert at=11 hex=00", "but the file has 10 bytes"),
        ("delete at=9 length=2", "but the file has 10 bytes"),
        ("delete at=end length=1", "but the file has 10 bytes"),
        ("truncate size=-11", "before the start"),
        ("truncate size=32M", "at most 16777216 can be added"),
        ("append fill=00 length=1G", "at most 16777216 can be added"),
        ("append text=x expect=01234567890", "do not fit into the file"),
        ("overwrite at=8 text=x expect=890", "do not fit into the file"),
    ] {
        let error = run(&[text], input).expect_err(text);
        assert!(error.contains(what), "{text}: {error}");
    }
}

#[test]
fn what_is_no_operation_is_an_error() {
    for (text, what) in [
        ("", "it is empty"),
        ("write at=1 hex=00", "its first word must be"),
        ("overwrite hex=00", "needs `at=`"),
        ("overwrite at=1", "needs new bytes"),
        ("overwrite at=1 hex=", "has no bytes"),
        ("overwrite at=1 hex=00 text=a", "given twice"),
        ("overwrite at=1 hex=00 fill=00", "give one of them"),
        ("overwrite at=1 hex=00 length=1", "the new bytes have a length"),
        ("overwrite at=1 fill=00", "needs `length=`"),
        ("overwrite at=1 fill=0000 length=2", "one byte"),
        ("overwrite at=1 size=2 hex=00", "does not take `size`"),
        ("overwrite at=1 hex=00 expect=", "expects no bytes"),
        ("overwrite at=1 hex=00 old=2", "`old` is not one of"),
        ("overwrite at hex=00", "must have a value"),
        ("overwrite at=1 data", "no parameter `data` left"),
        ("overwrite at=1 data=x", "takes no value"),
        ("delete at=1", "needs `length=`"),
        ("delete at=1 length=0", "deletes no bytes"),
        ("delete at=1 length=1 hex=00", "takes no new bytes"),
        ("append at=1 hex=00", "does not take `at`"),
        ("truncate", "needs `size=`"),
        ("truncate at=1", "does not take `at`"),
        ("truncate size=1 length=1", "does not take `length`"),
    ] {
        let error = run(&[text], b"0123456789").expect_err(text);
        assert!(error.contains(what), "{text}: {error}");
        assert!(error.starts_with("operation 1: "), "{text}: {error}");
    }
    assert!(run(&[], b"").expect_err("nothing to do").contains("there is no operation"));
    let error = edit::<Bytes>(&[("op", "append text=a"), ("data", "b")], b"").expect_err("one too many");
    assert!(error.contains("more parameters `data`"), "{error}");
    let error = edit::<Bytes>(&[("ops", "# one\n\nappend text=a\nappend at=1\n")], b"").expect_err("line 4");
    assert!(error.starts_with("line 4 of `ops`: "), "{error}");
}

#[test]
fn operations_must_not_overlap() {
    let input = b"0123456789";
    for (one, other) in [
        ("overwrite at=2 text=abc", "overwrite at=4 text=x"),
        ("delete at=2 length=5", "insert at=3 text=x"),
        ("truncate size=4", "overwrite at=8 text=x"),
        ("delete at=2 length=2", "delete at=2 length=1"),
    ] {
        for texts in [[one, other], [other, one]] {
            let error = run(&texts, input).expect_err(one);
            assert!(error.contains("overlap"), "{error}");
        }
    }
    // At the borders of a range there is room.
    let texts = ["delete at=2 length=2", "insert at=2 text=a", "insert at=4 text=b", "insert at=2 text=c"];
    assert_eq!(run(&texts, input).as_deref(), Ok(&b"01acb456789"[..]));
    assert_eq!(run(&["append text=x", "truncate size=4"], input).as_deref(), Ok(&b"0123x"[..]));
}

#[test]
fn data_is_taken_in_order() {
    let params = [
        ("op", "append data"),
        ("op", "overwrite at=0 data"),
        ("data", r"\x00\xff"),
        ("op", "insert at=1 text=!"),
        ("data", "b"),
    ];
    assert_eq!(edit::<Bytes>(&params, b"a").as_deref(), Ok(&b"b\x00\xff!"[..]));
    // A file with nothing in it has nothing to append.
    assert_eq!(edit::<Bytes>(&[("op", "append data"), ("data", "")], b"a").as_deref(), Ok(&b"a"[..]));
}

#[test]
fn only_what_is_needed_is_shown() {
    let texts =
        ["overwrite at=5 text=abc", "insert at=8 text=x", "append text=y", "delete at=60 length=2 expect=ab"];
    let params = texts.iter().map(|text| ("op", Value::from(*text))).collect::<Params>();
    let (_, job) = Bytes::begin(&params, &FileHead::new(Some(100), b"")).expect("a job");
    assert_eq!(job.ranges, Some(vec![5..9, 60..62, 99..100]));
    assert_eq!(job.validate(), Ok(()));
    assert!(!job.claims.length_preserving && !job.claims.idempotent && !job.claims.text && job.show_empty);
    let params = [("op", Value::from("overwrite at=5 fill=00 length=1G"))].into_iter().collect::<Params>();
    let (_, job) = Bytes::begin(&params, &FileHead::new(Some(1 << 40), b"")).expect("a job");
    assert!(job.claims.length_preserving && job.claims.idempotent);
}
