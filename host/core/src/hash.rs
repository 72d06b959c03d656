//! BLAKE3 of whole files, in groups that are hashed in any order.

pub mod file;
pub mod ordered_pool;
mod tree;

pub use tree::{Cv, GROUP_BYTES, Tree, group_cv};
