//! The part of the file that is in view.

/// The part of the file that is in view.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether it ends at the end of the file.
    pub(crate) last: bool,
}

/// What encloses a string or a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quotes {
    /// The quote at the end, which is escaped by doubling.
    pub(crate) quote: u8,
    /// Whether a backslash escapes.
    pub(crate) backslash: bool,
}

impl Quotes {
    /// Quotes in which only the doubled quote is an escape.
    pub(crate) fn doubled(quote: u8) -> Self {
        Self { quote, backslash: false }
    }
}
