//! Makes inputs: records of the plugin's framing, and changed copies of others.
//!
//! The same seed gives the same inputs for the same plugin, parameters and samples.

use fastrand::Rng;
use runner_contract::{ByteOrder, FieldCheck, Framing, Job, Pattern};

/// Records of a made input, at most.
const RECORDS: usize = 40;
/// Bytes of a changed input, at most.
const CHANGED_BYTES: usize = 64 << 10;
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

/// Makes inputs.
pub(super) struct Maker {
    rng: Rng,
    /// What the plugin looks for, and words of its parameters.
    tokens: Vec<Vec<u8>>,
    /// Framings that it has asked for, with the bytes before the first record.
    framings: Vec<(Framing, Vec<u8>)>,
    /// Inputs to be changed.
    pool: Vec<Vec<u8>>,
    /// How many generated inputs the plugin accepted, and how many there were.
    accepted: (u32, u32),
}

impl Maker {
    pub(super) fn new(seed: u64) -> Self {
        let (tokens, framings, pool) = (Vec::new(), Vec::new(), Vec::new());
        Self { rng: Rng::with_seed(seed), tokens, framings, pool, accepted: (0, 0) }
    }

    /// Whether there is anything to make inputs of.
    pub(super) fn is_empty(&self) -> bool {
        self.framings.is_empty()
    }

    /// Adds words that may matter.
    pub(super) fn learn(&mut self, words: impl IntoIterator<Item = Vec<u8>>) {
        for word in words {
            if !word.is_empty()
                && word.len() <= 200
                && self.tokens.len() < 500
                && !self.tokens.contains(&word)
            {
                self.tokens.push(word);
            }
        }
    }

    /// Adds an input that the plugin accepts, and what it asks for.
    pub(super) fn accept(&mut self, bytes: &[u8], job: &Job) {
        for prefilter in &job.prefilters {
            if let Pattern::Literals { patterns, .. } = &prefilter.pattern {
                self.learn(patterns.iter().take(100).cloned());
            }
        }
        let header = match job.framing {
            Framing::Fixed { header, .. } | Framing::LengthPrefixed { header, .. } => header,
            _ => 0,
        };
        let header = usize::try_from(header).ok().and_then(|header| bytes.get(..header));
        if let Some(header) = header
            && self.framings.len() < 16
            && !self.framings.iter().any(|(framing, _)| *framing == job.framing)
        {
            self.framings.push((job.framing.clone(), header.to_vec()));
        }
        if !bytes.is_empty() && bytes.len() <= CHANGED_BYTES && self.pool.len() < 200 {
            self.pool.push(bytes.to_vec());
        }
    }

    /// Learns whether the plugin accepted an input that was made here.
    #[expect(clippy::fn_params_excessive_bools, reason = "it is what was found")]
    pub(super) fn judge(&mut self, bytes: &[u8], what: &str, is_accepted: bool) {
        if what == "generated" {
            self.accepted = (self.accepted.0 + u32::from(is_accepted), self.accepted.1 + 1);
        } else if is_accepted && self.pool.len() < 200 {
            self.pool.push(bytes.to_vec());
        }
    }

    /// The next input, and what it is.
    pub(super) fn next(&mut self) -> (Vec<u8>, &'static str) {
        // A plugin that needs certain columns or a certain head refuses most of them.
        let (accepted, generated) = self.accepted;
        let share = if generated >= 4 && accepted * 4 < generated { 15 } else { 100 };
        if self.pool.is_empty() || self.rng.u8(..) < share {
            return (self.made(), "generated");
        }
        let mut bytes = self.rng.choice(&self.pool).cloned().unwrap_or_default();
        for _ in 0..self.rng.usize(1..5) {
            self.change(&mut bytes);
        }
        bytes.truncate(CHANGED_BYTES);
        (bytes, "mutated")
    }

    fn made(&mut self) -> Vec<u8> {
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

    fn word(&mut self, bytes: &mut Vec<u8>) {
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

    /// Changes some bytes.
    fn change(&mut self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let start = self.rng.usize(0..=length);
        let end = (start + self.rng.usize(0..32)).min(length);
        match self.rng.u8(0..9) {
            0 => {
                bytes.drain(start..end);
            }
            1 => {
                let mut token = Vec::new();
                self.word(&mut token);
                bytes.splice(start..start, token);
            }
            2 => {
                let mut token = Vec::new();
                self.word(&mut token);
                bytes.splice(start..end, token);
            }
            3 => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte = self.rng.u8(..);
                }
            }
            4 => {
                let copy = bytes[start..end].to_vec();
                bytes.splice(start..start, copy);
            }
            5 => {
                let other = self.rng.choice(&self.pool).cloned().unwrap_or_default();
                let from = self.rng.usize(0..=other.len());
                let to = (from + self.rng.usize(0..200)).min(other.len());
                bytes.splice(start..start, other[from..to].iter().copied());
            }
            6 => bytes.truncate(start),
            7 => bytes.insert(start, b'\n'),
            _ => {
                // A line is moved, with its end.
                let mut lines: Vec<_> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let (one, two) =
                    (self.rng.usize(0..lines.len().max(1)), self.rng.usize(0..lines.len().max(1)));
                if lines.len() > 1 {
                    lines.swap(one, two);
                }
                *bytes = lines.concat();
            }
        }
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

#[cfg(test)]
mod tests {
    use runner_contract::Window;

    use super::*;

    fn maker(framing: Framing, header: &[u8]) -> Maker {
        let mut maker = Maker::new(1);
        maker.accept(header, &Job::new(framing));
        maker.pool.clear();
        maker
    }

    #[test]
    fn a_seed_gives_the_same_inputs() {
        let inputs = || {
            let mut maker = maker(Framing::lines(), b"");
            maker.accept(b"some\nlines\n", &Job::new(Framing::lines()));
            (0..50).map(|_| maker.next()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(), inputs());
    }

    #[test]
    fn records_state_their_length_and_pass_their_checks() {
        let check = FieldCheck { offset: 6, width: 2, order: ByteOrder::Little, min: 3, max: 9 };
        let framing = Framing::LengthPrefixed {
            header: 4,
            offset: 2,
            width: 2,
            order: ByteOrder::Big,
            adjustment: 0,
            checks: vec![check],
        };
        let mut maker = maker(framing, b"HEAD");
        for _ in 0..200 {
            let (input, _) = maker.next();
            if input.len() < 4 {
                continue;
            }
            assert!(input.starts_with(b"HEAD"));
            for (_, record) in Window::new(4, &input[4..]).length_prefixed(2, 2, ByteOrder::Big, 0) {
                assert!(check.allows(record));
            }
        }
    }

    #[test]
    fn quotes_are_closed() {
        let framing = Framing::Quoted { delimiter: b'\n', quote: b'"' };
        let mut maker = maker(framing, b"");
        let whole = (0..100).filter(|_| {
            let (input, _) = maker.next();
            memchr::memchr_iter(b'"', &input).count().is_multiple_of(2)
        });
        // Some are cut at the end.
        assert!(whole.count() > 80);
    }
}
