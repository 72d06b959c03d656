//! Fills a new file with the result, or with a copy of the old file.

use super::new_file::NewFileWriter;
use super::read_ahead::ReadAhead;
use super::write_behind::write_behind;
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::patch::{Reader, Segment, walk};
use crate::storage::{OpenFile, Storage};

/// Ranges of at least this size are copied separately; shorter ranges are read
/// together with their surroundings.
const COPY_BYTES: u64 = 64 * 1024;

/// Fills a new, empty file with the source after the edits.
///
/// # Errors
/// Any I/O error on either file; when the run was interrupted.
pub fn fill<S: Storage>(
    source: OpenFile<'_, S>,
    to: OpenFile<'_, S>,
    reader: Reader<'_, '_, S>,
    context: RunContext<'_>,
) -> Result<()> {
    let mut ahead = ReadAhead::new(source);
    let bytes = write_behind(to, context.threads, |sink| {
        let mut writer = NewFileWriter::new(sink, to, context.cancel);
        walk(reader, 0, |segment| match segment {
            Segment::New(bytes) => writer.push(bytes),
            Segment::Source(range) if range.end - range.start < COPY_BYTES => {
                writer.push(ahead.read(&range)?)
            }
            Segment::Source(range) => writer.copy(&source, range),
        })?;
        writer.finish()
    })?;
    // The file may end in a hole, which sets no length.
    to.storage.set_len(to.file, bytes).map_err(Error::at("resize", to.path))
}

/// Copies the first `bytes` bytes of a file to a new, empty one.
///
/// # Errors
/// Any I/O error; when the run was interrupted.
pub fn copy<S: Storage>(
    source: OpenFile<'_, S>,
    to: OpenFile<'_, S>,
    bytes: u64,
    context: RunContext<'_>,
) -> Result<()> {
    write_behind(to, context.threads, |sink| {
        let mut writer = NewFileWriter::new(sink, to, context.cancel);
        writer.copy(&source, 0..bytes)?;
        writer.finish()
    })?;
    to.storage.set_len(to.file, bytes).map_err(Error::at("resize", to.path))
}
