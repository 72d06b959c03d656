//! Recognises files that a plugin for text cannot read, by how they begin.
//!
//! A plugin that looks for text in a compressed file finds nothing, and one
//! that changes UTF-16 byte by byte destroys it. So the host looks at the head
//! of a file first, and says what can be done.

mod wide;

use crate::compression::Format;
use crate::text::Encoding;

/// How many bytes of a file are looked at, at most.
pub const HEAD_BYTES: usize = 64 << 10;

/// A file that is not text of one byte (or of UTF-8) a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// Compressed, in a format that [`Decoder`](crate::Decoder) reads.
    Compressed(Format),
    /// A zip archive, or a format built on it (docx, jar, apk).
    Zip,
    /// A 7z archive.
    SevenZip,
    /// A rar archive.
    Rar,
    /// lz4, in frames.
    Lz4,
    /// `compress` (.Z).
    Compress,
    /// LZMA, as `lzma` writes it (.lzma).
    Lzma,
    /// zlib, RFC 1950.
    Zlib,
    /// lzip.
    Lzip,
    /// lzop.
    Lzop,
    /// snappy, in frames.
    Snappy,
    /// UTF-16, the low byte first.
    Utf16Le {
        /// Whether it begins with a byte order mark.
        has_mark: bool,
    },
    /// UTF-16, the high byte first.
    Utf16Be {
        /// Whether it begins with a byte order mark.
        has_mark: bool,
    },
    /// UTF-32, the low byte first.
    Utf32Le,
    /// UTF-32, the high byte first.
    Utf32Be,
}

impl Foreign {
    /// What the file is, for a message: "this is a zip archive".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Compressed(Format::Gzip) => "a gzip file",
            Self::Compressed(Format::Zstd) => "a zstd file",
            Self::Compressed(Format::Xz) => "an xz file",
            Self::Compressed(Format::Bzip2) => "a bzip2 file",
            Self::Zip => "a zip archive",
            Self::SevenZip => "a 7z archive",
            Self::Rar => "a rar archive",
            Self::Lz4 => "an lz4 file",
            Self::Compress => "a file of compress (.Z)",
            Self::Lzma => "an lzma file",
            Self::Zlib => "zlib data",
            Self::Lzip => "an lzip file",
            Self::Lzop => "an lzop file",
            Self::Snappy => "a snappy file",
            Self::Utf16Le { has_mark: true } => "UTF-16 text (little-endian)",
            Self::Utf16Be { has_mark: true } => "UTF-16 text (big-endian)",
            Self::Utf16Le { has_mark: false } => "UTF-16 text (little-endian, without a byte order mark)",
            Self::Utf16Be { has_mark: false } => "UTF-16 text (big-endian, without a byte order mark)",
            Self::Utf32Le => "UTF-32 text (little-endian)",
            Self::Utf32Be => "UTF-32 text (big-endian)",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Compressed(_) => "use `--decompress` to change what is in it",
            Self::Zip | Self::SevenZip | Self::Rar => "unpack it first, and pack it again afterwards",
            Self::Lz4 | Self::Compress | Self::Lzma | Self::Zlib | Self::Lzip | Self::Lzop | Self::Snappy => {
                "decompress it first, and compress it again afterwards"
            }
            Self::Utf16Le { .. } => "use `--encoding utf-16le`",
            Self::Utf16Be { .. } => "use `--encoding utf-16be`",
            Self::Utf32Le | Self::Utf32Be => "convert it to UTF-8 first, for example with `iconv`",
        }
    }

    /// The format, if it can be decompressed.
    #[must_use]
    pub fn format(self) -> Option<Format> {
        match self {
            Self::Compressed(format) => Some(format),
            _ => None,
        }
    }

    /// The encoding, if it can be decoded.
    #[must_use]
    pub fn encoding(self) -> Option<Encoding> {
        match self {
            Self::Utf16Le { .. } => Some(Encoding::UTF_16LE),
            Self::Utf16Be { .. } => Some(Encoding::UTF_16BE),
            _ => None,
        }
    }
}

/// Formats that are known by their first bytes alone. Sources: the lists of
/// `file` (magic/Magdir/compress and archive), and the format of each.
const MAGICS: &[(&[u8], Foreign)] = &[
    (b"PK\x03\x04", Foreign::Zip),
    // Without entries, and in several volumes.
    (b"PK\x05\x06", Foreign::Zip),
    (b"PK\x07\x08", Foreign::Zip),
    (b"7z\xbc\xaf\x27\x1c", Foreign::SevenZip),
    (b"Rar!\x1a\x07", Foreign::Rar),
    (b"\x04\x22\x4d\x18", Foreign::Lz4),
    // The form before frames, as Linux kernels use it.
    (b"\x02\x21\x4c\x18", Foreign::Lz4),
    (b"LZIP\x00", Foreign::Lzip),
    (b"LZIP\x01", Foreign::Lzip),
    (b"\x89LZO\x00\x0d\x0a\x1a\x0a", Foreign::Lzop),
    (b"\xff\x06\x00\x00sNaPpY", Foreign::Snappy),
];

/// What a file is that begins with `head`, if a plugin for text cannot read it.
/// More than [`HEAD_BYTES`] are not looked at.
///
/// `None` means nothing more than that: the file may be text, or binary in
/// another way. Formats without a mark of their own (brotli, raw deflate, UTF-16
/// without a byte order mark and without a single space or line end) are not
/// recognised.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<Foreign> {
    let head = &head[..head.len().min(HEAD_BYTES)];
    if let Some(format) = Format::of(head) {
        return Some(Foreign::Compressed(format));
    }
    if let Some((_, found)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*found);
    }
    // `compress`: the third byte has two unused bits, and the longest code.
    if let [0x1f, 0x9d, bits, ..] = head
        && bits & 0x60 == 0
        && (9..=16).contains(&(bits & 0x1f))
    {
        return Some(Foreign::Compress);
    }
    if is_lzma(head) {
        return Some(Foreign::Lzma);
    }
    wide::recognise(head).or_else(|| is_zlib(head).then_some(Foreign::Zlib))
}

/// A file of `lzma`. It has no magic number, so its three fields are checked as
/// xz-utils does (src/liblzma/common/alone_decoder.c): the usual properties, a
/// dictionary of 2^n or 2^n + 2^(n-1) bytes, and no size, or one below 256 GiB.
fn is_lzma(head: &[u8]) -> bool {
    let [0x5d, rest @ ..] = head else { return false };
    let Some((dictionary, rest)) = rest.split_first_chunk() else { return false };
    let Some((size, _)) = rest.split_first_chunk() else { return false };
    let dictionary = u32::from_le_bytes(*dictionary);
    let size = u64::from_le_bytes(*size);
    let is_usual = dictionary >> dictionary.trailing_zeros().min(31);
    dictionary >= 1 << 12 && matches!(is_usual, 1 | 3) && (size == u64::MAX || size < 256 << 30)
}

/// zlib data with a window of 32 KiB, which nearly all programs write. The
/// header is two bytes, so bytes that text does not have must follow.
fn is_zlib(head: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | 0x1b);
    matches!(head, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
        && std::str::from_utf8(&head[..head.len().min(64)]).is_err_and(|error| error.error_len().is_some())
        && head.iter().take(64).any(is_control)
}

#[cfg(test)]
mod tests;
