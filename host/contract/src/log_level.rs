//! The severity of a plugin's log message.

/// The severity of a plugin's log message. The host escapes messages and limits
/// their volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum LogLevel {
    /// For the author of the plugin, in every detail.
    Trace,
    /// For the author of the plugin.
    Debug,
    /// For interested users.
    Info,
    /// For all users.
    Warn,
    /// For all users: what went wrong.
    Error,
}
