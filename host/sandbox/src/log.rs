//! The log messages of a plugin, escaped and limited.

use std::sync::Arc;

use runner_pipeline::escape::escape;

use runner_contract::LogLevel;

/// Receives log messages. Called from any thread that runs the plugin.
pub type Sink = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// Maximum number of characters per message.
const MESSAGE_CHARS: usize = 4096;
/// Maximum number of bytes of all messages of an instance, as shown.
const VOLUME_BYTES: usize = 64 << 10;
/// Bytes counted per message in addition to its text, so that the number of
/// empty messages is limited, too.
const MESSAGE_COST: usize = 16;
/// Maximum number of messages of an instance; the last one says that there were
/// more.
pub(crate) const MAX_MESSAGES: usize = VOLUME_BYTES / MESSAGE_COST + 1;

/// The log of one instance.
pub(crate) struct Log {
    sink: Sink,
    /// Bytes left for messages; `None` once a message has been dropped.
    left: Option<usize>,
}

impl Log {
    pub(crate) fn new(sink: Sink) -> Self {
        Self { sink, left: Some(VOLUME_BYTES) }
    }

    /// Passes a message on, or warns once that further messages are dropped.
    pub(crate) fn write(&mut self, level: LogLevel, message: &str) {
        let Some(left) = self.left else { return };
        let message = escape(message, MESSAGE_CHARS);
        self.left = left.checked_sub(message.len() + MESSAGE_COST);
        match self.left {
            Some(_) => (self.sink)(level, &message),
            None => (self.sink)(LogLevel::Warn, "log limit reached: further messages dropped"),
        }
    }
}
