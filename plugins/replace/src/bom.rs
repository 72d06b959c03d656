//! The BOM: three bytes at the start of a file that say that it is UTF-8. They
//! are not part of its first line.

use runner_plugin::{FileHead, Window};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Whether the file begins with a BOM.
pub(crate) fn begins(file: &FileHead<'_>) -> bool {
    file.head.starts_with(BOM)
}

/// The length of the BOM in a window: zero, unless it starts the file.
pub(crate) fn length(window: &Window<'_>) -> usize {
    if window.first && window.bytes.starts_with(BOM) { BOM.len() } else { 0 }
}

/// Whether a window that starts the file is too short to show what follows a
/// BOM.
pub(crate) fn is_unknown(window: &Window<'_>) -> bool {
    window.first && !window.last && BOM.starts_with(window.bytes)
}
