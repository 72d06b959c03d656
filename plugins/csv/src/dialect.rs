//! How a file separates, quotes and escapes its fields.

use runner_plugin::Framing;

/// Maximum number of bytes of a delimiter.
pub(crate) const MAX_DELIMITER_BYTES: usize = 16;

/// How fields are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// The bytes between fields: at least one.
    pub(crate) delimiter: Vec<u8>,
    /// The byte around quoted fields. `None` if quotes have no meaning.
    pub(crate) quote: Option<u8>,
    /// What a quote at an unexpected place means.
    pub(crate) quotes: Quotes,
    /// Whether two quotes inside a quoted field are one quote of the value.
    pub(crate) double_quote: bool,
    /// How special bytes are escaped.
    pub(crate) escape: Escape,
    /// Whether spaces after a delimiter are no part of the value.
    pub(crate) skip_initial_space: bool,
    /// What comment lines begin with. Empty if there are none.
    pub(crate) comment: Vec<u8>,
    /// What ends a record outside quotes.
    pub(crate) line_end: LineEnd,
}

/// What a quote at an unexpected place means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// Quotes are allowed at the start of a field, at its end, and doubled in
    /// between. Any other quote is a fault.
    Strict,
    /// As Python's csv module reads them: a quote inside an unquoted field is
    /// text, and so is everything after a closing quote.
    Lenient,
}

/// How special bytes are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// They are not.
    None,
    /// This byte takes the special meaning from the byte after it.
    Byte(u8),
    /// A backslash, with the codes that MySQL reads: `\0 \b \n \r \t \Z`.
    MySql,
    /// A backslash, with the codes that PostgreSQL's COPY writes:
    /// `\b \f \n \r \t \v`. A line end always ends the record.
    Lines,
}

impl Escape {
    /// The escaping byte.
    pub(crate) fn byte(self) -> Option<u8> {
        match self {
            Self::None => None,
            Self::Byte(byte) => Some(byte),
            Self::MySql | Self::Lines => Some(b'\\'),
        }
    }

    /// The value of an escaped byte.
    pub(crate) fn decode(self, escaped: u8) -> u8 {
        match (self, escaped) {
            (Self::MySql, b'0') => 0,
            (Self::MySql, b'Z') => 26,
            (Self::MySql | Self::Lines, b'b') => 8,
            (Self::MySql | Self::Lines, b'n') => b'\n',
            (Self::MySql | Self::Lines, b'r') => b'\r',
            (Self::MySql | Self::Lines, b't') => b'\t',
            (Self::Lines, b'f') => 12,
            (Self::Lines, b'v') => 11,
            _ => escaped,
        }
    }

    /// What follows the escaping byte in order to write `byte`.
    pub(crate) fn encode(self, byte: u8) -> u8 {
        match (self, byte) {
            (Self::MySql, 0) => b'0',
            (Self::Lines, b'\n') => b'n',
            (Self::Lines, b'\r') => b'r',
            (Self::Lines, b'\t') => b't',
            _ => byte,
        }
    }
}

/// What ends a record outside quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// A line feed, with or without a carriage return before it. Any other
    /// carriage return is a fault.
    LineFeed,
    /// The same, but any other carriage return is text.
    OnlyLineFeed,
    /// A carriage return. A line feed outside quotes is a fault.
    Return,
    /// Either of them, or both together.
    Any,
}

impl Dialect {
    /// Whether quotes and escapes need the full state machine. Then a record's
    /// end can only be found by reading from the start of the file.
    pub(crate) fn needs_machine(&self) -> bool {
        self.escape != Escape::None
            || self.quote.is_some() && (self.quotes == Quotes::Lenient || !self.double_quote)
    }

    /// The framing that finds the ends of records without reading from the
    /// start, if there is one.
    ///
    /// Counting quotes is correct only if every quote opens a field, closes
    /// one, or is doubled: not with escapes, lenient quotes, or comments, which
    /// may contain a single quote.
    pub(crate) fn parallel_framing(&self) -> Option<Framing> {
        let delimiter = if self.line_end == LineEnd::Return { b'\r' } else { b'\n' };
        match (self.quote, self.escape) {
            (None, Escape::None | Escape::Lines) => Some(Framing::Delimited(vec![delimiter])),
            (Some(quote), Escape::None) if self.quotes == Quotes::Strict && self.comment.is_empty() => {
                Some(Framing::Quoted { delimiter, quote })
            }
            _ => None,
        }
    }

    /// Whether a record that begins with these bytes is a comment.
    pub(crate) fn is_comment(&self, bytes: &[u8]) -> bool {
        !self.comment.is_empty() && bytes.starts_with(&self.comment)
    }

    /// Whether an unquoted field cannot be written with this content before
    /// something that is escaped.
    pub(crate) fn must_protect(&self, content: &[u8]) -> bool {
        let special = |&byte: &u8| {
            matches!(byte, b'\r' | b'\n') || Some(byte) == self.quote || Some(byte) == self.escape.byte()
        };
        content.iter().any(special)
            || self.contains_delimiter(content)
            || self.skip_initial_space && content.starts_with(b" ")
    }

    /// Whether a reader would find a delimiter that begins in this content, if
    /// a delimiter follows it.
    fn contains_delimiter(&self, content: &[u8]) -> bool {
        let delimiter = &self.delimiter[..];
        if let [byte] = delimiter {
            return memchr::memchr(*byte, content).is_some();
        }
        memchr::memmem::find(content, delimiter).is_some()
            || (1..delimiter.len()).any(|length| content.ends_with(&delimiter[..length]))
    }
}
