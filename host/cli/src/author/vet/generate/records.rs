//! Makes records of a framing.

use runner_contract::{ByteOrder, FieldCheck, Framing};

use super::{CHANGED_BYTES, Maker};

/// Records of a made input, at most.
const RECORDS: usize = 40;
/// Words that plugins often look for.
const WORDS: [&str; 24] = [
    "a",
    "b",
    "id",
    "name",
    "0",
    "1",
    "-12",
    "3.5",
    "2024-02-29",
    "12:34:56",
    "10.0.0.1",
    "user@example.org",
    "INFO",
    "error",
    "ERROR",
    "true",
    "null",
    "http://example.org/x?y=1",
    "\u{e9}t\u{e9}",
    "\u{1f600}",
    "x",
    "key=value",
    "  ",
    "password",
];

impl Maker {
    /// Records of one of the framings that the plugin has asked for.
    pub(super) fn made(&mut self) -> Vec<u8> {
        let Some((framing, header)) = self.rng.choice(&self.framings).cloned() else { return Vec::new() };
        let records = if self.rng.u8(..) < 30 { 0..3 } else { 1..RECORDS };
        let records = self.rng.usize(records);
        let mut bytes = header;
        // Most files are of one kind.
        let separators: [&[u8]; 4] = [b",", b" ", b"\t", b"="];
        let separator = *self.rng.choice(&separators).unwrap_or(&separators[0]);
        let has_carriage_returns = self.rng.u8(..) < 50;
        for _ in 0..records {
            match &framing {
                Framing::Delimited(delimiter) => {
                    self.fields(&mut bytes, separator, None);
                    if has_carriage_returns && delimiter == b"\n" {
                        bytes.push(b'\r');
                    }
                    bytes.extend_from_slice(delimiter);
                }
                Framing::Quoted { delimiter, quote } => {
                    self.fields(&mut bytes, separator, Some(*quote));
                    bytes.push(*delimiter);
                }
                Framing::Fixed { size, .. } => {
                    let size = usize::try_from(*size).unwrap_or(usize::MAX).min(CHANGED_BYTES);
                    let end = bytes.len() + size;
                    while bytes.len() < end {
                        self.word(&mut bytes);
                    }
                    bytes.truncate(end);
                }
                Framing::LengthPrefixed { .. } => self.prefixed(&framing, &mut bytes),
                Framing::Bytes | Framing::Overlapping { .. } | Framing::Sequential => {
                    self.fields(&mut bytes, separator, None);
                    bytes.push(b'\n');
                }
            }
        }
        if self.rng.u8(..) < 60 {
            // The last record is cut short.
            bytes.truncate(bytes.len() - bytes.len().min(self.rng.usize(1..4)));
        }
        bytes
    }

    /// A record of several words.
    fn fields(&mut self, bytes: &mut Vec<u8>, separator: &[u8], quote: Option<u8>) {
        for field in 0..self.rng.usize(0..6) {
            if field > 0 {
                bytes.extend_from_slice(separator);
            }
            let start = bytes.len();
            for _ in 0..self.rng.usize(0..3) {
                self.word(bytes);
            }
            let Some(quote) = quote else { continue };
            if self.rng.u8(..) < 80 {
                if self.rng.u8(..) < 60 {
                    bytes.extend_from_slice(b"\n,");
                }
                let inside = bytes.split_off(start);
                bytes.push(quote);
                for byte in inside {
                    bytes.push(byte);
                    if byte == quote {
                        bytes.push(byte);
                    }
                }
                bytes.push(quote);
            } else {
                let mut inside = bytes.split_off(start);
                inside.retain(|byte| *byte != quote);
                bytes.append(&mut inside);
            }
        }
    }

    pub(super) fn word(&mut self, bytes: &mut Vec<u8>) {
        match self.rng.u8(0..10) {
            0..5 if !self.tokens.is_empty() => {
                let token = self.rng.choice(&self.tokens).cloned().unwrap_or_default();
                bytes.extend_from_slice(&token);
            }
            0..8 => bytes.extend_from_slice(self.rng.choice(&WORDS).unwrap_or(&"a").as_bytes()),
            8 => bytes.extend_from_slice(self.rng.u32(..).to_string().as_bytes()),
            _ => bytes.push(self.rng.u8(..)),
        }
    }

    /// A record that states its length.
    fn prefixed(&mut self, framing: &Framing, bytes: &mut Vec<u8>) {
        let Framing::LengthPrefixed { offset, width, order, adjustment, checks, .. } = framing else {
            return;
        };
        let (offset, width) = (*offset as usize, usize::from(*width));
        let mut record: Vec<u8> =
            (0..(offset + width).min(CHANGED_BYTES)).map(|_| self.rng.u8(..4)).collect();
        for _ in 0..self.rng.usize(0..8) {
            self.word(&mut record);
        }
        // So long that every checked field is there.
        let least = checks.iter().map(|check| check.offset as usize + usize::from(check.width)).max();
        let least =
            least.unwrap_or_default().max(usize::try_from(*adjustment).unwrap_or_default() + offset + width);
        while record.len() < least.min(CHANGED_BYTES) {
            record.push(0);
        }
        for FieldCheck { offset, width, order, min, max } in checks {
            let value = if self.rng.bool() { *min } else { self.rng.u64(*min..=*max) };
            put(&mut record, (*offset as usize, usize::from(*width)), *order, value);
        }
        let stated = record.len() as i64 - (offset + width) as i64 - adjustment;
        put(&mut record, (offset, width), *order, u64::try_from(stated).unwrap_or_default());
        bytes.append(&mut record);
    }
}

/// Writes a field, as far as the record has it.
fn put(record: &mut [u8], (offset, width): (usize, usize), order: ByteOrder, value: u64) {
    let Some(field) = record.get_mut(offset..offset + width) else { return };
    let bytes = value.to_le_bytes();
    field.copy_from_slice(&bytes[..width.min(8)]);
    if order == ByteOrder::Big {
        field.reverse();
    }
}
