//! Converts what lies on the disk to what a plugin sees, and back: decompresses
//! and compresses, decodes and encodes.
//!
//! What a file is is decided by how it begins, when its first bytes are read.
//! So `Facts` are found by the reader, and used by the writer, which writes
//! nothing before.

mod failure;
mod head;
mod packer;
mod unpacked;

use std::cell::{Cell, OnceCell};

use runner_codec::compression::{Limits, Parts, Settings};
use runner_codec::text::Choice;
use runner_codec::{Encoding, recognise};

pub(crate) use self::failure::failed;
pub(crate) use self::packer::Packer;
pub(crate) use self::unpacked::Unpacked;
use crate::engine::readable::NoText;
use crate::error::{Error, Kind, Result};
use crate::memory::Budget;

/// What is converted. The default is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Convert {
    decompress: bool,
    level: Option<i32>,
    encoding: Option<Choice>,
}

impl Convert {
    /// Nothing: the plugin sees the bytes as they are.
    pub const NOTHING: Self = Self { decompress: false, level: None, encoding: None };

    /// Decompresses gzip, zstd, xz and bzip2, and compresses with this level, in
    /// the numbers of the format's program, or with the level that the file
    /// tells.
    #[must_use]
    pub fn decompressed(self, level: Option<i32>) -> Self {
        Self { decompress: true, level, ..self }
    }

    /// Decodes text in the encoding with this label, and encodes it again. UTF-8
    /// is passed as it is.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the label is not known, or the encoding cannot be
    /// restored byte for byte.
    pub fn decoded(self, label: &str) -> Result<Self> {
        let choice = Encoding::for_label(label).map_err(|error| {
            Error::new(Kind::Usage, error.to_string())
                .hint("`--encoding` takes utf-16le, utf-16be, utf-16 and encodings of one byte a character, such as windows-1252 or latin1")
        })?;
        let encoding = (choice != Choice::Fixed(Encoding::UTF_8)).then_some(choice);
        Ok(Self { encoding, ..self })
    }

    /// Whether nothing is converted.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.encoding.is_none() && !self.decompress
    }

    /// Whether compressed data is decompressed.
    #[must_use]
    pub fn decompresses(self) -> bool {
        self.decompress
    }

    /// The settings for compressing again.
    fn settings(self, found: Settings) -> Result<Settings> {
        match self.level {
            Some(level) => found.with_level(level).map_err(|what| Error::new(Kind::Usage, what)),
            None => Ok(found),
        }
    }

    /// The encoding of decompressed data that begins with `head`.
    pub(crate) fn encoding_of(self, head: &[u8]) -> Result<Option<Encoding>> {
        let chosen = self.encoding.map(|choice| choice.encoding(head)).transpose();
        chosen.map_err(|error| {
            Error::new(Kind::Refused, error.to_string())
                .hint("`--encoding utf-16le` or `--encoding utf-16be` says the order of the bytes")
        })
    }

    /// Checks the head of decompressed data before it is decoded.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it is something else than text in this encoding.
    fn check_before(self, head: &[u8], encoding: Encoding, no_text: NoText) -> Result<()> {
        let Some(foreign) = recognise(head).filter(|_| no_text == NoText::Refuse) else { return Ok(()) };
        if foreign.encoding() == Some(encoding) {
            return Ok(());
        }
        self.check_content(head, no_text)?;
        Err(Error::new(Kind::Refused, format!("this is {}, not text in {encoding}", foreign.name()))
            .hint(foreign.advice())
            .hint("`--as-is` decodes it nevertheless"))
    }

    /// Checks the head of the content that a plugin for text will see.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it is still compressed.
    pub(crate) fn check_content(self, head: &[u8], no_text: NoText) -> Result<()> {
        let foreign = recognise(head).filter(|_| self.decompress && no_text == NoText::Refuse);
        let Some(format) = foreign.and_then(|foreign| foreign.format()) else { return Ok(()) };
        Err(Error::new(
            Kind::Refused,
            format!("the content of the compressed file is {0} data again", format.name()),
        )
        .hint("decompress it once first, and compress it again afterwards"))
    }
}

/// What was found out about a file while it was read.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// How it was compressed.
    pub(crate) settings: OnceCell<Settings>,
    /// How its text is encoded.
    pub(crate) encoding: OnceCell<Encoding>,
    /// Of how many parts it was made, as far as it was read.
    pub(crate) parts: Cell<Parts>,
}

impl Facts {
    /// What a patch says about the conversion: names and values.
    pub(crate) fn named(&self) -> Vec<(String, String)> {
        let format = self.settings.get().map(|settings| settings.format().name());
        let encoding = self.encoding.get().map(|encoding| encoding.name());
        [("decompress", format), ("encoding", encoding)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect()
    }

    /// The parts of a file that is written again as one, if it had more, or
    /// something that is not written again.
    pub(crate) fn merged(&self) -> Option<Parts> {
        let is_blocked =
            matches!(self.settings.get(), Some(Settings::Gzip { header, .. }) if header.is_blocked());
        let parts = self.parts.get();
        (!is_blocked && (parts.members > 1 || parts.skipped_bytes > 0)).then_some(parts)
    }
}

/// The least limit that serves for what `zstd` writes without `--ultra`.
const LEAST_BYTES: u64 = 17 << 20;

/// What a decoder may use of a budget: as much as the programs of the formats
/// allow by default, but no more than a quarter of the budget.
pub(crate) fn limits(budget: &Budget) -> Limits {
    let most = Limits::default().memory_bytes;
    let quarter = budget.pool_bytes().map_or(most, |pool| pool / 4);
    Limits { memory_bytes: quarter.clamp(LEAST_BYTES, most) }
}
