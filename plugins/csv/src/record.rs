//! The parts of a record, and what can be wrong with one.

use crate::dialect::Dialect;
use runner_plugin::Failure;
use std::ops::Range;

/// A field of a record, by its position in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Start, including the quote, but not spaces that are skipped.
    pub(crate) start: usize,
    /// End, including the quote.
    pub(crate) end: usize,
    pub(crate) shape: Shape,
}

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Without quotes.
    Bare,
    /// In quotes.
    Quoted,
    /// In quotes, followed by text; possible only with lenient quotes.
    Mixed,
}

impl Field {
    /// The field, quotes included.
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// The position of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its fields, without the line end.
    pub(crate) content: Range<usize>,
    /// The start of the next record.
    pub(crate) end: usize,
    /// Whether it is a comment line. It then has no fields.
    pub(crate) is_comment: bool,
}

impl Record {
    /// Whether the record has no fields: an empty line or a comment.
    pub(crate) fn is_blank(&self) -> bool {
        self.is_comment || self.content.is_empty()
    }
}

/// A place that does not fit the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Position in the window.
    pub(crate) at: usize,
    pub(crate) kind: FaultKind,
}

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// A quote in a field that does not begin with a quote.
    QuoteInField,
    /// Text after a closing quote.
    AfterQuote,
    /// A quote that is never closed.
    Unclosed,
    /// A carriage return without a line feed.
    LoneReturn,
    /// A line feed in a file whose records end with carriage returns.
    LoneLineFeed,
    /// An escape at the end of the file.
    EscapedEnd,
    /// An escaped line end, in a dialect in which line ends cannot be escaped.
    EscapedLineEnd,
    /// A backslash before a delimiter or a line end, which may be an escape.
    Backslash,
    /// A record with another number of fields than the first one.
    Ragged {
        /// The number of its fields.
        found: usize,
        /// The number of the first record's fields.
        expected: usize,
    },
    /// A record that would become an empty line, which readers skip.
    BecomesEmpty,
    /// A record that would become a comment.
    BecomesComment,
    /// A value that cannot be written in this dialect.
    Unwritable,
    /// A value that the column's action cannot change.
    Value,
}

impl Fault {
    /// The failure, if the place in the file of other faults is not known.
    pub(crate) fn failure(self, why: Option<String>, dialect: &Dialect) -> Failure {
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        Failure::from(format!("{}{why}; {}", self.kind.what(), self.kind.advice(dialect))).at(self.at)
    }
}

impl FaultKind {
    /// What is wrong.
    fn what(self) -> String {
        let text = match self {
            Self::QuoteInField => "a quote inside a field that does not begin with a quote",
            Self::AfterQuote => "text after a closing quote",
            Self::Unclosed => "a quote that is never closed",
            Self::LoneReturn => "a carriage return without a line feed",
            Self::LoneLineFeed => "a line feed in a file whose records end with carriage returns",
            Self::EscapedEnd => "an escape character at the end of the file",
            Self::EscapedLineEnd => "an escaped line end",
            Self::Backslash => "a backslash before a delimiter or a line end",
            Self::Ragged { found, expected } => {
                return format!("a record of {found} fields instead of {expected}");
            }
            Self::BecomesEmpty => "a record that would become an empty line, which readers skip",
            Self::BecomesComment => "a record that would become a comment",
            Self::Unwritable => "a value that cannot be written without quotes or an escape character",
            Self::Value => "a value that cannot be changed",
        };
        text.into()
    }

    /// What the user can do about it.
    fn advice(self, dialect: &Dialect) -> &'static str {
        match self {
            Self::QuoteInField | Self::AfterQuote | Self::Unclosed if dialect.escape.byte().is_some() => {
                "set `quote=none` if quotes have no meaning in this file, or fix the file first"
            }
            Self::QuoteInField | Self::AfterQuote => {
                "set `quote=none` if quotes have no meaning in this file, `escape=\\` if a backslash escapes \
                 them, `quotes=lenient` to read them as Python's csv does, or fix the file first"
            }
            Self::Unclosed => {
                "set `quote=none` if quotes have no meaning in this file, `escape=\\` if a backslash escapes \
                 them, or fix the file first"
            }
            Self::LoneReturn => {
                "set `line-end=any` if it ends a record, as Python's csv reads it, or `line-end=lf` if it is text"
            }
            Self::LoneLineFeed => "set `line-end=any` if it ends a record",
            Self::EscapedEnd => "the file may be cut short; fix it first",
            Self::EscapedLineEnd => "set `escape=mysql` or `escape=\\` if it is part of the value",
            Self::Backslash => {
                "set `escape=mysql` if it escapes what follows, as in exports of MySQL, `escape=\\` as in other \
                 programs, or `escape=none` if it is text"
            }
            Self::Ragged { .. } => {
                "set the right `delimiter` and `quote`, or `ragged=keep` if records may differ, or fix the file first"
            }
            Self::BecomesEmpty | Self::BecomesComment => {
                "keep another column, or set a `quote` that the readers of this file understand"
            }
            Self::Unwritable => "set a `quote` or an `escape` that the readers of this file understand",
            Self::Value => "fix the file first, or choose another action",
        }
    }
}

/// Maximum number of faults in a message.
pub(crate) const MAX_FAULTS: usize = 10;

/// The faults of a window.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<(Fault, Option<String>)>,
}

impl Faults {
    /// Adds a fault, and the reason if the kind does not tell it. Returns
    /// whether there is room for more.
    pub(crate) fn add(&mut self, fault: Fault, why: Option<String>) -> bool {
        self.list.push((fault, why));
        self.list.len() < MAX_FAULTS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The failure at the first fault. The message has each fault with its
    /// place, and the advice for each kind. `offset` is the file offset of
    /// `bytes`. Lines are counted only from the start of the file.
    pub(crate) fn failure(&self, bytes: &[u8], offset: u64, dialect: &Dialect) -> Failure {
        let failure = Failure::from(self.message(bytes, offset, dialect));
        match self.list.first() {
            Some((fault, _)) => failure.at(fault.at),
            None => failure,
        }
    }

    fn message(&self, bytes: &[u8], offset: u64, dialect: &Dialect) -> String {
        let places: Vec<String> = self
            .list
            .iter()
            .map(|(fault, why)| {
                let line = match offset {
                    0 => {
                        let line_end =
                            if dialect.line_end == crate::dialect::LineEnd::Return { b'\r' } else { b'\n' };
                        format!(" (line {})", 1 + memchr::memchr_iter(line_end, &bytes[..fault.at]).count())
                    }
                    _ => String::new(),
                };
                let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                format!("{}, at byte {}{line}{why}", fault.kind.what(), offset + fault.at as u64)
            })
            .collect();
        let mut advice: Vec<&str> = Vec::new();
        for (fault, _) in &self.list {
            let text = fault.kind.advice(dialect);
            if !advice.contains(&text) {
                advice.push(text);
            }
        }
        let count = match places.len() {
            0 | 1 => String::new(),
            MAX_FAULTS => format!("the first {MAX_FAULTS} faults: "),
            count => format!("{count} faults: "),
        };
        format!("{count}{}; {}", places.join("; "), advice.join("; "))
    }
}
