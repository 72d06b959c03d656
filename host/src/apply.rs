//! How a patch reaches the disk, one file a strategy.

mod behind;
pub mod flatten;
mod forward;
pub mod in_place;
pub mod length;
pub mod others;
mod pieces;
pub mod rewrite;
pub mod stream;
