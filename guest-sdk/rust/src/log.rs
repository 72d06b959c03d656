//! The one thing a plugin may ask of the host.

/// How loud a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the author of the plugin.
    Debug,
    /// For the curious user.
    Info,
    /// For every user.
    Warn,
}

/// Says something to the user. The host escapes it and bounds its volume;
/// in native tests it goes to standard error.
pub fn log(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::wasm::log(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {message}");
}
