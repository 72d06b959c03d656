//! What a plugin says, escaped and bounded.

use std::sync::Arc;

use runner_pipeline::escape::escape;

use runner_contract::LogLevel;

/// Where log lines go; called from whichever thread runs the plugin.
pub type Sink = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// Characters of one message.
const MESSAGE_CHARS: usize = 4096;
/// Bytes of all messages of one instance, as they are shown.
const VOLUME_BYTES: usize = 64 << 10;
/// Counted for each message besides its text, so that empty ones run out too.
const MESSAGE_COST: usize = 16;

/// The log of one instance.
pub(crate) struct Log {
    sink: Sink,
    /// Bytes that may still be said; `None` once something was dropped.
    left: Option<usize>,
}

impl Log {
    pub(crate) fn new(sink: Sink) -> Self {
        Self { sink, left: Some(VOLUME_BYTES) }
    }

    /// Passes a message on, or says once that from now on none are.
    pub(crate) fn write(&mut self, level: LogLevel, message: &str) {
        let Some(left) = self.left else { return };
        let message = escape(message, MESSAGE_CHARS);
        self.left = left.checked_sub(message.len() + MESSAGE_COST);
        match self.left {
            Some(_) => (self.sink)(level, &message),
            None => (self.sink)(LogLevel::Warn, "it logs too much: further messages dropped"),
        }
    }
}
