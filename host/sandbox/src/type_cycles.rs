//! Checks the types that a core module declares before they are used.
//!
//! `wit-component` merges the types of a module with those of the adapter, and
//! follows the dependencies between packages to do so. If packages depend on
//! each other, it recurses until the stack overflows, which cannot be caught.
//! So such packages are refused here.

use std::collections::{BTreeMap, BTreeSet};

use runner_pipeline::escape::escape;
use wasmparser::{Parser, Payload};
use wit_parser::decoding::decode_world;

/// Checks that the types of the modules can be merged.
pub(crate) fn check<'a>(modules: impl Iterator<Item = &'a [u8]>) -> Result<(), String> {
    let mut needs = BTreeMap::<String, BTreeSet<String>>::new();
    for module in modules {
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(text)? {
                Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                    let (resolve, _) = decode_world(section.data()).map_err(text)?;
                    for (id, package) in resolve.packages.iter() {
                        let others = resolve.package_direct_deps(id).filter(|other| *other != id);
                        let names = others.map(|other| resolve.packages[other].name.to_string());
                        needs.entry(package.name.to_string()).or_default().extend(names);
                    }
                }
                _ => {}
            }
        }
    }
    // Removes packages that need none of the remaining ones. Packages that stay
    // depend on each other.
    loop {
        let left = needs.len();
        let names: BTreeSet<String> = needs.keys().cloned().collect();
        needs.retain(|_, others| !others.is_disjoint(&names));
        if needs.is_empty() {
            return Ok(());
        }
        if needs.len() == left {
            let names = needs.into_keys().collect::<Vec<_>>().join(", ");
            return Err(text(format!("its types are in packages that depend on each other: {names}")));
        }
    }
}

/// An error of a parser as it may be shown.
pub(crate) fn text(error: impl std::fmt::Display) -> String {
    escape(&format!("{error:#}"), 1000)
}
