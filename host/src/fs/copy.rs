//! Copies a range between files: holes are skipped, then `copy_file_range`
//! (which shares extents where the filesystem can and offsets are congruent),
//! then plain reads and writes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, copy_file_range, seek};
use rustix::io::Errno;

/// Extents can only be shared in whole blocks; 4 KiB is the block size of
/// the filesystems that share them.
const BLOCK_BYTES: u64 = 4096;
const BUFFER_BYTES: usize = 256 * 1024;

/// See [`Storage::copy_range`](super::Storage::copy_range).
pub(super) fn range(from: &File, from_at: u64, to: &File, to_at: u64, bytes: u64) -> io::Result<()> {
    let end = from_at + bytes;
    let mut at = from_at;
    while at < end {
        // Where holes cannot be told, all is data.
        let data = match seek(from, SeekFrom::Data(at)) {
            Ok(data) => data.min(end),
            Err(Errno::NXIO) => end,
            Err(_) => at,
        };
        if data >= end {
            break;
        }
        let hole = seek(from, SeekFrom::Hole(data)).unwrap_or(end).clamp(data, end);
        let stop = if hole == data { end } else { hole };
        copy_data(from, data, to, to_at + (data - from_at), stop - data)?;
        at = stop;
    }
    Ok(())
}

/// Copies in up to three pieces, so that the middle one can be shared.
fn copy_data(from: &File, from_at: u64, to: &File, to_at: u64, bytes: u64) -> io::Result<()> {
    let head = (BLOCK_BYTES - from_at % BLOCK_BYTES) % BLOCK_BYTES;
    let congruent = from_at % BLOCK_BYTES == to_at % BLOCK_BYTES;
    if !congruent || bytes <= head + BLOCK_BYTES {
        return copy_piece(from, from_at, to, to_at, bytes);
    }
    let middle = (bytes - head) / BLOCK_BYTES * BLOCK_BYTES;
    for (start, len) in [(0, head), (head, middle), (head + middle, bytes - head - middle)] {
        copy_piece(from, from_at + start, to, to_at + start, len)?;
    }
    Ok(())
}

fn copy_piece(from: &File, from_at: u64, to: &File, to_at: u64, bytes: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes {
        let (mut source, mut target) = (from_at + done, to_at + done);
        let want = usize::try_from((bytes - done).min(1 << 30)).unwrap_or(usize::MAX);
        match copy_file_range(from, Some(&mut source), to, Some(&mut target), want) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => done += count as u64,
            Err(Errno::INTR) => {}
            // Not between these two files: the old way.
            Err(Errno::XDEV | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::BADF) => {
                return copy_buffered(from, from_at + done, to, to_at + done, bytes - done);
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

fn copy_buffered(from: &File, from_at: u64, to: &File, to_at: u64, bytes: u64) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut done = 0;
    while done < bytes {
        let want = usize::try_from(bytes - done).unwrap_or(usize::MAX).min(buffer.len());
        from.read_exact_at(&mut buffer[..want], from_at + done)?;
        to.write_all_at(&buffer[..want], to_at + done)?;
        done += want as u64;
    }
    Ok(())
}
