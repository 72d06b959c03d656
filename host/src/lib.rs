//! `runner` changes huge files with small sandboxed programs.
//!
//! ```text
//! source -> framing -> prefilter -> sandbox -> patch -> plan -> apply -> verify
//!    \-> hash (same bytes, same pass)               \-> journal -/
//! ```
//!
//! Only [`run`] knows the order of the stages; stages do not know each other.
//! The library never prints: it returns reports and errors, and tells progress
//! to a callback.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod cancel;
pub mod cli;
pub mod commit;
pub mod contract;
pub mod engine;
pub mod error;
pub mod escape;
pub mod hash;
mod locks;
pub mod memory;
pub mod patch;
pub mod pipe;
pub mod plugin;
pub mod profile;
pub mod run;
pub mod sandbox;
pub mod scan;
pub mod sidecar;
mod stack;
pub mod storage;
pub mod target;
pub mod user_state;
