//! Compressed streams: our own, those of other programs, and damaged ones.

mod damage;
mod limits;
mod programs;
mod round_trips;
mod stage;
