//! The Wasmtime engine. Code does not check how long it runs, which would make it
//! slower: a process that takes too long is killed from outside. Only code that is
//! made for authors counts its instructions.
//!
//! The configuration disables every WebAssembly feature whose results may
//! differ between machines (threads, relaxed SIMD, NaN bit patterns), and
//! features that add attack surface but that no plugin needs.

use std::num::NonZeroUsize;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::stack;
use wasmtime::{Config, Engine, OptLevel};

/// Stack size for guest code. Threads that call plugins need twice as much;
/// those of the binary have four times as much.
const STACK_BYTES: usize = 1 << 20;
const _: () = assert!(stack::STACK_BYTES >= 2 * STACK_BYTES);

/// Maximum number of functions in a backtrace.
const FRAMES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// What code does beside its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Nothing.
    Off,
    /// It counts its instructions, and a call ends after
    /// [`CALL_INSTRUCTIONS`](crate::CALL_INSTRUCTIONS). This makes it slower.
    On,
}

/// Builds an engine. Code for one of the two is none for the other.
///
/// # Errors
/// If the machine is not supported.
pub(crate) fn new(counting: Counting) -> Result<Engine> {
    Engine::new(config().consume_fuel(counting == Counting::On)).map_err(|error| {
        Error::new(Kind::Plugin, "cannot set up the WebAssembly engine").because(format!("{error:#}"))
    })
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_features(
            wasmtime::WasmFeatures::THREADS
                | wasmtime::WasmFeatures::SHARED_EVERYTHING_THREADS
                | wasmtime::WasmFeatures::GC
                | wasmtime::WasmFeatures::FUNCTION_REFERENCES
                | wasmtime::WasmFeatures::EXCEPTIONS
                | wasmtime::WasmFeatures::LEGACY_EXCEPTIONS
                | wasmtime::WasmFeatures::STACK_SWITCHING,
            false,
        )
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(STACK_BYTES)
        // Errors name the functions, if the guest has names. Where in a function
        // it was is left out: that takes as much space as the code.
        .wasm_backtrace_max_frames(Some(FRAMES))
        .wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}
