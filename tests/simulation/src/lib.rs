//! A disk in memory that crashes, fails and lies. It implements the trait that
//! the product uses for all its input and output. There are also changes to
//! carry out on it. Shared by the crash tests and the fuzz targets.

#![allow(
    clippy::fn_params_excessive_bools,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "a test is easiest to read in one piece"
)]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]
#![allow(missing_docs, reason = "used only in tests; the names of fields and variants are self-explanatory")]

mod allocator;
pub mod change;
pub mod choices;
pub mod disk;
pub mod interference;
mod random;
pub mod storage;

pub use random::Random;
