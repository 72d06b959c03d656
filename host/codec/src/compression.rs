//! Compressed streams: gzip, zstd, xz and bzip2.
//!
//! [`Decoder`] reads the whole file: all members, frames or streams that stand
//! one after another, as the programs of the same names do. Anything else than
//! that up to the end of the file is an error with its offset, so a damaged
//! file never looks like a shorter one. [`Encoder`] writes one member with the
//! [`Settings`] of the first one that was read.

mod bzip2;
mod decoder;
mod encoder;
mod error;
mod gzip;
mod settings;
mod xz;
mod zstd;

pub use self::decoder::{Decoder, Limits, Parts};
pub use self::encoder::Encoder;
pub use self::error::{Error, Problem};
pub use self::gzip::Header as GzipHeader;
pub use self::settings::{Check, Settings};

/// A format that can be read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 1952, as `gzip`, `pigz` and `bgzip` write it.
    Gzip,
    /// RFC 8878, as `zstd` and `pzstd` write it.
    Zstd,
    /// The .xz file format 1.2, as `xz` and `pixz` write it.
    Xz,
    /// The format of `bzip2`, `pbzip2` and `lbzip2`.
    Bzip2,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::Zstd, Self::Xz, Self::Bzip2];

    /// The name of the program that writes the format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }

    /// The format of a file that begins with `head`. Ten bytes suffice, except
    /// for zstd where a skippable frame comes first.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
                (head.len() >= 10 && bzip2::is_start(head)).then_some(Self::Bzip2)
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ if zstd::is_start(head) => Some(Self::Zstd),
            _ => None,
        }
    }
}
