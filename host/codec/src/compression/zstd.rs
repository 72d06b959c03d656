//! zstd (RFC 8878), through the original library.

mod frame;
mod reader;
mod writer;

pub(super) use self::frame::is_start;
pub(super) use self::reader::Frames;
pub(super) use self::writer::Frame;
