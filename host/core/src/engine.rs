//! What is done with the bytes of a file, and with a plugin's answers: pure, on
//! views of memory. Nothing here opens a file or starts a thread.

pub mod diff;
pub(crate) mod edits;
pub mod framing;
pub mod prefilter;
pub mod transform;
pub(crate) mod validate;
pub(crate) mod window;
