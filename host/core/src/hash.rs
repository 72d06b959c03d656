//! Computes the BLAKE3 hash of whole files, in groups hashed in any order, and shows
//! what two versions of a file have in common.

pub mod file;
pub mod ordered_pool;
pub mod proof;
mod tree;

pub use tree::{Cv, GROUP_BYTES, Tree, group_cv};
