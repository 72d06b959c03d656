//! Which fields of each record are shown.

/// Only some fields of each record are shown. Allowed with
/// [`Framing::Quoted`](crate::Framing::Quoted) and
/// [`Framing::Delimited`](crate::Framing::Delimited) by `\n`, and without
/// prefilters.
///
/// A window then holds these fields and nothing else, packed together, each
/// followed by one delimiter that belongs to no field, and
/// [`Window::fields`](crate::Window::fields) says where each begins. A field is
/// shown as it stands in the file: with its quotes, and the last one of a record
/// without `\n` or `\r\n`. A byte order mark belongs to no field. A record
/// that ends before a field has none, and an empty line has no fields. No edit
/// may reach beyond its field.
///
/// With a quoted framing, quotes may stand at the start of a field, at its end,
/// and doubled in between. Everything else ends the run with an error that
/// names the first such places.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Projection {
    /// Ends a field when it stands outside quotes. It differs from the bytes
    /// of the framing.
    pub delimiter: u8,
    /// The fields shown, counted from 0: sorted, without duplicates, at least
    /// one.
    pub fields: Vec<u32>,
}
