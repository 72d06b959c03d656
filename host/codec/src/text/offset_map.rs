//! From offsets in decoded text to offsets in the file.

use super::encoding::{Encoding, Kind};
use super::sequence::{is_lead, length};

/// Follows decoded text, and knows where its end is in the file. Memory is
/// constant: it counts what the sequences stand for.
///
/// Exact for text that a [`TextDecoder`](super::TextDecoder) returned.
#[derive(Debug, Clone)]
pub struct OffsetMap {
    encoding: Encoding,
    decoded: u64,
    /// Where the last sequence ends, if it is whole.
    raw_end: u64,
    /// Bytes of the file that the last sequence stands for.
    raw_width: u64,
    /// Bytes of the last sequence that have not arrived.
    missing: usize,
}

impl OffsetMap {
    /// At the beginning of a text.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, decoded: 0, raw_end: 0, raw_width: 0, missing: 0 }
    }

    /// Moves on by these bytes of decoded text, which may be cut anywhere.
    pub fn advance(&mut self, text: &[u8]) {
        self.decoded += text.len() as u64;
        if matches!(self.encoding.0, Kind::Utf8) {
            self.raw_end += text.len() as u64;
            return;
        }
        self.raw_end += text.chunks(1 << 12).map(|text| self.width(text)).sum::<u64>();
        let tail = text.len().saturating_sub(4);
        match text[tail..].iter().rposition(|byte| is_lead(*byte)) {
            Some(place) => {
                let lead = text[tail + place];
                self.raw_width = self.width(&[lead]);
                self.missing = (tail + place + length(lead)).saturating_sub(text.len());
            }
            None => self.missing = self.missing.saturating_sub(text.len()),
        }
    }

    /// The offset in the decoded text.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.decoded
    }

    /// The offset in the file: within a character, the one where it begins.
    #[must_use]
    pub fn raw(&self) -> u64 {
        if self.missing > 0 { self.raw_end - self.raw_width } else { self.raw_end }
    }

    /// Whether the text so far ends with half a unit of UTF-16.
    pub(super) fn ends_with_half_unit(&self) -> bool {
        matches!(self.encoding.0, Kind::Utf16(_)) && self.raw_width == 1 && self.missing == 0
    }

    /// Bytes that the sequences stand for that begin in `text`.
    fn width(&self, text: &[u8]) -> u64 {
        let count = |matches: fn(u8) -> bool| -> u64 {
            // Small sums, so that many are added at a time; chunks are short.
            text.chunks(255)
                .map(|text| u64::from(text.iter().map(|byte| u8::from(matches(*byte))).sum::<u8>()))
                .sum()
        };
        let sequences = count(is_lead);
        match self.encoding.0 {
            // A pair of surrogates is four bytes, half a unit one.
            Kind::Utf16(_) => {
                sequences * 2 + 2 * count(|byte| (0xf0..0xf8).contains(&byte)) - count(|byte| byte >= 0xf8)
            }
            Kind::SingleByte(_) | Kind::Utf8 => sequences,
        }
    }
}
