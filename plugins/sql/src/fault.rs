//! Errors with their place.

use crate::view::View;

/// Why parsing stopped before its goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The window ends first. Never returned for the window that ends the file.
    More,
    /// The file cannot be read, or an action cannot be done.
    Fault(Fault),
}

/// An error in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The position in the window.
    pub(crate) at: usize,
    /// What is wrong, and what to do.
    pub(crate) what: String,
}

/// The result of parsing a part of the file.
pub(crate) type Parse<T> = Result<T, Stop>;

/// An error at a position in the window.
pub(crate) fn fault<T>(at: usize, what: impl Into<String>) -> Parse<T> {
    Err(Stop::Fault(Fault { at, what: what.into() }))
}

/// The answer if the window ends too early: an error if the file ends too.
pub(crate) fn ends_in<T>(view: View<'_>, at: usize, what: &str) -> Parse<T> {
    match view.last {
        true => fault(at, format!("the file ends within {what} that begins here")),
        false => Err(Stop::More),
    }
}
