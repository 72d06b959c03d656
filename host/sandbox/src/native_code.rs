//! Native code: made from a plugin in this process, and loaded.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::{census, componentize};

/// Wraps and compiles in this process.
pub(crate) fn compile(engine: &Engine, name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let component = componentize::component(name, bytes)?;
    // Checked again, now including the component that wraps a core module.
    let cost = census::measure(&component).map_err(|why| componentize::invalid(name, why))?;
    cost.check().map_err(|why| census::refused(name, why))?;
    engine.precompile_component(&component).map_err(|error| broken(name, &error))
}

/// Loads the native code returned by [`Compiler::compile`](crate::Compiler).
pub(crate) fn component(engine: &Engine, name: &str, code: &[u8]) -> Result<Component> {
    // SAFETY: `deserialize` requires bytes made by `precompile_component`, and
    // `code` was returned by the compiler: it was made in this process,
    // or by a child that runs the same executable. Nobody else can change it.
    // Wasmtime also checks that version and settings are those of `engine`.
    #[allow(unsafe_code)]
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(|error| broken(name, &error))
}

fn broken(name: &str, error: &wasmtime::Error) -> Error {
    Error::new(Kind::Plugin, format!("cannot compile `{name}`")).because(escape(&format!("{error:#}"), 1000))
}
