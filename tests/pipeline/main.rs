//! The pipeline as a library, without a terminal: framing, windows, workers,
//! interruptions. The result never depends on any of them.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod cases;
mod invariance;
mod memory;
mod models;
mod paused;
mod renewed;
mod resumed;
