//! gzip (RFC 1952), and its blocked form BGZF (SAM specification, section 4.1).

mod blocks;
mod deflate;
mod header;
mod inflate;

pub(super) use self::blocks::Blocks;
pub(super) use self::deflate::Deflate;
pub use self::header::Header;
pub(super) use self::inflate::Inflate;
