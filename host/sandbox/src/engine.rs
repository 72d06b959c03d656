//! One Wasmtime engine, and the clock that ends calls which take too long.
//!
//! The configuration leaves out every WebAssembly feature whose result may
//! differ between machines (threads, relaxed SIMD, NaN bit patterns) and those
//! that add attack surface no plugin needs.

use std::num::NonZeroUsize;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::stack;
use wasmtime::{Config, Engine, OptLevel};

/// How often a running guest looks at its deadline, so the most by which a
/// deadline is overrun on an idle machine.
const TICK: Duration = Duration::from_millis(10);

/// Stack for guest code. Threads that call plugins need twice as much; the
/// binary's own have four times as much.
const STACK_BYTES: usize = 1 << 20;
const _: () = assert!(stack::STACK_BYTES >= 2 * STACK_BYTES);

/// An engine whose epoch advances for as long as this lives.
pub(crate) struct Ticking {
    engine: Engine,
    /// Dropping it ends the ticker's thread.
    _stop: Sender<()>,
}

impl Ticking {
    /// Builds the engine and starts its ticker.
    pub(crate) fn new() -> Result<Self> {
        let engine = new()?;
        let (stop, stopped) = mpsc::channel();
        let ticked = engine.clone();
        stack::builder()
            .name("epoch".into())
            .spawn(move || {
                while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    ticked.increment_epoch();
                }
            })
            .map_err(|error| {
                Error::new(Kind::OutOfMemory, "cannot start the thread that ends slow plugin calls")
                    .because(error)
            })?;
        Ok(Self { engine, _stop: stop })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// The deadline in ticks from now. One more than its length, for the tick
/// that is under way.
pub(crate) fn ticks(deadline: Duration) -> u64 {
    let ticks = deadline.as_nanos().div_ceil(TICK.as_nanos());
    // Epochs are added up in 64 bits; stay far from where they wrap.
    u64::try_from(ticks).unwrap_or(u64::MAX).min(u64::MAX / 4) + 1
}

/// An engine in which nothing ends by itself: for compiling.
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
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        // Errors name the call and the trap. Frames of a guest without
        // symbols tell the user nothing, so none of what they need is built.
        .wasm_backtrace_max_frames(None::<NonZeroUsize>)
        .wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_rounded_down() {
        assert_eq!(ticks(Duration::from_millis(10)), 2);
        assert_eq!(ticks(Duration::from_millis(11)), 3);
        assert!(ticks(Duration::MAX) < u64::MAX / 2);
    }
}
