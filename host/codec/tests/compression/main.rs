//! Compressed streams: our own, those of other programs, and damaged ones.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod damage;
mod limits;
mod programs;
mod round_trips;
mod stage;
