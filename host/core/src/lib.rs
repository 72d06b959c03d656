//! `runner` changes huge files with small sandboxed programs.
//!
//! ```text
//! target -> engine (framing, prefilter, windows, answers) -> patch -> commit -> verify
//!    \-> hash (same bytes, same pass)                        \-> journal -/
//! ```
//!
//! Each module uses only those before it (a test of `cargo xtask` looks):
//!
//! | | |
//! |---|---|
//! | [`escape`], [`error`], [`cancel`], [`profile`] | what everything rests on |
//! | [`contract`] | what a plugin says of itself, and its job for a file |
//! | [`storage`], [`memory`] | a filesystem, mappings; budgets |
//! | [`hash`] | BLAKE3 in groups of any order |
//! | [`patch`] | all edits of a file, as one format |
//! | [`user_state`], [`sidecar`], [`target`] | the user's key, what stands beside a file, the file |
//! | [`engine`] | pure: from bytes and answers to edits |
//! | [`scan`], [`pipe`] | two ways to feed the engine |
//! | [`commit`] | from a patch to the disk, and back after a crash |
//! | [`run`] | the driver: the only place that knows the order |
//! | [`sandbox`], [`plugin`] | all that touches WebAssembly |
//! | [`cli`] | the command line, which alone prints |

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod cancel;
pub mod commit;
pub mod context;
pub mod engine;
pub mod error;
pub mod escape;
pub mod hash;
pub mod locks;
pub mod memory;
pub mod patch;
pub mod pipe;
pub mod profile;
pub mod run;
pub mod scan;
pub mod sidecar;
pub mod stack;
pub mod storage;
pub mod target;
pub mod user_state;
