//! `runner` changes huge files with small sandboxed programs.
//!
//! ```text
//! target -> engine (framing, prefilter, windows, answers) -> patch -> commit -> verify
//!    \-> hash (same bytes, same pass)                        \-> journal -/
//! ```
//!
//! Each module uses only those before it (a test of `cargo xtask` checks this):
//!
//! | | |
//! |---|---|
//! | [`escape`], [`error`], [`cancel`], [`context`], [`profile`], [`locks`], [`stack`] | used by all other modules |
//! | [`storage`], [`memory`] | a filesystem, mappings; budgets |
//! | [`hash`] | BLAKE3 of groups hashed in any order |
//! | [`patch`] | all edits of a file, in one format |
//! | [`user_state`], [`sidecar`], [`target`] | the user's key, the files next to a target, the target |
//! | [`engine`] | pure: from bytes and answers to edits |
//! | [`scan`], [`pipe`] | two ways to feed the engine |
//! | [`commit`] | from a patch to the disk, and back after a crash |
//! | [`run`] | the driver: the only place that knows the order of the stages |

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
