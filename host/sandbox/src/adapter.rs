//! The adapter that implements WASI 0.1 for core modules (`preview1.wat`), and
//! the interfaces through which it reaches the host.
//!
//! The official adapter implements 0.1 by 0.2, and needs memory from the module
//! for that before the module's runtime has started; Go's cannot give any.

use std::future::poll_fn;

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;
use wasmtime_wasi::I32Exit;
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::store::State;
use crate::type_cycles::text;

pub(crate) const MODULE: &str = include_str!("adapter/preview1.wat");
pub(crate) const WIT: &str = include_str!("adapter/host.wit");

/// The interfaces that the adapter imports.
pub(crate) const INTERFACES: [&str; 2] = ["runner:wasi/output@0.1.0", "runner:wasi/input@0.1.0"];

/// What the adapter of a command has besides: it exports `wasi:cli/run`.
const COMMAND_IMPORT: &str = r#"(import "__main_module__" "_start" (func $start))"#;
const COMMAND_EXPORT: &str = r#"
  (func (export "wasi:cli/run@0.2.0#run") (result i32)
    (global.set $stream_type (i32.const 0))
    (call $start)
    (i32.const 0))"#;

/// What a module with the adapter becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    /// A plugin, whose contract the module implements.
    Plugin,
    /// A command of WASI 0.2.
    Command,
}

/// The adapter, with the types of what it imports.
pub(crate) fn module(world: World) -> Result<Vec<u8>, String> {
    let (name, text_format) = match world {
        World::Plugin => ("adapter", MODULE.to_owned()),
        World::Command => ("command", command()),
    };
    let mut module = wat::parse_str(text_format).map_err(|error| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("host.wit", WIT).map_err(text)?;
    let world = resolve.select_world(&[package], Some(name)).map_err(text)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(text)?;
    Ok(module)
}

/// The adapter for commands, as text: imports come first.
fn command() -> String {
    let body = MODULE.trim_end().strip_suffix(')').unwrap_or(MODULE);
    format!(
        "{})\n",
        body.replacen("(module\n", &format!("(module\n  {COMMAND_IMPORT}\n"), 1) + COMMAND_EXPORT
    )
}

/// Lets plugins import the interfaces. They get no arguments and no input.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_output(linker)?;
    let mut input = linker.instance(INTERFACES[1])?;
    input.func_wrap("read", |_, (_,): (u32,)| Ok((Vec::<u8>::new(),)))?;
    for name in ["argument-count", "argument-bytes"] {
        input.func_wrap(name, |_, (): ()| Ok((0_u32,)))?;
    }
    input.func_wrap("argument-byte", |_, (_,): (u32,)| Ok((0_u32,)))
}

/// Lets commands import the interfaces.
pub(crate) fn add_to_linker_of_commands(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    add_output(linker)?;
    let mut input = linker.instance(INTERFACES[1])?;
    input.func_wrap_async("read", |store: StoreContextMut<'_, State>, (most,): (u32,)| {
        let pipes = store.data().pipes();
        Box::new(async move {
            let Some(pipes) = pipes else { return Ok((Vec::new(),)) };
            Ok((poll_fn(|_| pipes.poll_read(most as usize)).await,))
        })
    })?;
    input.func_wrap("argument-count", |store: StoreContextMut<'_, State>, (): ()| {
        Ok((store.data().arguments().iter().filter(|byte| **byte == 0).count() as u32,))
    })?;
    input.func_wrap("argument-bytes", |store: StoreContextMut<'_, State>, (): ()| {
        Ok((store.data().arguments().len() as u32,))
    })?;
    input.func_wrap("argument-byte", |store: StoreContextMut<'_, State>, (at,): (u32,)| {
        Ok((store.data().arguments().get(at as usize).copied().map_or(0, u32::from),))
    })
}

fn add_output(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut output = linker.instance(INTERFACES[0])?;
    output.func_wrap("write", |mut store: StoreContextMut<'_, State>, (stream, bytes): (u32, Vec<u8>)| {
        store.data_mut().written(stream, &bytes)
    })?;
    output.func_wrap("exit", |store: StoreContextMut<'_, State>, (code,): (u32,)| {
        Err::<(), _>(match store.data().pipes() {
            Some(_) => I32Exit(code.cast_signed()).into(),
            None => wasmtime::Error::msg(format!("it ended itself with exit code {code}")),
        })
    })
}
