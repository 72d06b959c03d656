//! The encodings that can be decoded and encoded without loss.

use std::fmt;
use std::io::{self, Read};

use super::decoder::TextDecoder;
use super::offset_map::OffsetMap;
use super::table::{TABLES, Table};

/// An encoding.
#[derive(Clone, Copy)]
pub struct Encoding(pub(super) Kind);

#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Bytes are passed as they are, whatever they are.
    Utf8,
    Utf16(Order),
    SingleByte(&'static Table),
}

/// Which byte of a unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    LowFirst,
    HighFirst,
}

impl Encoding {
    /// UTF-8. Nothing is converted.
    pub const UTF_8: Self = Self(Kind::Utf8);
    /// UTF-16, the low byte first.
    pub const UTF_16LE: Self = Self(Kind::Utf16(Order::LowFirst));
    /// UTF-16, the high byte first.
    pub const UTF_16BE: Self = Self(Kind::Utf16(Order::HighFirst));

    /// All encodings, in no order.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::UTF_8, Self::UTF_16LE, Self::UTF_16BE]
            .into_iter()
            .chain(TABLES.iter().map(|table| Self(Kind::SingleByte(table))))
    }

    /// The name, as the Encoding Standard or IANA writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Utf8 => "UTF-8",
            Kind::Utf16(Order::LowFirst) => "UTF-16LE",
            Kind::Utf16(Order::HighFirst) => "UTF-16BE",
            Kind::SingleByte(table) => table.name,
        }
    }

    /// Whether ASCII text has the same bytes, so that line ends can be found
    /// without decoding.
    #[must_use]
    pub fn has_ascii(self) -> bool {
        !matches!(self.0, Kind::Utf16(_))
    }

    /// The offset in `raw` of the character that is at this offset in the decoded
    /// text, for a message. `raw` is read from its beginning up to there.
    ///
    /// # Errors
    /// When `raw` cannot be read.
    pub fn raw_offset(self, raw: impl Read, decoded_offset: u64) -> io::Result<u64> {
        let mut decoder = TextDecoder::new(raw, self);
        let mut map = OffsetMap::new(self);
        let mut buffer = vec![0; 64 << 10];
        let mut left = decoded_offset;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let count = decoder.read(&mut buffer[..most])?;
            if count == 0 {
                break;
            }
            map.advance(&buffer[..count]);
            left -= count as u64;
        }
        Ok(map.raw())
    }
}

impl PartialEq for Encoding {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Encoding {}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
