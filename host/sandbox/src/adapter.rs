//! The adapter that implements WASI 0.1 for core modules (`preview1.wat`), and
//! the interface through which it reaches the host.
//!
//! The official adapter implements 0.1 by 0.2, and needs memory from the module
//! for that before the module's runtime has started; Go's cannot give any.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::store::State;
use crate::type_cycles::text;

pub(crate) const MODULE: &str = include_str!("adapter/preview1.wat");
pub(crate) const WIT: &str = include_str!("adapter/output.wit");

/// The interface that the adapter imports.
pub(crate) const INTERFACE: &str = "runner:wasi/output@0.1.0";

/// The adapter, with the types of what it imports.
pub(crate) fn module() -> Result<Vec<u8>, String> {
    let mut module = wat::parse_str(MODULE).map_err(|error| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("output.wit", WIT).map_err(text)?;
    let world = resolve.select_world(&[package], Some("adapter")).map_err(text)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(text)?;
    Ok(module)
}

/// Lets components import the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut output = linker.instance(INTERFACE)?;
    output.func_wrap("write", |mut store: StoreContextMut<'_, State>, (stream, bytes): (u32, Vec<u8>)| {
        store.data_mut().written(stream, &bytes);
        Ok(())
    })?;
    output.func_wrap("exit", |_: StoreContextMut<'_, State>, (code,): (u32,)| {
        Err::<(), _>(wasmtime::Error::msg(format!("it ended itself with exit code {code}")))
    })
}
