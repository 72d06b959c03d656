//! Tables that the user hands to the plugin.

/// A table of the manifest, read-only. The user gives it as
/// `--table NAME=FILE`.
///
/// Natively, in tests, there are no tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    name: String,
    bytes: u64,
}

impl Table {
    /// The table with this name, if the user has given it.
    #[must_use]
    pub fn open(name: &str) -> Option<Self> {
        size(name).map(|bytes| Self { name: name.to_owned(), bytes })
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.bytes
    }

    /// Up to `length` bytes from an offset on; fewer at the end.
    #[must_use]
    pub fn read(&self, offset: u64, length: u32) -> Vec<u8> {
        read(&self.name, offset, length)
    }
}

#[cfg(target_arch = "wasm32")]
use crate::wasm::{table_read as read, table_size as size};

#[cfg(not(target_arch = "wasm32"))]
fn size(_: &str) -> Option<u64> {
    None
}

#[cfg(not(target_arch = "wasm32"))]
fn read(_: &str, _: u64, _: u32) -> Vec<u8> {
    Vec::new()
}
