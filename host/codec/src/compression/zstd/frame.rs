//! The header of a frame (RFC 8878, section 3.1).

use crate::compression::Problem;
use crate::compression::error::damaged;

const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// The first magic number of 16 for frames that decoders skip.
const SKIPPABLE: [u8; 4] = 0x184d_2a50_u32.to_le_bytes();
/// Windows of all levels without `--long` and `--ultra` are at most this long.
const USUAL_WINDOW_LOG_MAX: u32 = 23;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// Content.
    Content {
        /// Bytes that a decoder must keep.
        window_bytes: u64,
        has_checksum: bool,
    },
    /// This many bytes, header included, that hold no content.
    Skippable { bytes: u64 },
}

impl Frame {
    /// Log2 of the window, where no usual level makes one of that size.
    pub(super) fn long_window_log(self) -> Option<u32> {
        match self {
            Self::Content { window_bytes, .. } => {
                let log = u64::BITS - window_bytes.saturating_sub(1).leading_zeros();
                (log > USUAL_WINDOW_LOG_MAX).then_some(log)
            }
            Self::Skippable { .. } => None,
        }
    }

    /// Reads a header. `None`: it goes on after `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, Problem> {
        let magic = &bytes[..bytes.len().min(4)];
        if !MAGIC.starts_with(magic) && !is_skippable(magic) {
            return Err(Problem::WrongStart);
        }
        let [_, _, _, _, rest @ ..] = bytes else { return Ok(None) };
        if is_skippable(magic) {
            let size = rest.first_chunk().map(|size| u32::from_le_bytes(*size));
            return Ok(size.map(|size| Self::Skippable { bytes: 8 + u64::from(size) }));
        }
        let [descriptor, rest @ ..] = rest else { return Ok(None) };
        let is_single_segment = descriptor & 0x20 != 0;
        if descriptor & 8 != 0 {
            return Err(damaged("a reserved bit is set in the header of a frame"));
        }
        let dictionary_bytes = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let size_bytes = match descriptor >> 6 {
            0 => usize::from(is_single_segment),
            log => 1 << log,
        };
        let window_field = usize::from(!is_single_segment);
        let Some(fields) = rest.get(..window_field + dictionary_bytes + size_bytes) else { return Ok(None) };
        let (window, rest) = fields.split_at(window_field);
        let (dictionary, size) = rest.split_at(dictionary_bytes);
        if dictionary.iter().any(|byte| *byte != 0) {
            return Err(Problem::Unsupported("a dictionary"));
        }
        let size = size.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let window_bytes = match *window {
            [descriptor] => {
                let base = 1_u64 << (10 + (descriptor >> 3));
                base + base / 8 * u64::from(descriptor & 7)
            }
            _ if size_bytes == 2 => size + 256,
            _ => size,
        };
        Ok(Some(Self::Content { window_bytes, has_checksum: descriptor & 4 != 0 }))
    }
}

fn is_skippable(magic: &[u8]) -> bool {
    magic.iter().zip(SKIPPABLE).enumerate().all(|(index, (found, expected))| {
        if index == 0 { found & 0xf0 == expected } else { *found == expected }
    })
}

/// Whether a file of zstd begins with these bytes, of which four suffice. One
/// that begins with a skippable frame, as `pzstd` and seekable files may, is
/// known if that is followed by another frame in view.
pub(in crate::compression) fn is_start(head: &[u8]) -> bool {
    if head.len() < 4 {
        return false;
    }
    match Frame::parse(head) {
        Ok(Some(Frame::Skippable { bytes })) => {
            usize::try_from(bytes).ok().and_then(|bytes| head.get(bytes..)).is_some_and(is_start)
        }
        Ok(None) => !is_skippable(&head[..4]),
        Ok(Some(_)) | Err(Problem::Unsupported(_) | Problem::Damaged(_)) => true,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn plain(window_bytes: u64) -> Frame {
        Frame::Content { window_bytes, has_checksum: false }
    }

    const fn checked(window_bytes: u64) -> Frame {
        Frame::Content { window_bytes, has_checksum: true }
    }

    #[test]
    fn headers_are_read_as_the_specification_says() {
        let cases: &[(&[u8], Frame)] = &[
            // 2^10, and 2^10 + 7/8 of it.
            (&[0x00, 0x00], plain(1024)),
            (&[0x04, 0x07], checked(1920)),
            // --long=27 and --long=31, with a checksum.
            (&[0x04, 0x88], checked(1 << 27)),
            (&[0x04, 0xa8], checked(1 << 31)),
            // A single segment is as long as its content, in 1, 2, 4 and 8 bytes.
            (&[0x20, 0x05], plain(5)),
            (&[0x60, 0x01, 0x02], plain(0x201 + 256)),
            (&[0xa0, 1, 0, 0, 1], plain(0x0100_0001)),
            (&[0xe4, 1, 0, 0, 0, 0, 0, 0, 1], checked(0x0100_0000_0000_0001)),
            // Dictionary 0 is none.
            (&[0x03, 0x00, 0, 0, 0, 0], plain(1024)),
        ];
        for (fields, frame) in cases {
            let bytes = [&MAGIC[..], fields].concat();
            assert_eq!(Frame::parse(&bytes), Ok(Some(*frame)), "{fields:?}");
            for end in 0..bytes.len() {
                assert_eq!(Frame::parse(&bytes[..end]), Ok(None), "{fields:?}");
            }
        }
        let dictionary = [&MAGIC[..], &[0x01, 0x00, 7]].concat();
        assert_eq!(Frame::parse(&dictionary), Err(Problem::Unsupported("a dictionary")));
        assert_eq!(Frame::parse(b"(\xb5/\xfe"), Err(Problem::WrongStart));
        assert_eq!(Frame::parse(b"\x5f*M\x18\x03\0\0\0"), Ok(Some(Frame::Skippable { bytes: 11 })));
    }

    #[test]
    fn a_window_is_long_if_no_usual_level_makes_it() {
        assert_eq!(checked(8 << 20).long_window_log(), None);
        assert_eq!(checked((8 << 20) + 1).long_window_log(), Some(24));
        assert_eq!(checked(1 << 27).long_window_log(), Some(27));
    }
}
