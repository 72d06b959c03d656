//! Stops a run from outside. A [`Cancel`] is checked only while the target is
//! still untouched. After the commit point a run continues to its end, which is
//! never far away.
//!
//! What is done for a plugin (searching with its prefilter, checking its
//! answers) takes an amount of time that depends on the plugin. It is done in
//! the plugin's process, which is killed when it takes too long, or when the
//! run is to stop. Native code, and a plugin in this process, are only stopped
//! between two calls.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};

const INTERRUPTED: &str = "interrupted";
const OUT_OF_TIME: &str = "the run took longer than ";

/// A request to stop: a flag that a signal handler or another thread sets, and
/// a limit on the run's total time.
#[derive(Debug, Clone, Copy)]
pub struct Cancel<'a> {
    flag: Option<&'a AtomicBool>,
    end: Option<End>,
}

/// The end of the time that a run may take.
#[derive(Debug, Clone, Copy)]
struct End {
    at: Instant,
    total: Duration,
}

impl<'a> Cancel<'a> {
    /// A run that nothing stops from outside.
    pub const NEVER: Cancel<'static> = Cancel { flag: None, end: None };

    /// A run that stops once `flag` is true.
    #[must_use]
    pub const fn new(flag: &'a AtomicBool) -> Self {
        Self { flag: Some(flag), end: None }
    }

    /// Also stops the run once `total` has passed since `start`.
    #[must_use]
    pub fn within(self, start: Instant, total: Duration) -> Self {
        // A deadline beyond the range of the clock never arrives.
        Self { end: start.checked_add(total).map(|at| End { at, total }), ..self }
    }

    /// Returns an error if the run was interrupted or is out of time.
    ///
    /// # Errors
    /// [`Kind::Interrupted`] in both cases.
    pub fn check(self) -> Result<()> {
        if self.flag.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(Error::new(Kind::Interrupted, INTERRUPTED));
        }
        match self.end {
            Some(end) if Instant::now() >= end.at => {
                let error = Error::new(Kind::Interrupted, format!("{OUT_OF_TIME}{}", Seconds(end.total)));
                Err(error.hint("give the run more time with `--timeout-total`"))
            }
            _ => Ok(()),
        }
    }
}

/// A [`Cancel`] that outlives whoever has made it: it keeps its flag alive.
/// Clones share the flag.
#[derive(Debug, Clone)]
pub struct CancelToken {
    flag: Flag,
    end: Option<End>,
}

#[derive(Debug, Clone)]
enum Flag {
    Static(Option<&'static AtomicBool>),
    Shared(Arc<AtomicBool>),
}

impl CancelToken {
    /// Nothing ends the run from outside.
    pub const NEVER: Self = Self { flag: Flag::Static(None), end: None };

    /// A run that stops once `flag` is true.
    #[must_use]
    pub fn new(flag: Arc<AtomicBool>) -> Self {
        Self { flag: Flag::Shared(flag), end: None }
    }

    /// As [`Cancel::within`].
    #[must_use]
    pub fn within(self, start: Instant, total: Duration) -> Self {
        let end = self.get().within(start, total).end;
        Self { end, ..self }
    }

    /// Whether nothing can ever stop the run.
    #[must_use]
    pub fn is_never(&self) -> bool {
        let Cancel { flag, end } = self.get();
        flag.is_none() && end.is_none()
    }

    /// The same request, borrowed.
    #[must_use]
    pub fn get(&self) -> Cancel<'_> {
        let flag = match &self.flag {
            Flag::Static(flag) => *flag,
            Flag::Shared(flag) => Some(&**flag),
        };
        Cancel { flag, end: self.end }
    }
}

impl From<Cancel<'static>> for CancelToken {
    fn from(cancel: Cancel<'static>) -> Self {
        Self { flag: Flag::Static(cancel.flag), end: cancel.end }
    }
}

/// A duration as `10 s` or `0.25 s`.
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_by_its_flag_or_its_time() {
        let flag = AtomicBool::new(false);
        let cancel = Cancel::new(&flag);
        assert!(cancel.check().is_ok() && Cancel::NEVER.check().is_ok());
        let late = cancel.within(Instant::now(), Duration::ZERO).check().unwrap_err();
        assert_eq!(late.to_string(), "the run took longer than 0 s");
        assert!(late.hints()[0].contains("--timeout-total") && late.kind() == Kind::Interrupted);
        assert!(cancel.within(Instant::now(), Duration::MAX).check().is_ok(), "the end is beyond the clock");
        flag.store(true, Ordering::Relaxed);
        assert_eq!(cancel.check().unwrap_err().kind(), Kind::Interrupted);
    }

    #[test]
    fn a_token_keeps_its_flag() {
        let flag = Arc::new(AtomicBool::new(false));
        let token = CancelToken::new(Arc::clone(&flag));
        let late = token.clone().within(Instant::now(), Duration::ZERO);
        assert!(token.get().check().is_ok() && CancelToken::NEVER.get().check().is_ok());
        assert_eq!(late.get().check().unwrap_err().to_string(), "the run took longer than 0 s");
        flag.store(true, Ordering::Relaxed);
        drop(flag);
        assert_eq!(token.get().check().unwrap_err().to_string(), INTERRUPTED);
    }
}
