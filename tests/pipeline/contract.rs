//! What a job may ask for beyond records: some fields of each, some ranges of
//! the file, several prefilters, an empty file, and counts. A patch holds the
//! counts, so one patch for all cuts means one number.

use proptest::prelude::*;
use runner_contract::{Edits, Framing, Job, Pattern, Window};
use runner_pipeline::engine::transform::Transform;

use crate::cases::Case;
use crate::models::check;

type Answer = fn(&Window<'_>, &mut Edits) -> Result<(), String>;

fn case(job: Job, answer: Answer, expected: Vec<u8>) -> Case {
    job.validate().unwrap();
    let make = move || Box::new(answer) as Box<dyn Transform>;
    Case { job, make: Box::new(make), expected }
}

/// Rows of fields, some of them quoted, with all kinds of line ends.
fn table() -> impl Strategy<Value = Vec<u8>> {
    const FIELDS: [&str; 7] = ["", "a", "bc", "\"\"", "\"d,e\"", "\"f\n\"\"g\"\"\"", "12345678"];
    let row = (
        prop::collection::vec(prop::sample::select(&FIELDS[..]), 1..6),
        prop::sample::select(&["\n", "\r\n"][..]),
    );
    (prop::collection::vec(row, 1..40), 1_usize..3000).prop_map(|(rows, times)| {
        let rows: String = rows.iter().map(|(fields, end)| fields.join(",") + end).collect();
        rows.repeat(times).into_bytes()
    })
}

/// Each shown field gets its index in front, which also reaches empty ones.
fn number_fields(window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
    for (start, field, bytes) in window.shown_fields() {
        if bytes.contains(&b'8') {
            edits.replace(start..start + bytes.len(), b"");
        } else {
            edits.insert(start, field.to_string().as_bytes());
        }
        edits.count((field == 3).into(), 1);
    }
    Ok(())
}

/// The same, byte by byte.
fn numbered(table: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < table.len() {
        let mut field = 0;
        let record = at;
        loop {
            let start = at;
            let mut inside = false;
            while at < table.len() && (inside || !matches!(table[at], b',' | b'\n' | b'\r')) {
                inside ^= table[at] == b'"';
                at += 1;
            }
            let bytes = &table[start..at];
            let is_empty_line = field == 0 && at == record && table[at] != b',';
            match field {
                1 | 3 if bytes.contains(&b'8') => {}
                1 | 3 if !is_empty_line => out.extend([&[b'0' + field], bytes].concat()),
                _ => out.extend(bytes),
            }
            field += 1;
            if table.get(at) != Some(&b',') {
                break;
            }
            out.push(b',');
            at += 1;
        }
        while at < table.len() && matches!(table[at], b'\r' | b'\n') {
            out.push(table[at]);
            at += 1;
            if table[at - 1] == b'\n' {
                break;
            }
        }
    }
    out
}

/// Writes the ids of each record that matches over its first byte.
fn mark_matches(window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
    for record in window.matches {
        let start = record.start as usize;
        edits.replace(start..start + 1, &[b'0' + record.ids as u8]);
        edits.count(record.ids as usize, 1);
    }
    Ok(())
}

fn marked(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let has = |part: &[u8]| line.windows(part.len()).any(|bytes| bytes.eq_ignore_ascii_case(part));
        let pair = line.windows(2).any(|two| two[0].is_ascii_digit() && two[1].is_ascii_digit());
        let ids = u8::from(has(b"ab")) | u8::from(line.contains(&b'x')) << 1 | u8::from(pair) << 2;
        out.extend_from_slice(line);
        if ids != 0 {
            let start = out.len() - line.len();
            out[start] = b'0' + ids;
        }
    }
    out
}

fn flip(window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
    let new = window.bytes.iter().map(|byte| byte ^ 1).collect::<Vec<_>>();
    edits.replace(0..new.len(), &new);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_projection_shows_the_fields_it_names(table in table()) {
        let quoted = Framing::Quoted { delimiter: b'\n', quote: b'"' };
        let job = Job::new(quoted).project(b',', [1, 3]).counts(["second", "fourth"]);
        check(&case(job, number_fields, numbered(&table)), &table);
    }

    #[test]
    fn records_come_with_the_prefilters_that_they_match(
        lines in "([aAbBx19\n ]{0,30}|aB|x|12){1,40}", times in 1_usize..4000, show_all: bool,
    ) {
        let lines = lines.repeat(times).into_bytes();
        let names = ["0", "1", "2", "3", "4", "5", "6", "7"];
        let job = Job::new(Framing::lines())
            .prefilter(Pattern::literals_of_any_case(["ab"]))
            .literals(["x"])
            .prefilter(Pattern::Regex("[0-9]{2}".into()))
            .counts(names);
        let job = if show_all { job.show_all() } else { job };
        check(&case(job, mark_matches, marked(&lines)), &lines);
    }
}

#[test]
fn only_the_ranges_that_a_job_names_are_shown() {
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let ranges = [0..1, 70_000..70_016, 1_048_570..1_048_590, 2_999_999..4_000_000];
    let mut expected = content.clone();
    for range in &ranges {
        let end = content.len().min(range.end);
        expected[range.start..end].iter_mut().for_each(|byte| *byte ^= 1);
    }
    let job = Job::new(Framing::Bytes).ranges(ranges.map(|range| range.start as u64..range.end as u64));
    // A range that is cut is two edits.
    crate::models::check_content(&case(job, flip, expected), &content);
}

#[test]
fn an_empty_file_is_shown_if_the_job_asks_for_that() {
    fn greet(window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
        if window.first {
            edits.insert(0, b"hello\n");
        }
        Ok(())
    }
    for framing in [Framing::Bytes, Framing::lines(), Framing::Sequential] {
        check(&case(Job::new(framing.clone()).show_empty(), greet, b"hello\n".to_vec()), b"");
        check(&case(Job::new(framing), greet, Vec::new()), b"");
    }
}
