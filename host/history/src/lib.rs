//! The history of changes to files.
//!
//! ```text
//! Entry  --append-->  history.jsonl, each line with the hash of the one before
//!                     history.jsonl  --read-->  Line (checked), Line, ..., Head
//! ```
//!
//! The file belongs to one user, who can also write it anew. The chain reveals
//! mistakes and a single line that was changed. It reveals a file that was written
//! anew only if a [`Head`] is kept in a different place.

#![warn(missing_docs)]

mod chain;
mod entry;
mod file;

pub use chain::{Chain, Head, Line};
pub use entry::{Action, Entry, Name};
pub use file::History;
