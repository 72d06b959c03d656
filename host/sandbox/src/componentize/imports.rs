//! Imports from `env`, the module from which compilers import what nobody has
//! defined.

use runner_pipeline::error::{Error, Fault, Kind, Result};
use runner_pipeline::escape::escape;

/// The module of functions that a linker has not found.
pub(super) const UNDEFINED: &str = "env";
/// Maximum number of functions that are named.
const NAMED: usize = 8;
/// Maximum number of characters of each.
const NAME_CHARS: usize = 80;

/// Refuses a module that imports something from `env`, and says what its author
/// can do.
///
/// # Errors
/// [`Kind::Plugin`], with the names and what each language calls them.
pub(super) fn check(name: &str, imports: &[String]) -> Result<()> {
    if imports.is_empty() {
        return Ok(());
    }
    let named = imports.iter().take(NAMED).map(|import| format!("`{}`", escape(import, NAME_CHARS)));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if imports.len() > NAMED {
        named.push_str(&format!(" and {} more", imports.len() - NAMED));
    }
    let error = Error::new(
        Kind::Plugin,
        format!("`{name}` imports {named} from `{UNDEFINED}`, which nobody provides"),
    )
    .of_fault(Fault::Import);
    Err(match imports.first().map_or("", String::as_str) {
        "abort" | "seed" | "trace" | "console.log" => error.hint(
            "AssemblyScript: define it, as in `asc --use abort=plugin/abort` with a function `abort` that the \
             module itself has; the build of `runner plugin new --lang assemblyscript` does so",
        ),
        first if first.starts_with("emscripten_") || first.starts_with("__syscall") => error.hint(
            "Emscripten: such a module needs its JavaScript; build for wasm32-wasi or wasm32-unknown-unknown \
             with Clang instead",
        ),
        "memory" | "__linear_memory" | "__indirect_function_table" | "__stack_pointer" | "__memory_base" => error
            .hint("it is an object file or a library: link it, with `-nostdlib -Wl,--no-entry` in C and C++"),
        _ => error
            .hint(
                "C, C++, Zig: it is declared, but no source or library that was linked defines it; without \
                 `-Wl,--allow-undefined`, the linker says who calls it",
            )
            .hint(
                "Rust, Go: an `extern` block or `//go:wasmimport env` names it; only `runner:plugin/host` and \
                 WASI can be imported",
            ),
    })
}
