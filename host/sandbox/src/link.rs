//! Links what a plugin or a command imports.

use runner_pipeline::error::{Error, Fault, Kind, Result};
use runner_pipeline::escape::escape;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::store::State;
use crate::{adapter, bindings, componentize, contract_version, wasi};

/// What commands of WASI 0.2 export; what follows is a version.
const RUN: &str = "wasi:cli/run@0.2.";

/// A component that is ready to be instantiated.
#[derive(Clone)]
pub(crate) enum Form {
    /// It implements the contract.
    Plugin(bindings::Pre<State>),
    /// It is a command, and runs as a filter.
    Command(CommandPre<State>),
}

/// Checks the imports and exports of a component, and links its imports.
pub(crate) fn link(name: &str, component: &Component) -> Result<Form> {
    let engine = component.engine();
    let ty = component.component_type();
    let names = ty.imports(engine).chain(ty.exports(engine)).map(|(name, _)| name);
    contract_version::check(name, names)?;
    let exports = |is: fn(&str) -> bool| ty.exports(engine).any(|(export, _)| is(export));
    let is_plugin = exports(|export| export == bindings::GUEST);
    let is_command = !is_plugin && exports(|export| export.starts_with(RUN));
    let (mut wasi, mut has_adapter) = (false, false);
    for (import, _) in ty.imports(engine) {
        if wasi::PACKAGES.iter().any(|package| import.starts_with(package)) {
            wasi = true;
        } else if adapter::INTERFACES.contains(&import) {
            has_adapter = true;
        } else if is_command || !bindings::IMPORTS.contains(&import) {
            let import = escape(import, 80);
            let (who, hint) = match is_command {
                false => ("plugins", format!("a plugin may import {} and WASI 0.2", bindings::IMPORTS[0])),
                true => ("filters", "a filter may import WASI 0.2".to_owned()),
            };
            let what = format!("`{name}` imports `{import}`, which is not available to {who}");
            return Err(Error::new(Kind::Plugin, what).hint(hint).of_fault(Fault::Import));
        }
    }
    if !is_plugin && !is_command {
        let exports = ty.exports(engine).map(|(export, _)| export);
        return Err(componentize::wrong_contract(name, "component", exports));
    }
    let mut linker = Linker::new(engine);
    let linked = match is_command {
        false => plugin(&mut linker, component, (wasi, has_adapter)).map(Form::Plugin),
        true => command(&mut linker, component, (wasi, has_adapter)).map(Form::Command),
    };
    linked.map_err(|error| {
        let what = match is_command {
            false => format!("the contract {}", bindings::GUEST),
            true => "a command of WASI 0.2".to_owned(),
        };
        Error::new(Kind::Plugin, format!("`{name}` does not implement {what}"))
            .because(escape(&format!("{error:#}"), 1000))
    })
}

fn plugin(
    linker: &mut Linker<State>,
    component: &Component,
    (wasi, has_adapter): (bool, bool),
) -> wasmtime::Result<bindings::Pre<State>> {
    bindings::host::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    if wasi {
        wasi::add_to_linker(linker)?;
    }
    if has_adapter {
        adapter::add_to_linker(linker)?;
    }
    bindings::Pre::new(linker.instantiate_pre(component)?)
}

fn command(
    linker: &mut Linker<State>,
    component: &Component,
    (wasi, has_adapter): (bool, bool),
) -> wasmtime::Result<CommandPre<State>> {
    if wasi {
        wasi::add_to_linker_of_commands(linker)?;
    }
    if has_adapter {
        adapter::add_to_linker_of_commands(linker)?;
    }
    CommandPre::new(linker.instantiate_pre(component)?)
}
