//! Processes the bytes of a file and the answers of a plugin. Pure: works on
//! views of memory, opens no files and starts no threads of its own.

pub mod answer;
pub mod chain;
pub mod counts;
pub mod diff;
pub(crate) mod edits;
mod fields;
pub mod framing;
mod instance;
pub mod prefilter;
pub mod readable;
pub mod transform;
pub(crate) mod validate;
pub mod window;
