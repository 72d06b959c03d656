//! Guesses the delimiter from the head of a file.

use crate::dialect::Dialect;
use crate::open::open;
use crate::reader::{Reader, Stop, Text};

/// The delimiters that are tried.
const CANDIDATES: [u8; 5] = [b',', b';', b'\t', b'|', b':'];

/// How many records decide.
const MAX_RECORDS: usize = 200;

/// A delimiter that fits the head of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) delimiter: u8,
    pub(crate) columns: usize,
    pub(crate) records: usize,
}

/// Finds the only delimiter with which all records of the head have the same
/// number of fields, at least two. `dialect` says everything else.
///
/// # Errors
/// If there is no such delimiter, or more than one.
pub(crate) fn guess(head: Text<'_>, dialect: &Dialect, start: (usize, u64)) -> Result<Guess, String> {
    let fitting: Vec<Guess> = CANDIDATES
        .into_iter()
        .filter(|byte| Some(*byte) != dialect.quote && Some(*byte) != dialect.escape.byte())
        .filter_map(|byte| {
            let dialect = Dialect { delimiter: vec![byte], ..dialect.clone() };
            fit(head, &dialect, start)
        })
        .collect();
    let name = |guess: &Guess| match guess.delimiter {
        b'\t' => "`tab`".to_owned(),
        byte => format!("`{}`", char::from(byte)),
    };
    match &fitting[..] {
        [guess] => Ok(guess.clone()),
        [] => Err("no delimiter gives all records at the start of the file the same number of fields; \
             set `delimiter`, and `quote`, `escape`, `comment` or `skip` where the file needs them"
            .into()),
        several => {
            let names: Vec<String> = several.iter().map(name).collect();
            Err(format!(
                "the delimiter cannot be guessed, because {} fit; set `delimiter`",
                names.join(" and ")
            ))
        }
    }
}

/// Whether all records of the head have the same number of fields, at least
/// two. The last record is not looked at if the head may cut it.
fn fit(head: Text<'_>, dialect: &Dialect, start: (usize, u64)) -> Option<Guess> {
    let mut at = open(head, dialect, start).ok()?.body;
    let mut reader = Reader::new(head, dialect);
    let (mut fields, mut columns, mut records) = (Vec::new(), 0, 0);
    while at < head.bytes.len() && records < MAX_RECORDS {
        let record = match reader.read(at, usize::MAX, &mut fields) {
            Ok(record) => record,
            Err(Stop::Incomplete) => break,
            Err(Stop::Fault(_)) => return None,
        };
        at = record.end;
        if record.is_blank() {
            continue;
        }
        if records > 0 && fields.len() != columns {
            return None;
        }
        columns = fields.len();
        records += 1;
    }
    (columns >= 2).then_some(Guess { delimiter: dialect.delimiter[0], columns, records })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Escape, LineEnd, Quotes};

    fn guessed(text: &str) -> Result<char, String> {
        let dialect = Dialect {
            delimiter: vec![b','],
            quote: Some(b'"'),
            quotes: Quotes::Strict,
            double_quote: true,
            escape: Escape::None,
            skip_initial_space: false,
            comment: Vec::new(),
            line_end: LineEnd::LineFeed,
        };
        guess(Text { bytes: text.as_bytes(), is_complete: true }, &dialect, (0, 0))
            .map(|guess| char::from(guess.delimiter))
    }

    #[test]
    fn the_only_delimiter_that_fits_is_taken() {
        assert_eq!(guessed("a,b\n1;5,2\n\n\"x,y\",3\n"), Ok(','));
        assert_eq!(guessed("name;price\nx;1,5\n"), Ok(';'));
        assert_eq!(guessed("a\tb\tc\n1,2\t\t3\n"), Ok('\t'));
    }

    #[test]
    fn a_doubtful_delimiter_is_refused() {
        let error = guessed("a;b,c\n1;2,3\n").expect_err("two fit");
        assert!(error.contains("because `,` and `;` fit"), "{error}");
        for text in ["", "a\nb\n", "a,b\n1,2,3\n", "a,b\n1,\"x\"y\n"] {
            let error = guessed(text).expect_err(text);
            assert!(error.starts_with("no delimiter gives"), "{error}");
        }
    }
}
