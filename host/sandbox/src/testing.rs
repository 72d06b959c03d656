//! What the parent and its worker say to each other, for tests that play one of
//! them. It is no part of the interface, and changes as it likes.

pub use crate::message::{
    Edits, Failure, Load, Outcome, PART, Reply, Request, Seen, Sizes, WHOLE, decode, encode,
};
pub use crate::remote::take_edits;
pub use crate::worker::WORK_COMMAND;
