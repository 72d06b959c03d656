//! The bodies of the fuzz targets: each takes any bytes, and panics when a
//! promise is broken. libFuzzer calls them from `fuzz/bin`, and `tests/hostile/fuzz.rs`
//! with all seeds that are kept.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the target")]

mod answers;
mod framing;
mod input;
mod patch;
mod prefilter;
mod records;
mod recover;
mod replies;
mod requests;
mod scanning;
mod wrapping;

pub use answers::run as answers;
pub use framing::run as framing;
pub use patch::run as patch;
pub use prefilter::run as prefilter;
pub use recover::run as recover;
pub use replies::run as replies;
pub use requests::run as requests;
pub use wrapping::run as wrapping;
