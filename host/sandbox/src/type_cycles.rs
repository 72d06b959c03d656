//! What a core module says of its own types, looked at before it is relied on.
//!
//! `wit-component` merges the types of a module with those of the adapter, and
//! follows the packages from one to the next to do so. Where packages depend
//! on each other it never comes to an end, and the stack overflows, which
//! nothing can catch. So such packages are refused here.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{Parser, Payload};
use wit_parser::decoding::decode_world;

use crate::componentize::text;

/// Whether the types of modules that are to be merged can be.
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
    // Packages that need none of those that are left go; what stays needs
    // each other.
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
