//! From sequences to bytes in an encoding.

use encoding_rs::mem;

use super::decode::{Place, Step};
use super::encoding::{Encoding, Kind, Order};
use super::error::Problem;
use super::sequence::{First, Sequence, first, is_lead};
use super::table::Table;

/// Bytes that are converted at a time.
const TEXT_BYTES: usize = 1024;

/// What cannot be encoded, and what was encoded before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) step: Step,
    pub(super) problem: Problem,
}

impl Encoding {
    /// Encodes from the front of `input` to the front of `output`, as far as both
    /// reach. Something is encoded if `input` has a whole sequence and `output`
    /// 4 bytes of space.
    ///
    /// Unless `input` is the last piece, an incomplete sequence waits for more.
    pub(super) fn encode(self, input: &[u8], output: &mut [u8], place: Place) -> Result<Step, Stop> {
        match self.0 {
            Kind::Utf8 => {
                let count = input.len().min(output.len());
                output[..count].copy_from_slice(&input[..count]);
                Ok(Step { read: count, written: count })
            }
            Kind::Utf16(order) => utf16(order, input, output, place),
            Kind::SingleByte(table) => single_byte(table, input, output, place),
        }
    }
}

fn single_byte(table: &Table, input: &[u8], output: &mut [u8], place: Place) -> Result<Step, Stop> {
    let Step { mut read, mut written } = Step::default();
    loop {
        let run = (input.len() - read).min(output.len() - written);
        let ascii = mem::copy_ascii_to_ascii(&input[read..read + run], &mut output[written..written + run]);
        read += ascii;
        written += ascii;
        // Text in other letters has short runs: look for long ones only.
        loop {
            let step = Step { read, written };
            let Some(space) = output.get_mut(written) else { return Ok(step) };
            if read == input.len() {
                return Ok(step);
            }
            // Most sequences have two or three bytes, and are characters.
            let found = match input[read..] {
                [a @ 0xc2..=0xdf, b @ 0x80..=0xbf, ..] => Some((code(a & 0x1f, b), 2)),
                [a @ (0xe1..=0xec | 0xee..=0xef), b @ 0x80..=0xbf, c @ 0x80..=0xbf, ..] => {
                    Some((u16::from(a & 0xf) << 12 | code(b & 0x3f, c), 3))
                }
                [a @ 0..0x80, ..] => Some((a.into(), 1)),
                _ => None,
            };
            if let Some((byte, length)) =
                found.and_then(|(code, length)| Some((table.byte_of(code)?, length)))
            {
                *space = byte;
                read += length;
                written += 1;
                if input.get(read..read + 8).is_some_and(<[u8]>::is_ascii) {
                    break;
                }
                continue;
            }
            let (sequence, length) = match first(&input[read..]) {
                First::Whole(sequence, length) => (sequence, length),
                First::Incomplete if place == Place::Inner => return Ok(step),
                First::Incomplete | First::Malformed => return Err(Stop { step, problem: Problem::NotText }),
            };
            *space = match sequence {
                Sequence::Char(char) => match table.byte(char) {
                    Some(byte) => byte,
                    None => return Err(Stop { step, problem: Problem::Unmapped(char) }),
                },
                Sequence::Raw(byte) => byte,
                Sequence::Surrogate(_) => return Err(Stop { step, problem: Problem::NotText }),
            };
            read += length;
            written += 1;
        }
    }
}

/// Eleven or twelve bits of a code point.
fn code(high: u8, low: u8) -> u16 {
    u16::from(high) << 6 | u16::from(low & 0x3f)
}

fn utf16(order: Order, input: &[u8], output: &mut [u8], place: Place) -> Result<Step, Stop> {
    let mut units = [0; TEXT_BYTES];
    let Step { mut read, mut written } = Step::default();
    loop {
        let space = (output.len() - written) / 2;
        let rest = &input[read..];
        let mut count = rest.len().min(TEXT_BYTES).min(space);
        // Cut before a sequence; if that leaves nothing, one sequence is tried.
        while count > 0 && rest.get(count).is_some_and(|byte| !is_lead(*byte)) {
            count -= 1;
        }
        if count > 0 && rest[..count].is_ascii() {
            widen(order, &rest[..count], &mut output[written..]);
            written += count * 2;
            read += count;
            continue;
        }
        let valid = match std::str::from_utf8(&rest[..count]) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
        };
        if !valid.is_empty() {
            let count = mem::convert_str_to_utf16(valid, &mut units);
            store(order, &units[..count], &mut output[written..]);
            written += count * 2;
            read += valid.len();
            continue;
        }
        let step = Step { read, written };
        if rest.is_empty() || space < 2 {
            return Ok(step);
        }
        let length = match first(rest) {
            First::Whole(Sequence::Char(char), length) => {
                let mut pair = [0; 2];
                let pair = char.encode_utf16(&mut pair);
                store(order, pair, &mut output[written..]);
                written += pair.len() * 2;
                length
            }
            First::Whole(Sequence::Surrogate(unit), length) => {
                store(order, &[unit], &mut output[written..]);
                written += 2;
                length
            }
            // Anything after half a unit would be read as its other half.
            First::Whole(Sequence::Raw(byte), length) if length == rest.len() => {
                if place == Place::Inner {
                    return Ok(step);
                }
                output[written] = byte;
                return Ok(Step { read: read + length, written: written + 1 });
            }
            First::Whole(Sequence::Raw(_), _) => return Err(Stop { step, problem: Problem::AfterHalfUnit }),
            First::Incomplete if place == Place::Inner => return Ok(step),
            First::Incomplete | First::Malformed => return Err(Stop { step, problem: Problem::NotText }),
        };
        read += length;
    }
}

/// Stores ASCII.
fn widen(order: Order, text: &[u8], output: &mut [u8]) {
    let pairs = output.as_chunks_mut().0;
    match order {
        Order::LowFirst => pairs.iter_mut().zip(text).for_each(|(pair, byte)| *pair = [*byte, 0]),
        Order::HighFirst => pairs.iter_mut().zip(text).for_each(|(pair, byte)| *pair = [0, *byte]),
    }
}

fn store(order: Order, units: &[u16], output: &mut [u8]) {
    let pairs = output.as_chunks_mut().0;
    match order {
        Order::LowFirst => pairs.iter_mut().zip(units).for_each(|(pair, unit)| *pair = unit.to_le_bytes()),
        Order::HighFirst => pairs.iter_mut().zip(units).for_each(|(pair, unit)| *pair = unit.to_be_bytes()),
    }
}
