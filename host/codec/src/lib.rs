#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod compression;
pub mod recognise;
pub mod text;

pub use compression::{Decoder, Encoder, Format};
pub use recognise::{Foreign, recognise};
pub use text::{Encoding, TextDecoder, TextEncoder};
