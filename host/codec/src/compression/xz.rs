//! xz (the .xz file format 1.2), through the original library.

mod header;
mod reader;
mod writer;

pub(super) use self::reader::Streams;
pub(super) use self::writer::Stream;

use liblzma::stream::Error as LzmaError;

/// The library's errors, in words.
fn words(error: &LzmaError) -> &'static str {
    match error {
        LzmaError::Data => "the data is corrupt, or does not match its checksum",
        LzmaError::Options => "it uses options that do not exist",
        LzmaError::Format => "the header is not that of a stream",
        LzmaError::Mem => "there is no memory to decompress it",
        _ => "it cannot be decompressed",
    }
}
