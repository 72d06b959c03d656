//! Reads the sections of a module or component, and adds up its cost.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef,
    ElementItems, ElementKind, Encoding, Instance, Parser, Payload,
};

use super::Cost;
use crate::type_cycles::text;

/// Bytes per global of an instance, and per computed element.
pub(super) const VALUE_BYTES: u64 = 16;
/// Bytes per instance of an empty module.
pub(super) const INSTANCE_BYTES: u64 = 1 << 10;
/// Bytes for the component that wraps a core module.
pub(super) const WRAPPING_BYTES: u64 = 64 << 10;

const UNKNOWN: Cost = Cost { context_bytes: 0, elements: 0, data_bytes: 0, memories: 0, unknown: true };

/// A module or component that is being read.
#[derive(Default)]
struct Scope {
    /// Its own cost so far.
    own: Cost,
    /// The costs of the modules and components in its index spaces.
    modules: Vec<Cost>,
    components: Vec<Cost>,
    is_module: bool,
}

/// Counts what is needed to start the module or component in `bytes`.
///
/// # Errors
/// If the bytes cannot be read: a message that says why.
pub(crate) fn measure(bytes: &[u8]) -> Result<Cost, String> {
    let mut scopes: Vec<Scope> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(text)? {
            Payload::Version { encoding, .. } => {
                scopes.push(Scope { is_module: encoding == Encoding::Module, ..Scope::default() });
            }
            Payload::End(_) => {
                let Some(mut scope) = scopes.pop() else { break };
                if scope.is_module {
                    scope.own.add(Cost { context_bytes: INSTANCE_BYTES, ..Cost::default() });
                }
                match scopes.last_mut() {
                    Some(outer) if scope.is_module => outer.modules.push(scope.own),
                    Some(outer) => outer.components.push(scope.own),
                    None => return Ok(plugin_cost(&scope)),
                }
            }
            payload => add_section(&mut scopes, payload).map_err(text)?,
        }
    }
    Err("it is truncated".into())
}

/// The cost of the outermost scope, which is the plugin.
fn plugin_cost(scope: &Scope) -> Cost {
    let mut cost = scope.own;
    if scope.is_module {
        // The component that wraps it has an import for each of its imports.
        cost.context_bytes = cost.context_bytes.saturating_mul(2).saturating_add(WRAPPING_BYTES);
    }
    cost
}

/// Adds one section to the innermost scope.
fn add_section(scopes: &mut [Scope], payload: Payload<'_>) -> wasmparser::Result<()> {
    let Some((scope, outer)) = scopes.split_last_mut() else { return Ok(()) };
    match payload {
        Payload::ImportSection(imports) => scope.own.add_items(imports.count()),
        Payload::FunctionSection(functions) => scope.own.add_items(functions.count()),
        Payload::TableSection(tables) => scope.own.add_items(tables.count()),
        Payload::MemorySection(memories) => {
            scope.own.add_items(memories.count());
            scope.own.add(Cost { memories: u64::from(memories.count()), ..Cost::default() });
        }
        Payload::TagSection(tags) => scope.own.add_items(tags.count()),
        Payload::ComponentCanonicalSection(functions) => scope.own.add_items(functions.count()),
        Payload::GlobalSection(globals) => {
            let bytes = u64::from(globals.count()) * VALUE_BYTES;
            scope.own.add(Cost { context_bytes: bytes, ..Cost::default() });
        }
        Payload::ElementSection(elements) => {
            for element in elements {
                let element = element?;
                let count = u64::from(match &element.items {
                    ElementItems::Functions(items) => items.count(),
                    ElementItems::Expressions(_, items) => items.count(),
                });
                let kept = !matches!(element.kind, ElementKind::Active { .. });
                let bytes = if kept { count * VALUE_BYTES } else { 0 };
                scope.own.add(Cost { elements: count, context_bytes: bytes, ..Cost::default() });
            }
        }
        Payload::DataSection(data) => {
            let bytes = data.range().len() as u64;
            scope.own.add(Cost { data_bytes: bytes, ..Cost::default() });
        }
        payload => add_component_section(scope, outer, payload)?,
    }
    Ok(())
}

/// Adds a section of a component: the modules and components that it defines,
/// and those that it instantiates.
fn add_component_section(scope: &mut Scope, outer: &[Scope], payload: Payload<'_>) -> wasmparser::Result<()> {
    match payload {
        Payload::InstanceSection(instances) => {
            for instance in instances {
                if let Instance::Instantiate { module_index, .. } = instance? {
                    scope.own.add(cost_of(&scope.modules, module_index));
                }
            }
        }
        Payload::ComponentInstanceSection(instances) => {
            for instance in instances {
                if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                    scope.own.add(cost_of(&scope.components, component_index));
                }
            }
        }
        Payload::ComponentImportSection(imports) => {
            for import in imports {
                match import?.ty {
                    ComponentTypeRef::Module(_) => scope.modules.push(UNKNOWN),
                    ComponentTypeRef::Component(_) => scope.components.push(UNKNOWN),
                    _ => {}
                }
            }
        }
        Payload::ComponentExportSection(exports) => {
            // An export adds an index for the exported item.
            for export in exports {
                let export = export?;
                match export.kind {
                    ComponentExternalKind::Module => {
                        scope.modules.push(cost_of(&scope.modules, export.index))
                    }
                    ComponentExternalKind::Component => {
                        scope.components.push(cost_of(&scope.components, export.index));
                    }
                    _ => {}
                }
            }
        }
        Payload::ComponentAliasSection(aliases) => {
            for alias in aliases {
                add_alias(scope, outer, &alias?);
            }
        }
        _ => {}
    }
    Ok(())
}

fn add_alias(scope: &mut Scope, outer: &[Scope], alias: &ComponentAlias<'_>) {
    match *alias {
        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. } => {
            scope.modules.push(UNKNOWN);
        }
        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
            scope.components.push(UNKNOWN);
        }
        ComponentAlias::Outer { kind, count, index } => {
            let from = match count {
                0 => Some(&*scope),
                _ => outer.len().checked_sub(count as usize).and_then(|at| outer.get(at)),
            };
            match kind {
                ComponentOuterAliasKind::CoreModule => {
                    let cost = from.map_or(UNKNOWN, |from| cost_of(&from.modules, index));
                    scope.modules.push(cost);
                }
                ComponentOuterAliasKind::Component => {
                    let cost = from.map_or(UNKNOWN, |from| cost_of(&from.components, index));
                    scope.components.push(cost);
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// The cost of the item with this index. An invalid index never compiles.
fn cost_of(costs: &[Cost], index: u32) -> Cost {
    costs.get(index as usize).copied().unwrap_or(UNKNOWN)
}
