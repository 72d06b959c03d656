//! A request to stop, made from outside at any moment. It is looked at where
//! nothing has happened to the target yet; from the commit point on a run
//! goes to its end, which is never far.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Kind, Result};

const INTERRUPTED: &str = "interrupted";

/// A flag that a signal handler, or another thread, sets.
#[derive(Debug, Clone, Copy)]
pub struct Cancel<'a>(&'a AtomicBool);

impl<'a> Cancel<'a> {
    /// A run that stops once `flag` is true.
    #[must_use]
    pub const fn new(flag: &'a AtomicBool) -> Self {
        Self(flag)
    }

    /// Goes on only if nobody has asked to stop.
    ///
    /// # Errors
    /// [`Kind::Usage`], when somebody has.
    pub fn check(self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::Usage, INTERRUPTED).hint("the file is untouched"));
        }
        Ok(())
    }
}

/// Whether an error says that somebody has asked to stop.
#[must_use]
pub fn is_interrupted(error: &Error) -> bool {
    error.kind() == Kind::Usage && error.to_string() == INTERRUPTED
}
