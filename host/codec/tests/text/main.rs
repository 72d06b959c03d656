//! Text in other encodings: round trips, edits, and Python as a model.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod edits;
mod encoding;
mod errors;
mod model;
mod offsets;
mod round_trips;
