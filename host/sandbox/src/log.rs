//! The log messages of a plugin, escaped and limited. A message of several lines
//! becomes several.

use std::sync::Arc;

use runner_pipeline::escape::escape;

use runner_contract::LogLevel;

/// Receives log messages. Called from any thread that runs the plugin.
pub type Sink = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// Maximum number of characters per message.
const MESSAGE_CHARS: usize = 4096;
/// Maximum number of bytes of all warnings and errors of an instance, as shown;
/// and of all other messages, so that many of them do not hide a warning.
pub(crate) const VOLUME_BYTES: usize = 64 << 10;
/// Bytes counted per message in addition to its text, so that the number of
/// empty messages is limited, too.
const MESSAGE_COST: usize = 16;
/// Maximum number of messages of an instance; the last one says that there were
/// more.
pub(crate) const MAX_MESSAGES: usize = 2 * (VOLUME_BYTES / MESSAGE_COST + 1);

/// Bytes of all that an instance logs, as notes of a worker: fewer per message
/// than [`MESSAGE_COST`], and a last message of each kind.
pub(crate) const NOTE_BYTES: usize = 2 * VOLUME_BYTES + MESSAGE_CHARS;
const _: () = assert!(NOTE_BYTES.is_multiple_of(4096));

/// Levels as kinds of notes: the place of each is its number.
const LEVELS: [LogLevel; 5] =
    [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];

/// The kind of a note.
pub(crate) fn note_kind(level: LogLevel) -> u8 {
    level as u8
}

/// The log of one instance.
pub(crate) struct Log {
    sink: Sink,
    /// Bytes left for warnings and errors, and for other messages; `None` once
    /// one has been dropped.
    left: [Option<usize>; 2],
}

impl Log {
    pub(crate) fn new(sink: Sink) -> Self {
        Self { sink, left: [Some(VOLUME_BYTES); 2] }
    }

    /// Passes on what a worker has noted. It may be anything.
    pub(crate) fn write_notes(&mut self, notes: &[(u8, Vec<u8>)]) {
        for (kind, text) in notes {
            if let Some(level) = LEVELS.get(usize::from(*kind)) {
                self.write(*level, &String::from_utf8_lossy(text));
            }
        }
    }

    /// Passes the lines of a message on, or warns once that further ones are
    /// dropped.
    pub(crate) fn write(&mut self, level: LogLevel, message: &str) {
        let is_loud = matches!(level, LogLevel::Warn | LogLevel::Error);
        let left = &mut self.left[usize::from(is_loud)];
        for line in message.lines() {
            let Some(bytes) = *left else { return };
            let line = escape(line, MESSAGE_CHARS);
            *left = bytes.checked_sub(line.len() + MESSAGE_COST);
            match (*left, is_loud) {
                (Some(_), _) => (self.sink)(level, &line),
                (None, true) => (self.sink)(LogLevel::Warn, "log limit reached: further messages dropped"),
                (None, false) => {
                    let what = "log limit reached: further messages but warnings and errors dropped";
                    (self.sink)(level, what);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_kinds_of_notes() {
        for level in LEVELS {
            assert_eq!(LEVELS.get(usize::from(note_kind(level))), Some(&level));
        }
    }
}
