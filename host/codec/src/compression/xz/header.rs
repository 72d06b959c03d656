//! The beginning of a stream: its header, and that of the first block (.xz file
//! format, sections 2.1.1 and 3.1). The library checks both; this only looks
//! for the settings.

use crate::compression::{Check, Settings};

/// Bytes of a stream's header.
const STREAM_BYTES: usize = 12;
/// The filter LZMA2.
const LZMA2: u64 = 0x21;

/// What the beginning of a stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beginning {
    pub(super) settings: Settings,
    /// Bytes that the decoder of the first block refers back to.
    pub(super) dictionary_bytes: Option<u64>,
}

/// The beginning of a stream; `None` if it goes on after `bytes`.
pub(super) fn beginning(bytes: &[u8]) -> Option<Beginning> {
    let check = match bytes.get(7)? & 15 {
        0 => Check::None,
        1 => Check::Crc32,
        10 => Check::Sha256,
        _ => Check::Crc64,
    };
    let block = bytes.get(STREAM_BYTES..)?;
    let &size = block.first()?;
    let dictionary_bytes = match size {
        // An index: the stream has no blocks.
        0 => None,
        _ => dictionary_bytes(block.get(..(usize::from(size) + 1) * 4)?),
    };
    let level = dictionary_bytes.map_or(6, level);
    Some(Beginning { settings: Settings::Xz { level, check }, dictionary_bytes })
}

/// The level whose dictionary has this size, or the next larger one.
fn level(dictionary_bytes: u64) -> u32 {
    // Levels that share a size are the defaults of `xz` and of libraries.
    let levels = [(256 << 10, 0), (1 << 20, 1), (2 << 20, 2), (4 << 20, 3), (8 << 20, 6), (16 << 20, 7)];
    let found = levels.iter().find(|(bytes, _)| dictionary_bytes <= *bytes);
    found.map_or(if dictionary_bytes <= 32 << 20 { 8 } else { 9 }, |(_, level)| *level)
}

/// The size of the dictionary in the header of a block.
fn dictionary_bytes(block: &[u8]) -> Option<u64> {
    let (&flags, mut rest) = block.get(1..)?.split_first()?;
    for bit in [0x40, 0x80] {
        if flags & bit != 0 {
            number(&mut rest)?;
        }
    }
    for _ in 0..=flags & 3 {
        let (id, size) = (number(&mut rest)?, usize::try_from(number(&mut rest)?).ok()?);
        let (properties, after) = rest.split_at_checked(size)?;
        rest = after;
        if let (LZMA2, [bits]) = (id, properties) {
            let bits = u32::from(*bits);
            return (bits <= 40).then(|| (2 | u64::from(bits & 1)) << (bits / 2 + 11));
        }
    }
    None
}

/// A number of seven bits a byte, the lowest first.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
