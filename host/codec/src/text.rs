//! Text in other encodings than UTF-8, as UTF-8 and back.
//!
//! **Decoding and encoding again gives the same bytes, for every input.** Bytes
//! that are no text in the encoding become sequences that UTF-8 does not have
//! ([`sequence`]), so a program for text sees that something is there, never
//! takes it for a character, and passes it on. A byte order mark is the
//! character U+FEFF, in UTF-8 as well.
//!
//! There are UTF-16 and encodings of one byte a character. With the others of
//! the Encoding Standard (Shift_JIS, GBK, Big5, EUC-KR, ISO-2022-JP and so on)
//! several byte sequences stand for one character, or bytes depend on a state,
//! so what is not edited would not stay as it is. They are refused.

mod decode;
mod decoder;
mod edits;
mod encode;
mod encoder;
mod encoding;
mod error;
mod label;
mod offset_map;
pub mod sequence;
mod table;

pub use self::decoder::TextDecoder;
pub use self::edits::{Edit, EditTranslator};
pub use self::encoder::TextEncoder;
pub use self::encoding::Encoding;
pub use self::error::{Error, Problem};
pub use self::label::{Choice, LabelError};
pub use self::offset_map::OffsetMap;
