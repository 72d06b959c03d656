//! The channel between two processes: the test program starts itself as the
//! worker.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod deaths;
mod hostile;
mod process;
mod round_trips;
mod seals;

use std::time::{Duration, Instant};

/// How late anything may end on a busy machine.
const LATE: Duration = Duration::from_secs(1);

fn within(duration: Duration) -> Option<Instant> {
    Some(Instant::now() + duration)
}
