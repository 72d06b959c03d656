//! What all tests of compression share.

use std::io::{self, Read, Write};

use runner_codec::compression::{Error, Problem, Settings};
use runner_codec::{Decoder, Encoder, Format};

/// A reader that returns at most so many bytes at a time, in turn.
pub(crate) struct Pieces<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) sizes: &'a [usize],
    pub(crate) turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        let count = most.min(buffer.len());
        self.bytes.read(&mut buffer[..count])
    }
}

pub(crate) fn pack(settings: &Settings, content: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), settings).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn unpack(format: Format, packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    Decoder::new(packed, format).read_to_end(&mut content).map(|_| content)
}

/// The error of decompressing.
pub(crate) fn error(format: Format, packed: &[u8]) -> Error {
    let error = unpack(format, packed).unwrap_err();
    Error::of(&error).unwrap_or_else(|| panic!("another error: {error}")).clone()
}

pub(crate) fn problem(format: Format, packed: &[u8]) -> Problem {
    error(format, packed).problem
}

/// Text that is compressed, but not to nothing.
pub(crate) fn text(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut text = Vec::new();
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.extend(format!("{} user{} logged in\n", state >> 40, state >> 58).bytes());
    }
    text.truncate(bytes);
    text
}

/// Bytes that cannot be compressed.
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(step).collect()
}
