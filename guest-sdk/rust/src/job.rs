//! What a plugin answers for one file. `wit/plugin.wit` is the definition of
//! everything here; these types add nothing to it.

/// What a plugin answers for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Where records end.
    pub framing: Framing,
    /// Which records can match at all.
    pub prefilter: Prefilter,
    /// A claim that every edit replaces bytes by as many bytes. The host
    /// enforces it.
    pub length_preserving: bool,
}

impl Job {
    /// Every record shown, no claims.
    pub fn new(framing: Framing) -> Self {
        Self { framing, prefilter: Prefilter::None, length_preserving: false }
    }

    /// Sets the prefilter.
    #[must_use]
    pub fn prefilter(mut self, prefilter: Prefilter) -> Self {
        self.prefilter = prefilter;
        self
    }

    /// Sets a prefilter of literals, case as given.
    #[must_use]
    pub fn literals<L: Into<Vec<u8>>>(self, patterns: impl IntoIterator<Item = L>) -> Self {
        let patterns = patterns.into_iter().map(Into::into).collect();
        self.prefilter(Prefilter::Literals { patterns, ignore_ascii_case: false })
    }

    /// Sets the claim that every edit keeps the length.
    #[must_use]
    pub fn length_preserving(mut self, claim: bool) -> Self {
        self.length_preserving = claim;
        self
    }
}

/// Where records end. A window holds whole records, unless the framing says
/// that any cut will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// The file may be cut anywhere; each byte is shown once.
    Bytes,
    /// A record ends after each occurrence of these bytes (not empty),
    /// overlapping occurrences included, and at the end of the file.
    Delimited(Vec<u8>),
    /// As CSV: a delimiter inside quotes ends nothing.
    Quoted {
        /// Ends a record when it stands outside quotes, and belongs to it.
        delimiter: u8,
        /// Each one toggles between outside and inside.
        quote: u8,
    },
    /// All records have one size.
    Fixed {
        /// Bytes at the start of the file that belong to no record.
        header: u64,
        /// The size of every record; not zero. The file's end may cut the
        /// last one short.
        size: u64,
    },
    /// Each record states its length: `offset + width + field + adjustment`.
    LengthPrefixed {
        /// Bytes at the start of the file that belong to no record.
        header: u64,
        /// Where the length field begins, counted from the record's start.
        offset: u32,
        /// The width of the length field: 1 to 8 bytes.
        width: u8,
        /// How the field is ordered.
        order: ByteOrder,
        /// Added to the length.
        adjustment: i64,
    },
    /// Any cut, with context on both sides: an edit must start in the
    /// window's owned range and end in the window.
    Overlapping {
        /// Bytes shown before the owned range, at most; up to 1 MiB.
        before: u32,
        /// Bytes shown after the owned range, at most; up to 1 MiB.
        after: u32,
    },
    /// One instance sees the file in order, and each answer says how many
    /// bytes were consumed.
    Sequential,
}

impl Framing {
    /// Records are lines: each ends after a `\n`.
    pub fn lines() -> Self {
        Self::Delimited(b"\n".to_vec())
    }
}

/// How the bytes of a length field are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// What a record must contain to be worth showing. One-sided: a record that
/// does not match must be one that the plugin would leave alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prefilter {
    /// Every record is shown.
    None,
    /// At least one of these byte strings (none of them empty).
    Literals {
        /// The byte strings.
        patterns: Vec<Vec<u8>>,
        /// Whether ASCII letters match either case.
        ignore_ascii_case: bool,
    },
    /// A match of this expression: syntax of the `regex` crate, matched
    /// against bytes, `^` and `$` at line ends, Unicode classes on. It must
    /// not match the empty string.
    Regex(String),
}
