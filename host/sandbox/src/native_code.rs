//! Native code: made from a plugin in this process, and loaded.

use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::facts::Facts;
use crate::{census, componentize};

/// What is compiled.
pub(crate) struct Source<'a> {
    /// The plugin's name in errors.
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
}

/// Measures, wraps and compiles in this process.
///
/// # Errors
/// If the bytes are not a plugin, or if it needs too much to start.
pub(crate) fn compile(engine: &Engine, source: &Source<'_>) -> Result<(Vec<u8>, Facts)> {
    let Source { name, bytes } = *source;
    // If the bytes cannot be read, the next step returns a better error.
    let plugin = census::measure(bytes).unwrap_or_default();
    plugin.check().map_err(|why| census::refused(name, why))?;
    let component = componentize::component(name, bytes)?;
    // Checked again, now including the component that wraps a core module.
    let whole = census::measure(&component).map_err(|why| componentize::invalid(name, why))?;
    whole.check().map_err(|why| census::refused(name, why))?;
    let code = engine.precompile_component(&component).map_err(|error| broken(name, &error))?;
    Ok((code, Facts::new(&plugin, &whole)))
}

/// Maps native code that comes from the [compiler](crate::Isolation) or from the
/// [cache](crate::Cache): the file that a [`Code`](crate::code::Code) names.
///
/// # Errors
/// If it is not for this engine.
pub(crate) fn component(engine: &Engine, name: &str, code: &Path) -> Result<Component> {
    // SAFETY: `deserialize_file` requires a file that `precompile_component`
    // made and that nobody changes. The file is sealed. Its content was made in
    // this process or by a child that runs the same executable; or `Cache::load`
    // found it authentic after it was sealed, so `Cache::store` wrote exactly
    // these bytes. Wasmtime also checks that version and settings are those of
    // `engine`.
    #[allow(unsafe_code)]
    let component = unsafe { Component::deserialize_file(engine, code) };
    component.map_err(|error| broken(name, &error))
}

fn broken(name: &str, error: &wasmtime::Error) -> Error {
    Error::new(Kind::Plugin, format!("cannot compile `{name}`")).because(escape(&format!("{error:#}"), 1000))
}
