//! The history of changes to files.
//!
//! ```text
//! Entry  --append-->  history.jsonl, each line with the hash of the one before
//!                     history.jsonl  --read-->  Line (checked), Line, ..., Head
//! ```
//!
//! The file belongs to one user, who can also write it anew: the chain protects
//! against mistakes, and against whoever changes one line. Against the user
//! themselves it protects only if somebody else keeps a [`Head`].

#![warn(missing_docs)]

mod chain;
mod entry;
mod file;

pub use chain::{Chain, Head, Line};
pub use entry::{Action, Entry, Name};
pub use file::History;
