//! What a plugin writes to standard output and standard error: lines of its log.

use std::sync::{Arc, Mutex};

use runner_contract::LogLevel;
use runner_pipeline::locks;

use crate::log::{self, Log};
use crate::pipes::Pipes;

/// A longer line is cut into lines of this length, in bytes.
const LINE_BYTES: usize = 4096;
/// Bytes kept until the log takes them. With more, the log says that messages
/// are dropped, because that is also the limit of the log.
const KEPT_BYTES: usize = log::VOLUME_BYTES + LINE_BYTES;

/// A line that Rust adds to the message of a panic, also where it is in the runtime
/// of another language. A plugin has no environment variables.
const BACKTRACE_NOTE: &[u8] = b"note: run with `RUST_BACKTRACE=1` environment variable";

/// One of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

impl Stream {
    /// The level of its lines.
    const fn level(self) -> LogLevel {
        match self {
            Self::Output => LogLevel::Info,
            Self::Error => LogLevel::Warn,
        }
    }
}

/// Takes what a plugin or a command writes. Standard output of a command is no
/// part of its log.
///
/// # Errors
/// If a command writes too much.
pub(crate) fn write(
    output: &Output,
    pipes: Option<&Pipes>,
    (stream, bytes): (Stream, &[u8]),
) -> wasmtime::Result<()> {
    match (stream, pipes) {
        (Stream::Output, Some(pipes)) => {
            return pipes.write(bytes).map_err(|_| wasmtime::Error::msg("it writes too much"));
        }
        (Stream::Error, Some(pipes)) => pipes.write_error(bytes),
        (_, None) => {}
    }
    output.write(stream, bytes);
    Ok(())
}

/// The streams of an instance. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Output {
    kept: Arc<Mutex<Kept>>,
    /// The log that takes each line as soon as it is whole. Without one, lines
    /// are kept until they are passed on.
    log: Option<Arc<Mutex<Log>>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Whole lines, without their ends.
    lines: Vec<(Stream, Vec<u8>)>,
    /// The line that each stream has begun.
    begun: [Vec<u8>; 2],
    /// Bytes of all lines, and one for each.
    bytes: usize,
}

impl Output {
    /// Streams whose lines are logged at once, so that they are known even if the
    /// call never ends.
    pub(crate) fn logging_to(log: Arc<Mutex<Log>>) -> Self {
        Self { kept: Arc::default(), log: Some(log) }
    }

    /// Takes what is written.
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) {
        let log = self.log.as_ref().map(|log| locks::lock(log));
        let mut kept = locks::lock(&self.kept);
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            for part in part.chunks(LINE_BYTES) {
                kept.add(stream, part);
            }
        }
        if let Some(mut log) = log {
            kept.pass_on(&mut log);
        }
    }

    /// Logs the lines that have begun: the call is over.
    pub(crate) fn end_call(&self) {
        if let Some(log) = &self.log {
            self.pass_on(&mut locks::lock(log), Ends::Now);
        }
    }

    /// Drops what was not passed on.
    pub(crate) fn clear(&self) {
        *locks::lock(&self.kept) = Kept::default();
    }

    /// Passes all lines on to the log. A line that has begun is passed on as it
    /// is when `ends` says that nothing follows for now.
    pub(crate) fn pass_on(&self, log: &mut Log, ends: Ends) {
        let mut kept = locks::lock(&self.kept);
        if ends == Ends::Now {
            kept.end(Stream::Output);
            kept.end(Stream::Error);
        }
        kept.pass_on(log);
    }
}

/// Whether lines that have begun are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// A call is over.
    Now,
    /// The plugin goes on.
    Later,
}

impl Kept {
    fn add(&mut self, stream: Stream, part: &[u8]) {
        if self.bytes > KEPT_BYTES {
            return;
        }
        let begun = &mut self.begun[stream as usize];
        if begun.len() + part.len() > LINE_BYTES {
            self.end(stream);
        }
        let text = part.strip_suffix(b"\n").unwrap_or(part);
        self.begun[stream as usize].extend_from_slice(text);
        self.bytes += part.len();
        if text.len() < part.len() {
            // An empty line says nothing.
            self.end(stream);
        }
    }

    /// Passes all whole lines on.
    fn pass_on(&mut self, log: &mut Log) {
        self.bytes = 0;
        for (stream, line) in self.lines.drain(..) {
            log.write(stream.level(), &String::from_utf8_lossy(&line));
        }
    }

    fn end(&mut self, stream: Stream) {
        let line = std::mem::take(&mut self.begun[stream as usize]);
        if !line.is_empty() && !line.starts_with(BACKTRACE_NOTE) {
            self.lines.push((stream, line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Lines = Vec<(LogLevel, String)>;

    /// A log, and what it was told.
    fn log() -> (Log, Arc<Mutex<Lines>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let sink = move |level: LogLevel, text: &str| locks::lock(&kept).push((level, text.to_owned()));
        (Log::new(Arc::new(sink)), lines)
    }

    /// However a text is written, its lines come out, but for empty ones.
    #[test]
    fn lines_do_not_depend_on_pieces() {
        let text = "ab\n\nc\n\n\ndef\ng";
        let expected = ["ab", "c", "def", "g"].map(|line| (LogLevel::Info, line.to_owned()));
        for (one, other) in (0..=text.len()).flat_map(|one| (one..=text.len()).map(move |other| (one, other)))
        {
            let (mut log, lines) = log();
            let output = Output::default();
            for piece in [&text[..one], &text[one..other], &text[other..]] {
                output.write(Stream::Output, piece.as_bytes());
                output.pass_on(&mut log, Ends::Later);
            }
            output.pass_on(&mut log, Ends::Now);
            assert_eq!(*locks::lock(&lines), expected, "cut at {one} and {other}");
        }
    }

    #[test]
    fn endless_output_is_cut_off_and_the_log_says_so() {
        let (mut log, lines) = log();
        let output = Output::default();
        for _ in 0..1000 {
            output.write(Stream::Error, &[b'x'; 1000]);
        }
        assert!(
            locks::lock(&output.kept).lines.iter().map(|(_, line)| line.len()).sum::<usize>()
                < 2 * KEPT_BYTES
        );
        output.pass_on(&mut log, Ends::Now);
        let lines = locks::lock(&lines);
        assert_eq!(lines[0], (LogLevel::Warn, "x".repeat(LINE_BYTES / 1000 * 1000)));
        assert_eq!(lines.last().unwrap().1, "log limit reached: further messages dropped");
    }
}
