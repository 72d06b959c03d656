//! A reader whose first bytes can be looked at.

use std::io::{self, ErrorKind, Read};

/// Bytes read from the source at a time.
const READ_BYTES: usize = 64 << 10;

/// Returns first the bytes that were looked at, then those of the source.
pub(super) struct Head<R> {
    pub(super) source: R,
    bytes: Vec<u8>,
    /// How many of them have been returned.
    at: usize,
    has_ended: bool,
}

impl<R: Read> Head<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, bytes: Vec::new(), at: 0, has_ended: false }
    }

    /// At least `least` of the first bytes, fewer if there are no more. May be
    /// called again after an error.
    pub(super) fn peek(&mut self, least: usize) -> io::Result<&[u8]> {
        while self.bytes.len() < least && !self.has_ended {
            let len = self.bytes.len();
            self.bytes.resize(len + READ_BYTES, 0);
            let read = self.source.read(&mut self.bytes[len..]);
            self.bytes.truncate(len + read.as_ref().copied().unwrap_or_default());
            match read {
                Ok(count) => self.has_ended = count == 0,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.bytes)
    }

    /// Whether bytes that were looked at wait to be returned.
    pub(super) fn is_ready(&self) -> bool {
        self.at < self.bytes.len() || self.has_ended
    }
}

impl<R: Read> Read for Head<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            // The end of an input that can be waited for is read once.
            return if self.has_ended { Ok(0) } else { self.source.read(output) };
        }
        let count = rest.len().min(output.len());
        output[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        if self.at == self.bytes.len() {
            (self.bytes, self.at) = (Vec::new(), 0);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that has one byte at a time, and nothing in between.
    struct Slow<'a>(&'a [u8], bool);

    impl Read for Slow<'_> {
        fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(ErrorKind::WouldBlock.into()) } else { (&mut self.0).take(1).read(output) }
        }
    }

    #[test]
    fn what_was_looked_at_is_returned_first() {
        let mut head = Head::new(Slow(b"abcdef", false));
        let mut waited = 0;
        while head.peek(3).is_err() {
            waited += 1;
        }
        assert_eq!((head.peek(3).expect("bytes"), waited), (&b"abc"[..], 3));
        let mut all = Vec::new();
        let mut buffer = [0; 2];
        loop {
            match head.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        assert_eq!(all, b"abcdef");
        assert_eq!(Head::new(&b"ab"[..]).peek(10).expect("bytes"), b"ab");
    }
}
