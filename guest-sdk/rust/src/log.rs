//! Logging, the only service of the host that a plugin can call.

use runner_contract::LogLevel;

/// Sends a message to the user. In native tests it goes to standard error.
pub fn log(level: LogLevel, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::wasm::log(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {message}");
}
