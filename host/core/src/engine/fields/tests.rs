use proptest::prelude::*;

use super::*;

type Fields = Vec<(u32, Range<usize>)>;

fn job(quote: Option<u8>, fields: Vec<u32>) -> Job {
    let framing = match quote {
        Some(quote) => Framing::Quoted { delimiter: b'\n', quote },
        None => Framing::lines(),
    };
    let job = Job::new(framing).project(b',', fields);
    job.validate().expect("a job");
    job
}

fn split(job: &Job, base: u64, bytes: &[u8]) -> Result<Fields> {
    let mut found = Vec::new();
    let splitter = Splitter::new(job).expect("a projection");
    splitter.split(base, bytes, |field, range| {
        found.push((field, range));
        Ok(())
    })?;
    Ok(found)
}

/// The same, byte by byte. `None` if quotes stand where they must not.
fn model(quote: Option<u8>, wanted: &[u32], bytes: &[u8]) -> Option<Fields> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (record, mut field) = (at, 0);
        loop {
            let start = at;
            if quote.is_some() && bytes.get(at).copied() == quote {
                at += 1;
                loop {
                    at += bytes[at..].iter().position(|byte| Some(*byte) == quote)? + 1;
                    if bytes.get(at).copied() != quote {
                        break;
                    }
                    at += 1;
                }
            } else {
                while at < bytes.len() && !matches!(bytes[at], b',' | b'\n') {
                    if Some(bytes[at]) == quote {
                        return None;
                    }
                    at += 1;
                }
            }
            let is_quoted = quote.is_some() && bytes.get(start).copied() == quote;
            let mut end = at;
            if is_quoted {
                if bytes.get(at) == Some(&b'\r') && matches!(bytes.get(at + 1), None | Some(b'\n')) {
                    at += 1;
                }
                if !matches!(bytes.get(at), None | Some(b',' | b'\n')) {
                    return None;
                }
            } else if bytes.get(at) != Some(&b',') && end > start && bytes[end - 1] == b'\r' {
                end -= 1;
            }
            let is_empty_line = field == 0 && end == record && bytes.get(at) != Some(&b',');
            if wanted.contains(&field) && !is_empty_line {
                found.push((field, start..end));
            }
            field += 1;
            let stop = bytes.get(at).copied();
            at += 1;
            if stop != Some(b',') {
                break;
            }
        }
    }
    Some(found)
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 7] = [b",", b"\n", b"\"", b"\r\n", b"a", b"\"b,\n\"\"\"", b"cdefghijkl"];
    let piece = prop::sample::select(&PIECES[..]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn fields_are_those_of_the_model(
        bytes in text(),
        quoted in any::<bool>(),
        wanted in prop::collection::btree_set(0_u32..6, 1..4),
    ) {
        let quote = quoted.then_some(b'"');
        let wanted: Vec<u32> = wanted.into_iter().collect();
        let found = split(&job(quote, wanted.clone()), 9, &bytes);
        match model(quote, &wanted, &bytes) {
            Some(expected) => prop_assert_eq!(found.expect("a file that fits"), expected),
            // A return after a closing quote is let through where the field is
            // not wanted.
            None => prop_assert!(found.is_err() || bytes.windows(2).any(|two| two == b"\"\r")),
        }
    }
}

#[test]
fn the_first_places_that_do_not_fit_are_named() {
    let error = split(&job(Some(b'"'), vec![0]), 100, b"a,5\" disk\n\"x\"y,2\n").expect_err("a misfit");
    let text = error.causes().map(ToString::to_string).collect::<String>();
    assert_eq!(
        text,
        "a quote inside a field that does not begin with a quote at offset 103; \
         a quote that is never closed at offset 112"
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_field() {
    let bytes = b"\xef\xbb\xbf\"a\",b\n";
    assert_eq!(split(&job(Some(b'"'), vec![0]), 0, bytes).expect("fields"), [(0, 3..6)]);
    assert!(split(&job(Some(b'"'), vec![0]), 5, bytes).is_err(), "it is text anywhere else");
}
