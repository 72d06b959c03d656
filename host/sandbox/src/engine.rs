//! The Wasmtime engine, and the ticker that ends calls which take too long.
//!
//! The configuration disables every WebAssembly feature whose results may
//! differ between machines (threads, relaxed SIMD, NaN bit patterns), and
//! features that add attack surface but that no plugin needs.

use std::num::NonZeroUsize;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::stack;
use wasmtime::{Config, Engine, OptLevel};

/// How often the epoch advances. On an idle machine, a call overruns its
/// deadline by at most this time.
const TICK: Duration = Duration::from_millis(10);

/// Stack size for guest code. Threads that call plugins need twice as much;
/// those of the binary have four times as much.
const STACK_BYTES: usize = 1 << 20;
const _: () = assert!(stack::STACK_BYTES >= 2 * STACK_BYTES);

/// Who ends calls that take too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deadlines {
    /// The engine itself, by epochs. Compiled code checks them, which makes it
    /// slower.
    Epochs,
    /// The parent, which kills this process.
    Parent,
}

/// An engine whose epoch advances for as long as this lives, if it has epochs.
pub(crate) struct Ticking {
    engine: Engine,
    /// Dropping it ends the ticker's thread.
    _stop: Option<Sender<()>>,
}

impl Ticking {
    /// An engine without a ticker.
    pub(crate) fn without_epochs() -> Result<Self> {
        Ok(Self { engine: new(Deadlines::Parent)?, _stop: None })
    }

    /// Builds the engine and starts its ticker.
    pub(crate) fn new() -> Result<Self> {
        let engine = new(Deadlines::Epochs)?;
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
        Ok(Self { engine, _stop: Some(stop) })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// The deadline in ticks from now. One tick is added for the tick that has
/// already begun.
pub(crate) fn ticks(deadline: Duration) -> u64 {
    let ticks = deadline.as_nanos().div_ceil(TICK.as_nanos());
    // Epochs have 64 bits: stay far below the value where they wrap around.
    u64::try_from(ticks).unwrap_or(u64::MAX).min(u64::MAX / 4) + 1
}

/// An engine without a ticker, for compiling only.
pub(crate) fn new(deadlines: Deadlines) -> Result<Engine> {
    Engine::new(&config(deadlines)).map_err(|error| {
        Error::new(Kind::Plugin, "cannot set up the WebAssembly engine").because(format!("{error:#}"))
    })
}

fn config(deadlines: Deadlines) -> Config {
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
        .epoch_interruption(deadlines == Deadlines::Epochs)
        .max_wasm_stack(STACK_BYTES)
        // Errors name the call and the trap. Stack frames of a guest without
        // symbols do not help the user, so the data for backtraces is left out.
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
