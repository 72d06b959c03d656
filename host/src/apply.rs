//! How a patch reaches the disk, one file a strategy.

pub mod flatten;
pub mod in_place;
pub mod rewrite;
pub mod stream;
