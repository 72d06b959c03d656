//! From bytes in an encoding to sequences.

use encoding_rs::mem;

use super::encoding::{Encoding, Kind, Order};
use super::sequence;
use super::table::Table;

/// Bytes that are converted by the table before a run of ASCII is looked for.
const TABLE_BYTES: usize = 32;
/// Units that are converted at a time.
const UNITS: usize = 512;
/// The longest sequence, for one unit, and with a margin for whole stores.
const SEQUENCE_BYTES: usize = 4;

/// How far a conversion went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Step {
    /// Bytes of the input that are done.
    pub(super) read: usize,
    /// Bytes of the output.
    pub(super) written: usize,
}

/// Where a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// More follows it.
    Inner,
    /// The text ends with it.
    Last,
}

impl Encoding {
    /// Decodes from the front of `input` to the front of `output`, as far as both
    /// reach. At least three bytes of UTF-16 are decoded if they are there, and
    /// one byte of other encodings, if `output` has 4 bytes of space.
    ///
    /// Unless `input` is the last piece, up to three bytes of UTF-16 may have to
    /// wait for more.
    pub(super) fn decode(self, input: &[u8], output: &mut [u8], place: Place) -> Step {
        match self.0 {
            Kind::Utf8 => {
                let count = input.len().min(output.len());
                output[..count].copy_from_slice(&input[..count]);
                Step { read: count, written: count }
            }
            Kind::Utf16(order) => utf16(order, input, output, place),
            Kind::SingleByte(table) => single_byte(table, input, output),
        }
    }
}

fn single_byte(table: &Table, input: &[u8], output: &mut [u8]) -> Step {
    let Step { mut read, mut written } = Step::default();
    loop {
        let run = (input.len() - read).min(output.len() - written);
        let ascii = mem::copy_ascii_to_ascii(&input[read..read + run], &mut output[written..written + run]);
        read += ascii;
        written += ascii;
        if read == input.len() {
            return Step { read, written };
        }
        // Each byte stores a whole place of the table, and counts some of it.
        let space = (output.len() - written) / SEQUENCE_BYTES;
        let count = (input.len() - read).min(space).min(TABLE_BYTES);
        if count == 0 {
            return Step { read, written };
        }
        for byte in &input[read..read + count] {
            let sequence = table.sequences[usize::from(*byte)];
            output[written..written + SEQUENCE_BYTES].copy_from_slice(&sequence);
            written += usize::from(sequence[3]);
        }
        read += count;
    }
}

fn utf16(order: Order, input: &[u8], output: &mut [u8], place: Place) -> Step {
    let mut units = [0; UNITS];
    let Step { mut read, mut written } = Step::default();
    loop {
        let (pairs, odd) = input[read..].as_chunks();
        let count = pairs.len().min(UNITS).min((output.len() - written) / SEQUENCE_BYTES);
        if count == 0 {
            let is_half = place == Place::Last && pairs.is_empty() && !odd.is_empty();
            if is_half && output.len() - written >= SEQUENCE_BYTES {
                output[written..written + 2].copy_from_slice(&sequence::raw(odd[0]));
                return Step { read: input.len(), written: written + 2 };
            }
            return Step { read, written };
        }
        load(order, &pairs[..count], &mut units);
        let units = &units[..count];
        if units.iter().fold(0, |all, unit| all | unit) < 0x80 {
            let space = output[written..].iter_mut();
            space.zip(units).for_each(|(place, unit)| *place = *unit as u8);
            written += count;
            read += count * 2;
            continue;
        }
        let valid = mem::utf16_valid_up_to(units);
        // Three bytes for each unit suffice, and there are four.
        let (done, of_valid) = mem::convert_utf16_to_utf8_partial(&units[..valid], &mut output[written..]);
        debug_assert_eq!(done, valid);
        written += of_valid;
        read += done * 2;
        let Some(&unit) = units.get(valid) else { continue };
        // A high surrogate needs the unit after it.
        let is_high = (0xd800..0xdc00).contains(&unit);
        if is_high && valid + 1 == count {
            let has_next = pairs.len() > count;
            if has_next && valid > 0 {
                continue;
            }
            if has_next || place == Place::Inner {
                return pair_or_wait(order, &input[read..], output, Step { read, written });
            }
        }
        output[written..written + 3].copy_from_slice(&sequence::surrogate(unit));
        written += 3;
        read += 2;
    }
}

/// A high surrogate for which there was no space with the unit after it: both
/// are converted if they fit.
fn pair_or_wait(order: Order, rest: &[u8], output: &mut [u8], step: Step) -> Step {
    let ([first, second, ..], _) = rest.as_chunks() else { return step };
    let mut units = [0; 2];
    load(order, &[*first, *second], &mut units);
    let is_pair = (0xdc00..0xe000).contains(&units[1]);
    let sequence = if is_pair {
        let text: String = char::decode_utf16(units).flatten().collect();
        text.into_bytes()
    } else {
        sequence::surrogate(units[0]).to_vec()
    };
    let Some(space) = output[step.written..].get_mut(..sequence.len()) else { return step };
    space.copy_from_slice(&sequence);
    Step { read: step.read + if is_pair { 4 } else { 2 }, written: step.written + sequence.len() }
}

fn load(order: Order, pairs: &[[u8; 2]], units: &mut [u16]) {
    match order {
        Order::LowFirst => {
            units.iter_mut().zip(pairs).for_each(|(unit, pair)| *unit = u16::from_le_bytes(*pair))
        }
        Order::HighFirst => {
            units.iter_mut().zip(pairs).for_each(|(unit, pair)| *unit = u16::from_be_bytes(*pair))
        }
    }
}
