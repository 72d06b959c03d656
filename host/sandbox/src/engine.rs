//! The Wasmtime engine. Code does not check how long it runs, which would make it
//! slower: a process that takes too long is killed from outside.
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

/// Builds an engine.
///
/// # Errors
/// If the machine is not supported.
pub(crate) fn new() -> Result<Engine> {
    Engine::new(&config()).map_err(|error| {
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
        // Errors name the call and the trap. Stack frames of a guest without
        // symbols do not help the user, so the data for backtraces is left out.
        .wasm_backtrace_max_frames(None::<NonZeroUsize>)
        .wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}
