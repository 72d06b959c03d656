//! Logging, a service of the host that a plugin can call.

use runner_contract::LogLevel;

/// Sends a message to the user. In native tests it goes to standard error.
pub fn log(level: LogLevel, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::wasm::log(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {message}");
}

/// Logs for the author of the plugin, who sees it with `-v`. The arguments are
/// those of [`format!`].
#[macro_export]
macro_rules! debug {
    ($($argument:tt)*) => { $crate::log($crate::LogLevel::Debug, &::std::format!($($argument)*)) };
}

/// Logs for the curious user. The arguments are those of [`format!`].
#[macro_export]
macro_rules! info {
    ($($argument:tt)*) => { $crate::log($crate::LogLevel::Info, &::std::format!($($argument)*)) };
}

/// Logs for every user. The arguments are those of [`format!`].
#[macro_export]
macro_rules! warn {
    ($($argument:tt)*) => { $crate::log($crate::LogLevel::Warn, &::std::format!($($argument)*)) };
}
