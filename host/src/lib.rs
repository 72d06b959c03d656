//! `runner` changes huge files with small sandboxed programs.
//!
//! The stages stand in the order of the data flow; only [`run`] knows that
//! order. The library never prints.

pub mod apply;
pub mod error;
pub mod fs;
pub mod framing;
pub mod hash;
pub mod job;
pub mod journal;
pub mod mapping;
pub mod patch;
pub mod plan;
pub mod recover;
pub mod sandbox;
pub mod text;
pub mod transform;
pub mod verify;
