//! Writes the result to a pipe, a terminal or any other open descriptor, front
//! to back. Unchanged ranges are sent to a pipe with `splice`, without passing
//! through this process.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use rustix::fs::{FileType, fstat};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::patch::{Reader, Segment, walk};
use crate::storage::{OpenFile, Storage};

/// It is cheaper to copy shorter ranges into the buffer between two edits.
const SPLICE_BYTES: u64 = 16 * 1024;
const BUFFER_BYTES: usize = 256 * 1024;
/// Bytes to splice between two checks for interruption.
const SPLICE_STEP_BYTES: u64 = 1 << 20;

/// Writes the whole result. Errors use `name` for the output.
///
/// # Errors
/// Any I/O error on either side, and when the run was interrupted. Some of the
/// output may be written already.
pub fn write<S: Storage>(
    source: OpenFile<'_, S>,
    out: &File,
    name: &str,
    reader: Reader<'_, '_, S>,
    cancel: Cancel<'_>,
) -> Result<()> {
    let pipe = fstat(out).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo);
    let failed = |e: std::io::Error| Error::io("write to", Path::new(name), e);
    let mut pending: Vec<u8> = Vec::with_capacity(BUFFER_BYTES);
    let flush = |pending: &mut Vec<u8>| {
        cancel.check()?;
        let written = (&*out).write_all(pending);
        pending.clear();
        written.map_err(failed)
    };
    walk(reader, 0, |segment| match segment {
        Segment::New(bytes) => {
            pending.extend_from_slice(bytes);
            if pending.len() >= BUFFER_BYTES { flush(&mut pending) } else { Ok(()) }
        }
        Segment::Source(range) => {
            let mut at = range.start;
            let mut spliced = pipe && range.end - range.start >= SPLICE_BYTES;
            if spliced {
                flush(&mut pending)?;
            }
            while spliced && at < range.end {
                cancel.check()?;
                let end = range.end.min(at + SPLICE_STEP_BYTES);
                at = source.storage.splice(source.file, at..end, out).map_err(failed)?;
                spliced = at == end;
            }
            while at < range.end {
                let old = pending.len();
                let want = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(BUFFER_BYTES);
                pending.resize(old + want, 0);
                source.read_exact_at(&mut pending[old..], at)?;
                at += want as u64;
                if pending.len() >= BUFFER_BYTES {
                    flush(&mut pending)?;
                }
            }
            Ok(())
        }
    })?;
    flush(&mut pending)
}
