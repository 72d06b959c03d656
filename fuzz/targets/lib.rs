//! The bodies of the fuzz targets: each takes any bytes, and panics when a
//! promise is broken. libFuzzer calls them from `fuzz/bin`, and `tests/fuzz.rs`
//! with all seeds that are kept.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the target")]

mod framing;
mod input;
mod patch;
mod prefilter;
mod records;
mod recover;
mod replies;
mod scanning;
mod wrapping;

// Shared with the crash tests, and not all of it used here.
#[allow(dead_code)]
#[path = "../../tests/crash/change.rs"]
mod change;
#[allow(dead_code)]
#[path = "../../tests/crash/choices.rs"]
mod choices;
#[allow(dead_code)]
#[path = "../../tests/crash/deed.rs"]
mod deed;
#[allow(dead_code)]
#[path = "../../tests/crash/disk.rs"]
mod disk;
#[path = "../../tests/common/random.rs"]
mod random;
#[allow(dead_code)]
#[path = "../../tests/crash/storage.rs"]
mod storage;

pub(crate) use random::Random;

pub use framing::run as framing;
pub use patch::run as patch;
pub use prefilter::run as prefilter;
pub use recover::run as recover;
pub use replies::run as replies;
pub use wrapping::run as wrapping;
