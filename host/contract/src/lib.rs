//! The contract with plugins in the host's own types: what the versions of
//! the WIT package are translated to. Pure data.

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// A short name: lower-case letters, digits and hyphens.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// One line: what the plugin does.
    pub summary: String,
    /// An SPDX licence expression.
    pub license: String,
    /// Every parameter it takes.
    pub params: Vec<ParamSpec>,
}

/// One parameter that a plugin takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamSpec {
    /// The name, as in `--set NAME=VALUE`.
    pub name: String,
    /// The form of its values.
    pub kind: ParamKind,
    /// The run is refused when it is missing.
    pub required: bool,
    /// Passed when the user gives no value.
    pub default: Option<String>,
    /// One line of help.
    pub doc: String,
}

/// The form of a parameter's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// Any text.
    Text,
    /// A signed 64-bit decimal integer.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Any text that must be neither shown nor stored.
    Secret,
}

/// A parameter's name and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// A name from the manifest.
    pub name: String,
    /// A checked value.
    pub value: String,
    /// Whether the value must be neither shown nor stored.
    pub secret: bool,
}

/// What `begin` may know of the file.
#[derive(Debug, Clone, Copy)]
pub struct FileHead<'a> {
    /// The size in bytes; `None` for a stream.
    pub size: Option<u64>,
    /// The first 64 KiB, or the whole of a shorter file. Of a stream, what has
    /// come up to its first pause, which may be less.
    pub head: &'a [u8],
}

/// Bytes of a file's head that `begin` is shown.
pub const HEAD_BYTES: usize = 64 * 1024;

/// What a plugin answers for one file, already validated
/// (see [`Job::validate`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Where records end.
    pub framing: Framing,
    /// Which records can match at all.
    pub prefilter: Prefilter,
    /// The claim that every edit keeps the length; enforced.
    pub length_preserving: bool,
}

/// Where records end. The WIT file defines each variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// Any cut will do.
    Bytes,
    /// A record ends after each occurrence of these bytes, overlapping
    /// occurrences included.
    Delimited(Vec<u8>),
    /// A delimiter outside quotes ends a record.
    Quoted {
        /// Ends a record, and belongs to it.
        delimiter: u8,
        /// Toggles inside and outside.
        quote: u8,
    },
    /// Records of one size.
    Fixed {
        /// Bytes before the first record.
        header: u64,
        /// Bytes a record; not zero.
        size: u64,
    },
    /// Records that state their length: `offset + width + field + adjustment`
    /// bytes each.
    LengthPrefixed {
        /// Bytes before the first record.
        header: u64,
        /// Where in the record the length field begins.
        offset: u32,
        /// Bytes of the length field, 1 to 8.
        width: u8,
        /// Whether the field's first byte is its most significant one.
        big_endian: bool,
        /// Added to the length.
        adjustment: i64,
    },
    /// Any cut, with context on both sides.
    Overlapping {
        /// Context before the owned range, at most.
        before: u32,
        /// Context after the owned range, at most.
        after: u32,
    },
    /// One instance sees the file in order.
    Sequential,
}

impl Framing {
    /// Bytes before and after what a window owns that it may show as well.
    #[must_use]
    pub fn context_bytes(&self) -> (u64, u64) {
        match *self {
            Self::Overlapping { before, after } => (before.into(), after.into()),
            _ => (0, 0),
        }
    }
}

/// Which records can match at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prefilter {
    /// All of them.
    None,
    /// Those that hold one of these byte strings.
    Literals {
        /// The byte strings, none of them empty.
        patterns: Vec<Vec<u8>>,
        /// Whether ASCII letters match either case.
        ignore_ascii_case: bool,
    },
    /// Those in which this expression matches.
    Regex(String),
}

/// The largest context an overlapping framing may ask for, in bytes.
pub const MAX_CONTEXT_BYTES: u32 = 1 << 20;

impl Job {
    /// Checks what a plugin asked for against the contract.
    ///
    /// # Errors
    /// Says in words which rule is broken.
    pub fn validate(&self) -> Result<(), String> {
        match &self.framing {
            Framing::Delimited(delimiter) if delimiter.is_empty() => {
                return Err("the delimiter of its framing is empty".into());
            }
            Framing::Delimited(delimiter) if delimiter.len() > 255 => {
                return Err("the delimiter of its framing is longer than 255 bytes".into());
            }
            Framing::Quoted { delimiter, quote } if delimiter == quote => {
                return Err("delimiter and quote of its framing are the same byte".into());
            }
            Framing::Fixed { size: 0, .. } => {
                return Err("the record size of its framing is zero".into());
            }
            Framing::LengthPrefixed { width, .. } if !(1..=8).contains(width) => {
                return Err(format!(
                    "the length field of its framing is {width} bytes wide; 1 to 8 are possible"
                ));
            }
            Framing::Overlapping { before, after } if *before.max(after) > MAX_CONTEXT_BYTES => {
                return Err(format!("its framing asks for more than {MAX_CONTEXT_BYTES} bytes of context"));
            }
            Framing::Sequential if self.prefilter != Prefilter::None => {
                return Err("a sequential framing allows no prefilter".into());
            }
            _ => {}
        }
        if let Prefilter::Literals { patterns, .. } = &self.prefilter
            && (patterns.is_empty() || patterns.iter().any(Vec::is_empty))
        {
            return Err("its prefilter has no literal, or an empty one".into());
        }
        Ok(())
    }
}
