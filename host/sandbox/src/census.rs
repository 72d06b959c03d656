//! What starting a plugin takes of the host: counted in the plugin's bytes,
//! before anything is compiled.
//!
//! The engine counts instances, memories and tables, and asks before each of
//! them grows. It does not ask about what it allocates for each instance of a
//! module (globals, references to functions), nor how much it copies to start
//! one; a module may be instantiated hundreds of times. So every module has
//! a cost, every component has that of all it instantiates, and the whole is
//! held to limits. None of it needs a compiler: the bytes are read once, from
//! start to end.

use runner_pipeline::error::{Error, Kind};
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef,
    ElementItems, ElementKind, Encoding, Instance, Parser, Payload,
};

use crate::componentize::text;

/// Bytes of host memory for all instances of a plugin, besides memories and
/// tables. An interpreter with twenty thousand functions takes about 1 MiB.
const CONTEXT_BYTES: u64 = 16 << 20;
/// Elements that are copied into tables at the start: as many as all tables
/// may have.
const ELEMENTS: u64 = 1 << 20;
/// Bytes that are copied into memories at the start.
const DATA_BYTES: u64 = 128 << 20;

/// A global in an instance; a constant that an element is computed to.
const VALUE_BYTES: u64 = 16;
/// A reference to a function with all it points to, an import, a table.
const ITEM_BYTES: u64 = 48;
/// An instance of a module that has nothing.
const INSTANCE_BYTES: u64 = 1 << 10;
/// What is wrapped around a core module.
const WRAPPING_BYTES: u64 = 64 << 10;

/// The cost of something that is instantiated once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    context_bytes: u64,
    elements: u64,
    data_bytes: u64,
    /// It instantiates what it was given, whose cost cannot be told.
    unknown: bool,
}

impl Parts {
    fn add(&mut self, other: Self) {
        self.context_bytes = self.context_bytes.saturating_add(other.context_bytes);
        self.elements = self.elements.saturating_add(other.elements);
        self.data_bytes = self.data_bytes.saturating_add(other.data_bytes);
        self.unknown |= other.unknown;
    }

    fn add_items(&mut self, count: u32) {
        self.context_bytes = self.context_bytes.saturating_add(u64::from(count) * ITEM_BYTES);
    }

    /// Host memory that an instance of the plugin takes.
    pub(crate) fn instance_bytes(&self) -> usize {
        usize::try_from(self.context_bytes).unwrap_or(usize::MAX)
    }

    /// Refuses what goes beyond the limits.
    ///
    /// # Errors
    /// Says in words which limit that is.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.unknown {
            return Err("it instantiates modules or components that are passed to it, whose cost cannot \
                        be told beforehand"
                .into());
        }
        for (count, limit, what) in [
            (self.context_bytes, CONTEXT_BYTES, "bytes for the globals and functions of its instances"),
            (self.elements, ELEMENTS, "elements to be copied into its tables"),
            (self.data_bytes, DATA_BYTES, "bytes to be copied into its memories"),
        ] {
            if count > limit {
                return Err(format!("starting it needs {count} {what}; {limit} are possible"));
            }
        }
        Ok(())
    }
}

/// The refusal of a plugin, with what [`Parts::check`] has said.
pub(crate) fn refused(name: &str, why: String) -> Error {
    Error::new(Kind::Plugin, format!("`{name}` needs too much to be started")).because(why)
}

const UNKNOWN: Parts = Parts { context_bytes: 0, elements: 0, data_bytes: 0, unknown: true };

/// A module or component while it is read.
#[derive(Default)]
struct Scope {
    /// What it costs itself, so far.
    own: Parts,
    /// The costs of the modules and components that have an index in it.
    modules: Vec<Parts>,
    components: Vec<Parts>,
    is_module: bool,
}

/// Counts what starting the module or component in `bytes` takes.
///
/// # Errors
/// Says in words why the bytes cannot be read.
pub(crate) fn take(bytes: &[u8]) -> Result<Parts, String> {
    let mut scopes: Vec<Scope> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(text)? {
            Payload::Version { encoding, .. } => {
                scopes.push(Scope { is_module: encoding == Encoding::Module, ..Scope::default() });
            }
            Payload::End(_) => {
                let Some(mut scope) = scopes.pop() else { break };
                if scope.is_module {
                    scope.own.add(Parts { context_bytes: INSTANCE_BYTES, ..Parts::default() });
                }
                match scopes.last_mut() {
                    Some(outer) if scope.is_module => outer.modules.push(scope.own),
                    Some(outer) => outer.components.push(scope.own),
                    None => return Ok(alone(&scope)),
                }
            }
            payload => count(&mut scopes, payload).map_err(text)?,
        }
    }
    Err("it ends in the middle".into())
}

/// The cost of the outermost scope, which is a plugin by itself.
fn alone(scope: &Scope) -> Parts {
    let mut parts = scope.own;
    if scope.is_module {
        // What is wrapped around it has an import for each of its own.
        parts.context_bytes = parts.context_bytes.saturating_mul(2).saturating_add(WRAPPING_BYTES);
    }
    parts
}

/// Counts one section of the innermost scope.
fn count(scopes: &mut [Scope], payload: Payload<'_>) -> wasmparser::Result<()> {
    let Some((scope, outer)) = scopes.split_last_mut() else { return Ok(()) };
    match payload {
        Payload::ImportSection(imports) => scope.own.add_items(imports.count()),
        Payload::FunctionSection(functions) => scope.own.add_items(functions.count()),
        Payload::TableSection(tables) => scope.own.add_items(tables.count()),
        Payload::MemorySection(memories) => scope.own.add_items(memories.count()),
        Payload::TagSection(tags) => scope.own.add_items(tags.count()),
        Payload::ComponentCanonicalSection(functions) => scope.own.add_items(functions.count()),
        Payload::GlobalSection(globals) => {
            let bytes = u64::from(globals.count()) * VALUE_BYTES;
            scope.own.add(Parts { context_bytes: bytes, ..Parts::default() });
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
                scope.own.add(Parts { elements: count, context_bytes: bytes, ..Parts::default() });
            }
        }
        Payload::DataSection(data) => {
            let bytes = data.range().len() as u64;
            scope.own.add(Parts { data_bytes: bytes, ..Parts::default() });
        }
        payload => instances(scope, outer, payload)?,
    }
    Ok(())
}

/// Counts a section of a component: what has an index, and what is
/// instantiated.
fn instances(scope: &mut Scope, outer: &[Scope], payload: Payload<'_>) -> wasmparser::Result<()> {
    match payload {
        Payload::InstanceSection(instances) => {
            for instance in instances {
                if let Instance::Instantiate { module_index, .. } = instance? {
                    scope.own.add(at(&scope.modules, module_index));
                }
            }
        }
        Payload::ComponentInstanceSection(instances) => {
            for instance in instances {
                if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                    scope.own.add(at(&scope.components, component_index));
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
            // What is exported has one more index.
            for export in exports {
                let export = export?;
                match export.kind {
                    ComponentExternalKind::Module => scope.modules.push(at(&scope.modules, export.index)),
                    ComponentExternalKind::Component => {
                        scope.components.push(at(&scope.components, export.index));
                    }
                    _ => {}
                }
            }
        }
        Payload::ComponentAliasSection(aliases) => {
            for alias in aliases {
                take_alias(scope, outer, &alias?);
            }
        }
        _ => {}
    }
    Ok(())
}

fn take_alias(scope: &mut Scope, outer: &[Scope], alias: &ComponentAlias<'_>) {
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
                    let cost = from.map_or(UNKNOWN, |from| at(&from.modules, index));
                    scope.modules.push(cost);
                }
                ComponentOuterAliasKind::Component => {
                    let cost = from.map_or(UNKNOWN, |from| at(&from.components, index));
                    scope.components.push(cost);
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// The cost of what has this index; an index of nothing never compiles.
fn at(costs: &[Parts], index: u32) -> Parts {
    costs.get(index as usize).copied().unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Parts {
        take(&wat::parse_str(text).unwrap()).unwrap()
    }

    const MODULE: &str = "(core module $m
        (global i32 (i32.const 0)) (table 9 funcref) (memory 1)
        (func $f) (elem (i32.const 0) $f $f $f) (data (i32.const 0) \"0123456789\"))";

    fn once() -> Parts {
        parts(&format!("(component {MODULE} (core instance (instantiate $m)))"))
    }

    #[test]
    fn what_is_instantiated_counts_each_time() {
        let once = once();
        assert_eq!(once.context_bytes, VALUE_BYTES + 3 * ITEM_BYTES + INSTANCE_BYTES);
        assert_eq!(once.elements, 3);
        assert!((10..30).contains(&once.data_bytes), "{once:?}");
        assert_eq!(parts(&format!("(component {MODULE})")), Parts::default(), "nothing is instantiated");
        let instance = "(core instance (instantiate $m))";
        let twice = parts(&format!("(component {MODULE} {instance} {instance})"));
        assert_eq!((twice.context_bytes, twice.elements), (2 * once.context_bytes, 6));
        // Components in components, by every way to name them.
        let inner = format!("(component $c {MODULE} {instance})");
        let all = parts(&format!(
            "(component {inner} (instance (instantiate $c)) (instance (instantiate $c))
               (component $d (alias outer 1 $c (component $e)) (instance (instantiate $e)))
               (export $x \"x\" (component $d))
               (instance (instantiate $x)))"
        ));
        assert_eq!(all.elements, 9);
        let module = parts(&format!(
            "(component {MODULE} (component $d (alias outer 1 $m (core module $n))
               (core instance (instantiate $n))) (instance (instantiate $d)))"
        ));
        assert_eq!(module, once);
    }

    #[test]
    fn what_is_passed_to_it_cannot_be_told() {
        let given = parts(
            "(component (component $c (import \"m\" (core module $m)) (core instance (instantiate $m)))
               (core module $n) (instance (instantiate $c (with \"m\" (core module $n)))))",
        );
        assert!(given.check().unwrap_err().contains("passed to it"));
    }

    #[test]
    fn kept_elements_and_a_module_alone_count_too() {
        let kept = parts("(module (func $f) (elem func $f $f))");
        let own = ITEM_BYTES + 2 * VALUE_BYTES + INSTANCE_BYTES;
        assert_eq!((kept.elements, kept.context_bytes), (2, 2 * own + WRAPPING_BYTES));
        assert!(take(b"\0asm\x01\0\0\0\x06").is_err());
    }

    #[test]
    fn every_limit_is_named() {
        let fits = Parts {
            context_bytes: CONTEXT_BYTES,
            elements: ELEMENTS,
            data_bytes: DATA_BYTES,
            unknown: false,
        };
        assert_eq!(fits.check(), Ok(()));
        for (more, what) in [
            (Parts { context_bytes: CONTEXT_BYTES + 1, ..fits }, "globals and functions"),
            (Parts { elements: ELEMENTS + 1, ..fits }, "into its tables"),
            (Parts { data_bytes: DATA_BYTES + 1, ..fits }, "into its memories"),
        ] {
            assert!(more.check().unwrap_err().contains(what));
        }
    }
}
