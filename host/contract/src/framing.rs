//! Where records end.

/// Maximum number of bytes of a delimiter. See [`Framing::Delimited`].
pub const MAX_DELIMITER_BYTES: usize = 255;

/// Maximum number of bytes of context on either side that an overlapping
/// framing may ask for. See [`Framing::Overlapping`].
pub const MAX_CONTEXT_BYTES: u32 = 1 << 20;

/// Where records end. A window holds whole records, unless the framing says
/// that any cut will do.
///
/// The host also limits how long a record may be; the user can raise that
/// limit. A longer record ends the run with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Framing {
    /// The file may be cut anywhere; each byte is shown once.
    Bytes,
    /// A record ends after each occurrence of these bytes (1 to
    /// [`MAX_DELIMITER_BYTES`]), and at the end of the file. Bytes that overlap
    /// themselves, such as `\n\n`, are refused: a record could begin with the end
    /// of an occurrence whose start no window shows.
    Delimited(Vec<u8>),
    /// As in CSV: a delimiter inside quotes ends nothing.
    Quoted {
        /// Ends a record when it occurs outside quotes, and belongs to that
        /// record.
        delimiter: u8,
        /// Each quote toggles between outside and inside, from the start of the
        /// file on, so a doubled quote inside quotes changes nothing. It must
        /// differ from `delimiter`.
        quote: u8,
    },
    /// All records have one size.
    Fixed {
        /// Bytes at the start of the file that belong to no record and are
        /// never shown in a window.
        header: u64,
        /// The size of every record; not zero. The end of the file may cut the
        /// last record short.
        size: u64,
    },
    /// Each record states its length, as in a packet capture: a record is
    /// `offset + width + field + adjustment` bytes long. A record that would
    /// be shorter than `offset + width` ends the run with an error. The end of
    /// the file may cut the last record short.
    LengthPrefixed {
        /// Bytes at the start of the file that belong to no record and are
        /// never shown in a window.
        header: u64,
        /// The offset of the length field from the start of the record.
        offset: u32,
        /// The width of the length field: 1 to 8 bytes.
        width: u8,
        /// The order of the field's bytes.
        order: ByteOrder,
        /// Added to the length.
        adjustment: i64,
        /// What is true of the head of every record, up to [`MAX_CHECKS`]. A
        /// record for which a check fails ends the run with an error.
        checks: Vec<FieldCheck>,
    },
    /// Any cut, with context on both sides. An edit must start in the window's
    /// [owned range](crate::Window::owned) (or, at the end of the file, right
    /// after it) and end in the window. Whether there is an edit at a place
    /// may depend on the context there, and on nothing else.
    ///
    /// When an edit reaches into the next owned range and collides there, the
    /// host asks about the later window again, with an owned range that starts
    /// at the earlier edit's end. So the result is that of one scan from left
    /// to right.
    Overlapping {
        /// Maximum number of bytes shown before the owned range (fewer at the
        /// start of the file), up to [`MAX_CONTEXT_BYTES`].
        before: u32,
        /// Maximum number of bytes shown after the owned range (fewer at the
        /// end of the file), up to [`MAX_CONTEXT_BYTES`].
        after: u32,
    },
    /// One instance sees the file in order, and each reply says how many bytes
    /// were [consumed](crate::Reply::consumed).
    Sequential,
}

impl Framing {
    /// Records are lines: each ends after a `\n`.
    #[must_use]
    pub fn lines() -> Self {
        Self::Delimited(b"\n".to_vec())
    }

    /// Whether the file is cut into records.
    #[must_use]
    pub fn has_records(&self) -> bool {
        !matches!(self, Self::Bytes | Self::Overlapping { .. } | Self::Sequential)
    }

    /// Maximum number of bytes before and after the owned range that a window
    /// may contain.
    #[must_use]
    pub fn context_bytes(&self) -> (u64, u64) {
        match *self {
            Self::Overlapping { before, after } => (before.into(), after.into()),
            _ => (0, 0),
        }
    }
}

/// Maximum number of checks of a length-prefixed framing.
pub const MAX_CHECKS: usize = 16;

/// What a field of every record's head holds. So the host can tell a plausible
/// head from other bytes, and need not read a file from its start to find where
/// records begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct FieldCheck {
    /// The offset of the field from the start of the record.
    pub offset: u32,
    /// The width of the field: 1 to 8 bytes.
    pub width: u8,
    /// The order of the field's bytes.
    pub order: ByteOrder,
    /// The least value of the field.
    pub min: u64,
    /// The greatest value of the field.
    pub max: u64,
}

impl FieldCheck {
    /// Whether a record may begin with `record`. A field that is not completely
    /// there passes.
    #[inline]
    #[must_use]
    pub fn allows(&self, record: &[u8]) -> bool {
        let start = self.offset as usize;
        let field = record.get(start..start + usize::from(self.width));
        field.is_none_or(|field| (self.min..=self.max).contains(&self.order.decode(field)))
    }
}

/// The order of the bytes of a length field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// Decodes a field of up to 8 bytes as an unsigned number.
    #[inline]
    #[must_use]
    pub fn decode(self, field: &[u8]) -> u64 {
        let append = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        match self {
            Self::Big => field.iter().fold(0, append),
            Self::Little => field.iter().rev().fold(0, append),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_either_order() {
        assert_eq!(ByteOrder::Big.decode(&[1, 2, 3]), 0x01_0203);
        assert_eq!(ByteOrder::Little.decode(&[1, 2, 3]), 0x03_0201);
        assert_eq!(ByteOrder::Little.decode(&[0xFF; 8]), u64::MAX);
    }
}
