//! The pipeline as a library, without a terminal: framing, windows, workers,
//! interruptions. The result never depends on any of them.
//!
//! No test here starts a process: it would inherit the locks of files that other
//! tests work on, and keep them a moment too long.

#![allow(
    clippy::fn_params_excessive_bools,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "a test reads best where all of it stands"
)]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod cancelled;
mod cases;
mod chained;
mod contract;
mod faults;
mod memory;
mod models;
mod paused;
mod proofs;
mod resumed;
mod revalidated;
