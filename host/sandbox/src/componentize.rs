//! Converts any accepted form of a plugin to a component.
//!
//! The text format is translated first. A component is used unchanged. A core
//! module with the contract's canonical names is wrapped, with the adapter for
//! WASI 0.1 if it imports that. So is a command of WASI 0.1, which becomes one of
//! 0.2. Anything else is refused with an error that says
//! what it is and what is missing.

mod imports;

use std::borrow::Cow;

use runner_pipeline::error::{Error, Fault, Kind, Result};
use runner_pipeline::escape::{escape, escape_lines};
use wasmparser::{Encoding, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::adapter::{self, World};
use crate::bindings::GUEST;
use crate::contract_version;
use crate::limits::MAX_TEXT_BYTES;
use crate::type_cycles::{self, text};

const WIT: &str = include_str!("../wit/plugin.wit");
/// The module of WASI 0.1.
const PREVIEW1: &str = "wasi_snapshot_preview1";
const WORLD: &str = "plugin";
/// What modules are wrapped in: the contract and the adapter.
pub(crate) const WRAPPING: [&str; 3] = [WIT, adapter::MODULE, adapter::WIT];
/// The first bytes of every binary module and component.
const MAGIC: &[u8] = b"\0asm";
/// Maximum number of characters of an error in the text format.
const TEXT_ERROR_CHARS: usize = 1000;
/// Maximum number of exports named in an error.
const NAMED_EXPORTS: usize = 8;

/// Converts `bytes` to a component. `name` is the plugin's name in errors.
pub(crate) fn component<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    if !bytes.starts_with(MAGIC) {
        if !is_text(bytes) {
            return Err(Error::new(Kind::Plugin, format!("`{name}` is not a WebAssembly module")));
        }
        if bytes.len() as u64 > MAX_TEXT_BYTES {
            let mib = MAX_TEXT_BYTES >> 20;
            let what = format!(
                "`{name}` has {} bytes; the limit for the text format of WebAssembly is {mib} MiB",
                bytes.len()
            );
            return Err(Error::new(Kind::Plugin, what)
                .hint("translate it to the binary format, for example with `wasm-tools parse`"));
        }
        let translated = wat::parse_bytes(bytes).map_err(|error| {
            Error::new(Kind::Plugin, format!("`{name}` is not valid in the text format of WebAssembly"))
                .because(escape_lines(&error.to_string(), TEXT_ERROR_CHARS))
        })?;
        // What is translated is never text again.
        return Ok(Cow::Owned(component(name, &translated)?.into_owned()));
    }
    let module = match Shape::read(bytes).map_err(|error| invalid(name, error.to_string()))? {
        Shape::Component => return Ok(Cow::Borrowed(bytes)),
        Shape::Module(module) => module,
    };
    let world = world(name, &module)?;
    imports::check(name, &module.imports)?;
    let encoded = wrap(bytes, &module, world).map_err(|error| {
        let error = Error::new(Kind::Plugin, format!("cannot convert the module `{name}` to a component"))
            .because(error);
        if module.foreign { error.of_fault(Fault::Import) } else { error }
    })?;
    Ok(Cow::Owned(encoded))
}

/// Whether bytes may be the text format: the first thing in it is a parenthesis
/// or a comment.
fn is_text(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    text.starts_with(b"(") || text.starts_with(b";;")
}

/// The error for bytes that begin as WebAssembly does, but cannot be read on.
pub(crate) fn invalid(name: &str, why: String) -> Error {
    Error::new(Kind::Plugin, format!("`{name}` is not valid WebAssembly"))
        .because(why)
        .hint("the file is damaged or incomplete: build it or download it again")
}

/// The error for a module or component that does not export the contract's
/// interface, of any version.
pub(crate) fn wrong_contract<'a>(name: &str, form: &str, exports: impl Iterator<Item = &'a str>) -> Error {
    let exports: Vec<_> = exports.map(|export| escape(export, 80)).collect();
    let error = Error::new(Kind::Plugin, format!("`{name}` is a {form}, but does not export {GUEST}"));
    if exports.is_empty() {
        return error.because("it exports nothing");
    }
    let more = exports.len().saturating_sub(NAMED_EXPORTS);
    let named = exports.iter().take(NAMED_EXPORTS).map(|export| format!("`{export}`"));
    let mut why = format!("it exports {}", named.collect::<Vec<_>>().join(", "));
    if more > 0 {
        why.push_str(&format!(" and {more} more"));
    }
    error.because(why)
}

/// The form of a plugin, as far as its bytes show it without compiling.
enum Shape {
    Component,
    Module(Module),
}

/// The relevant properties of a core module.
#[derive(Default)]
struct Module {
    exports: Vec<String>,
    /// The interfaces of the contract that it imports from.
    interfaces: Vec<String>,
    /// What it imports from a module that no host has.
    imports: Vec<String>,
    /// It imports WASI 0.1.
    preview1: bool,
    /// It imports from something other than WASI and the contract.
    foreign: bool,
    /// It declares the world that it was built for.
    typed: bool,
}

impl Shape {
    fn read(bytes: &[u8]) -> wasmparser::Result<Self> {
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::Version { encoding: Encoding::Component, .. } => return Ok(Self::Component),
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import?;
                        module.preview1 |= import.module == PREVIEW1;
                        if import.module.contains(contract_version::PACKAGE) {
                            module.interfaces.push(import.module.to_owned());
                        }
                        if import.module == imports::UNDEFINED {
                            module.imports.push(import.name.to_owned());
                        }
                        module.foreign |= import.module != PREVIEW1
                            && !["runner:plugin/", "wasi:"].iter().any(|known| import.module.contains(known));
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        module.exports.push(export?.name.to_owned());
                    }
                }
                Payload::CustomSection(section) => {
                    module.typed |= section.name().starts_with("component-type");
                }
                _ => {}
            }
        }
        Ok(Self::Module(module))
    }
}

/// What a module becomes: a plugin, or a command.
fn world(name: &str, module: &Module) -> Result<World> {
    contract_version::check(name, module.exports.iter().chain(&module.interfaces).map(String::as_str))?;
    // `a:b/c@1.2.3#f`, or `cm32p2|a:b/c@1.2|f` in the newer mangling, which
    // omits the part that may differ between compatible versions.
    let newer = format!("cm32p2|{}|", GUEST.rsplit_once('.').map_or(GUEST, |(minor, _)| minor));
    let older = format!("{GUEST}#");
    if module.exports.iter().any(|export| export.starts_with(&older) || export.starts_with(&newer)) {
        return Ok(World::Plugin);
    }
    let exports = module.exports.iter().map(String::as_str);
    if module.exports.iter().any(|export| export == "_start")
        && !module.exports.iter().any(|export| export.contains("runner:plugin/"))
    {
        return Ok(World::Command);
    }
    Err(wrong_contract(name, "core module", exports))
}

fn wrap(bytes: &[u8], module: &Module, world: World) -> Result<Vec<u8>, String> {
    let mut typed = Cow::Borrowed(bytes);
    if !module.typed && world == World::Plugin {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("plugin.wit", WIT).map_err(text)?;
        let world = resolve.select_world(&[package], Some(WORLD)).map_err(text)?;
        embed_component_metadata(typed.to_mut(), &resolve, world, StringEncoding::UTF8).map_err(text)?;
    }
    let has_adapter = module.preview1 || world == World::Command;
    let adapter = has_adapter.then(|| adapter::module(world)).transpose()?;
    let merged = [Some(&*typed), adapter.as_deref()];
    type_cycles::check(merged.into_iter().flatten())?;
    let mut encoder = ComponentEncoder::default().module(&typed).map_err(text)?;
    if let Some(adapter) = &adapter {
        encoder = encoder.adapter(PREVIEW1, adapter).map_err(text)?;
    }
    // Wasmtime validates the component when it compiles it. That of a command is made
    // of an adapter that imports what nobody has checked yet: the type of `_start`.
    encoder.validate(world == World::Command).encode().map_err(text)
}
