//! Transfers of whole buffers: repeats reads and writes that are short or
//! interrupted.

use std::io;

use super::Storage;

/// See [`Storage::read_full_at`].
pub(super) fn read_full_at<S: Storage + ?Sized>(
    storage: &S,
    file: &S::File,
    buffer: &mut [u8],
    offset: u64,
) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match storage.read_at(file, &mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// See [`Storage::read_exact_at`].
pub(super) fn read_exact_at<S: Storage + ?Sized>(
    storage: &S,
    file: &S::File,
    buffer: &mut [u8],
    offset: u64,
) -> io::Result<()> {
    if storage.read_full_at(file, buffer, offset)? == buffer.len() {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// See [`Storage::write_all_at`].
pub(super) fn write_all_at<S: Storage + ?Sized>(
    storage: &S,
    file: &S::File,
    bytes: &[u8],
    offset: u64,
) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match storage.write_at(file, &bytes[done..], offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => done += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
