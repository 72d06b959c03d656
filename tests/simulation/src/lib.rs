//! A disk in memory that crashes, fails and lies, behind the trait through
//! which the product does all its input and output, and changes to carry out on
//! it. The crash tests and the fuzz targets share it.

#![allow(
    clippy::fn_params_excessive_bools,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "a test reads best where all of it stands"
)]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]
#![allow(missing_docs, reason = "for tests alone: names of fields and variants say what they are")]

pub mod change;
pub mod choices;
pub mod disk;
pub mod interference;
mod random;
pub mod storage;

pub use random::Random;
