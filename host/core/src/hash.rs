//! Computes the BLAKE3 hash of whole files, in groups hashed in any order.

pub mod file;
pub mod ordered_pool;
mod tree;

pub use tree::{Cv, GROUP_BYTES, Tree, group_cv};
