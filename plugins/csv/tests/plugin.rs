//! Compares the plugin with the `csv` crate: a reader must get the transformed
//! rows of the input from the output.

use proptest::prelude::*;
use runner_csv::Csv;
use runner_plugin::testing::{Cut, assert_split_invariant, edit, outcome, params as params_of, run_cases};
use runner_plugin::{FileHead, Framing, Plugin};
use runner_values::{Key, Kind, Pseudonyms};

#[test]
fn cases() {
    run_cases::<Csv>(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
}

#[test]
fn dropped_fields_are_counted() {
    let input = b"a,b,c\n1,2,3\n\n4\n5,6\n7,8,9";
    let outcome = outcome::<Csv>(&[("drop", "2-")], input, &Cut::default()).expect("no error");
    let dropped = outcome.counts.iter().find(|(name, _)| name == "dropped-fields");
    assert_eq!(dropped.map(|(_, count)| *count), Some(5));
}

/// A field in whose middle there is a backslash, cut right after it: with the
/// whole records of a table, and with the fields alone that the host shows.
#[test]
fn no_new_value_ends_with_what_may_be_an_escape() {
    let refused = |params: &[(&str, &str)]| {
        let input = b"a,b\nx\\y,2\nz,3\n";
        edit::<Csv>(params, input).is_err_and(|why| why.contains("the new value would end with it"))
    };
    for set in [("truncate", "a=2"), ("set", r"a=q\"), ("replace", "a=/y//")] {
        assert!(refused(&[set]), "{set:?}");
        assert!(refused(&[set, ("line-end", "lf")]), "{set:?}, by fields");
        assert!(!refused(&[set, ("escape", "none")]), "{set:?}, a backslash is text");
    }
    assert!(!refused(&[("truncate", "a=1")]));
}

/// A cell: its value, and whether it is quoted without need.
type Cell = (String, bool);

/// A file and its encoding.
#[derive(Debug, Clone)]
struct Table {
    rows: Vec<Vec<Cell>>,
    delimiter: u8,
    line_end: &'static str,
    ends_with_line_end: bool,
    mark: bool,
}

const QUOTE: char = '"';

impl Table {
    fn is_quoted(&self, row: &[Cell], (value, wish): &Cell) -> bool {
        *wish
            || value.contains([QUOTE, '\n', '\r', char::from(self.delimiter)])
            || (row.len() == 1 && value.is_empty())
    }

    fn text(&self) -> String {
        let delimiter = char::from(self.delimiter).to_string();
        let lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let fields: Vec<String> = row
                    .iter()
                    .map(|cell| match self.is_quoted(row, cell) {
                        true => format!("\"{}\"", cell.0.replace(QUOTE, "\"\"")),
                        false => cell.0.clone(),
                    })
                    .collect();
                fields.join(&delimiter)
            })
            .collect();
        let mark = if self.mark { "\u{feff}" } else { "" };
        let end = if self.ends_with_line_end { self.line_end } else { "" };
        format!("{mark}{}{end}", lines.join(self.line_end))
    }

    fn delimiter(&self) -> String {
        if self.delimiter == b'\t' { "tab".into() } else { char::from(self.delimiter).into() }
    }
}

fn reader(delimiter: u8) -> csv::ReaderBuilder {
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter);
    reader
}

fn read(reader: &csv::ReaderBuilder, text: &[u8]) -> Vec<Vec<String>> {
    let rows = reader.from_reader(text).into_records().map(|row| row.expect("a row"));
    rows.map(|row| row.iter().map(str::to_owned).collect()).collect()
}

fn cell() -> impl Strategy<Value = Cell> {
    ("([a-c,;\t\"é *]|\n|\r\n|\"\"|\",\"){0,4}", any::<bool>())
}

/// Tables with rows of different lengths; the first one is the longest.
fn table() -> impl Strategy<Value = Table> {
    let rows = prop::collection::vec(prop::collection::vec(cell(), 1..5), 1..6).prop_map(|mut rows| {
        let longest = (0..rows.len()).max_by_key(|&row| rows[row].len()).unwrap_or(0);
        rows.swap(0, longest);
        rows
    });
    let delimiter = prop::sample::select(b",;\t".to_vec());
    let line_end = prop::sample::select(vec!["\n", "\r\n"]);
    (rows, delimiter, line_end, any::<bool>(), any::<bool>()).prop_map(
        |(rows, delimiter, line_end, ends_with_line_end, mark)| Table {
            rows,
            delimiter,
            line_end,
            ends_with_line_end,
            mark,
        },
    )
}

#[derive(Debug, Clone, PartialEq)]
enum Act {
    Keep,
    Mask,
    Hash,
    Set(String),
    Drop,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Keep),
        Just(Act::Mask),
        Just(Act::Hash),
        Just(Act::Drop),
        "[x,;\"\t]{0,3}".prop_map(Act::Set),
    ]
}

fn pseudonym(key: &str, value: &str) -> String {
    let pseudonyms = Pseudonyms::new(Key::new(key).expect("a key"));
    let (kind, mut out) = (Kind::of(value.as_bytes()), Vec::new());
    if pseudonyms.recognises(kind, value.as_bytes()) {
        return value.into();
    }
    pseudonyms.write(kind, value.as_bytes(), &mut out);
    String::from_utf8(out).expect("text")
}

/// The rows that a reader must get from the output.
fn expected(table: &Table, acts: &[Act], header_rows: usize) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (place, row) in table.rows.iter().enumerate() {
        let mut new = Vec::new();
        for (column, cell) in row.iter().enumerate() {
            let value = cell.0.clone();
            match acts.get(column).unwrap_or(&Act::Keep) {
                Act::Drop => {}
                _ if place < header_rows => new.push(value),
                Act::Keep => new.push(value),
                Act::Mask => {
                    let quotes = if table.is_quoted(row, cell) { value.matches(QUOTE).count() } else { 0 };
                    new.push("*".repeat(value.len() + quotes));
                }
                Act::Hash if value.is_empty() => new.push(value),
                Act::Hash => new.push(pseudonym("k", &value)),
                Act::Set(set) => new.push(set.clone()),
            }
        }
        // A row cannot have no field at all.
        rows.push(if new.is_empty() { vec![String::new()] } else { new });
    }
    rows
}

/// The parameters for these actions, with columns by position.
fn params(acts: &[Act]) -> Vec<(&'static str, String)> {
    let columns = |wanted: &Act| {
        let places: Vec<_> = (0..acts.len())
            .filter(|&place| acts[place] == *wanted)
            .map(|place| (place + 1).to_string())
            .collect();
        places.join(",")
    };
    let mut params =
        vec![("mask", columns(&Act::Mask)), ("hash", columns(&Act::Hash)), ("drop", columns(&Act::Drop))];
    let sets: Vec<_> = acts
        .iter()
        .enumerate()
        .filter_map(|(place, act)| match act {
            Act::Set(value) => Some(format!("{}={value}", place + 1)),
            _ => None,
        })
        .collect();
    params.extend(sets.into_iter().map(|set| ("set", set)));
    params.retain(|(_, value)| !value.is_empty());
    if acts.contains(&Act::Hash) {
        params.push(("key", "k".into()));
    }
    params
}

fn borrow<'a>(params: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    params.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn rows_are_transformed(table in table(), acts in prop::collection::vec(act(), 1..5), header in any::<bool>()) {
        let acts = &acts[..acts.len().min(table.rows[0].len())];
        prop_assume!(acts.iter().any(|act| *act != Act::Keep));
        prop_assume!(acts.len() < table.rows[0].len() || acts.iter().any(|act| *act != Act::Drop));
        let mut params = params(acts);
        params.extend([("delimiter", table.delimiter()), ("header", header.to_string())]);
        let params = borrow(&params);
        let text = table.text();
        let output = edit::<Csv>(&params, text.as_bytes()).map_err(TestCaseError::fail)?;
        prop_assert_eq!(
            read(&reader(table.delimiter), &output),
            expected(&table, acts, header.into()),
            "from {:?}\nto   {:?}", text, String::from_utf8_lossy(&output)
        );
        prop_assert_eq!(output.starts_with(b"\xef\xbb\xbf"), table.mark);
        if acts.iter().all(|act| matches!(act, Act::Keep | Act::Mask)) {
            prop_assert_eq!(output.len(), text.len());
        }
        assert_split_invariant::<Csv>(&params, text.as_bytes());
    }

    #[test]
    fn without_quotes_lines_are_split_at_delimiters(
        rows in prop::collection::vec(prop::collection::vec("[a-c\"; ]{1,3}", 2..4), 1..5),
        end in prop::sample::select(vec!["\n", "\r\n", ""]),
    ) {
        let line_end = if end.is_empty() { "\n" } else { end };
        let lines: Vec<_> = rows.iter().map(|row| row.join(",")).collect();
        let text = format!("{}{end}", lines.join(line_end));
        let params = [("quote", "none"), ("header", "false"), ("drop", "1"), ("mask", "2")];
        let output = edit::<Csv>(&params, text.as_bytes()).map_err(TestCaseError::fail)?;
        let expected: Vec<Vec<String>> = rows.iter().map(|row| {
            row.iter().enumerate().skip(1)
                .map(|(column, value)| if column == 1 { "*".repeat(value.len()) } else { value.clone() })
                .collect()
        }).collect();
        prop_assert_eq!(read(reader(b',').quoting(false), &output), expected);
        assert_split_invariant::<Csv>(&params, text.as_bytes());
    }

    /// For arbitrary bytes, the result is an error, or a reader sees the same
    /// values as before in all columns that were not named.
    #[test]
    fn other_columns_are_left_alone(
        text in "([ab\",\n ]|\"\"|\",\"|\r\n){0,20}",
        how in prop::sample::select(vec!["mask", "hash", "set"]),
    ) {
        let mut params = vec![("header", "false"), (how, if how == "set" { "1=x" } else { "1" })];
        params.extend((how == "hash").then_some(("key", "k")));
        assert_split_invariant::<Csv>(&params, text.as_bytes());
        if let Ok(output) = edit::<Csv>(&params, text.as_bytes()) {
            let reader = reader(b',');
            let (mut before, mut after) = (read(&reader, text.as_bytes()), read(&reader, &output));
            for row in before.iter_mut().chain(&mut after) {
                row[0].clear();
            }
            prop_assert_eq!(before, after, "to {:?}", String::from_utf8_lossy(&output));
        }
    }
}

/// The parameters with their defaults, as the host passes them.
fn begin(given: &[(&str, &str)], head: &[u8], size: Option<u64>) -> Result<Framing, String> {
    let params = params_of::<Csv>(given)?;
    let begun = Csv::begin(&params, &FileHead::new(size, head));
    begun.map(|(_, job)| job.framing).map_err(|failure| failure.message)
}

/// The head of a stream contains the bytes that have arrived so far, and that
/// of a file the first 64 KiB. If it does not contain the whole header, the
/// file is read in order.
#[test]
fn a_header_beyond_the_head_is_read_with_the_first_window() {
    for whole in ["id,name\n", "id,name\r\n1", "\u{feff}id,name\n", "\"id\",\"name\"\n"] {
        let framing = begin(&[("mask", "name")], whole.as_bytes(), None);
        assert_eq!(framing, Ok(Framing::Quoted { delimiter: b'\n', quote: b'"' }), "{whole}");
    }
    // Of a stream, more than a part of a line is needed.
    for part in ["", "i", "id,name", "id,name\r", "id,\"name\""] {
        let error =
            begin(&[("mask", "name")], part.as_bytes(), None).expect_err("the next bytes are not known");
        assert!(error.contains("the first record does not end"), "{part}: {error}");
    }
    let part = "\"id\",\"na\nme";
    assert_eq!(begin(&[("mask", "name")], part.as_bytes(), None), Ok(Framing::Sequential));
    assert!(begin(&[("mask", "name")], b"id,name", Some(7)).is_ok());
    let names: Vec<String> = (0..40_000).map(|column| format!("c{column}")).collect();
    let row = vec!["1"; names.len()].join(",");
    let text = format!("{}\n{row}\n", names.join(","));
    let output = edit::<Csv>(&[("set", "c39999=x")], text.as_bytes()).expect("an edit");
    assert!(output.ends_with(b"1,1,x\n") && output.len() == text.len());
    let error = edit::<Csv>(&[("set", "d=x")], text.as_bytes()).expect_err("no such column");
    assert!(error.starts_with("there is no column `d`; the columns are `c0`, `c1`"), "{error}");
}

#[test]
fn offsets_in_errors_are_those_of_the_file() {
    let mut text = "id,name\n1,bob\n".repeat(1000);
    let place = text.len() + 3;
    text.push_str("2,b\"ob\n");
    let error = edit::<Csv>(&[("mask", "name")], text.as_bytes()).expect_err("a stray quote");
    assert!(error.contains(&format!("at byte {place} (line 2001);")), "{error}");
    assert!(error.contains("quote=none"), "{error}");
}

#[test]
fn faults_are_told_together() {
    let text = "id,size\n1,5\" disk\n2,\"6\"x\n3,7\n4,8\"\n";
    let error = edit::<Csv>(&[("mask", "id")], text.as_bytes()).expect_err("stray quotes");
    assert_eq!(
        error,
        "3 faults: a quote inside a field that does not begin with a quote, at byte 11 (line 2); text after a \
         closing quote, at byte 23 (line 3); a quote inside a field that does not begin with a quote, at byte 32 \
         (line 5); set `quote=none` if quotes have no meaning in this file, `escape=\\` if a backslash escapes \
         them, `quotes=lenient` to read them as Python's csv does, or fix the file first"
    );
    let many = format!("id,size\n{}", "1,5\" disk\n".repeat(50));
    let error = edit::<Csv>(&[("mask", "id")], many.as_bytes()).expect_err("stray quotes");
    assert!(error.starts_with("the first 10 faults: "), "{error}");
    assert_eq!(error.matches("at byte").count(), 10, "{error}");
}
