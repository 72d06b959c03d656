//! `runner` changes huge files with small sandboxed programs.
//!
//! The stages stand in the order of the data flow; only [`run`] knows that
//! order. The library never prints.

pub mod error;
pub mod framing;
pub mod hash;
pub mod job;
pub mod mapping;
pub mod transform;
