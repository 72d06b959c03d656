//! How a file was compressed, as far as it says so.

use super::Format;
use super::gzip::Header;

/// How to compress, taken from the file that was read, or the defaults of the
/// program of the format.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settings {
    /// gzip. The header tells the levels 1 and 9 from the others.
    Gzip {
        /// 0 (stored) to 9.
        level: u32,
        /// What stands before the data.
        header: Header,
    },
    /// zstd. The format stores no level.
    Zstd {
        /// 1 to 22, or negative for speed.
        level: i32,
        /// Whether a checksum follows the data.
        checksum: bool,
        /// Log2 of the window in bytes, where it is larger than any level
        /// without `--long` or `--ultra` makes it.
        long_window_log: Option<u32>,
    },
    /// xz. The size of the dictionary tells the level, except that 4 looks
    /// like 3, and 6 like 5. Filters other than LZMA2 are not kept.
    Xz {
        /// 0 to 9.
        level: u32,
        /// How the data is checked.
        check: Check,
    },
    /// bzip2.
    Bzip2 {
        /// 1 to 9: the block size in units of 100,000 bytes.
        level: u32,
    },
}

/// The integrity check of an xz stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// None: damage in the data may go unnoticed.
    None,
    /// CRC32, as `xz --check=crc32` and most embedded writers use.
    Crc32,
    /// CRC64, the default of `xz`.
    Crc64,
    /// SHA-256.
    Sha256,
}

impl Settings {
    /// The defaults of the program of the format.
    #[must_use]
    pub fn of(format: Format) -> Self {
        match format {
            Format::Gzip => Self::Gzip { level: 6, header: Header::default() },
            Format::Zstd => Self::Zstd { level: 3, checksum: true, long_window_log: None },
            Format::Xz => Self::Xz { level: 6, check: Check::Crc64 },
            Format::Bzip2 => Self::Bzip2 { level: 9 },
        }
    }

    /// The format that they are for.
    #[must_use]
    pub fn format(&self) -> Format {
        match self {
            Self::Gzip { .. } => Format::Gzip,
            Self::Zstd { .. } => Format::Zstd,
            Self::Xz { .. } => Format::Xz,
            Self::Bzip2 { .. } => Format::Bzip2,
        }
    }

    /// The same with a different level, in the numbers of the format's program.
    ///
    /// # Errors
    /// The levels that exist, if `new` is none of them.
    pub fn with_level(mut self, new: i32) -> Result<Self, String> {
        let (least, most) = match self {
            Self::Gzip { .. } | Self::Xz { .. } => (0, 9),
            Self::Zstd { .. } => (-7, 22),
            Self::Bzip2 { .. } => (1, 9),
        };
        if !(least..=most).contains(&new) {
            return Err(format!("{} has levels {least} to {most}, not {new}", self.format().name()));
        }
        match &mut self {
            Self::Gzip { level, .. } | Self::Xz { level, .. } | Self::Bzip2 { level } => {
                *level = new.unsigned_abs();
            }
            Self::Zstd { level, .. } => *level = new,
        }
        Ok(self)
    }

    /// About how many bytes an encoder needs, as the manuals of the programs
    /// say: most for xz (674 MiB at level 9).
    #[must_use]
    pub fn encoder_bytes(&self) -> u64 {
        match *self {
            Self::Gzip { .. } => 1 << 20,
            Self::Bzip2 { level } => 400_000 + 800_000 * u64::from(level),
            Self::Xz { level, .. } => [3, 9, 17, 32, 48, 94, 94, 186, 370, 674][level.min(9) as usize] << 20,
            Self::Zstd { level, long_window_log, .. } => {
                let own = match level {
                    ..=5 => 8 << 20,
                    6..=12 => 32 << 20,
                    13..=19 => 96 << 20,
                    _ => 768 << 20,
                };
                own.max(long_window_log.map_or(0, |log| 2 << log))
            }
        }
    }
}
