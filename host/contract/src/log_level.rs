//! How loud a message from a plugin is.

/// How loud a message from a plugin is. The host escapes messages and limits
/// their volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the author of the plugin.
    Debug,
    /// For the curious user.
    Info,
    /// For every user.
    Warn,
}
