//! Links what a plugin imports.

use runner_pipeline::error::{Error, Fault, Kind, Result};
use runner_pipeline::escape::escape;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::store::State;
use crate::{adapter, bindings, componentize, contract_version, wasi};

/// Checks the imports and exports of a component, and links its imports.
pub(crate) fn link(name: &str, component: &Component) -> Result<bindings::Pre<State>> {
    let engine = component.engine();
    let ty = component.component_type();
    let names = ty.imports(engine).chain(ty.exports(engine)).map(|(name, _)| name);
    contract_version::check(name, names)?;
    let (mut wasi, mut has_adapter) = (false, false);
    for (import, _) in ty.imports(engine) {
        if wasi::PACKAGES.iter().any(|package| import.starts_with(package)) {
            wasi = true;
        } else if import == adapter::INTERFACE {
            has_adapter = true;
        } else if !bindings::IMPORTS.contains(&import) {
            let import = escape(import, 80);
            return Err(Error::new(
                Kind::Plugin,
                format!("`{name}` imports `{import}`, which is not available to plugins"),
            )
            .hint(format!("a plugin may import {} and WASI 0.2", bindings::IMPORTS[0]))
            .of_fault(Fault::Import));
        }
    }
    if !ty.exports(engine).any(|(export, _)| export == bindings::GUEST) {
        return Err(componentize::wrong_contract(
            name,
            "component",
            ty.exports(engine).map(|(export, _)| export),
        ));
    }
    let mut linker = Linker::new(engine);
    let linked = bindings::host::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
        .and_then(|()| if wasi { wasi::add_to_linker(&mut linker) } else { Ok(()) })
        .and_then(|()| if has_adapter { adapter::add_to_linker(&mut linker) } else { Ok(()) })
        .and_then(|()| bindings::Pre::new(linker.instantiate_pre(component)?));
    linked.map_err(|error| {
        Error::new(Kind::Plugin, format!("`{name}` does not implement the contract {}", bindings::GUEST))
            .because(escape(&format!("{error:#}"), 1000))
    })
}
