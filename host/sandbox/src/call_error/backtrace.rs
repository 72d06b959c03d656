//! The functions in which a guest was when a call ended, if it has their names.

use runner_pipeline::escape::escape;
use wasmtime::WasmBacktrace;

/// Maximum number of functions that are named.
const NAMED: usize = 8;
/// Maximum number of characters of each.
const NAME_CHARS: usize = 80;

/// Whether the guest was running when the call ended.
pub(super) fn is_inside(error: &wasmtime::Error) -> bool {
    error.downcast_ref::<WasmBacktrace>().is_some_and(|backtrace| !backtrace.frames().is_empty())
}

/// The names of the functions, innermost first: "`a`, called by `b`, `c`". `None`
/// if the guest has no names. Functions of the wrapping have none.
pub(super) fn functions(error: &wasmtime::Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let names = frames.iter().filter_map(|frame| frame.func_name());
    let names: Vec<_> = names.take(NAMED).map(|name| format!("`{}`", readable(name))).collect();
    let (innermost, callers) = names.split_first()?;
    if callers.is_empty() {
        return Some(innermost.clone());
    }
    Some(format!("{innermost}, called by {}", callers.join(", ")))
}

/// A name without what a compiler adds to it, if that is known.
fn readable(name: &str) -> String {
    escape(&format!("{:#}", rustc_demangle::demangle(name)), NAME_CHARS)
}
