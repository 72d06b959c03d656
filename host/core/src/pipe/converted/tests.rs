//! A compressed stream that pauses.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Duration;

use runner_codec::compression::Settings;
use runner_codec::{Decoder, Encoder, Format};
use runner_contract::{Edits, Framing, Job, Window};

use crate::convert::Convert;
use crate::engine::transform::Instance;
use crate::pipe::{self, Input, Options};

/// Pieces, each of which comes after a pause.
struct Pieces(VecDeque<Vec<u8>>, Vec<u8>);

impl Read for Pieces {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        assert!(!self.1.is_empty() || self.0.is_empty(), "this read would wait");
        let count = (&self.1[..]).read(output)?;
        self.1.drain(..count);
        Ok(count)
    }
}

impl Input for Pieces {
    fn wait(&mut self, most: Option<Duration>) -> io::Result<bool> {
        if self.1.is_empty() && most.is_none() {
            self.1 = self.0.pop_front().unwrap_or_default();
        }
        Ok(!self.1.is_empty() || self.0.is_empty())
    }
}

/// What was written before each flush.
#[derive(Default)]
struct Flushed(Vec<u8>, Vec<usize>);

impl Write for Flushed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.push(self.0.len());
        Ok(())
    }
}

/// What a reader has of a stream that has not ended.
fn begun(stream: &[u8], format: Format) -> Vec<u8> {
    let (mut decoder, mut content) = (Decoder::new(stream, format), Vec::new());
    let mut byte = [0];
    while let Ok(1) = decoder.read(&mut byte) {
        content.push(byte[0]);
    }
    content
}

#[test]
fn each_line_of_a_compressed_stream_is_answered() {
    for format in [Format::Gzip, Format::Zstd, Format::Xz] {
        // Each line is readable once its bytes have come; they come in two pieces.
        let mut encoder = Encoder::new(Vec::new(), &Settings::of(format)).expect("an encoder");
        let (mut pieces, mut expected) = (VecDeque::new(), vec![Vec::new()]);
        let mut stream = Vec::new();
        for number in 0..20 {
            encoder.write_all(format!("line {number}\n").as_bytes()).expect("compressed");
            encoder.flush().expect("compressed");
            let line = format!("{}LINE {number}\n", String::from_utf8_lossy(&expected[number]));
            expected.push(line.into_bytes());
        }
        stream.extend_from_slice(&encoder.finish().expect("compressed"));
        stream.chunks(7).for_each(|piece| pieces.push_back(piece.to_vec()));
        let begin = |_: runner_contract::FileHead<'_>| {
            let transform = |window: &Window<'_>, edits: &mut Edits| -> Result<(), String> {
                memchr::memmem::find_iter(window.bytes, b"line")
                    .for_each(|at| edits.replace(at..at + 4, b"LINE"));
                Ok(())
            };
            Ok((Job::new(Framing::lines()).text(), Instance::local(transform)))
        };
        let options = Options { convert: Convert::NOTHING.decompressed(None), ..Options::default() };
        let mut output = Flushed::default();
        pipe::run(&mut Pieces(pieces, Vec::new()), &mut output, &begin, &options).expect("a stream");
        // Every line was there after a pause, before the next one was.
        let seen: Vec<_> = output.1.iter().map(|end| begun(&output.0[..*end], format)).collect();
        for expected in &expected[1..] {
            assert!(seen.contains(expected), "{format:?}: {}", expected.escape_ascii());
        }
    }
}

#[test]
fn a_stream_that_is_cut_is_an_error() {
    let stream = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    let options = Options { convert: Convert::NOTHING.decompressed(None), ..Options::default() };
    let begin = |_: runner_contract::FileHead<'_>| -> crate::error::Result<crate::engine::transform::Begun> {
        Err(crate::error::Error::new(crate::error::Kind::Plugin, "no job"))
    };
    let error = pipe::run(&mut &stream[..], &mut Vec::new(), &begin, &options).expect_err("a cut stream");
    assert_eq!(error.what(), "cannot decompress: the gzip data ends early, at offset 10");
}
